// The queue of items that need action: withdrawn or uncorrected text that other articles still
// contain, embargoes that will end soon, and verdicts that need review.
//
// Acknowledging an item hides it in this browser only. If the item changes (for example, because of
// another carrier), the API gives it a new key and it appears again.

import * as api from "./api.js";
import { changedNumbers } from "./changed-numbers.js";
import { clickableRows, el, isolated, keyedList, setContent } from "./dom.js";
import { duration, number, publisherName, timeOf } from "./format.js";
import { articleLink, markOpen, pairLink } from "./links.js";
import { acknowledged } from "./store.js";
import { setPendingCount } from "./title.js";

const PHONE_MAX = 3; // Must match `lists.css`.

const REASONS = {
  withdrawn: ["alarm", "Withdrawn, still carried"],
  uncorrected: ["amber", "Corrected, still carried"],
  embargo: ["violet", "Embargo lifts"],
  needs_review: ["amber", "Needs review"],
  changed_numbers: ["amber", "Changed numbers"],
};

// `announce(text)` tells screen readers about new items.
export function queuePane(root, announce) {
  const count = el("span", { class: "count" });
  const status = el("p", { class: "note" }, "Loading…");
  const list = el("ul", { class: "queue", role: "list" });
  clickableRows(list, "li", ".headline");
  const showAll = el("button", {
    class: "quiet rest",
    type: "button",
    on: {
      click: () => {
        list.classList.add("whole");
        showAll.hidden = true;
      },
    },
  });
  const toggleAcknowledged = el("button", {
    class: "quiet",
    type: "button",
    hidden: true,
    on: {
      click: () => {
        withAcknowledged = !withAcknowledged;
        draw();
      },
    },
  });
  root.append(
    el(
      "header",
      { class: "head" },
      el("h2", { id: "queue-title" }, "Action needed ", count),
      toggleAcknowledged,
    ),
    status,
    list,
    showAll,
  );
  let answer = { items: [] };
  let withAcknowledged = false;
  const rows = keyedList(
    list,
    (item) => item.key,
    (item) => queueRow(item, setAcknowledged),
  );

  function setAcknowledged(key, value) {
    if (value) acknowledged.set(key, 1);
    else acknowledged.remove(key);
    draw();
  }
  function draw() {
    const isAcknowledged = (item) => acknowledged.get(item.key) !== undefined;
    const open = answer.items.filter((item) => !isAcknowledged(item));
    const hidden = answer.items.length - open.length;
    setPendingCount(open.length);
    const total = Object.values(answer.counts ?? {}).reduce((sum, n) => sum + n, 0) - hidden;
    setContent(count, open.length > 0 ? number(total) : "");
    rows(
      (withAcknowledged ? answer.items : open).map((item) => ({
        ...item,
        clock: answer.clock,
        acknowledged: isAcknowledged(item),
      })),
    );
    // A phone first shows only a few items, so that the stories can be reached without much
    // scrolling.
    showAll.hidden = list.classList.contains("whole") || list.children.length <= PHONE_MAX;
    setContent(showAll, `Show all ${number(list.children.length)}`);
    toggleAcknowledged.hidden = hidden === 0;
    setContent(
      toggleAcknowledged,
      withAcknowledged ? "Hide acknowledged" : `Show ${number(hidden)} acknowledged`,
    );
    setStatus(messageFor(open.length, total));
    markOpen(list);
  }
  function messageFor(open, total) {
    if (answer.items.length === 0) return "No action needed.";
    if (answer.next) return `The most urgent ${number(open)} of ${number(total)} items.`;
    return open > 0 || withAcknowledged ? "" : "All items acknowledged.";
  }
  function setStatus(message) {
    status.hidden = message === "";
    setContent(status, message);
  }
  return {
    list,
    async refresh() {
      try {
        const before = new Set(answer.items.map((item) => item.key));
        const isFirst = answer.clock === undefined;
        answer = await api.queue();
        draw();
        const added = answer.items.find((item) => !before.has(item.key));
        if (added && !isFirst)
          announce(`${REASONS[added.reason]?.[1] ?? added.reason}: ${added.article.headline}`);
      } catch (problem) {
        setStatus(`Could not load the queue: ${problem.message}.`);
      }
    },
    markOpen: () => markOpen(list),
    // Acknowledges the focused item and moves the focus to the next one.
    acknowledge() {
      const row = document.activeElement?.closest?.(".queue > li");
      if (!row || !list.contains(row)) return false;
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.querySelector("button").click();
      (next ?? root).querySelector("a")?.focus();
      return true;
    },
  };
}

