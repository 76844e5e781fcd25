// The view of a single article that belongs to no story, such as a kill or an advisory.

import * as api from "./api.js";
import { articleList } from "./articles.js";
import { el, setContent } from "./dom.js";
import { setOpenTitle } from "./title.js";

export function articleView(root, id) {
  const list = articleList();
  const heading = el("h2", { class: "visually-hidden" }, "Article");
  const status = el("p", { class: "note", role: "status" }, "Loading…");
  root.append(el("a", { class: "up", href: "#/" }, "All stories"), heading, list.node, status);
  const read = async () => {
    try {
      const { article } = await api.article(id);
      setOpenTitle(article.headline);
      setContent(status);
      list.update({ timeline: [article], seenBefore: 1 });
      list.expand(id);
    } catch (problem) {
      setContent(status, `Could not load this article: ${problem.message}.`);
    }
  };
  read();
  return { close: () => setOpenTitle() };
}
