// The carriers of each withdrawn or corrected article of a story: the articles that still contain
// its text.

import * as api from "./api.js";
import { el, isolated, setContent } from "./dom.js";
import { counted, duration, number, publisherName, standingLabel, timeOf } from "./format.js";
import { articleLink } from "./links.js";

const INVALID = new Set(["withdrawn", "uncorrected"]);

// `onLoad(reports)` is called whenever the carriers of a story have been read.
export function carrierReports(onLoad) {
  const node = el("div");
  let drawn;
  let latest = 0;
  return {
    node,
    async update(timeline, clock) {
      const own = (latest += 1);
      const invalid = timeline.filter((article) => INVALID.has(article.standing));
      const answers = await Promise.all(
        invalid.map((article) => api.carriers(article.id).catch(() => undefined)),
      );
      if (own !== latest) return;
      const reports = answers.filter(Boolean);
      onLoad(reports);
      const state = JSON.stringify(reports);
      if (state === drawn) return;
      drawn = state;
      setContent(node, ...reports.map((report) => reportBox(report, clock)));
    },
  };
}

function reportBox({ article, by, searched, items, more = 0 }, clock) {
  const withdrawn = article.standing === "withdrawn";
  const valid = items.filter((item) => item.article.standing !== "withdrawn");
  const verb = withdrawn ? (ORDERS[by?.order] ?? "withdrawn") : "corrected";
  return el(
    "section",
    { class: `carriers ${withdrawn ? "alarm" : "amber"}` },
    el(
      "h3",
      {},
      withdrawn ? "Carriers of withdrawn text" : "Carriers of uncorrected text",
      " ",
      el("span", { class: "count" }, number(valid.length + more)),
    ),
    el(
      "p",
      {},
      isolated(publisherName(article)),
      ", ",
      timeOf(article.arrived, clock),
      ": ",
      isolated(article.headline, article.language, "q"),
      by && [
        ", ",
        el(
          "a",
          { href: articleLink(by) },
          `${verb} after ${duration(secondsBetween(article, by))}`,
        ),
      ],
      by ? [" (", timeOf(by.arrived, clock), ")"] : ` (${verb})`,
    ),
    items.length === 0
      ? el("p", { class: "none" }, "No article in the window carries this text.")
      : el(
          "ul",
          { role: "list" },
          items.map((item) => carrierRow(item, by, clock)),
        ),
    more > 0 && el("p", { class: "faint" }, `and ${number(more)} more, listed in the events.`),
    el(
      "p",
      { class: "faint" },
      "Searched articles from ",
      timeOf(searched.from, clock),
      " to ",
      timeOf(searched.to, clock),
      " for literal text; paraphrases are not found.",
    ),
  );
}

const ORDERS = { kill: "killed", hold: "put on hold", release: "released" };
const secondsBetween = (a, b) => (new Date(b.arrived) - new Date(a.arrived)) / 1_000;

function carrierRow({ article, certainty, words }, by, clock) {
  const carriedWords = words.reduce((sum, [from, to]) => sum + to - from, 0);
  const delay = by && secondsBetween(by, article);
  return el(
    "li",
    {},
    el("strong", {}, isolated(publisherName(article))),
    el(
      "a",
      { href: articleLink(article), dir: "auto", lang: article.language },
      article.headline || "(no headline)",
    ),
    el(
      "span",
      { class: "faint" },
      timeOf(article.arrived, clock),
      delay > 0 && ` (${duration(delay)} after the notice)`,
      certainty === "certain"
        ? carriedWords > 0
          ? `, carries ${counted(carriedWords, "word")}`
          : ""
        : ", likely: slug and numbers match",
    ),
    standingLabel(article),
  );
}
