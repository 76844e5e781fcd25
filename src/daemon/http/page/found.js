// What a search found: live headlines, newest first, in place of the list of stories.

import * as api from "./api.js";
import { el, foreign, keyed, show } from "./dom.js";
import { placeOf } from "./places.js";
import { figure, kind, publisher, standing, time } from "./say.js";

const FOUND_MAX = 60;

// `told` hears how many are shown, as words, and what is to be said if there are none.
export function foundList(told) {
  const node = el("ul", { class: "found", role: "list", hidden: true });
  const hits = keyed(node, (article) => article.id, hit);
  let question = 0;
  return {
    node,
    // Asks for the headlines with all these words; without words the list is put away.
    async search(words, clock) {
      const own = (question += 1);
      node.hidden = words === "";
      hits([]);
      if (words === "") return;
      try {
        const items = [];
        let page = { next: undefined };
        // A search does bounded work for a request; what is not complete goes on.
        do {
          page = await api.search(words, page.next);
          if (own !== question) return;
          items.push(...page.items);
          hits(items.map((article) => ({ ...article, clock })));
          const none = page.next ? "Searching …" : "No live headline has all these words.";
          told(figure(items.length) + (page.next ? "+" : ""), items.length > 0 ? "" : none);
        } while (page.next && items.length < FOUND_MAX);
      } catch (problem) {
        if (own === question) told("", problem.message);
      }
    },
  };
}

function hit(first) {
  const node = el("li");
  const update = (article) => {
    const held = node.contains(document.activeElement);
    show(
      node,
      el(
        "a",
        { class: "headline", href: placeOf(article), dir: "auto", lang: article.language },
        article.headline,
      ),
      el(
        "p",
        { class: "meta" },
        foreign(publisher(article)),
        time(article.arrived, article.clock, false),
        kind(article),
        standing(article),
      ),
    );
    if (held) node.querySelector("a").focus({ preventScroll: true });
  };
  update(first);
  return { node, update };
}
