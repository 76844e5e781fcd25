// The page's only source: the API of the daemon that served it.

// From the origin on: an address with a name and a token in it can be opened, and not be fetched from.
const BASE = `${location.origin}/api/v1`;

// What the API says when it does not answer: the words of its problem (RFC 9457).
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

// Reads a resource. A parameter that is absent is left out; one that is a list is repeated.
export async function get(path, parameters = {}, signal = undefined) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) {
      if (one !== undefined && one !== "" && one !== false) query.append(name, one);
    }
  }
  const asked = query.size > 0 ? `${BASE}${path}?${query}` : BASE + path;
  return answer(await reach(asked, { signal }));
}

// Asks which story a text would join. Changes nothing.
export const match = async (article) =>
  answer(
    await reach(`${BASE}/match`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(article),
    }),
  );

async function reach(address, options) {
  try {
    return await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "the daemon does not answer");
  }
}

async function answer(response) {
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw new Problem(response.status, problem.detail ?? response.statusText);
}

const part = encodeURIComponent;

export const stories = (wanted, signal) => get("/stories", wanted, signal);
export const story = (id, signal) => get(`/stories/${part(id)}`, {}, signal);
export const more = (id, cursor) => get(`/stories/${part(id)}`, { cursor });
export const article = (id) => get(`/articles/${part(id)}`);
export const text = (id) => get(`/articles/${part(id)}/text`);
export const carriers = (id) => get(`/articles/${part(id)}/carriers`);
export const diff = (a, b) => get("/diff", { a, b });
export const why = (a, b) => get("/why", { a, b });
export const queue = () => get("/queue", { limit: 200 });
export const facets = () => get("/facets");
export const status = () => get("/status");
export const search = (q, cursor, signal) => get("/search", { q, cursor }, signal);
