// The stories pane: live stories with their filters, or the results of a search.

import * as api from "./api.js";
import { clickableRows, el, keyedList, setContent } from "./dom.js";
import { filterBar } from "./filters.js";
import { number } from "./format.js";
import { holdWhileBusy } from "./hold-while-busy.js";
import { markOpen } from "./links.js";
import { pager } from "./pager.js";
import { searchResults } from "./search-results.js";
import { storyRow } from "./story-row.js";
import { markAllRead, unreadCount } from "./unread.js";

const PAGE = 100;
const FACETS_MS = 10_000;

export function storiesPane(root) {
  const [title, count] = [el("span", {}, "Stories "), el("span", { class: "count" })];
  const status = el("p", { class: "note" }, "Loading…");
  const list = el("ul", { class: "stories", role: "list" });
  clickableRows(list, "li", ".headline");
  const rows = keyedList(list, (story) => story.id, storyRow);
  const drawWhenIdle = holdWhileBusy(list, draw);
  const results = searchResults((resultCount, message) => {
    setContent(count, resultCount);
    setStatus(message);
  });
  const filters = filterBar(() => {
    pages.reset();
    read(drawAtTop);
  });
  const pages = pager(() => read(drawAtTop));
  const markRead = el(
    "button",
    {
      class: "quiet",
      type: "button",
      hidden: true,
      on: {
        click: () => {
          markAllRead(answer.items, answer.clock);
          draw();
        },
      },
    },
    "Mark all as read",
  );
  const heading = el("h2", { id: "stories-title" }, title, count);
  const head = el("header", { class: "head" }, heading, markRead);
  root.append(head, filters.node, status, list, pages.node, results.node, results.pages);

  let answer; // The last response; undefined until the first one arrives.
  let openId; // The story in the detail pane.
  let lastOpenId; // The story opened last, to which the focus returns.
  let pending; // The controller of the latest request. Responses to earlier requests are dropped.
  let searchWords = "";
  let facetsAt = Number.NEGATIVE_INFINITY;

  // Reads the page of stories, then calls `show`.
  async function read(show) {
    pending?.abort();
    const own = (pending = new AbortController());
    if (performance.now() - facetsAt > FACETS_MS) {
      facetsAt = performance.now();
      filters.refresh();
    }
    try {
      const query = { ...filters.parameters(), limit: PAGE, cursor: pages.cursor() };
      const response = await api.stories(query, own.signal);
      if (own !== pending) return;
      answer = response;
      show();
    } catch (problem) {
      if (problem.name !== "AbortError")
        setStatus(`Could not load the stories: ${problem.message}.`);
    }
  }

  // Draws another page or other stories. Scrolls to the top, and focuses the first row if the focus
  // was in the list or the pager.
  function drawAtTop() {
    const inList = list.contains(document.activeElement);
    const inPager = pages.node.contains(document.activeElement);
    draw();
    root.scrollTop = 0;
    if (root.getBoundingClientRect().top < 0) root.scrollIntoView({ block: "start" });
    if (inList || inPager) list.querySelector("a")?.focus({ preventScroll: true });
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
    if (!results.node.hidden) {
      pages.hide();
      return;
    }
    const { matching, stories } = answer;
    pages.show(all.length, answer.next, number(answer.rows));
    const ofAll = `${number(matching)} of ${number(stories)}`;
    setContent(count, filters.isActive() ? ofAll : number(stories));
    setStatus(all.length === 0 ? emptyMessage() : "");
  }

  function emptyMessage() {
    if (!pages.isFirst()) return "No more stories on this page.";
    return filters.isActive()
      ? "No stories match these filters."
      : "No stories yet. Waiting for articles.";
  }

  function setStatus(message) {
    status.hidden = message === "";
    setContent(status, message);
  }

  return {
    list,
    refresh: () => read(drawWhenIdle),
    search(words) {
      if (words === searchWords) return;
      searchWords = words;
      const searching = words !== "";
      for (const node of [list, filters.node]) node.hidden = searching;
      setContent(title, searching ? "Search results " : "Stories ");
      setContent(count);
      setStatus(searching ? "Searching…" : "Loading…");
      results.search(words, answer?.clock);
      draw();
    },
    isSearching: () => !results.node.hidden,
    toggleSeveral: filters.toggleSeveral,
    followAddress: filters.followAddress,
    // Marks the open story or article, and scrolls to it if it is in the list.
    setOpen(id) {
      openId = id;
      lastOpenId = id ?? lastOpenId;
      draw();
      markOpen(results.node);
      const row = root.querySelector("li.open, li:has(> [aria-current])");
      if (row?.checkVisibility()) row.scrollIntoView({ block: "nearest" });
    },
    // Focuses the story opened last, or otherwise the first one. In a search, focuses the open
    // result, or otherwise the first one.
    focus() {
      const shown = results.node.hidden ? list : results.node;
      const last = shown.querySelector(`[aria-current], a[href^="#/story/${lastOpenId}"]`);
      (last ?? shown.querySelector("a"))?.focus();
    },
    // Focuses the first result as soon as the search has found one.
    focusResults: results.focus,
  };
}
