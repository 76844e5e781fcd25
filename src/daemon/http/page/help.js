// The list of keys, as a dialog.

import { el, put } from "./dom.js";

export const KEYS = [
  ["j", "next item of the list"],
  ["k", "the one before"],
  ["Enter", "open it"],
  ["n", "next story with news"],
  ["a", "acknowledge, in the queue"],
  ["q", "to the queue"],
  ["s", "to the stories"],
  ["d", "to what is open"],
  ["/", "search"],
  ["2", "only stories of two or more independent publishers"],
  ["c", "compare the article with its source"],
  ["w", "why are they together"],
  ["x", "pick an article, then another, to compare them"],
  ["Esc", "close, go back"],
  ["?", "this list"],
];

export function help(dialog, button) {
  put(dialog, [
    el(
      "form",
      { method: "dialog" },
      el("h2", { id: "help-title" }, "Keys"),
      el(
        "dl",
        { class: "keys" },
        KEYS.map(([key, words]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, words)]),
      ),
      el("button", { class: "tool" }, "Close"),
    ),
  ]);
  const open = () => dialog.showModal();
  button.addEventListener("click", open);
  // A click beside the dialog closes it.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  addEventListener("wirefold-help", open);
}
