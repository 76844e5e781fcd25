// The help dialog: the keyboard shortcuts, and a glossary of the words on the page.

import { append, el } from "./dom.js";
import { kindLabel, timeZoneName } from "./format.js";
import { BADGES, KIND_MEANINGS, LABELS, TERMS } from "./words.js";

const KEYS = [
  ["j", "next item in the list; after the last one, the next page"],
  ["k", "previous item in the list"],
  ["Enter", "open; in the search field, go to the first result"],
  ["↓", "in the search field, go to the results"],
  ["n", "next story with new articles"],
  ["a", "acknowledge the selected item in the queue"],
  ["q", "go to the queue"],
  ["s", "go to the stories or search results"],
  ["d", "go to the articles of the open story"],
  ["r", "go to the stages of the running story"],
  ["/", "search"],
  ["2", "show only stories with 2+ independent publishers"],
  ["c", "compare the article with its source"],
  ["w", "show why two articles are grouped"],
  ["x", "select an article, then a second one to compare it with"],
  ["Esc", "close, go back, or leave the search"],
  ["?", "show this help"],
];

export function help(dialog, button) {
  append(dialog, [
    el(
      "form",
      { method: "dialog" },
      el(
        "header",
        {},
        el("h2", { id: "help-title" }, "Help"),
        el("button", { class: "tool" }, "Close"),
      ),
      section(
        "Keys",
        KEYS.map(([key, action]) => [el("kbd", {}, key), action]),
      ),
      section("Words", TERMS),
      section("Badges of stories and articles", BADGES.map(labelMeaning)),
      section("Labels of articles", LABELS.map(labelMeaning)),
      section("Kinds of article", kindMeanings()),
      el("p", { class: "faint" }, `Times are in the time zone of your browser, ${timeZoneName()}.`),
      el("p", { class: "faint" }, "Names of cities, which link stories across languages: GeoNames, CC BY 4.0."),
    ),
  ]);
  const open = () => {
    dialog.showModal();
    dialog.scrollTop = 0;
  };
  button.addEventListener("click", open);
  // A click on the backdrop closes the dialog.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  addEventListener("wirefold-help", open);
}

// The kinds of article with their meanings.
export const kindMeanings = () =>
  Object.entries(KIND_MEANINGS).map(([kind, meaning]) => [kindLabel({ kind }), meaning]);

const labelMeaning = ({ label, severity, meaning }) => [
  el("span", { class: `flag ${severity}` }, label),
  meaning,
];

// A titled list of terms: pairs of a term and its meaning.
const section = (title, pairs) => [el("h3", {}, title), definitions(pairs)];

export const definitions = (pairs) =>
  el(
    "dl",
    { class: "definitions" },
    pairs.map(([term, meaning]) => [el("dt", {}, term), el("dd", {}, meaning)]),
  );
