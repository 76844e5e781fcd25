// The articles of a story, by arrival: each with what it is, of what, and how much of it is new;
// unfolded, with its text and the evidence for the verdict.

import * as api from "./api.js";
import { body } from "./body.js";
import { el, foreign, keyed, show } from "./dom.js";
import { also, evidence } from "./evidence.js";
import { pairPlace } from "./places.js";
import {
  counted,
  embargoed,
  flags,
  kind,
  percent,
  publisher,
  span,
  standing,
  time,
} from "./say.js";

let picked; // The article that waits for another one to be compared with.

export function articleList() {
  const list = el("ol", { class: "articles", role: "list" });
  const all = new Map();
  const rows = keyed(
    list,
    (article) => article.id,
    (article) => {
      const made = row(article);
      all.set(article.id, made);
      return made;
    },
  );
  return {
    node: list,
    update({ timeline, clock, before }) {
      const known = new Map(timeline.map((article) => [article.id, article]));
      rows(
        timeline.map((article, at) => ({
          ...article,
          clock,
          fresh: at >= before,
          source: known.get(article.of?.id),
          pair: pairOf(article, timeline),
        })),
      );
    },
    unfold(id) {
      const found = all.get(id);
      if (!found) return;
      found.unfold();
      found.node.scrollIntoView({ block: "nearest" });
      found.node.querySelector("button").focus({ preventScroll: true });
    },
  };
}

// What an article is compared with: its source; the first one with the one that came next. The
// earlier one of a pair stands first.
function pairOf(article, timeline) {
  if (article.of?.id) return [article.of.id, article.id];
  const at = timeline.findIndex((one) => one.id === article.id);
  if (at > 0) return [timeline[0].id, article.id];
  return timeline.length > 1 ? [article.id, timeline[1].id] : undefined;
}

function row(first) {
  const head = el("div", { class: "line" });
  const inside = el("div", { class: "unfolded", hidden: true });
  const node = el("li", {}, head, inside);
  let article = first;
  let shown;
  let read = false;

  const toggle = (open = inside.hidden) => {
    inside.hidden = !open;
    node.classList.toggle("open", open);
    node.querySelector(".row").setAttribute("aria-expanded", String(open));
    if (open && !read) {
      read = true;
      unfolded(inside, article);
    }
  };
  const update = (now) => {
    const said = JSON.stringify(now);
    if (said === shown) return;
    // Another verdict on it: what is unfolded is read anew.
    if (shown && now.standing !== article.standing) read = false;
    shown = said;
    article = now;
    const held = head.contains(document.activeElement);
    node.className = [now.fresh && "fresh", !inside.hidden && "open", now.standing]
      .filter(Boolean)
      .join(" ");
    show(head, ...lineOf(now, () => toggle()));
    node.querySelector(".row").setAttribute("aria-expanded", String(!inside.hidden));
    if (held) node.querySelector(".row").focus({ preventScroll: true });
    if (!inside.hidden && !read) toggle(true);
  };
  update(first);
  return { node, update, unfold: () => toggle(true) };
}

const lineOf = (article, toggle) => [
  el(
    "p",
    { class: "when" },
    time(article.arrived, article.clock),
    el("span", { class: "faint" }, lag(article.after_first_arrived)),
  ),
  el(
    "div",
    {},
    el(
      "button",
      {
        class: "row headline",
        type: "button",
        "aria-expanded": "false",
        dir: "auto",
        lang: article.language,
        on: { click: toggle },
      },
      article.headline || "(no headline)",
    ),
    el(
      "p",
      { class: "meta" },
      el("strong", {}, foreign(publisher(article))),
      article.credit &&
        article.credit !== article.provider &&
        el("span", {}, "credits ", foreign(article.credit)),
      el("span", {}, kind(article), ...relation(article)),
      standing(article),
      ...flags(article),
      embargoed(article, article.clock) &&
        el(
          "span",
          { class: "flag violet" },
          "embargo until ",
          time(article.embargoed, article.clock, false),
        ),
      article.fresh && el("span", { class: "fresh" }, "new"),
    ),
  ),
];

const lag = (seconds) => (seconds > 0 ? `+${span(seconds)}` : seconds === 0 && "first");

// " of Northwire, 8 % new": what a row says of its verdict without being unfolded.
function relation(article) {
  const said = [];
  const { source, of } = article;
  if (source) said.push(" of ", foreign(publisher(source)));
  else if (of) said.push(" of ", foreign(of.provider ?? of.uri));
  if (of && article.novelty !== undefined) said.push(`, ${percent(article.novelty)} new`);
  if (article.new_numbers > 0 && of) said.push(`, ${counted(article.new_numbers, "new number")}`);
  return said;
}

async function unfolded(root, article) {
  const text = el("div", { class: "text" });
  const facts = el("aside", { "aria-label": "Evidence" });
  show(root, actions(article), el("div", { class: "halves" }, text, facts));
  const [words, told] = await Promise.all([
    api.text(article.id).catch((problem) => problem),
    api.article(article.id).catch((problem) => problem),
  ]);
  show(
    text,
    words instanceof Error
      ? el("p", { class: "note" }, `The text cannot be shown: ${words.message}.`)
      : body(words, article),
  );
  show(
    facts,
    told instanceof Error
      ? el("p", { class: "note" }, told.message)
      : [evidence(told, article), also(told)],
  );
}

function actions(article) {
  const pick = el("button", { class: "tool", type: "button", "data-key": "x", value: article.id });
  pick.addEventListener("click", () => {
    const other = picked;
    picked = other === undefined ? article : undefined;
    if (other === undefined || other.id === article.id) {
      document.querySelectorAll("[data-key=x]").forEach(name);
      return;
    }
    const pair = [other, article].sort((x, y) => new Date(x.arrived) - new Date(y.arrived));
    location.hash = pairPlace("compare", ...pair.map((one) => one.id));
  });
  name(pick);
  const link = (view, key, words) =>
    el("a", { class: "tool", "data-key": key, href: pairPlace(view, ...article.pair) }, words);
  return el(
    "p",
    { class: "actions" },
    article.pair && link("compare", "c", article.of?.id ? "Compare with its source" : "Compare"),
    article.pair && link("why", "w", "Why together"),
    pick,
  );
}

// What a button of picking does, in view of what is picked.
function name(pick) {
  if (picked === undefined) show(pick, "Pick to compare");
  else
    show(pick, picked.id === pick.value ? "Picked; choose another" : "Compare with the picked one");
}
