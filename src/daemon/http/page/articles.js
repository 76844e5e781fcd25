// The articles of a story in order of arrival. Each row shows the article's kind, its source and
// how much of it is new. An expanded row shows the text and the evidence for the verdict.

import * as api from "./api.js";
import { bodyText } from "./body.js";
import { clickableRows, el, isolated, keyedList, setContent } from "./dom.js";
import { evidence, otherRelations } from "./evidence.js";
import {
  counted,
  duration,
  flagLabels,
  isEmbargoed,
  kindLabel,
  percent,
  publisherName,
  standingLabel,
  timeOf,
} from "./format.js";
import { pairLink } from "./links.js";
import { meaningOf } from "./words.js";

let selected; // The article the user selected as the first of two to compare.

// `onOpen(id)` is called when the user expands an article.
export function articleList(onOpen = () => {}) {
  const list = el("ol", { class: "articles", role: "list" });
  clickableRows(list, ".line", ".row");
  const rowsById = new Map();
  const rows = keyedList(
    list,
    (article) => article.id,
    (article) => {
      const row = articleRow(article, onOpen);
      rowsById.set(article.id, row);
      return row;
    },
  );
  return {
    node: list,
    update({ timeline, clock, seenBefore }) {
      const byId = new Map(timeline.map((article) => [article.id, article]));
      rows(
        timeline.map((article, at) => ({
          ...article,
          clock,
          fresh: at >= seenBefore,
          source: byId.get(article.of?.id),
          pair: pairOf(article, timeline),
        })),
      );
    },
    expand(id) {
      const row = rowsById.get(id);
      if (!row) return;
      row.expand();
      row.node.scrollIntoView({ block: "nearest" });
      row.node.querySelector("button").focus({ preventScroll: true });
    },
  };
}

// The two articles to compare, the earlier one first: an article and its source or, if it has no
// source, the first article of the story. The first article of the story is compared with the
// second.
function pairOf(article, timeline) {
  if (article.of?.id) return [article.of.id, article.id];
  const at = timeline.findIndex((one) => one.id === article.id);
  if (at > 0) return [timeline[0].id, article.id];
  return timeline.length > 1 ? [article.id, timeline[1].id] : undefined;
}

function articleRow(first, onOpen) {
  const head = el("div", { class: "line" });
  const details = el("div", { class: "expanded", hidden: true });
  const node = el("li", {}, head, details);
  let article = first;
  let drawn;
  let detailsRead = false;

  const toggle = (open = details.hidden) => {
    details.hidden = !open;
    node.classList.toggle("open", open);
    node.querySelector(".row").setAttribute("aria-expanded", String(open));
    if (open && !detailsRead) {
      detailsRead = true;
      drawDetails(details, article);
    }
  };
  const update = (changed) => {
    const state = JSON.stringify(changed);
    if (state === drawn) return;
    // If the article's validity has changed, the details must be read again.
    if (drawn && changed.standing !== article.standing) detailsRead = false;
    drawn = state;
    article = changed;
    const hadFocus = head.contains(document.activeElement);
    node.className = [changed.fresh && "fresh", !details.hidden && "open", changed.standing]
      .filter(Boolean)
      .join(" ");
    const click = () => {
      toggle();
      if (!details.hidden) onOpen(changed.id);
    };
    setContent(head, ...lineOf(changed, click));
    node.querySelector(".row").setAttribute("aria-expanded", String(!details.hidden));
    if (hadFocus) node.querySelector(".row").focus({ preventScroll: true });
    if (!details.hidden && !detailsRead) toggle(true);
  };
  update(first);
  return { node, update, expand: () => toggle(true) };
}

const lineOf = (article, click) => [
  el(
    "p",
    { class: "when" },
    timeOf(article.arrived, article.clock),
    el("span", { class: "faint" }, delayOf(article.after_first_arrived)),
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
        on: { click },
      },
      article.headline || "(no headline)",
    ),
    el(
      "p",
      { class: "meta" },
      el("strong", {}, isolated(publisherName(article))),
      article.credit &&
        article.credit !== article.provider &&
        el("span", {}, "credit: ", isolated(article.credit)),
      el("span", {}, kindLabel(article), ...relationOf(article)),
      standingLabel(article),
      ...flagLabels(article),
      isEmbargoed(article, article.clock) &&
        el(
          "span",
          { class: "flag violet", title: meaningOf("under embargo") },
          "under embargo until ",
          timeOf(article.embargoed, article.clock, false),
        ),
      article.fresh && el("span", { class: "fresh" }, "new"),
    ),
  ),
];

const delayOf = (seconds) => (seconds > 0 ? `+${duration(seconds)}` : seconds === 0 && "first");

// The verdict in brief, shown after the kind: " of Northwire, 8 % new, 2 new numbers".
function relationOf(article) {
  const parts = [];
  const { source, of } = article;
  if (source) parts.push(" of ", isolated(publisherName(source)));
  else if (of) parts.push(" of ", isolated(of.provider ?? of.uri));
  if (of && article.novelty !== undefined) parts.push(`, ${percent(article.novelty)} new`);
  if (article.new_numbers > 0 && of) parts.push(`, ${counted(article.new_numbers, "new number")}`);
  return parts;
}

async function drawDetails(root, article) {
  const textNode = el("div", { class: "text" });
  const evidenceNode = el("aside", { "aria-label": "Evidence" });
  setContent(root, actions(article), el("div", { class: "halves" }, textNode, evidenceNode));
  const [text, details] = await Promise.all([
    api.text(article.id).catch((problem) => problem),
    api.article(article.id).catch((problem) => problem),
  ]);
  setContent(
    textNode,
    text instanceof Error
      ? el("p", { class: "note" }, `Could not load the text: ${text.message}.`)
      : bodyText(text, article),
  );
  setContent(
    evidenceNode,
    details instanceof Error
      ? el("p", { class: "note" }, `Could not load the evidence: ${details.message}.`)
      : [evidence(details, article), otherRelations(details)],
  );
}

function actions(article) {
  const select = el("button", {
    class: "tool",
    type: "button",
    "data-key": "x",
    value: article.id,
  });
  select.addEventListener("click", () => {
    const other = selected;
    selected = other === undefined ? article : undefined;
    if (other === undefined || other.id === article.id) {
      document.querySelectorAll("[data-key=x]").forEach(labelSelectButton);
      return;
    }
    const pair = [other, article].sort((x, y) => new Date(x.arrived) - new Date(y.arrived));
    location.hash = pairLink("compare", ...pair.map((one) => one.id));
  });
  labelSelectButton(select);
  const link = (view, key, label) =>
    el("a", { class: "tool", "data-key": key, href: pairLink(view, ...article.pair) }, label);
  return el(
    "p",
    { class: "actions" },
    article.pair && link("compare", "c", article.of?.id ? "Compare with source" : "Compare"),
    article.pair && link("why", "w", "Why grouped?"),
    select,
  );
}

// Sets the label of a select button, which depends on the article that is currently selected.
function labelSelectButton(button) {
  if (selected === undefined) setContent(button, "Select to compare");
  else if (selected.id === button.value) setContent(button, "Selected: choose another article");
  else setContent(button, "Compare with selected article");
}
