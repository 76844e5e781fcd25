// The pages of a list that is read with cursors: buttons for the previous and the next page, and
// the range of items that the page shows.

import { el, setContent } from "./dom.js";
import { number } from "./format.js";

// `onMove()` is called after the user has moved to another page.
export function pager(onMove) {
  // The cursors of the pages up to the current one, each with the number of items before that page.
  // The first page has no cursor.
  let pages = [{ cursor: undefined, before: 0 }];
  let following; // The next page, if there is one.
  const move = (change) => () => {
    change();
    onMove();
  };
  const button = (label, key, change) =>
    el(
      "button",
      { class: `tool ${key}`, type: "button", on: { click: move(change) } },
      label,
    );
  const previous = button("Previous", "previous", () => pages.pop());
  const next = button("Next", "next", () => pages.push(following));
  const range = el("span", { class: "range", role: "status" });
  const node = el("nav", { class: "pager", "aria-label": "Pages", hidden: true });
  node.append(previous, range, next);
  return {
    node,
    cursor: () => pages.at(-1).cursor,
    isFirst: () => pages.length === 1,
    // Returns to the first page. Called when other items are listed.
    reset() {
      pages = pages.slice(0, 1);
    },
    // Shows a page of `count` items. `cursor` is the cursor of the next page; `total` is the number
    // of items on all pages, if known. Returns the number of items up to the end of this page.
    show(count, cursor, total) {
      const { before } = pages.at(-1);
      const end = before + count;
      following = cursor && { cursor, before: end };
      node.hidden = pages.length === 1 && !cursor;
      [previous.disabled, next.disabled] = [pages.length === 1, !cursor];
      const items = `${number(before + Math.min(1, count))}–${number(end)}`;
      const text = total === undefined ? items : `${items} of ${total}`;
      if (range.textContent !== text) setContent(range, text);
      return end;
    },
    hide() {
      node.hidden = true;
    },
  };
}
