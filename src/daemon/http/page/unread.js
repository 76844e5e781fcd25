// Tracks which stories have articles that arrived since the user last opened them in this browser.

import { readUntil, seenCounts, setReadUntil } from "./store.js";

// Records that the user has seen all current articles of a story.
export const markRead = (story) => seenCounts.set(story.id, story.articles);

// Marks the given stories as read, and all stories that began before `clock`.
export function markAllRead(stories, clock) {
  setReadUntil(clock);
  for (const story of stories) markRead(story);
}

// Number of unread articles in a story. A story that was never opened is unread if it began after
// the time up to which all stories count as read.
export function unreadCount(story, clock) {
  const known = seenCounts.get(story.id);
  if (known !== undefined) return Math.max(0, story.articles - known);
  return new Date(story.first_seen) > new Date(readUntil(clock)) ? story.articles : 0;
}
