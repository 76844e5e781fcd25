// Links within the page.

// The view of an article: within its story, or on its own if it belongs to none (such as a notice).
export const articleLink = ({ id, story }) =>
  story ? `#/story/${story}/${id}` : `#/article/${id}`;

// A view of two articles; `view` is "compare" or "why".
export const pairLink = (view, a, b) => `#/${view}/${a}/${b}`;

// Changes the fragment of the address without a step in the history of the browser. The query is
// that of the lists and stays.
export function replaceFragment(fragment) {
  history.replaceState(null, "", location.pathname + location.search + fragment);
  dispatchEvent(new Event("wirefold-opened"));
}

// Marks the row of the open view in a list of links to articles and comparisons.
export function markOpen(list) {
  for (const link of list.querySelectorAll("a.headline")) {
    if (link.hash === location.hash) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}
