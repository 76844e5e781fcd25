// The filters of the stories pane: language, publisher, kind, badge, independent publishers, order.
//
// In: what lives (`/facets`). Out: parameters of `/stories`. They are remembered by the browser, and
// always in sight, so that nobody wonders where a story went.

import * as api from "./api.js";
import { el, show } from "./dom.js";
import { figure, language } from "./say.js";
import { filters } from "./store.js";

const BADGES = {
  carried: "still carried",
  withdrawn: "withdrawn",
  uncorrected: "since corrected",
  corrections: "has corrections",
  needs_review: "needs review",
  changed_numbers: "changed numbers",
  embargoed: "under embargo",
};
const ORDERS = { rise: "by rise", newest: "newest first", size: "largest first" };

export function picks(changed) {
  let chosen = {
    sort: "rise",
    language: [],
    publisher: [],
    kind: [],
    badge: [],
    ...filters.read(),
  };
  const keep = (change) => {
    chosen = { ...chosen, ...change };
    filters.write(chosen);
    draw();
    changed();
  };
  const menus = [
    menu("language", "Language", (value) => language(value)),
    menu("publisher", "Publisher", (value) => value),
    menu("kind", "Kind", (value) => value),
    menu("badge", "Badge", (value) => BADGES[value] ?? value),
  ];
  const several = el("input", {
    type: "checkbox",
    id: "several",
    on: { change: () => keep({ publishers_min: several.checked ? 2 : undefined }) },
  });
  const order = el(
    "select",
    { id: "order", "aria-label": "Order", on: { change: () => keep({ sort: order.value }) } },
    Object.entries(ORDERS).map(([value, words]) => el("option", { value }, words)),
  );
  const clear = el(
    "button",
    {
      class: "quiet",
      type: "button",
      on: {
        click: () =>
          keep({ language: [], publisher: [], kind: [], badge: [], publishers_min: undefined }),
      },
    },
    "clear",
  );
  const node = el(
    "div",
    { class: "picks", role: "group", "aria-label": "Filters" },
    menus.map((m) => m.node),
    el("label", { class: "several" }, several, "2+ independent"),
    clear,
    order,
  );

  // A filter by one property: a menu of boxes to tick, any of which will do.
  function menu(name, title, words) {
    const summary = el("summary");
    const choices = el("div", { class: "choices", role: "group", "aria-label": title });
    const node = el("details", { class: "pick" }, summary, choices);
    return {
      name,
      node,
      draw(found) {
        const ticked = chosen[name];
        node.classList.toggle("set", ticked.length > 0);
        show(summary, ticked.length === 0 ? title : ticked.map(words).join(", "));
        // What is ticked stays in the menu, even when nothing alive has it.
        const gone = ticked.filter((value) => !found.some((one) => one.value === value));
        const all = [...found, ...gone.map((value) => ({ value, n: 0 }))];
        if (node.contains(document.activeElement) && choices.children.length === all.length) return;
        show(
          choices,
          all.map(({ value, n }) => {
            const box = el("input", {
              type: "checkbox",
              checked: ticked.includes(value),
              on: { change: () => keep({ [name]: toggled(chosen[name], value) }) },
            });
            return el(
              "label",
              {},
              box,
              el("bdi", {}, words(value)),
              n !== undefined && el("span", { class: "n" }, figure(n)),
            );
          }),
        );
      },
    };
  }

  let found = { languages: [], publishers: [], kinds: [] };
  function draw() {
    const of = {
      language: found.languages.map((one) => ({ value: one.value, n: one.stories })),
      publisher: found.publishers.map((one) => ({ value: one.value, n: one.articles })),
      kind: found.kinds.map((one) => ({ value: one.value, n: one.articles })),
      badge: Object.keys(BADGES).map((value) => ({ value })),
    };
    for (const one of menus) one.draw(of[one.name]);
    several.checked = chosen.publishers_min !== undefined;
    order.value = chosen.sort;
    clear.hidden = !active();
  }
  const active = () =>
    chosen.publishers_min !== undefined || menus.some((one) => chosen[one.name].length > 0);

  // One menu at a time, and none once the work goes on elsewhere.
  const fold = (event) => {
    for (const { node } of menus) if (!node.contains(event.target)) node.open = false;
  };
  document.addEventListener("click", fold);
  document.addEventListener("focusin", fold);
  node.addEventListener("keydown", (event) => {
    const menu = event.target.closest("details[open]");
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
  });

  draw();
  return {
    node,
    wanted: () => ({ ...chosen, language: chosen.language.join(",") }),
    active,
    toggleSeveral: () => several.click(),
    async refresh() {
      try {
        found = await api.facets();
        draw();
      } catch {
        // The list beside it says what is wrong.
      }
    },
  };
}

const toggled = (list, value) =>
  list.includes(value) ? list.filter((one) => one !== value) : [...list, value];
