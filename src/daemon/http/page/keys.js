// Keyboard shortcuts: single keys without modifiers, ignored while the user is typing in a field.

const LISTS = ".queue, .stories, .search-results, .stages, .articles";

export function keys({ queue, stories, search, searchField, detail }) {
  const actions = {
    j: () => step(1),
    k: () => step(-1),
    n: () => focus(stories.list.querySelector("li.unread a")),
    a: () => queue.acknowledge(),
    q: () => focus(queue.list.querySelector("a") ?? queue.list.parentElement),
    s: () => stories.focus(),
    d: () => focus(openArticle() ?? detail.querySelector("a, button") ?? detail),
    r: toStages,
    2: () => stories.toggleSeveral(),
    "/": () => {
      searchField.focus();
      searchField.select();
    },
    "?": () => dispatchEvent(new Event("wirefold-help")),
    c: () => press("[data-key=c]"),
    w: () => press("[data-key=w]"),
    x: () => press("[data-key=x]"),
    Escape: back,
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
    const action = actions[event.key];
    if (!action) return;
    if (action() !== false) event.preventDefault();
  });

  // The row of the expanded article, or otherwise the first row.
  const openArticle = () =>
    detail.querySelector(".articles > li.open .row") ?? detail.querySelector(".articles .row");

  // Moves within the focused list. Past its first or last row, turns the page (except in the
  // queue). If no list has the focus, focuses the open article (if the focus is in the detail pane)
  // or the list of stories.
  function step(by) {
    const active = document.activeElement;
    const list = active?.closest?.(LISTS);
    if (!list) return detail.contains(active) && openArticle() ? focus(openArticle()) : toStories();
    const links = [...list.querySelectorAll(":scope > li > .headline, :scope > li .row")];
    const at = links.findIndex((link) => link.closest("li").contains(active));
    if (links[at + by]) return focus(links[at + by]);
    const turn = list.parentElement.querySelector(
      `:scope > .pager:not([hidden]) .${by > 0 ? "next" : "previous"}:enabled`,
    );
    if (turn && !list.matches(".queue")) turn.click();
    return true;
  }

  // Opens the running story, and focuses the stage that is open.
  function toStages() {
    const saga = detail.querySelector("details.saga:not([hidden])");
    if (!saga) return false;
    saga.open = true;
    return focus(saga.querySelector("[aria-current]"));
  }

  function toStories() {
    stories.focus();
    return true;
  }

  function focus(node) {
    if (!node) return false;
    node.focus();
    node.scrollIntoView({ block: "nearest" });
    return true;
  }

  // Clicks a button of the focused article, or otherwise the first such button in the detail pane.
  function press(selector) {
    const inRow = document.activeElement?.closest?.("li")?.querySelector(selector);
    const button = inRow ?? detail.querySelector(selector);
    if (!button) return false;
    button.click();
    return true;
  }

  function back() {
    if (document.body.dataset.view !== "detail") {
      if (!stories.isSearching()) return false;
      search.clear();
      stories.focus();
      return true;
    }
    const up = detail.querySelector("a.up");
    location.hash = up?.getAttribute("href") ?? "#/";
    return true;
  }
}
