// The API of the daemon that served this page: the page's only source of data.

// The page may be served under a path of its host. The API is then under the same path. The URL is
// absolute, because `fetch` refuses relative URLs if the page was opened with credentials in its
// URL.
export const BASE = `${location.origin}${location.pathname.replace(/[^/]*$/, "")}api/v1`;

// An error response. The message is the `detail` of the problem document (RFC 9457).
class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

// Reads a resource. Undefined parameters are left out; a list is sent as a repeated parameter.
async function get(path, parameters = {}, signal = undefined) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) {
      if (one !== undefined && one !== "" && one !== false) query.append(name, one);
    }
  }
  const url = query.size > 0 ? `${BASE}${path}?${query}` : BASE + path;
  return parse(await request(url, { signal }));
}

// Asks the daemon which story an article would join. Changes nothing on the server.
export const match = async (article) =>
  parse(
    await request(`${BASE}/match`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(article),
    }),
  );

async function request(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "the daemon is not responding");
  }
}

async function parse(response) {
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Problem(response.status, problem.detail ?? response.statusText);
}

const part = encodeURIComponent;

export const stories = (filters, signal) => get("/stories", filters, signal);
export const story = (id, signal) => get(`/stories/${part(id)}`, {}, signal);
export const storyNextPage = (id, cursor) => get(`/stories/${part(id)}`, { cursor });
export const article = (id) => get(`/articles/${part(id)}`);
export const text = (id) => get(`/articles/${part(id)}/text`);
export const carriers = (id) => get(`/articles/${part(id)}/carriers`);
export const diff = (a, b) => get("/diff", { a, b });
export const why = (a, b) => get("/why", { a, b });
export const queue = () => get("/queue", { limit: 200 });
export const facets = () => get("/facets");
export const status = () => get("/status");
export const search = (q, cursor, limit) => get("/search", { q, cursor, limit });
