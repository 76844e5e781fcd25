// The page: what is open, what changed, and who must know of it.
//
// ```text
// /api/v1/changes -- live --> main --> queue, stories, detail     each reads its part of the API anew
// location.hash  --> main --> the story, comparison or trial in the detail pane
// ```
//
// The address holds what is open, so that a story can be sent to a colleague:
// #/story/ID, #/story/ID/ARTICLE, #/article/ID, #/compare/A/B, #/why/A/B, #/match.

import { articleView } from "./article.js";
import { compareView } from "./compare.js";
import { quietly, show } from "./dom.js";
import { help } from "./help.js";
import { keys } from "./keys.js";
import { follow } from "./live.js";
import { overview } from "./overview.js";
import { queuePane } from "./queue.js";
import { searchBox } from "./search.js";
import { storiesPane } from "./stories.js";
import { storyView } from "./story.js";
import { trial } from "./trial.js";
import { whyView } from "./why.js";
import { wire } from "./wire.js";

const by = (id) => document.getElementById(id);
const detail = by("detail");
const top = wire(by("wire"));
const queue = queuePane(by("queue"), (words) => show(by("told"), words));
const stories = storiesPane(by("stories"));
searchBox(by("words"), stories);

// What the detail pane shows: `refresh(change)` brings it up to date, `close()` ends its work.
let open;

const views = {
  story: (id, article) => storyView(detail, id, article),
  article: (id) => articleView(detail, id),
  compare: (a, b) => compareView(detail, a, b),
  why: (a, b) => whyView(detail, a, b),
  match: () => trial(detail),
};

function route(event) {
  if (!location.hash.startsWith("#/") && location.hash !== "") return;
  const [name, ...rest] = location.hash.slice(2).split("/").map(decodeURIComponent);
  const view = views[name];
  // Another article of the story that is open: no need to draw it anew.
  if (open?.turn?.(name, ...rest)) return;
  open?.close?.();
  document.body.dataset.view = view ? "detail" : "wire";
  detail.scrollTop = 0;
  show(detail);
  detail.setAttribute("aria-label", view ? "Story" : "The wire");
  open = view ? view(...rest) : overview(detail);
  stories.opened(name === "story" ? rest[0] : undefined);
  if (event) keepFocus(view);
  if (view && matchMedia("(max-width: 47.99rem)").matches) scrollTo(0, 0);
}

// Where the focus has gone with what was closed, or is hidden on a phone, it goes to what is shown.
function keepFocus(view) {
  const held = document.activeElement;
  if (held !== document.body && held.checkVisibility()) return;
  if (view) detail.focus({ preventScroll: true });
  else stories.focus();
}

const refreshLists = quietly(150, () => {
  stories.refresh();
  top.refresh();
});

follow({
  state: top.state,
  clock: top.clock,
  changed(change) {
    top.clock(change.clock);
    if (document.hidden) {
      missed = true;
      return;
    }
    if (change.queue) queue.refresh();
    refreshLists();
    open?.refresh?.(change);
  },
  reset: all,
});

// Nobody looks at a hidden tab; it catches up when it is shown.
let missed = false;
addEventListener("visibilitychange", () => {
  if (document.hidden || !missed) return;
  missed = false;
  all();
});

function all() {
  queue.refresh();
  refreshLists();
  open?.refresh?.();
}

addEventListener("hashchange", route);
help(by("help"), by("help-open"));
keys({ queue, stories, find: by("words"), detail });
route();
all();
