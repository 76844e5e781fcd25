// One story: its head, what was withdrawn or corrected and who still carries it, who had it when,
// its articles.

import * as api from "./api.js";
import { articleList } from "./articles.js";
import { chart } from "./chart.js";
import { el, show } from "./dom.js";
import { look } from "./news.js";
import { radii } from "./radius.js";
import { counted, figure, language, time, words } from "./say.js";
import { badges } from "./stories.js";
import { seen } from "./store.js";
import { opened } from "./title.js";

export function storyView(root, id, unfold) {
  const head = el("header", { class: "story-head" });
  const status = el("p", { class: "note", role: "status" }, "Reading …");
  const drawing = chart((article) => list.unfold(article));
  const radius = radii((found) => drawing.update({ radii: found }));
  const title = el("h3", { id: "articles-title" });
  const list = articleList();
  const further = el(
    "button",
    { class: "quiet", type: "button", hidden: true, on: { click: () => read(next) } },
    "Show more",
  );
  root.append(
    el("a", { class: "up", href: "#/" }, "All stories"),
    head,
    radius.node,
    drawing.node,
    el("section", { "aria-labelledby": "articles-title" }, title, list.node, further),
    status,
  );
  root.setAttribute("aria-busy", "true");
  // What had come when the story was last looked at; the rest is marked as new while it is open.
  const before = seen.get(id) ?? Number.POSITIVE_INFINITY;
  let timeline = [];
  let next;
  let asked;

  async function read(cursor) {
    asked?.abort();
    const own = (asked = new AbortController());
    try {
      const got = cursor ? await api.more(id, cursor) : await api.story(id, own.signal);
      if (own !== asked) return;
      timeline = cursor ? [...timeline, ...got.timeline] : got.timeline;
      next = got.next;
      draw(got);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      // A story that has ended keeps the last that was read of it on the page.
      show(
        status,
        problem.status === 404
          ? "This story lives no more: its last article has left the window."
          : problem.message,
      );
      root.removeAttribute("aria-busy");
    }
  }

  function draw({ story, clock, first }) {
    if (story.id !== id) {
      // It was taken in by another one, which answers in its place.
      id = story.id;
      history.replaceState(null, "", `#/story/${id}`);
    }
    opened(story.headline);
    show(head, ...headOf(story, clock));
    show(status);
    show(title, "Articles ", el("span", { class: "count" }, figure(story.articles)));
    further.hidden = next === undefined;
    drawing.update({ story, timeline, clock, first });
    list.update({ timeline, clock, before });
    radius.update(timeline, clock);
    if (!document.hidden) look(story);
    if (unfold) list.unfold(unfold);
    unfold = undefined;
    root.removeAttribute("aria-busy");
  }

  read();
  return {
    refresh(change) {
      const mine =
        !change || change.more || change.queue || [...change.stories, ...change.gone].includes(id);
      // Pages that were added by hand stay as they are.
      if (mine && timeline.length <= 200) read();
    },
    turn(name, story, article) {
      if (name !== "story" || story !== id) return false;
      if (article) list.unfold(article);
      return true;
    },
    close() {
      asked?.abort();
      drawing.close();
      opened();
    },
  };
}

function headOf(story, clock) {
  const related = story.related ?? [];
  return [
    el("h2", { dir: "auto", lang: story.language }, story.headline || "(no headline)"),
    el(
      "p",
      { class: "facts" },
      // What was withdrawn or replaced stays in the list below, but does not stand.
      story.size === story.articles
        ? el("span", {}, counted(story.articles, "article"))
        : el("span", {}, `${figure(story.size)} of ${counted(story.articles, "article")} standing`),
      el("span", {}, counted(story.publishers, "independent publisher")),
      el("span", {}, language(story.language)),
      el("span", {}, "first ", time(story.first_seen, clock)),
      el("span", {}, "last ", time(story.last_seen, clock)),
      story.lead &&
        el(
          "span",
          {},
          "led by ",
          el("bdi", {}, story.lead.provider ?? "unsigned"),
          story.lead_reason && ` (${words(story.lead_reason)})`,
        ),
    ),
    el(
      "p",
      { class: "facts" },
      ...badges(story),
      story.follows &&
        el("a", { href: `#/story/${story.follows}` }, "grew out of an earlier story"),
      ...related.map((id, at) =>
        el(
          "a",
          { href: `#/story/${id}` },
          related.length > 1 ? `in another language (${at + 1})` : "in another language",
        ),
      ),
    ),
  ];
}
