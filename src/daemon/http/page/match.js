// A form that checks a text before it is sent: which story it would join, which article it repeats,
// and how much of it is new. The daemon does not store the text.

import * as api from "./api.js";
import { el, isolated, setContent } from "./dom.js";
import { measures } from "./evidence.js";
import { counted, kindLabel, number, percent } from "./format.js";
import { articleLink } from "./links.js";

export function matchView(root) {
  const headline = el("input", { id: "match-headline", dir: "auto", autocomplete: "off" });
  const body = el("textarea", { id: "match-body", rows: 8, dir: "auto", required: true });
  const language = el("input", {
    id: "match-language",
    size: 5,
    maxlength: 8,
    placeholder: "auto",
    autocomplete: "off",
  });
  const result = el("div", { class: "result", role: "status" });
  const submit = async (event) => {
    event.preventDefault();
    setContent(result, "Matching…");
    try {
      const article = {
        headline: headline.value,
        body: body.value,
        language: language.value.trim() || undefined,
      };
      setContent(result, ...resultOf(await api.match(article)));
    } catch (problem) {
      setContent(
        result,
        el("p", { class: "note" }, `Could not match this text: ${problem.message}.`),
      );
    }
  };
  root.append(
    el("a", { class: "up", href: "#/" }, "All stories"),
    el(
      "form",
      { class: "match-form", on: { submit } },
      el("h2", {}, "Match a text"),
      el(
        "p",
        { class: "faint" },
        "Check a text before you send it: which story it would join, which article it repeats, ",
        "and how much of it is new. Nothing is stored or changed.",
      ),
      el("label", { for: "match-headline" }, "Headline"),
      headline,
      el("label", { for: "match-body" }, "Text"),
      body,
      el(
        "p",
        { class: "actions" },
        el("label", { for: "match-language" }, "Language "),
        language,
        el("button", { class: "tool" }, "Match"),
      ),
    ),
    result,
  );
  headline.focus({ preventScroll: true });
  return {};
}

function resultOf({ relation, also, novelty, novel_words: newWords, story, nearest }) {
  const source = relation.of?.id
    ? el("a", { href: articleLink(relation.of) }, isolated(sourceName(relation.of)))
    : relation.of && isolated(sourceName(relation.of));
  return [
    el("h3", {}, "Verdict"),
    el(
      "p",
      {},
      kindLabel(relation),
      source && [" of ", source],
      novelty !== undefined && `; ${percent(novelty)} new (${counted(newWords ?? 0, "word")})`,
    ),
    relation.evidence && measures(relation.evidence),
    also.length > 0 &&
      el(
        "p",
        {},
        "Also: ",
        also.map((one, at) => [
          at > 0 && ", ",
          one.kind,
          " of ",
          one.of && isolated(sourceName(one.of)),
        ]),
      ),
    el("h3", {}, "Story"),
    story?.joins
      ? el(
          "p",
          {},
          el("a", { href: `#/story/${story.joins}`, dir: "auto" }, story.headline),
          story.by === "text"
            ? ": shares text"
            : story.score !== undefined &&
                `: similar subject, score ${number(story.score)} (threshold ${number(story.join)})`,
        )
      : el("p", {}, "No matching story: this text would open a new one."),
    nearest?.length > 0 && [
      el("h4", {}, "Most similar stories"),
      el(
        "ul",
        { class: "nearest", role: "list" },
        nearest.map((one) =>
          el(
            "li",
            {},
            el("span", { class: "n" }, number(one.score)),
            el("a", { href: `#/story/${one.story}`, dir: "auto" }, one.headline),
            el("span", { class: "faint" }, counted(one.size, "article")),
          ),
        ),
      ),
    ],
  ];
}

const sourceName = (of) => of.provider ?? of.uri;
