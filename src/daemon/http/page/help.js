// The dialog that lists the keyboard shortcuts.

import { append, el } from "./dom.js";

const KEYS = [
  ["j", "next item in the list"],
  ["k", "previous item in the list"],
  ["Enter", "open"],
  ["n", "next story with new articles"],
  ["a", "acknowledge the selected item in the queue"],
  ["q", "go to the queue"],
  ["s", "go to the stories"],
  ["d", "go to the details"],
  ["/", "search"],
  ["2", "show only stories with 2+ independent publishers"],
  ["c", "compare the article with its source"],
  ["w", "show why two articles are grouped"],
  ["x", "select an article, then a second one to compare it with"],
  ["Esc", "close or go back"],
  ["?", "show keyboard shortcuts"],
];

export function help(dialog, button) {
  append(dialog, [
    el(
      "form",
      { method: "dialog" },
      el("h2", { id: "help-title" }, "Keyboard shortcuts"),
      el(
        "dl",
        { class: "keys" },
        KEYS.map(([key, action]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, action)]),
      ),
      el("button", { class: "tool" }, "Close"),
    ),
  ]);
  const open = () => dialog.showModal();
  button.addEventListener("click", open);
  // A click on the backdrop closes the dialog.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  addEventListener("wirefold-help", open);
}
