// The detail pane while nothing is open: how to read the page.

import { el, put } from "./dom.js";
import { KINDS, MEANS, kind } from "./say.js";

export function overview(root) {
  put(root, [
    el(
      "div",
      { class: "overview" },
      el("h2", {}, "No story is open"),
      el(
        "p",
        {},
        "On the left is what a desk must act on, then the stories that live, those that rise fastest first. ",
        "Open one to see who had it first, who copied whom, and what still stands.",
      ),
      el("h3", {}, "What an article can be"),
      el(
        "dl",
        { class: "kinds" },
        KINDS.map((name) => [el("dt", {}, kind({ kind: name })), el("dd", {}, MEANS[name])]),
      ),
      el(
        "p",
        { class: "faint" },
        "Verdicts rest on literal wording, in order of arrival. Press ",
        el("kbd", {}, "?"),
        " for the keys.",
      ),
    ),
  ]);
  return {};
}
