// The filters of the stories pane: language, publisher, kind, badge, independent publishers, and
// the sort order.
//
// Input: the values of live stories (`/facets`). Output: query parameters for `/stories`. The
// browser remembers the filters. They are always visible, so that users can see why a story is
// hidden.

import * as api from "./api.js";
import { el } from "./dom.js";
import { languageName } from "./format.js";
import { menu, openOneAtATime } from "./menu.js";
import { savedFilters } from "./store.js";

const BADGES = {
  carried: "still carried",
  withdrawn: "withdrawn",
  uncorrected: "since corrected",
  corrections: "has corrections",
  needs_review: "needs review",
  changed_numbers: "changed numbers",
  embargoed: "under embargo",
};
const ORDERS = { rise: "Fastest growing", newest: "Newest", size: "Most articles" };

export function filterBar(onChange) {
  let selected = {
    sort: "rise",
    language: [],
    publisher: [],
    kind: [],
    badge: [],
    ...savedFilters.read(),
  };
  const set = (change) => {
    selected = { ...selected, ...change };
    savedFilters.write(selected);
    draw();
    onChange();
  };
  const toggle = (name, value) => {
    const [list, on] = [selected[name], selected[name].includes(value)];
    set({ [name]: on ? list.filter((one) => one !== value) : [...list, value] });
  };
  const menus = [
    menu("language", "Language", languageName, toggle),
    menu("publisher", "Publisher", String, toggle),
    menu("kind", "Kind", String, toggle),
    menu("badge", "Badge", (value) => BADGES[value] ?? value, toggle),
  ];
  const several = el("input", {
    type: "checkbox",
    id: "several",
    on: { change: () => set({ publishers_min: several.checked ? 2 : undefined }) },
  });
  const order = el(
    "select",
    { id: "order", "aria-label": "Sort by", on: { change: () => set({ sort: order.value }) } },
    Object.entries(ORDERS).map(([value, label]) => el("option", { value }, label)),
  );
  const clear = el(
    "button",
    {
      class: "quiet",
      type: "button",
      on: {
        click: () =>
          set({ language: [], publisher: [], kind: [], badge: [], publishers_min: undefined }),
      },
    },
    "Clear",
  );
  const node = el(
    "div",
    { class: "filters", role: "group", "aria-label": "Filters" },
    menus.map((m) => m.node),
    el("label", { class: "several" }, several, "2+ independent"),
    clear,
    order,
  );

  let facets = { languages: [], publishers: [], kinds: [] };
  function draw() {
    const values = {
      language: facets.languages.map((one) => ({ value: one.value, n: one.stories })),
      publisher: facets.publishers.map((one) => ({ value: one.value, n: one.articles })),
      kind: facets.kinds.map((one) => ({ value: one.value, n: one.articles })),
      badge: Object.keys(BADGES).map((value) => ({ value })),
    };
    for (const one of menus) one.draw(values[one.name], selected[one.name]);
    several.checked = selected.publishers_min !== undefined;
    order.value = selected.sort;
    clear.hidden = !isActive();
  }
  const isActive = () =>
    selected.publishers_min !== undefined || menus.some((one) => selected[one.name].length > 0);

  openOneAtATime(menus, node);
  draw();
  return {
    node,
    // The query parameters for `/stories`.
    parameters: () => ({ ...selected, language: selected.language.join(",") }),
    isActive,
    toggleSeveral: () => several.click(),
    async refresh() {
      try {
        facets = await api.facets();
        draw();
      } catch {
        // The list of stories already shows the problem.
      }
    },
  };
}
