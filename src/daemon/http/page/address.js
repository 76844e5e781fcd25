// The query of the page's URL stores the state of the lists: search words, filters and sort order.
// The fragment names the open view (see `main.js`), so links to views keep the query.

const LISTS = ["language", "publisher", "kind", "badge"];
const SINGLE = ["sort", "publishers_min", "q"];

// The state stored in the URL. Properties that the URL does not set are undefined.
export function readAddress() {
  const query = new URLSearchParams(location.search);
  const state = {};
  for (const name of LISTS) if (query.has(name)) state[name] = query.getAll(name);
  for (const name of SINGLE) state[name] = query.get(name) ?? undefined;
  return state;
}

// Whether the URL sets a filter or a sort order.
export const addressHasFilters = () => {
  const query = new URLSearchParams(location.search);
  return [...LISTS, ...SINGLE].some((name) => name !== "q" && query.has(name));
};

// Changes the URL as `change` says. A list becomes a repeated parameter; undefined and empty values
// are removed.
export function writeAddress(change) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    query.delete(name);
    for (const one of [value].flat()) if (one) query.append(name, one);
  }
  const search = query.size > 0 ? `?${query}` : "";
  history.replaceState(null, "", location.pathname + search + location.hash);
}
