// The filters of the stories pane: language, publisher, kind, badge, independent publishers, order.
//
// In: what lives (`/facets`). Out: parameters of `/stories`. They are remembered by the browser, and
// always in sight, so that nobody wonders where a story went.

import * as api from "./api.js";
import { el } from "./dom.js";
import { foldAlone, menu } from "./menu.js";
import { language } from "./say.js";
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
  const toggle = (name, value) => {
    const [list, on] = [chosen[name], chosen[name].includes(value)];
    keep({ [name]: on ? list.filter((one) => one !== value) : [...list, value] });
  };
  const menus = [
    menu("language", "Language", language, toggle),
    menu("publisher", "Publisher", String, toggle),
    menu("kind", "Kind", String, toggle),
    menu("badge", "Badge", (value) => BADGES[value] ?? value, toggle),
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

  let found = { languages: [], publishers: [], kinds: [] };
  function draw() {
    const of = {
      language: found.languages.map((one) => ({ value: one.value, n: one.stories })),
      publisher: found.publishers.map((one) => ({ value: one.value, n: one.articles })),
      kind: found.kinds.map((one) => ({ value: one.value, n: one.articles })),
      badge: Object.keys(BADGES).map((value) => ({ value })),
    };
    for (const one of menus) one.draw(of[one.name], chosen[one.name]);
    several.checked = chosen.publishers_min !== undefined;
    order.value = chosen.sort;
    clear.hidden = !active();
  }
  const active = () =>
    chosen.publishers_min !== undefined || menus.some((one) => chosen[one.name].length > 0);

  foldAlone(menus, node);
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
