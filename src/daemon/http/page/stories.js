// The stories pane: live stories with their filters, or the results of a search.

import * as api from "./api.js";
import { el, keyedList, setContent } from "./dom.js";
import { filterBar } from "./filters.js";
import { counted, number, timeOf } from "./format.js";
import { holdWhileBusy } from "./hold-while-busy.js";
import { searchResults } from "./search-results.js";
import { markAllRead, unreadCount } from "./unread.js";

const PAGE = 60;
const PAGE_MAX = 200;
const FACETS_MS = 10_000;

export function storiesPane(root) {
  const [title, count] = [el("span", {}, "Stories "), el("span", { class: "count" })];
  const status = el("p", { class: "note", hidden: true });
  const list = el("ul", { class: "stories", role: "list" });
  const rows = keyedList(list, (story) => story.id, storyRow);
  const drawWhenIdle = holdWhileBusy(list, draw);
  const results = searchResults((resultCount, message) => {
    setContent(count, resultCount);
    setStatus(message);
  });
  const filters = filterBar(() => refresh());
  const showMore = button("Show more", () => {
    limit = Math.min(limit + PAGE, PAGE_MAX);
    refresh();
  });
  const markRead = button("Mark all as read", () => {
    markAllRead(answer.items, answer.clock);
    draw();
  });
  const heading = el("h2", { id: "stories-title" }, title, count);
  const head = el("header", { class: "head" }, heading, markRead);
  root.append(head, filters.node, status, list, results.node, showMore);

  let answer; // The last response; undefined until the first one arrives.
  let limit = PAGE;
  let openId; // The story in the detail pane.
  let lastOpenId; // The story opened last; the focus returns to it.
  let pending; // The controller of the latest request; responses to earlier ones are dropped.
  let facetsAt = Number.NEGATIVE_INFINITY;

  async function refresh() {
    pending?.abort();
    const own = (pending = new AbortController());
    if (performance.now() - facetsAt > FACETS_MS) {
      facetsAt = performance.now();
      filters.refresh();
    }
    try {
      const response = await api.stories({ ...filters.parameters(), limit }, own.signal);
      if (own !== pending) return;
      answer = response;
      drawWhenIdle();
    } catch (problem) {
      if (problem.name !== "AbortError") setStatus(problem.message);
    }
  }

  function draw() {
    if (!answer) return;
    const highest = Math.max(...answer.items.map((story) => story.rise), 0.001);
    const all = answer.items.map((story) => ({
      ...story,
      clock: answer.clock,
      share: story.rise / highest,
      unread: unreadCount(story, answer.clock),
      open: story.id === openId,
    }));
    rows(all);
    markRead.hidden = !all.some((story) => story.unread > 0);
    showMore.hidden = !answer.next || limit >= PAGE_MAX || !results.node.hidden;
    if (!results.node.hidden) return;
    setContent(count, number(answer.stories));
    const none = filters.isActive()
      ? "No stories match these filters."
      : "No stories yet. Waiting for articles.";
    setStatus(all.length === 0 ? none : "");
  }

  function setStatus(message) {
    status.hidden = message === "";
    setContent(status, message);
  }

  return {
    list,
    refresh,
    search(words) {
      const searching = words !== "";
      for (const node of [list, filters.node]) node.hidden = searching;
      setContent(title, searching ? "Search results " : "Stories ");
      results.search(words, answer?.clock);
      draw();
    },
    toggleSeveral: filters.toggleSeveral,
    setOpen(id) {
      openId = id;
      lastOpenId = id ?? lastOpenId;
      draw();
    },
    // Focuses the story opened last, or else the first one.
    focus() {
      const shown = results.node.hidden ? list : results.node;
      const last = shown.querySelector(`a[href="#/story/${lastOpenId}"]`);
      (last ?? shown.querySelector("a"))?.focus();
    },
  };
}

const button = (label, click) =>
  el("button", { class: "quiet", type: "button", hidden: true, on: { click } }, label);

function storyRow(first) {
  const node = el("li");
  let drawn;
  const update = (story) => {
    const state = JSON.stringify(story);
    if (state === drawn) return;
    drawn = state;
    const hadFocus = node.contains(document.activeElement);
    node.className = [story.open && "open", story.unread > 0 && "unread"].filter(Boolean).join(" ");
    const rise = el("span", { class: "rise", "aria-hidden": "true" });
    rise.style.setProperty("--share", story.share.toFixed(3));
    setContent(
      node,
      el("span", { class: "size", title: counted(story.size, "article") }, number(story.size)),
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
      el("p", { class: "meta" }, ...metaOf(story)),
      rise,
    );
    if (hadFocus) node.querySelector("a").focus({ preventScroll: true });
  };
  update(first);
  return { node, update };
}

const metaOf = (story) => [
  el("span", { title: providersOf(story) }, counted(story.publishers, "independent publisher")),
  el("span", { class: "language", title: story.language }, (story.language ?? "").toUpperCase()),
  el("span", {}, timeOf(story.last_seen, story.clock, false)),
  story.unread > 0 &&
    el(
      "span",
      { class: "fresh" },
      story.unread === story.articles ? "new" : `${number(story.unread)} new`,
    ),
  ...badges(story),
];

const providersOf = (story) =>
  story.providers.map((one) => `${one.name} ${one.articles}`).join(", ");

// The badges of a story, most serious first.
export function badges(story) {
  const b = story.badges;
  const badge = (severity, n, label) => n > 0 && el("span", { class: `flag ${severity}` }, label);
  const times = (n) => (n > 1 ? ` ×${number(n)}` : "");
  return [
    badge("alarm", b.withdrawn, `withdrawn${times(b.withdrawn)}`),
    badge("alarm", b.carried, `still carried${times(b.carried)}`),
    badge("amber", Math.max(b.corrections, b.uncorrected), "corrected"),
    badge("amber", b.needs_review, "needs review"),
    badge("amber", b.changed_numbers, "changed numbers"),
    badge("violet", b.embargoed, "under embargo"),
  ];
}
