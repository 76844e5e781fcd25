// The live stories, by rise, or what a search found in their place.
//
// A list that jumps while one reads it is of no use: while the pointer moves over it or keys are
// pressed in it, it keeps still, and catches up a moment later.

import * as api from "./api.js";
import { el, foreign, keyed, show } from "./dom.js";
import { picks } from "./picks.js";
import { placeOf } from "./places.js";
import { counted, figure, kind, publisher, standing, time } from "./say.js";
import { seen, seenAll, since } from "./store.js";

const PAGE = 60;
const PAGE_MAX = 200;
const STILL_MS = 3_000;
const FACETS_MS = 10_000;
const FOUND_MAX = 60;

export function storiesPane(root) {
  const count = el("span", { class: "count" });
  const status = el("p", { class: "note", hidden: true });
  const list = el("ul", { class: "stories", role: "list" });
  const found = el("ul", { class: "found", role: "list", hidden: true });
  const further = button("Show more", () => {
    wanted = Math.min(wanted + PAGE, PAGE_MAX);
    refresh();
  });
  const mark = button("mark all seen", () => {
    seenAll(answer.clock);
    for (const story of answer.items) look(story);
    draw();
  });
  const title = el("span", {}, "Stories ");
  const choose = picks(() => refresh());
  root.append(
    el("header", { class: "head" }, el("h2", { id: "stories-title" }, title, count), mark),
    choose.node,
    status,
    list,
    found,
    further,
  );

  let answer = { items: [] };
  let wanted = PAGE;
  let opened;
  let latest; // The story that was opened last, where the focus returns to.
  let asked; // The request on its way, so that an older answer never replaces a newer one.
  let touched = 0;
  let facetsAt = Number.NEGATIVE_INFINITY;
  const rows = keyed(list, (story) => story.id, row);
  const hits = keyed(found, (article) => article.id, hit);

  for (const event of ["pointermove", "keydown", "wheel", "touchmove"]) {
    list.addEventListener(event, () => (touched = performance.now()), { passive: true });
  }

  async function refresh() {
    asked?.abort();
    const own = (asked = new AbortController());
    if (performance.now() - facetsAt > FACETS_MS) {
      facetsAt = performance.now();
      choose.refresh();
    }
    try {
      const got = await api.stories({ ...choose.wanted(), limit: wanted }, own.signal);
      if (own !== asked) return;
      answer = got;
      calmly();
    } catch (problem) {
      if (problem.name === "AbortError") return;
      say(problem.message);
    }
  }

  let waiting;
  function calmly() {
    clearTimeout(waiting);
    const rest = STILL_MS - (performance.now() - touched);
    // The first rows, and those of a filter just set, are awaited.
    if (rest <= 0 || list.children.length === 0 || !list.matches(":hover, :focus-within")) draw();
    else waiting = setTimeout(calmly, rest);
  }

  function draw() {
    const first = since(answer.clock);
    const highest = Math.max(...answer.items.map((story) => story.rise), 0.001);
    const all = answer.items.map((story) => ({
      ...story,
      clock: answer.clock,
      share: story.rise / highest,
      news: news(story, first),
      open: story.id === opened,
    }));
    rows(all);
    mark.hidden = !all.some((story) => story.news > 0);
    further.hidden = !answer.next || wanted >= PAGE_MAX || !found.hidden;
    if (found.hidden) show(count, answer.stories === undefined ? "" : figure(answer.stories));
    const none = choose.active()
      ? "No story passes these filters."
      : "No stories yet: the wire is silent.";
    say(all.length === 0 && found.hidden ? none : "");
  }

  function say(words) {
    status.hidden = words === "";
    show(status, words);
  }

  let question = 0;
  async function search(words) {
    const own = (question += 1);
    const on = words !== "";
    for (const node of [list, choose.node]) node.hidden = on;
    found.hidden = !on;
    show(title, on ? "Headlines found " : "Stories ");
    if (!on) {
      hits([]);
      draw();
      return;
    }
    further.hidden = true;
    try {
      const items = [];
      let page = { next: undefined };
      // A search does bounded work for a request; what is not complete goes on.
      do {
        page = await api.search(words, page.next);
        if (own !== question) return;
        items.push(...page.items);
        hits(items.map((article) => ({ ...article, clock: answer.clock })));
        show(count, figure(items.length), page.next ? "+" : "");
        say(
          items.length > 0
            ? ""
            : page.next
              ? "Searching …"
              : "No live headline has all these words.",
        );
      } while (page.next && items.length < FOUND_MAX);
    } catch (problem) {
      if (own === question) say(problem.message);
    }
  }

  return {
    list,
    found,
    refresh,
    search,
    toggleSeveral: choose.toggleSeveral,
    opened(id) {
      opened = id;
      latest = id ?? latest;
      draw();
    },
    // The story that was open last, else the first one.
    focus() {
      const shown = found.hidden ? list : found;
      const last = shown.querySelector(`a[href="#/story/${latest}"]`);
      (last ?? shown.querySelector("a"))?.focus();
    },
  };
}

