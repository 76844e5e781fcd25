// The results of a search: live headlines, newest first, shown in place of the list of stories.

import * as api from "./api.js";
import { clickableRows, el, isolated, keyedList, setContent } from "./dom.js";
import { kindLabel, number, publisherName, standingLabel, timeOf } from "./format.js";
import { articleLink, markOpen } from "./links.js";
import { pager } from "./pager.js";

const PAGE = 100;

// `onUpdate(count, message)` gets the number of results as text, and a message if there are none.
export function searchResults(onUpdate) {
  const node = el("ul", { class: "search-results", role: "list", hidden: true });
  clickableRows(node, "li", ".headline");
  const rows = keyedList(node, (article) => article.id, resultRow);
  const pages = pager(() => {
    const inList = node.contains(document.activeElement);
    focusWanted = inList || pages.node.contains(document.activeElement);
    node.parentElement.scrollTop = 0;
    read();
  });
  let latest = 0;
  let current = { words: "", clock: undefined };
  let focusWanted = false;

  async function read() {
    const own = (latest += 1);
    const { words, clock } = current;
    try {
      const items = [];
      let next = pages.cursor();
      // The daemon limits the work per request. An incomplete search continues with a cursor.
      do {
        const page = await api.search(words, next, PAGE - items.length);
        if (own !== latest) return;
        items.push(...page.items);
        next = page.next;
        draw(items, next, clock);
      } while (next && items.length < PAGE);
    } catch (problem) {
      if (own === latest) onUpdate("", `Could not search: ${problem.message}.`);
    }
  }

  function draw(items, next, clock) {
    rows(items.map((article) => ({ ...article, clock })));
    markOpen(node);
    const found = pages.show(items.length, next);
    const none = next ? "Searching…" : "No live headline contains all these words.";
    onUpdate(number(found) + (next ? "+" : ""), items.length > 0 ? "" : none);
    if (focusWanted && items.length > 0) {
      focusWanted = false;
      node.querySelector("a").focus();
    }
  }

  return {
    node,
    pages: pages.node,
    // Searches for headlines that contain all the words. An empty search hides the results.
    search(words, clock) {
      if (words === current.words) return;
      latest += 1; // Responses to the previous search are dropped.
      current = { words, clock };
      focusWanted = false;
      node.hidden = words === "";
      rows([]);
      pages.reset();
      pages.hide();
      if (words !== "") read();
    },
    focus() {
      focusWanted = node.children.length === 0;
      if (!focusWanted) node.querySelector("a").focus();
    },
  };
}
function resultRow(first) {
  const node = el("li");
  const update = (article) => {
    const hadFocus = node.contains(document.activeElement);
    setContent(
      node,
      el(
        "a",
        { class: "headline", href: articleLink(article), dir: "auto", lang: article.language },
        article.headline,
      ),
      el(
        "p",
        { class: "meta" },
        isolated(publisherName(article)),
        timeOf(article.arrived, article.clock, false),
        kindLabel(article),
        standingLabel(article),
      ),
    );
    if (hadFocus) node.querySelector("a").focus({ preventScroll: true });
  };
  update(first);
  return { node, update };
}
