// The keyboard: single keys, none of them with a modifier, none while somebody types.

const LISTS = ".queue, .stories, .found, .articles";

export function keys({ queue, stories, find, detail }) {
  const acts = {
    j: () => step(1),
    k: () => step(-1),
    n: () => focus(stories.list.querySelector("li.news a")),
    a: () => queue.acknowledge(),
    q: () => focus(queue.list.querySelector("a") ?? queue.list.parentElement),
    s: () => stories.focus(),
    d: () => focus(detail.querySelector("a, button") ?? detail),
    2: () => stories.toggleSeveral(),
    "/": () => {
      find.focus();
      find.select();
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
    const act = acts[event.key];
    if (!act) return;
    if (act() !== false) event.preventDefault();
  });

  // The list in which the focus is; without one, the stories.
  function step(by) {
    const list = document.activeElement?.closest?.(LISTS);
    if (!list) return stories.focus();
    const links = [...list.querySelectorAll(":scope > li > .headline, :scope > li > .row")];
    const at = links.findIndex((link) => link.closest("li").contains(document.activeElement));
    return focus(links[Math.min(Math.max(at + by, 0), links.length - 1)]);
  }

  function focus(node) {
    if (!node) return false;
    node.focus();
    node.scrollIntoView({ block: "nearest" });
    return true;
  }

  // Presses a button of the article that has the focus, else of the one that is unfolded.
  function press(selector) {
    const own = document.activeElement?.closest?.("li")?.querySelector(selector);
    const button = own ?? detail.querySelector(selector);
    if (!button) return false;
    button.click();
    return true;
  }

  function back() {
    if (document.body.dataset.view !== "detail") return false;
    const up = detail.querySelector("a.up");
    location.hash = up?.getAttribute("href") ?? "#/";
    return true;
  }
}
