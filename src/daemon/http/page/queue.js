// What a desk must act on: withdrawn or uncorrected text still carried, embargoes about to lift,
// verdicts that a person should look at.
//
// Acknowledging is this browser's own matter. An item that changes (one more carrier) has another
// key, and shows again.

import * as api from "./api.js";
import { el, foreign, keyed, show } from "./dom.js";
import { pairPlace, placeOf } from "./places.js";
import { counted, figure, publisher, span, time } from "./say.js";
import { acknowledged } from "./store.js";
import { waiting } from "./title.js";

const PHONE_MAX = 3; // As in `lists.css`.

const REASONS = {
  withdrawn: ["alarm", "Withdrawn, still carried"],
  uncorrected: ["amber", "Corrected, old text still carried"],
  embargo: ["violet", "Embargo lifts"],
  needs_review: ["amber", "Needs review"],
  changed_numbers: ["amber", "Changed numbers"],
};

// `tell` says aloud what has come new to the queue, for those who do not look.
export function queuePane(root, tell) {
  const count = el("span", { class: "count" });
  const status = el("p", { class: "note", hidden: true });
  const list = el("ul", { class: "queue", role: "list" });
  const rest = el("button", {
    class: "quiet rest",
    type: "button",
    on: {
      click: () => {
        list.classList.add("whole");
        rest.hidden = true;
      },
    },
  });
  const done = el("button", { class: "quiet", type: "button", hidden: true, on: { click: flip } });
  root.append(
    el("header", { class: "head" }, el("h2", { id: "queue-title" }, "To act on ", count), done),
    status,
    list,
    rest,
  );
  let answer = { items: [] };
  let all = false;
  const rows = keyed(
    list,
    (item) => item.key,
    (item) => row(item, settle),
  );

  function settle(key, settled) {
    if (settled) acknowledged.set(key, 1);
    else acknowledged.remove(key);
    draw();
  }
  function flip() {
    all = !all;
    draw();
  }
  function draw() {
    const settled = (item) => acknowledged.get(item.key) !== undefined;
    const open = answer.items.filter((item) => !settled(item));
    const hidden = answer.items.length - open.length;
    waiting(open.length);
    show(count, open.length > 0 ? figure(open.length) : "");
    rows(
      (all ? answer.items : open).map((item) => ({
        ...item,
        clock: answer.clock,
        settled: settled(item),
      })),
    );
    // A phone shows the first ones, so that the stories are in reach.
    rest.hidden = list.classList.contains("whole") || list.children.length <= PHONE_MAX;
    show(rest, `Show all ${figure(list.children.length)}`);
    done.hidden = hidden === 0;
    show(done, all ? "hide acknowledged" : `${figure(hidden)} acknowledged`);
    status.hidden = answer.items.length > 0 && (all || open.length > 0);
    show(status, answer.items.length > 0 ? "Everything is acknowledged." : "Nothing to act on.");
  }
  return {
    list,
    async refresh() {
      try {
        const before = new Set(answer.items.map((item) => item.key));
        const first = answer.clock === undefined;
        answer = await api.queue();
        draw();
        const fresh = answer.items.find((item) => !before.has(item.key));
        if (fresh && !first)
          tell(`${REASONS[fresh.reason]?.[1] ?? fresh.reason}: ${fresh.article.headline}`);
      } catch (problem) {
        status.hidden = false;
        show(status, problem.message);
      }
    },
    // Acknowledges the item that has the focus, and moves on to the next one.
    acknowledge() {
      const held = document.activeElement?.closest?.(".queue > li");
      if (!held || !list.contains(held)) return false;
      const next = held.nextElementSibling ?? held.previousElementSibling;
      held.querySelector("button").click();
      (next ?? root).querySelector("a")?.focus();
      return true;
    },
  };
}

// Where to read on: the comparison where numbers are in doubt, else the article in its story.
const DOUBTED = new Set(["needs_review", "changed_numbers"]);
const address = ({ reason, article, of }) =>
  DOUBTED.has(reason) && of?.id ? pairPlace("compare", of.id, article.id) : placeOf(article);

function row(first, settle) {
  const node = el("li");
  let shown;
  const update = (item) => {
    const said = JSON.stringify(item);
    if (said === shown) return;
    shown = said;
    const [weight, words] = REASONS[item.reason] ?? ["", item.reason];
    const held = node.contains(document.activeElement) ? document.activeElement.tagName : undefined;
    node.className = `${weight}${item.settled ? " settled" : ""}`;
    show(
      node,
      el("p", { class: "why" }, el("span", { class: "reason" }, words), " ", when(item)),
      el(
        "a",
        { class: "headline", href: address(item), dir: "auto", lang: item.article.language },
        item.article.headline || "(no headline)",
      ),
      el("div", { class: "last" }, el("p", { class: "who" }, ...who(item)), button(item, settle)),
    );
    if (held) node.querySelector(held)?.focus({ preventScroll: true });
  };
  update(first);
  return { node, update };
}

const button = (item, settle) =>
  el(
    "button",
    {
      class: "quiet",
      type: "button",
      on: { click: () => settle(item.key, !item.settled) },
      "aria-label": `${item.settled ? "Take up again" : "Acknowledge"}: ${item.article.headline}`,
    },
    item.settled ? "Take up again" : "Acknowledge",
  );

const when = (item) =>
  item.reason === "embargo"
    ? el(
        "span",
        { class: "at" },
        `in ${span((new Date(item.lifts) - new Date(item.clock)) / 1_000)}`,
      )
    : el("span", { class: "at" }, time(item.since, item.clock, false));

function who(item) {
  const sender = foreign(publisher(item.article));
  switch (item.reason) {
    case "withdrawn":
    case "uncorrected":
      return [
        sender,
        item.reason === "withdrawn" ? " withdrew it; " : " corrected it; ",
        ...carried(item),
      ];
    case "embargo":
      return [sender, ", at ", time(item.lifts, item.clock, false)];
    default:
      if (!item.of) return [sender];
      return [
        sender,
        item.changed > 0 ? `: ${counted(item.changed, "number")} not as in ` : ", beside ",
        foreign(publisher(item.of)),
      ];
  }
}

// "still with Tidewater ×2, Kestrel": each publisher once.
function carried(item) {
  const sums = new Map();
  for (const { article } of item.carriers) {
    sums.set(publisher(article), (sums.get(publisher(article)) ?? 0) + 1);
  }
  const more = item.carriers_total - item.carriers.length;
  const named = [...sums].flatMap(([name, n], at) => [
    at > 0 && ", ",
    el("strong", {}, foreign(name)),
    n > 1 && ` ×${n}`,
  ]);
  return ["still with ", ...named, more > 0 && ` and ${figure(more)} more`];
}