const button = (words, click) =>
  el("button", { class: "quiet", type: "button", hidden: true, on: { click } }, words);

// Remembers that a story was looked at.
export const look = (story) => seen.set(story.id, story.articles);

// Articles that have come since the story was last looked at; a story that was never looked at is
// news if it opened since the first visit.
function news(story, first) {
  const known = seen.get(story.id);
  if (known !== undefined) return Math.max(0, story.articles - known);
  return new Date(story.first_seen) > new Date(first) ? story.articles : 0;
}

function row(first) {
  const node = el("li");
  let shown;
  const update = (story) => {
    const said = JSON.stringify(story);
    if (said === shown) return;
    shown = said;
    const held = node.contains(document.activeElement);
    node.className = [story.open && "open", story.news > 0 && "news"].filter(Boolean).join(" ");
    const rise = el("span", { class: "rise", "aria-hidden": "true" });
    rise.style.setProperty("--share", story.share.toFixed(3));
    show(
      node,
      el("span", { class: "size", title: counted(story.size, "article") }, figure(story.size)),
      el(
        "a",
        {
          class: "headline",
          href: `#/story/${story.id}`,
          dir: "auto",
          lang: story.language,
          "aria-current": story.open ? "true" : undefined,
        },
        story.headline || "(no headline)",
      ),
      el("p", { class: "meta" }, ...meta(story)),
      rise,
    );
    if (held) node.querySelector("a").focus({ preventScroll: true });
  };
  update(first);
  return { node, update };
}

const meta = (story) => [
  el("span", { title: named(story) }, counted(story.publishers, "independent publisher")),
  el("span", { class: "tongue", title: story.language }, (story.language ?? "").toUpperCase()),
  el("span", {}, time(story.last_seen, story.clock, false)),
  story.news > 0 &&
    el(
      "span",
      { class: "fresh" },
      story.news === story.articles ? "new" : `${figure(story.news)} new`,
    ),
  ...badges(story),
];

const named = (story) => story.providers.map((one) => `${one.name} ${one.articles}`).join(", ");

// What has befallen a story, the gravest first.
export function badges(story) {
  const b = story.badges;
  const badge = (weight, n, words) => n > 0 && el("span", { class: `flag ${weight}` }, words);
  const times = (n) => (n > 1 ? ` ×${figure(n)}` : "");
  return [
    badge("alarm", b.withdrawn, `killed${times(b.withdrawn)}`),
    badge("alarm", b.carried, `still carried${times(b.carried)}`),
    badge("amber", Math.max(b.corrections, b.uncorrected), "corrected"),
    badge("amber", b.needs_review, "needs review"),
    badge("amber", b.changed_numbers, "changed numbers"),
    badge("violet", b.embargoed, "embargo"),
  ];
}

function hit(first) {
  const node = el("li");
  const update = (article) => {
    const held = node.contains(document.activeElement);
    show(
      node,
      el(
        "a",
        { class: "headline", href: placeOf(article), dir: "auto", lang: article.language },
        article.headline,
      ),
      el(
        "p",
        { class: "meta" },
        foreign(publisher(article)),
        time(article.arrived, article.clock, false),
        kind(article),
        standing(article),
      ),
    );
    if (held) node.querySelector("a").focus({ preventScroll: true });
  };
  update(first);
  return { node, update };
}
