// Who still carries what was withdrawn or corrected: the blast radius of each such article.

import * as api from "./api.js";
import { el, foreign, show } from "./dom.js";
import { placeOf } from "./places.js";
import { counted, figure, publisher, span, standing, time } from "./say.js";

const TAINTED = new Set(["withdrawn", "uncorrected"]);

// `found` is told the radii of a story whenever they are read anew.
export function radii(found) {
  const node = el("div", { class: "radii" });
  let shown;
  let turn = 0;
  return {
    node,
    async update(timeline, clock) {
      const own = (turn += 1);
      const tainted = timeline.filter((article) => TAINTED.has(article.standing));
      const answers = await Promise.all(
        tainted.map((article) => api.carriers(article.id).catch(() => undefined)),
      );
      if (own !== turn) return;
      const read = answers.filter(Boolean);
      found(read);
      const said = JSON.stringify(read);
      if (said === shown) return;
      shown = said;
      show(node, ...read.map((radius) => box(radius, clock)));
    },
  };
}

function box({ article, by, searched, items, more = 0 }, clock) {
  const withdrawn = article.standing === "withdrawn";
  const carried = items.filter((item) => item.article.standing !== "withdrawn");
  const verb = withdrawn ? (ORDERS[by?.order] ?? "withdrawn") : "corrected";
  return el(
    "section",
    { class: `radius ${withdrawn ? "alarm" : "amber"}` },
    el(
      "h3",
      {},
      withdrawn ? "Who still carries withdrawn text" : "Who still carries the uncorrected text",
      " ",
      el("span", { class: "count" }, figure(carried.length + more)),
    ),
    el(
      "p",
      {},
      foreign(publisher(article)),
      ", ",
      time(article.arrived, clock),
      ": ",
      foreign(article.headline, article.language, "q"),
      by && [", ", el("a", { href: placeOf(by) }, `${verb} after ${span(seconds(article, by))}`)],
      by ? [" (", time(by.arrived, clock), ")"] : ` (${verb})`,
    ),
    items.length === 0
      ? el("p", { class: "none" }, "Nobody in the window carries it.")
      : el(
          "ul",
          { role: "list" },
          items.map((item) => carrier(item, by, clock)),
        ),
    more > 0 && el("p", { class: "faint" }, `and ${figure(more)} more, which the events name.`),
    el(
      "p",
      { class: "faint" },
      "Searched from ",
      time(searched.from, clock),
      " to ",
      time(searched.to, clock),
      ", for literal text; paraphrases are not found.",
    ),
  );
}

const ORDERS = { kill: "killed", hold: "put on hold", release: "released" };
const seconds = (a, b) => (new Date(b.arrived) - new Date(a.arrived)) / 1_000;

function carrier({ article, certainty, words }, by, clock) {
  const carried = words.reduce((sum, [from, to]) => sum + to - from, 0);
  const after = by && seconds(by, article);
  return el(
    "li",
    {},
    el("strong", {}, foreign(publisher(article))),
    el(
      "a",
      { href: placeOf(article), dir: "auto", lang: article.language },
      article.headline || "(no headline)",
    ),
    el(
      "span",
      { class: "faint" },
      time(article.arrived, clock),
      after > 0 && ` (${span(after)} after the notice)`,
      certainty === "certain"
        ? carried > 0
          ? `, ${counted(carried, "word")} of it`
          : ""
        : ", likely: slug and numbers agree",
    ),
    standing(article),
  );
}
