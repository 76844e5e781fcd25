// The content of the detail pane while no view is open. It explains how to read the page.

import { append, el } from "./dom.js";
import { definitions, kindMeanings } from "./help.js";

export function overview(root) {
  append(root, [
    el(
      "div",
      { class: "overview" },
      el("h2", {}, "No story selected"),
      el(
        "p",
        {},
        "On the left: items that need action, then live stories, fastest-growing first. ",
        "Open a story to see who had it first, who copied it, and what was withdrawn or corrected.",
      ),
      el("h3", {}, "Kinds of article"),
      definitions(kindMeanings()),
      el(
        "p",
        { class: "faint" },
        "Each article is compared, word by word, with those that arrived before it. Press ",
        el("kbd", {}, "?"),
        " for help: keys, and what the words on this page mean.",
      ),
    ),
  ]);
  return {};
}
