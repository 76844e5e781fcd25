// The results of a search: live headlines, newest first, shown in place of the list of stories.

import * as api from "./api.js";
import { el, isolated, keyedList, setContent } from "./dom.js";
import { kindLabel, number, publisherName, standingLabel, timeOf } from "./format.js";
import { articleLink } from "./links.js";

const RESULTS_MAX = 60;

// `onUpdate(count, message)` gets the number of results as text, and a message if there are none.
export function searchResults(onUpdate) {
  const node = el("ul", { class: "search-results", role: "list", hidden: true });
  const rows = keyedList(node, (article) => article.id, resultRow);
  let latest = 0;
  return {
    node,
    // Searches for headlines that contain all the words; an empty search hides the results.
    async search(words, clock) {
      const own = (latest += 1);
      node.hidden = words === "";
      rows([]);
      if (words === "") return;
      try {
        const items = [];
        let page = { next: undefined };
        // The daemon limits the work per request; an incomplete search continues with a cursor.
        do {
          page = await api.search(words, page.next);
          if (own !== latest) return;
          items.push(...page.items);
          rows(items.map((article) => ({ ...article, clock })));
          const none = page.next ? "Searching…" : "No live headline contains all these words.";
          onUpdate(number(items.length) + (page.next ? "+" : ""), items.length > 0 ? "" : none);
        } while (page.next && items.length < RESULTS_MAX);
      } catch (problem) {
        if (own === latest) onUpdate("", problem.message);
      }
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
