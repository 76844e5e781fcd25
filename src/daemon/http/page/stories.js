// The live stories, by rise, or what a search found in their place.

import * as api from "./api.js";
import { el, keyed, show } from "./dom.js";
import { foundList } from "./found.js";
import { lookAll, news } from "./news.js";
import { picks } from "./picks.js";
import { counted, figure, time } from "./say.js";
import { still } from "./still.js";

const PAGE = 60;
const PAGE_MAX = 200;
const FACETS_MS = 10_000;

export function storiesPane(root) {
  const [title, count] = [el("span", {}, "Stories "), el("span", { class: "count" })];
  const status = el("p", { class: "note", hidden: true });
  const list = el("ul", { class: "stories", role: "list" });
  const rows = keyed(list, (story) => story.id, row);
  const calmly = still(list, draw);
  const found = foundList((many, none) => {
    show(count, many);
    say(none);
  });
  const choose = picks(() => refresh());
  const further = button("Show more", () => {
    wanted = Math.min(wanted + PAGE, PAGE_MAX);
    refresh();
  });
  const mark = button("mark all seen", () => {
    lookAll(answer.items, answer.clock);
    draw();
  });
  const heading = el("h2", { id: "stories-title" }, title, count);
  const head = el("header", { class: "head" }, heading, mark);
  root.append(head, choose.node, status, list, found.node, further);

  let answer; // None before the first one.
  let wanted = PAGE;
  let opened;
  let latest; // The story that was opened last, where the focus returns to.
  let asked; // The request on its way, so that an older answer never replaces a newer one.
  let facetsAt = Number.NEGATIVE_INFINITY;

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
      if (problem.name !== "AbortError") say(problem.message);
    }
  }

  function draw() {
    if (!answer) return;
    const highest = Math.max(...answer.items.map((story) => story.rise), 0.001);
    const all = answer.items.map((story) => ({
      ...story,
      clock: answer.clock,
      share: story.rise / highest,
      news: news(story, answer.clock),
      open: story.id === opened,
    }));
    rows(all);
    mark.hidden = !all.some((story) => story.news > 0);
    further.hidden = !answer.next || wanted >= PAGE_MAX || !found.node.hidden;
    if (!found.node.hidden) return;
    show(count, figure(answer.stories));
    const none = choose.active()
      ? "No story passes these filters."
      : "No stories yet: the wire is silent.";
    say(all.length === 0 ? none : "");
  }

  function say(words) {
    status.hidden = words === "";
    show(status, words);
  }

  return {
    list,
    refresh,
    search(words) {
      const on = words !== "";
      for (const node of [list, choose.node]) node.hidden = on;
      show(title, on ? "Headlines found " : "Stories ");
      found.search(words, answer?.clock);
      draw();
    },
    toggleSeveral: choose.toggleSeveral,
    opened(id) {
      opened = id;
      latest = id ?? latest;
      draw();
    },
    // The story that was open last, else the first one.
    focus() {
      const shown = found.node.hidden ? list : found.node;
      const last = shown.querySelector(`a[href="#/story/${latest}"]`);
      (last ?? shown.querySelector("a"))?.focus();
    },
  };
}

const button = (words, click) =>
  el("button", { class: "quiet", type: "button", hidden: true, on: { click } }, words);

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