// The link of an item: to the comparison if numbers are in doubt, otherwise to the article in its
// story.
const NUMBERS_IN_DOUBT = new Set(["needs_review", "changed_numbers"]);
const itemLink = ({ reason, article, of }) =>
  NUMBERS_IN_DOUBT.has(reason) && of?.id
    ? pairLink("compare", of.id, article.id)
    : articleLink(article);

function queueRow(first, setAcknowledged) {
  const node = el("li");
  let drawn;
  const update = (item) => {
    const state = JSON.stringify(item);
    if (state === drawn) return;
    drawn = state;
    const [severity, reason] = REASONS[item.reason] ?? ["", item.reason];
    const focusedTag = node.contains(document.activeElement)
      ? document.activeElement.tagName
      : undefined;
    node.className = `${severity}${item.acknowledged ? " acknowledged" : ""}`;
    setContent(
      node,
      el("p", { class: "why" }, el("span", { class: "reason" }, reason), " ", itemTime(item)),
      el(
        "a",
        { class: "headline", href: itemLink(item), dir: "auto", lang: item.article.language },
        item.article.headline || "(no headline)",
      ),
      el(
        "div",
        { class: "last" },
        el("p", { class: "who" }, itemParties(item)),
        acknowledgeButton(item, setAcknowledged),
      ),
    );
    if (focusedTag) node.querySelector(focusedTag)?.focus({ preventScroll: true });
  };
  update(first);
  return { node, update };
}

const acknowledgeButton = (item, setAcknowledged) =>
  el(
    "button",
    {
      class: "quiet",
      type: "button",
      on: { click: () => setAcknowledged(item.key, !item.acknowledged) },
      "aria-label": `${item.acknowledged ? "Undo" : "Acknowledge"}: ${item.article.headline}`,
    },
    item.acknowledged ? "Undo" : "Acknowledge",
  );

const itemTime = (item) =>
  item.reason === "embargo"
    ? el(
        "span",
        { class: "at" },
        `in ${duration((new Date(item.lifts) - new Date(item.clock)) / 1_000)}`,
      )
    : el("span", { class: "at" }, arrivalOf(item));

// The arrival of the newest carrier, or of the notice if no carrier is newer. The tooltip says
// which of the two it is, and when the text was withdrawn or corrected.
function arrivalOf(item) {
  const time = timeOf(item.since, item.clock, false);
  const action = { withdrawn: "withdrawn", uncorrected: "corrected" }[item.reason];
  if (!action || !item.by) return time;
  const notice = `${action} at ${item.by.arrived}`;
  time.title = item.since === item.by.arrived ? notice : `newest carrier ${item.since}; ${notice}`;
  return time;
}

// The publisher of the article and the others involved: the carriers, or the publisher of the other
// article.
function itemParties(item) {
  const sender = isolated(publisherName(item.article));
  switch (item.reason) {
    case "withdrawn":
    case "uncorrected":
      return [
        sender,
        item.reason === "withdrawn" ? " withdrew this. " : " corrected this. ",
        ...carriersOf(item),
      ];
    case "embargo":
      return [sender, ", at ", timeOf(item.lifts, item.clock, false)];
    default:
      if (!item.of) return [sender];
      return [
        sender,
        item.changed > 0 ? [": ", changedNumbers(item), " from "] : ", compared with ",
        isolated(publisherName(item.of)),
      ];
  }
}

// "Carriers: Tidewater ×2, Kestrel": each publisher once.
function carriersOf(item) {
  const counts = new Map();
  for (const { article } of item.carriers) {
    counts.set(publisherName(article), (counts.get(publisherName(article)) ?? 0) + 1);
  }
  const more = item.carriers_total - item.carriers.length;
  const named = [...counts].flatMap(([name, n], at) => [
    at > 0 && ", ",
    el("strong", {}, isolated(name)),
    n > 1 && ` ×${n}`,
  ]);
  return ["Carriers: ", ...named, more > 0 && ` and ${number(more)} more`];
}
