// Links within the page.

// The link to an article: within its story, or as a single article if it belongs to no story (such
// as a notice).
export const articleLink = ({ id, story }) =>
  story ? `#/story/${story}/${id}` : `#/article/${id}`;

// The link to a view of two articles. `view` is "compare" or "why".
export const pairLink = (view, a, b) => `#/${view}/${a}/${b}`;

// Changes the fragment of the URL without adding an entry to the browser history. The query, which
// belongs to the lists, stays the same.
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
