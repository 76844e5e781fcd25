// Links within the page.

// The view of an article: within its story, or on its own if it belongs to none (such as a notice).
export const articleLink = ({ id, story }) =>
  story ? `#/story/${story}/${id}` : `#/article/${id}`;

// A view of two articles; `view` is "compare" or "why".
export const pairLink = (view, a, b) => `#/${view}/${a}/${b}`;
