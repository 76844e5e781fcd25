// What is new since this browser last looked.

import { seen, seenAll, since } from "./store.js";

// Remembers that a story was looked at.
export const look = (story) => seen.set(story.id, story.articles);

// Everything shown counts as looked at, and what opened before `clock` too.
export function lookAll(stories, clock) {
  seenAll(clock);
  for (const story of stories) look(story);
}

// Articles that have come since a story was last looked at; a story that was never looked at is
// news if it opened since the first visit.
export function news(story, clock) {
  const known = seen.get(story.id);
  if (known !== undefined) return Math.max(0, story.articles - known);
  return new Date(story.first_seen) > new Date(since(clock)) ? story.articles : 0;
}
