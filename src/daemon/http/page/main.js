// The page: opens views by URL, and refreshes the panes when something changes.
//
// ```text
// /api/v1/changes -> live -> main -> queue, stories, detail     each reads its data from the API
// location.hash           -> main -> the view in the detail pane
// ```
//
// The URL names the open view, so that users can share a link: #/story/ID, #/story/ID/ARTICLE,
// #/article/ID, #/compare/A/B, #/why/A/B, #/match. The query of the URL contains the search, the
// filters and the sort order (see `address.js`).

import { articleView } from "./article.js";
import { compareView } from "./compare.js";
import { debounce, setContent } from "./dom.js";
import { header } from "./header.js";
import { help } from "./help.js";
import { keys } from "./keys.js";
import { followChanges } from "./live.js";
import { matchView } from "./match.js";
import { overview } from "./overview.js";
import { queuePane } from "./queue.js";
import { searchBox } from "./search.js";
import { storiesPane } from "./stories.js";
import { storyView } from "./story.js";
import { whyView } from "./why.js";

const byId = (id) => document.getElementById(id);
const isPhone = () => matchMedia("(max-width: 47.99rem)").matches;
const detail = byId("detail");
const top = header(byId("status"));
const announce = (text) => setContent(byId("announcement"), text);
const queue = queuePane(byId("queue"), announce);
const stories = storiesPane(byId("stories"));
const search = searchBox(byId("words"), stories, () => {
  if (isPhone() && document.body.dataset.view === "detail") location.hash = "#/";
});

// The view in the detail pane. All its methods are optional: `refresh(change)` updates it,
// `navigate(name, ...ids)` returns true if the view can show another URL itself, and `close()` ends
// its work.
let open;

const views = {
  story: (id, article) => storyView(detail, id, article),
  article: (id) => articleView(detail, id),
  compare: (a, b) => compareView(detail, a, b),
  why: (a, b) => whyView(detail, a, b),
  match: () => matchView(detail),
};

function route(event) {
  if (!location.hash.startsWith("#/") && location.hash !== "") return;
  const [name, ...rest] = location.hash.slice(2).split("/").map(decodeURIComponent);
  const view = views[name];
  // If the URL names another article of the open story, the view does not need to be rebuilt.
  if (open?.navigate?.(name, ...rest)) {
    markOpen();
    return;
  }
  open?.close?.();
  document.body.dataset.view = view ? "detail" : "overview";
  detail.scrollTop = 0;
  setContent(detail);
  detail.setAttribute("aria-label", view ? "Details" : "Overview");
  open = view ? view(...rest) : overview(detail);
  markOpen();
  if (event) keepFocus(view);
  if (view && isPhone()) scrollTo(0, 0);
}

// Marks the rows of the open view in the lists.
function markOpen() {
  const [name, id] = location.hash.slice(2).split("/");
  stories.setOpen(name === "story" ? id : undefined);
  queue.markOpen();
}

// If the focused element was removed, or is hidden on a phone, moves the focus to a visible pane.
function keepFocus(view) {
  const focused = document.activeElement;
  if (focused !== document.body && focused.checkVisibility()) return;
  if (view) detail.focus({ preventScroll: true });
  else stories.focus();
}

const refreshLists = debounce(150, () => {
  stories.refresh();
  top.refresh();
});

followChanges({
  state(state) {
    if (top.state(state) && state === "lost") announce("Connection lost.");
  },
  changed(change) {
    if (document.hidden) {
      missed = true;
      return;
    }
    if (change.queue) queue.refresh();
    refreshLists();
    open?.refresh?.(change);
  },
  reset: refreshAll,
});

// Embargoes come closer to their end even if nothing else changes.
setInterval(() => {
  if (!document.hidden) queue.refresh();
}, 60_000);

// A hidden tab does not refresh. It catches up when it is shown again.
let missed = false;
addEventListener("visibilitychange", () => {
  if (document.hidden || !missed) return;
  missed = false;
  refreshAll();
});

function refreshAll() {
  queue.refresh();
  refreshLists();
  open?.refresh?.();
}

addEventListener("hashchange", route);
addEventListener("wirefold-opened", markOpen);
addEventListener("popstate", () => {
  stories.followAddress();
  search.followAddress();
});
help(byId("help"), byId("help-open"));
keys({ queue, stories, search, searchField: byId("words"), detail });
route();
refreshAll();
