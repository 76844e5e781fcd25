// The filters of the stories pane: language, publisher, kind, badge, independent publishers, and
// the sort order.
//
// Input: the values to filter by (`/facets`). Output: query parameters for `/stories`. The URL
// stores the filters, so that a link shows the same stories. If the URL contains no filters, the
// ones last used in this browser apply. The filters are always visible, so that users can see why a
// story is hidden.

import * as api from "./api.js";
import { addressHasFilters, readAddress, writeAddress } from "./address.js";
import { el } from "./dom.js";
import { languageName } from "./format.js";
import { menu, openOneAtATime } from "./menu.js";
import { savedFilters } from "./store.js";
import { BADGES, INDEPENDENT, KIND_MEANINGS } from "./words.js";

const ORDERS = { rise: "Fastest growing", newest: "Newest", size: "Most articles" };
const NONE = { language: [], publisher: [], kind: [], badge: [], publishers_min: undefined };
const COUNTS = new Map(BADGES.map(({ label, counts }) => [label, counts]));

// The filters of `stored`, without values that this page does not know.
const known = (stored) => ({
  ...NONE,
  ...stored,
  sort: stored.sort in ORDERS ? stored.sort : "rise",
  kind: (stored.kind ?? []).filter((kind) => kind in KIND_MEANINGS),
  badge: (stored.badge ?? []).filter((label) => COUNTS.has(label)),
  publishers_min: stored.publishers_min ? 2 : undefined,
});

export function filterBar(onChange) {
  const { q: _, ...inAddress } = readAddress();
  let selected = known(addressHasFilters() ? inAddress : savedFilters.read());
  const write = () =>
    writeAddress({ ...selected, sort: selected.sort === "rise" ? undefined : selected.sort });
  const set = (change) => {
    selected = { ...selected, ...change };
    savedFilters.write(selected);
    write();
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
    menu("badge", "Badge", String, toggle),
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
        click: () => set(NONE),
      },
    },
    "Clear",
  );
  const node = el(
    "div",
    { class: "filters", role: "group", "aria-label": "Filters" },
    menus.map((m) => m.node),
    el("label", { class: "several", title: INDEPENDENT }, several, "2+ independent publishers"),
    clear,
    order,
  );

  let facets = { languages: [], publishers: [], kinds: [] };
  function draw() {
    const values = {
      language: facets.languages.map((one) => ({ value: one.value, n: one.stories })),
      publisher: facets.publishers.map((one) => ({ value: one.value, n: one.articles })),
      kind: facets.kinds.map((one) => ({
        value: one.value,
        n: one.articles,
        title: KIND_MEANINGS[one.value],
      })),
      badge: BADGES.map(({ label, meaning }) => ({ value: label, title: meaning })),
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
  write();
  return {
    node,
    // The query parameters for `/stories`.
    parameters: () => ({
      ...selected,
      language: selected.language.join(","),
      // One row for all languages of an event, unless the user has chosen languages.
      collapse: selected.language.length === 0 || undefined,
      badge: selected.badge.flatMap((label) => COUNTS.get(label)),
    }),
    isActive,
    toggleSeveral: () => several.click(),
    // Applies the filters in the URL after the user goes back or forward in the browser history.
    followAddress() {
      const { q: _q, ...now } = readAddress();
      const before = JSON.stringify(selected);
      selected = known(now);
      if (JSON.stringify(selected) === before) return;
      draw();
      onChange();
    },
    async refresh() {
      try {
        facets = await api.facets();
        draw();
      } catch {
        // The list of stories already shows the error.
      }
    },
  };
}
