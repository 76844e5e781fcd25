// One story: its headline and facts, the carriers of withdrawn or uncorrected text, the running
// story that it belongs to, the timeline by publisher, and its articles.

import * as api from "./api.js";
import { articleList } from "./articles.js";
import { carrierReports } from "./carriers.js";
import { timelineChart } from "./chart.js";
import { el, setContent } from "./dom.js";
import { counted, languageName, nameAsWords, number, publisherName, timeOf } from "./format.js";
import { replaceFragment } from "./links.js";
import { sagaSection } from "./saga.js";
import { badges } from "./story-row.js";
import { seenCounts } from "./store.js";
import { setOpenTitle } from "./title.js";
import { markRead } from "./unread.js";
import { INDEPENDENT, LEAD_REASONS, meaningOf } from "./words.js";

export function storyView(root, id, expand) {
  const head = el("header", { class: "story-head" });
  const status = el("p", { class: "note", role: "status" }, "Loading…");
  const chart = timelineChart((article) => list.expand(article));
  const carriers = carrierReports((reports) => chart.update({ reports }));
  const saga = sagaSection();
  const title = el("h3", { id: "articles-title" });
  const list = articleList((article) => replaceFragment(`#/story/${id}/${article}`));
  const showMore = el(
    "button",
    { class: "quiet", type: "button", hidden: true, on: { click: () => read(next) } },
    "Show more",
  );
  root.append(
    el("a", { class: "up", href: "#/" }, "All stories"),
    head,
    carriers.node,
    saga.node,
    chart.node,
    el("section", { "aria-labelledby": "articles-title" }, title, list.node, showMore),
    status,
  );
  root.setAttribute("aria-busy", "true");
  // Articles beyond this number are marked as new for as long as the view is open.
  const seenBefore = seenCounts.get(id) ?? Number.POSITIVE_INFINITY;
  let timeline = [];
  let next;
  let pending;

  async function read(cursor) {
    pending?.abort();
    const own = (pending = new AbortController());
    try {
      const page = cursor ? await api.storyNextPage(id, cursor) : await api.story(id, own.signal);
      if (own !== pending) return;
      timeline = cursor ? [...timeline, ...page.timeline] : page.timeline;
      next = page.next;
      draw(page);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      // If the story has ended, its last state stays visible.
      setContent(
        status,
        problem.status === 404
          ? timeline.length > 0
            ? "This story has ended: its last article expired."
            : "There is no live story with this id. It may have ended."
          : `Could not load this story: ${problem.message}.`,
      );
      root.removeAttribute("aria-busy");
    }
  }

  function draw({ story, clock, first, saga: stages }) {
    if (story.id !== id) {
      // The story was merged: the API returned the story it now belongs to.
      id = story.id;
      replaceFragment(`#/story/${id}`);
    }
    setOpenTitle(story.headline);
    setContent(head, ...headOf(story, clock));
    setContent(status);
    setContent(title, "Articles ", el("span", { class: "count" }, number(story.articles)));
    showMore.hidden = next === undefined;
    chart.update({ story, timeline, clock, first });
    list.update({ timeline, clock, seenBefore });
    carriers.update(timeline, clock);
    saga.update(stages, story.id, clock);
    if (!document.hidden) markRead(story);
    if (expand) list.expand(expand);
    expand = undefined;
    root.removeAttribute("aria-busy");
  }

  read();
  return {
    refresh(change) {
      const isShown = (story) => story === id || saga.has(story);
      const affected =
        !change || change.more || change.queue || [...change.stories, ...change.gone].some(isShown);
      // A longer timeline includes pages that the user added with "Show more", so it is not
      // refreshed.
      if (affected && timeline.length <= 200) read();
    },
    navigate(name, story, article) {
      if (name !== "story" || story !== id) return false;
      if (article) list.expand(article);
      return true;
    },
    close() {
      pending?.abort();
      chart.close();
      setOpenTitle();
    },
  };
}

// The stories in other languages about the same event, with what they share with this one.
function linkedStories(links) {
  const row = (link) =>
    el(
      "li",
      {},
      el("span", { class: "language" }, languageName(link.language)),
      el(
        "span",
        {},
        el(
          "a",
          { href: `#/story/${link.id}`, dir: "auto", lang: link.language },
          link.headline || "(no headline)",
        ),
        el("br"),
        el(
          "span",
          { class: "faint" },
          `${counted(link.size, "article")}; ${link.translation ? "linked as a translation" : `shares ${sharedBy(link)}`}`,
        ),
      ),
    );
  return el("ul", { class: "linked", "aria-label": "In other languages" }, links.map(row));
}

// "3 names, 1 place and 2 figures".
function sharedBy({ names, places, figures }) {
  const counts = [
    names > 0 && counted(names, "name"),
    places > 0 && counted(places, "place"),
    figures > 0 && counted(figures, "figure"),
  ].filter(Boolean);
  return new Intl.ListFormat("en").format(counts);
}

function headOf(story, clock) {
  return [
    el("h2", { dir: "auto", lang: story.language }, story.headline || "(no headline)"),
    el(
      "p",
      { class: "facts" },
      // Withdrawn articles and redeliveries are not counted here, but stay in the list below.
      story.size === story.articles
        ? el("span", {}, counted(story.articles, "article"))
        : el(
            "span",
            { title: "Withdrawn articles and articles received again do not count." },
            `${number(story.size)} of ${counted(story.articles, "article")} count`,
          ),
      el("span", { title: INDEPENDENT }, counted(story.publishers, "independent publisher")),
      el("span", {}, languageName(story.language)),
      el("span", {}, "first ", timeOf(story.first_seen, clock)),
      el("span", {}, "latest ", timeOf(story.last_seen, clock)),
      story.lead &&
        el(
          "span",
          { title: LEAD_REASONS[story.lead_reason] ?? meaningOf("lead") },
          "lead: ",
          el("bdi", {}, publisherName(story.lead)),
          story.lead_reason && ` (${nameAsWords(story.lead_reason)})`,
        ),
    ),
    el(
      "p",
      { class: "facts" },
      ...badges(story),
    ),
    story.links && linkedStories(story.links),
  ];
}
