// One article by itself: a kill, an advisory, whatever belongs to no story.

import * as api from "./api.js";
import { articleList } from "./articles.js";
import { el, show } from "./dom.js";
import { opened } from "./title.js";

export function articleView(root, id) {
  const list = articleList();
  const heading = el("h2", { class: "unseen" }, "One article");
  const status = el("p", { class: "note", role: "status" }, "Reading …");
  root.append(el("a", { class: "up", href: "#/" }, "All stories"), heading, list.node, status);
  const read = async () => {
    try {
      const { article } = await api.article(id);
      opened(article.headline);
      show(status);
      list.update({ timeline: [article], before: 1 });
      list.unfold(id);
    } catch (problem) {
      show(status, `${problem.message}.`);
    }
  };
  read();
  return { close: () => opened() };
}
