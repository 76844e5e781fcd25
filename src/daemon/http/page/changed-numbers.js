// Shows which numbers differ in an item of the queue: "212 instead of 198".
//
// The queue only contains the count of numbers that differ. The numbers themselves are in the
// texts, so they are read when the item comes into view, one item at a time, and then kept.

import * as api from "./api.js";
import { el, isolated, setContent } from "./dom.js";
import { counted, number } from "./format.js";

const SHOWN_MAX = 2;

const known = new Map(); // The pairs of numbers, by the key of the item.
let queue = Promise.resolve();

// Creates an element that shows the numbers, or their count until the numbers are known.
export function changedNumbers(item) {
  const node = el("span", { class: "numbers" });
  if (known.has(item.key)) draw(node, known.get(item.key));
  else {
    setContent(node, counted(item.changed, "number differs", "numbers differ"));
    whenVisible(node, () => {
      queue = queue.then(() => read(node, item));
    });
  }
  return node;
}

async function read(node, { key, article, of }) {
  if (!known.has(key)) {
    try {
      const { changed_numbers: pairs } = await api.diff(of.id, article.id);
      known.set(key, pairs);
    } catch {
      return; // The text cannot be read, so the count stays.
    }
  }
  draw(node, known.get(key));
}

function draw(node, pairs) {
  if (pairs.length === 0) return;
  const more = pairs.length - SHOWN_MAX;
  setContent(
    node,
    pairs
      .slice(0, SHOWN_MAX)
      .map(({ a, b }, at) => [
        at > 0 && ", ",
        el("strong", {}, isolated(b)),
        " instead of ",
        el("strong", {}, isolated(a)),
      ]),
    more > 0 && ` and ${number(more)} more`,
  );
}

function whenVisible(node, action) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    action();
  });
  observer.observe(node);
}
