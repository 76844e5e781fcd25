// Addresses within the page.

// Where to read an article: in its story; alone, if it belongs to none, as notices do.
export const placeOf = ({ id, story }) => (story ? `#/story/${story}/${id}` : `#/article/${id}`);

export const pairPlace = (view, a, b) => `#/${view}/${a}/${b}`;
