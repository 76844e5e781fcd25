// A filter by one property: a menu of boxes to tick, any of which will do.

import { el, show } from "./dom.js";
import { figure } from "./say.js";

// `words(value)` names a value; `toggle(name, value)` hears that its box was pressed.
export function menu(name, title, words, toggle) {
  const summary = el("summary");
  const choices = el("div", { class: "choices", role: "group", "aria-label": title });
  const node = el("details", { class: "pick" }, summary, choices);
  const choice = ({ value, n }, ticked) => {
    const box = el("input", {
      type: "checkbox",
      checked: ticked.includes(value),
      on: { change: () => toggle(name, value) },
    });
    const many = n !== undefined && el("span", { class: "n" }, figure(n));
    return el("label", {}, box, el("bdi", {}, words(value)), many);
  };
  return {
    name,
    node,
    // Shows what lives and what is ticked; the latter stays even when nothing alive has it.
    draw(found, ticked) {
      node.classList.toggle("set", ticked.length > 0);
      show(summary, ticked.length === 0 ? title : ticked.map(words).join(", "));
      const gone = ticked.filter((value) => !found.some((one) => one.value === value));
      const all = [...found, ...gone.map((value) => ({ value, n: 0 }))];
      // Boxes do not move under the finger of who is ticking them.
      if (node.contains(document.activeElement) && choices.children.length === all.length) return;
      show(
        choices,
        all.map((one) => choice(one, ticked)),
      );
    },
  };
}

// One menu is open at a time, and none once the work goes on elsewhere.
export function foldAlone(menus, group) {
  const fold = (event) => {
    for (const { node } of menus) if (!node.contains(event.target)) node.open = false;
  };
  document.addEventListener("click", fold);
  document.addEventListener("focusin", fold);
  group.addEventListener("keydown", (event) => {
    const open = event.target.closest("details[open]");
    if (event.key !== "Escape" || !open) return;
    open.open = false;
    open.querySelector("summary").focus();
    event.stopPropagation();
  });
}
