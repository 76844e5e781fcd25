// A row in the list of stories: size and growth, headline, publishers, and badges.

import { el, setContent } from "./dom.js";
import { counted, flag, number, timeOf } from "./format.js";
import { BADGES, GROWTH, meaningOf } from "./words.js";

const STAGES_COUNTED = 50; // The API does not count more stages.

export function storyRow(first) {
  const node = el("li");
  let drawn;
  const update = (story) => {
    const state = JSON.stringify(story);
    if (state === drawn) return;
    drawn = state;
    const hadFocus = node.contains(document.activeElement);
    node.className = [story.open && "open", story.unread > 0 && "unread"].filter(Boolean).join(" ");
    const link = el(
      "a",
      {
        class: "headline",
        href: `#/story/${story.id}`,
        dir: "auto",
        lang: story.language,
        "aria-current": story.open && "true",
      },
      story.headline || "(no headline)",
    );
    setContent(node, sizeOf(story), link, el("p", { class: "meta" }, ...metaOf(story)));
    if (hadFocus) link.focus({ preventScroll: true });
  };
  update(first);
  return { node, update };
}

// The number of articles, above a bar for the growth.
function sizeOf(story) {
  const growth = el("span", { class: "growth", title: `Growth: ${GROWTH}`, "aria-hidden": "true" });
  growth.style.setProperty("--share", story.share.toFixed(3));
  const articles = counted(story.size, "article");
  const size = el("span", { role: "img", "aria-label": articles }, number(story.size));
  return el("span", { class: "size", title: articles }, size, growth);
}

const metaOf = (story) => [
  el("span", { title: providersOf(story) }, counted(story.publishers, "independent publisher")),
  el("span", { class: "language", title: linksOf(story) }, languagesOf(story)),
  el("span", {}, timeOf(story.last_seen, story.clock, false)),
  story.saga_stages &&
    el(
      "span",
      { title: `Running story: ${meaningOf("running story")}` },
      `${number(story.saga_stages)}${story.saga_stages < STAGES_COUNTED ? "" : "+"} stages`,
    ),
  story.unread > 0 &&
    el(
      "span",
      { class: "fresh" },
      story.unread === story.articles ? "new" : `${number(story.unread)} new`,
    ),
  ...badges(story),
];

// The language of a story, then those of the stories linked to it.
function languagesOf(story) {
  const linked = (story.links ?? []).map((link) => link.language);
  const all = [...new Set([story.language, ...linked])].filter(Boolean);
  return all.map((language) => language.toUpperCase()).join(" · ");
}

const linksOf = (story) =>
  story.links
    ? `In other languages: ${story.links.map((link) => link.headline || "(no headline)").join("; ")}`
    : story.language;

const providersOf = (story) =>
  `Articles: ${story.providers.map((one) => `${one.name} ${one.articles}`).join(", ")}`;

// The badges of a story, most serious first.
export const badges = (story) =>
  BADGES.map(({ label, severity, counts }) => {
    const n = Math.max(...counts.map((name) => story.badges[name]));
    return n > 0 && flag(severity, label, n > 1 && severity === "alarm" ? ` ×${number(n)}` : "");
  });
