// An article's text, with new passages and passages from earlier articles marked.
//
// The API gives ranges in UTF-16 code units, like JavaScript strings.

import { append, el } from "./dom.js";

// If at least this share of a text is new, its new passages are not marked. A note below the text
// says so instead.
const ALL_NEW = 0.95;

export function bodyText(answer, { language }) {
  const { text } = answer;
  const newUnits = answer.new.reduce((sum, [start, end]) => sum + end - start, 0);
  const allNew = newUnits >= ALL_NEW * text.length;
  const marks = [
    ...(allNew ? [] : answer.new).map(([start, end]) => ({
      start,
      end,
      class: "new",
      title: "no earlier article contains this text",
    })),
    // Shared passages are marked only for partial overlaps, because a copy shares nearly all of its
    // text.
    ...answer.shared
      .filter(({ kind }) => kind === "partial")
      .map(({ start, end }) => ({
        start,
        end,
        class: "shared",
        title: "an earlier article contains this passage",
      })),
  ];
  const paragraphs = answer.paragraphs.length > 0 ? answer.paragraphs : [[0, text.length]];
  return [
    line("Byline", answer.byline, language),
    line("Dateline", answer.dateline, language),
    line("Note to editors", answer.ednote, language),
    ...paragraphs.map(([start, end]) => paragraph(text, start, end, marks, language)),
    line("Usage terms", answer.usageterms, language),
    el("p", { class: "faint" }, noveltyNote(newUnits, allNew)),
  ];
}

const noveltyNote = (newUnits, allNew) => {
  if (allNew) return "All new: no earlier article contains any of this text.";
  if (newUnits === 0) return "Nothing new: earlier articles contain all of this text.";
  return [el("mark", { class: "new" }, "Marked"), " text appears in no earlier article."];
};

const line = (name, value, language) =>
  value && el("p", { class: "faint" }, `${name}: `, el("bdi", { lang: language }, value));

// One paragraph, split wherever a mark starts or ends.
function paragraph(text, start, end, marks, language) {
  const isInside = (at) => at > start && at < end;
  const cuts = marks.flatMap((mark) => [mark.start, mark.end]).filter(isInside);
  const offsets = [...new Set([start, ...cuts, end])].sort((a, b) => a - b);
  const node = el("p", { dir: "auto", lang: language });
  for (let at = 0; at + 1 < offsets.length; at += 1) {
    const [from, to] = [offsets[at], offsets[at + 1]];
    const mark = marks.find(({ start: first, end: last }) => first <= from && last >= to);
    const piece = text.slice(from, to);
    append(node, [mark ? el("mark", { class: mark.class, title: mark.title }, piece) : piece]);
  }
  return node;
}
