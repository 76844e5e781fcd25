// What a verdict rests on, as figures and bars.

import { el, foreign } from "./dom.js";
import { counted, figure, percent, span, time, words } from "./say.js";

const SHARES = [
  ["of_this_in_that", "of this is in that"],
  ["of_that_in_this", "of that is in this"],
  ["jaccard", "of both is common"],
  ["numbers_kept", "of its numbers agree"],
];

// The evidence for the relation of an article.
export function evidence(told, article) {
  const { relation } = told;
  return [
    el("p", { class: "title" }, "Evidence"),
    el(
      "p",
      {},
      `${relation.kind}, by the rule “${words(relation.rule)}”`,
      relation.chain > 1 && `, ${counted(relation.chain, "step")} from its root`,
    ),
    measures(relation.evidence),
    el(
      "dl",
      { class: "facts" },
      fact("words", article.words),
      fact("new words", article.novel_words),
      fact("new numbers", article.new_numbers),
      fact("publisher’s time", time(article.claimed, article.clock)),
      fact("slug", article.slugline),
      fact("uri", article.uri),
      fact("version", article.version),
      fact(
        "read from",
        told.input && `${told.input.topic} ${told.input.partition} @ ${told.input.offset}`,
      ),
      fact("simhash", told.simhash),
    ),
  ];
}

// Its further relations: the sources of its other passages.
export const also = (told) =>
  told.also.length > 0 && [
    el("p", { class: "title" }, "Also"),
    el(
      "ul",
      { role: "list" },
      told.also.map((relation) =>
        el(
          "li",
          {},
          `${relation.kind} of `,
          relation.of ? foreign(relation.of.provider ?? relation.of.uri) : "what was not seen",
          measures(relation.evidence),
        ),
      ),
    ),
  ];

const fact = (name, said) =>
  said !== undefined && [
    el("dt", {}, name),
    el("dd", {}, el("bdi", {}, typeof said === "number" ? figure(said) : said)),
  ];

export function measures(found) {
  if (!found) return el("p", { class: "faint" }, "No text was compared.");
  const said = [];
  if (found.changed_numbers?.length > 0)
    said.push(counted(found.changed_numbers.length, "number") + " changed");
  if (found.headline_changed) said.push("another headline");
  if (found.seconds_apart !== undefined) said.push(`${span(found.seconds_apart)} apart`);
  if (found.shared_shingles > 0) said.push(counted(found.shared_shingles, "shared shingle"));
  if (found.hamming !== undefined)
    said.push(`${counted(found.hamming, "bit")} of the SimHash apart`);
  return [
    el(
      "ul",
      { class: "measures", role: "list" },
      SHARES.filter(([name]) => found[name] !== undefined).map(([name, of]) =>
        el("li", {}, bar(found[name]), `${percent(found[name])} ${of}`),
      ),
    ),
    said.length > 0 && el("p", { class: "faint" }, said.join(" · ")),
  ];
}

// A share as a bar, with a tick where the threshold lies.
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
