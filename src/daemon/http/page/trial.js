// A text on trial: which story it would join, what it repeats, how much of it is new. The daemon is
// asked, and remembers nothing of it.

import * as api from "./api.js";
import { el, foreign, show } from "./dom.js";
import { measures } from "./evidence.js";
import { placeOf } from "./places.js";
import { counted, figure, kind, percent } from "./say.js";

export function trial(root) {
  const headline = el("input", { id: "trial-headline", dir: "auto", autocomplete: "off" });
  const body = el("textarea", { id: "trial-body", rows: 8, dir: "auto", required: true });
  const language = el("input", {
    id: "trial-language",
    size: 5,
    maxlength: 8,
    placeholder: "found",
    autocomplete: "off",
  });
  const result = el("div", { class: "result", role: "status" });
  const ask = async (event) => {
    event.preventDefault();
    show(result, "Weighing …");
    try {
      const said = {
        headline: headline.value,
        body: body.value,
        language: language.value.trim() || undefined,
      };
      show(result, ...verdict(await api.match(said)));
    } catch (problem) {
      show(result, el("p", { class: "note" }, `No verdict: ${problem.message}.`));
    }
  };
  root.append(
    el("a", { class: "up", href: "#/" }, "All stories"),
    el(
      "form",
      { class: "trial", on: { submit: ask } },
      el("h2", {}, "Where would this text go?"),
      el(
        "p",
        { class: "faint" },
        "Before it is sent: which story it would join, whose text it repeats, how much of it is new. Nothing is kept, and nothing is changed.",
      ),
      el("label", { for: "trial-headline" }, "Headline"),
      headline,
      el("label", { for: "trial-body" }, "Text"),
      body,
      el(
        "p",
        { class: "actions" },
        el("label", { for: "trial-language" }, "Language "),
        language,
        el("button", { class: "tool" }, "Weigh it"),
      ),
    ),
    result,
  );
  headline.focus({ preventScroll: true });
  return {};
}

function verdict({ relation, also, novelty, novel_words: fresh, story, nearest }) {
  const named = relation.of?.id
    ? el("a", { href: placeOf(relation.of) }, foreign(relation.of.provider ?? relation.of.uri))
    : relation.of && foreign(relation.of.provider ?? relation.of.uri);
  return [
    el("h3", {}, "It would be"),
    el(
      "p",
      {},
      kind(relation),
      named && [" of ", named],
      novelty !== undefined && `; ${percent(novelty)} of it new, ${counted(fresh ?? 0, "word")}`,
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
          one.of && foreign(one.of.provider ?? one.of.uri),
        ]),
      ),
    el("h3", {}, "It would join"),
    story?.joins
      ? el(
          "p",
          {},
          el("a", { href: `#/story/${story.joins}`, dir: "auto" }, story.headline),
          story.by === "text"
            ? " by its text"
            : story.score !== undefined &&
                ` by its subject: ${figure(story.score)} where ${figure(story.join)} joins`,
        )
      : el("p", {}, "no story; it would open one of its own"),
    nearest?.length > 0 && [
      el("h4", {}, "Nearest stories"),
      el(
        "ul",
        { class: "nearest", role: "list" },
        nearest.map((one) =>
          el(
            "li",
            {},
            el("span", { class: "n" }, figure(one.score)),
            el("a", { href: `#/story/${one.story}`, dir: "auto" }, one.headline),
            el("span", { class: "faint" }, counted(one.size, "article")),
          ),
        ),
      ),
    ],
  ];
}
