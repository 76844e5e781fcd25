// An article's text, with what was new in it, and what others had before, marked.
//
// Ranges come in UTF-16 units of the text, as strings of this language count.

import { el, put } from "./dom.js";

// Marks on everything would mark nothing: a text that is new as a whole is only said to be so.
const WHOLE = 0.95;

export function body(answer, { language }) {
  const { text } = answer;
  const fresh = answer.new.reduce((sum, [start, end]) => sum + end - start, 0);
  const whole = fresh >= WHOLE * text.length;
  const marks = [
    ...(whole ? [] : answer.new).map(([start, end]) => ({
      start,
      end,
      class: "new",
      title: "no earlier article of the window had this",
    })),
    // A copy shares nearly all of its text: there it says nothing to mark that.
    ...answer.shared
      .filter(({ kind }) => kind === "partial")
      .map(({ start, end }) => ({
        start,
        end,
        class: "shared",
        title: "an earlier article has this passage",
      })),
  ];
  const paragraphs = answer.paragraphs.length > 0 ? answer.paragraphs : [[0, text.length]];
  return [
    line("Byline", answer.byline, language),
    line("Dateline", answer.dateline, language),
    line("Note to editors", answer.ednote, language),
    ...paragraphs.map(([start, end]) => paragraph(text, start, end, marks, language)),
    line("Terms of use", answer.usageterms, language),
    el("p", { class: "faint" }, novelty(fresh, whole)),
  ];
}

const novelty = (fresh, whole) => {
  if (whole) return "All of it is new: no earlier article of the window had it.";
  if (fresh === 0) return "None of it is new: earlier articles of the window had it.";
  return [el("mark", { class: "new" }, "Marked"), " is what no earlier article of the window had."];
};

const line = (name, said, language) =>
  said && el("p", { class: "faint" }, `${name}: `, el("bdi", { lang: language }, said));

// The paragraph, cut wherever a mark begins or ends.
function paragraph(text, start, end, marks, language) {
  const inside = (at) => at > start && at < end;
  const cuts = marks.flatMap((mark) => [mark.start, mark.end]).filter(inside);
  const places = [...new Set([start, ...cuts, end])].sort((a, b) => a - b);
  const node = el("p", { dir: "auto", lang: language });
  for (let at = 0; at + 1 < places.length; at += 1) {
    const [from, to] = [places[at], places[at + 1]];
    const mark = marks.find(({ start: first, end: last }) => first <= from && last >= to);
    const said = text.slice(from, to);
    put(node, [mark ? el("mark", { class: mark.class, title: mark.title }, said) : said]);
  }
  return node;
}
