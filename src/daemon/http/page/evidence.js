// The evidence for a verdict, as numbers and bars.

import { el, isolated } from "./dom.js";
import { counted, duration, nameAsWords, number, percent, timeOf } from "./format.js";
import { meaningOf } from "./words.js";

const SHARES = [
  ["of_this_in_that", "of this text is in the other one"],
  ["of_that_in_this", "of the other text is in this one"],
  ["jaccard", "overlap"],
  ["numbers_kept", "of the numbers agree"],
];

// The evidence for an article's main relation.
export function evidence(details, article) {
  const { relation, input } = details;
  return [
    el("p", { class: "title" }, "Evidence"),
    el(
      "p",
      {},
      `${relation.kind} (rule “${nameAsWords(relation.rule)}”)`,
      relation.chain > 1 && `, ${counted(relation.chain, "link")} from the root article`,
    ),
    measures(relation.evidence),
    el(
      "dl",
      { class: "facts" },
      fact("words", article.words),
      fact("new words", article.novel_words),
      fact("new numbers", article.new_numbers),
      fact("publisher’s timestamp", timeOf(article.claimed, article.clock)),
      fact("slug", article.slugline),
      fact("URI", article.uri),
      fact("version", article.version),
      fact("Kafka record", input && `${input.topic} ${input.partition} @ ${input.offset}`),
      fact("SimHash", details.simhash),
    ),
  ];
}

// The article's other relations, which are the sources of its other passages.
export const otherRelations = (details) =>
  details.also.length > 0 && [
    el("p", { class: "title" }, "Other relations"),
    el(
      "ul",
      { role: "list" },
      details.also.map((relation) =>
        el(
          "li",
          {},
          `${relation.kind} of `,
          relation.of ? isolated(relation.of.provider ?? relation.of.uri) : "an unknown article",
          measures(relation.evidence),
        ),
      ),
    ),
  ];

const fact = (name, value) =>
  value !== undefined && [
    el("dt", { title: meaningOf(name) }, name),
    el("dd", {}, el("bdi", {}, typeof value === "number" ? number(value) : value)),
  ];

// The measures of a comparison. Shares are shown as bars, the rest as a line of text.
export function measures(comparison) {
  if (!comparison) return el("p", { class: "faint" }, "No text was compared.");
  const parts = [];
  if (comparison.changed_numbers?.length > 0)
    parts.push(counted(comparison.changed_numbers.length, "number") + " changed");
  if (comparison.headline_changed) parts.push("headline changed");
  if (comparison.seconds_apart !== undefined)
    parts.push(`${duration(comparison.seconds_apart)} apart`);
  if (comparison.shared_shingles > 0)
    parts.push(counted(comparison.shared_shingles, "shared shingle"));
  if (comparison.hamming !== undefined)
    parts.push(distanceInWords(comparison.hamming));
  return [
    el(
      "ul",
      { class: "measures", role: "list" },
      SHARES.filter(([name]) => comparison[name] !== undefined).map(([name, label]) =>
        el("li", {}, bar(comparison[name]), `${percent(comparison[name])} ${label}`),
      ),
    ),
    parts.length > 0 && el("p", { class: "faint" }, parts.join(" · ")),
  ];
}

// The maximum number of bits in which two SimHashes differ, and what this means for the texts. The
// SimHashes of unrelated texts differ in about 32 of 64 bits, plus or minus 4.
const DISTANCES = [
  [0, "the same words, or nearly"],
  [3, "nearly the same words"],
  [10, "mostly the same wording"],
  [20, "some wording in common"],
  [64, "little wording in common, if any"],
];

// A SimHash distance with its meaning, as in "3 of 64 SimHash bits differ: nearly the same words".
export const distanceInWords = (bits) =>
  `${bits} of 64 SimHash bits differ: ${DISTANCES.find(([most]) => bits <= most)?.[1]}`;

// A share from 0 to 1 as a bar, with a tick at the threshold if one is given.
export function bar(share, threshold) {
  const node = el("span", { class: "bar", "aria-hidden": "true" });
  node.style.setProperty("--share", Math.min(Math.max(share, 0), 1).toFixed(3));
  if (threshold !== undefined) {
    const tick = el("i");
    tick.style.setProperty("--at", Math.min(Math.max(threshold, 0), 1).toFixed(3));
    node.append(tick);
  }
  return node;
}
