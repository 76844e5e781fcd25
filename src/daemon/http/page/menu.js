// A filter by one property: a menu of checkboxes. A story matches if it has any of the ticked
// values.

import { el, setContent } from "./dom.js";
import { number } from "./format.js";

// `label(value)` returns the text for a value; `toggle(name, value)` is called when its checkbox
// changes.
export function menu(name, title, label, toggle) {
  const summary = el("summary");
  const choices = el("div", { class: "choices", role: "group", "aria-label": title });
  const node = el("details", { class: "filter" }, summary, choices);
  const choice = ({ value, n, title: hint }, ticked) => {
    const checkbox = el("input", {
      type: "checkbox",
      checked: ticked.includes(value),
      on: { change: () => toggle(name, value) },
    });
    const count = n !== undefined && el("span", { class: "n" }, number(n));
    return el("label", { title: hint }, checkbox, el("bdi", {}, label(value)), count);
  };
  return {
    name,
    node,
    // Shows the values of live stories. Ticked values stay listed even if no live story has them.
    draw(values, ticked) {
      node.classList.toggle("set", ticked.length > 0);
      setContent(summary, ticked.length === 0 ? title : ticked.map(label).join(", "));
      const gone = ticked.filter((value) => !values.some((one) => one.value === value));
      const all = [...values, ...gone.map((value) => ({ value, n: 0 }))];
      // Checkboxes do not move while the user is ticking them.
      if (node.contains(document.activeElement) && choices.children.length === all.length) return;
      setContent(
        choices,
        all.map((one) => choice(one, ticked)),
      );
    },
  };
}

// Keeps at most one menu open, and closes it when the user clicks or focuses something else.
export function openOneAtATime(menus, group) {
  const closeOthers = (event) => {
    for (const { node } of menus) if (!node.contains(event.target)) node.open = false;
  };
  document.addEventListener("click", closeOthers);
  document.addEventListener("focusin", closeOthers);
  group.addEventListener("keydown", (event) => {
    const open = event.target.closest("details[open]");
    if (event.key !== "Escape" || !open) return;
    open.open = false;
    open.querySelector("summary").focus();
    event.stopPropagation();
  });
}
