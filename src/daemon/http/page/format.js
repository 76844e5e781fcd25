// Formats numbers, times and stable names from the API for display.

import { el } from "./dom.js";
import { FLAGS, KIND_MEANINGS, STANDINGS, meaningOf } from "./words.js";

const LOCALE = navigator.language;
const NO_BREAK_SPACE = "\u00a0"; // Keeps a number and its unit on the same line.
const clockTime = new Intl.DateTimeFormat(LOCALE, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const shortTime = new Intl.DateTimeFormat(LOCALE, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });
const dayAndYear = new Intl.DateTimeFormat(LOCALE, {
  day: "numeric",
  month: "short",
  year: "numeric",
});
const zone = new Intl.DateTimeFormat("en", { timeZoneName: "short" });

// The name of the time zone in which times are shown.
export const timeZoneName = () =>
  zone.formatToParts(new Date()).find((part) => part.type === "timeZoneName")?.value ?? "UTC";

// The engine time of a replay if none of the articles has a date.
const UNDATED = "2000-01-01T00:00:00Z";
export const isUndated = (timestamp) => !timestamp || timestamp === UNDATED;

// A <time> element: HH:MM:SS, preceded by the day if `clock` is on another day, and by the year if
// `clock` is in another year. The tooltip shows the full timestamp.
export function timeOf(timestamp, clock, seconds = true) {
  if (isUndated(timestamp)) return el("span", { class: "faint" }, "undated");
  const date = new Date(timestamp);
  const time = (seconds ? clockTime : shortTime).format(date);
  const text = clock ? dayBefore(time, date, new Date(clock)) : time;
  return el("time", { datetime: timestamp, title: timestamp }, text);
}

function dayBefore(time, date, clock) {
  if (date.toDateString() === clock.toDateString()) return time;
  const format = date.getFullYear() === clock.getFullYear() ? day : dayAndYear;
  return `${format.format(date)} ${time}`;
}

// A duration: "40 s", "1 min 30 s", "2 h 5 min", "3 d 4 h".
export const duration = (seconds) => breakableDuration(seconds).replaceAll(" ", NO_BREAK_SPACE);

function breakableDuration(seconds) {
  const s = Math.round(Math.abs(seconds));
  if (s < 60) return `${s} s`;
  const [minutes, hours, days] = [Math.floor(s / 60), Math.floor(s / 3600), Math.floor(s / 86400)];
  const withRest = (whole, rest, unit) => (rest > 0 ? `${whole} ${rest} ${unit}` : whole);
  if (minutes < 10) return withRest(`${minutes} min`, s % 60, "s");
  if (hours < 1) return `${minutes} min`;
  if (days < 1) return withRest(`${hours} h`, minutes % 60, "min");
  return withRest(`${days} d`, hours % 24, "h");
}

export const percent = (share) => `${Math.round(share * 100)}${NO_BREAK_SPACE}%`;
export const number = (value) => value.toLocaleString(LOCALE, { maximumFractionDigits: 2 });

// A number with its noun: "1 article", "2 articles".
export const counted = (n, singular, plural = `${singular}s`) =>
  `${number(n)} ${n === 1 ? singular : plural}`;

// The English name of a language, or its code if the browser does not know it.
const languageNames = new Intl.DisplayNames(["en"], { type: "language" });
export function languageName(code) {
  if (!code) return "unknown language";
  try {
    return languageNames.of(code) ?? code;
  } catch {
    return code;
  }
}

// The CSS class for each kind of article.
const KIND_CLASSES = {
  withdrawal: "alarm",
  correction: "amber",
  update: "change",
  expansion: "change",
  original: "own",
  partial: "own",
  recurring: "own",
  reprint: "copy",
  excerpt: "copy",
  duplicate: "copy",
  redelivery: "copy",
};
export const isCopy = (article) => KIND_CLASSES[article.kind] === "copy";

// The kind of an article as a label. For a withdrawal, the label includes the order: "withdrawal:
// kill".
export const kindLabel = (article) =>
  el(
    "span",
    { class: `kind ${KIND_CLASSES[article.kind] ?? ""}`, title: KIND_MEANINGS[article.kind] },
    article.order ? `${article.kind}: ${article.order}` : article.kind,
  );

// A label with its meaning as a tooltip.
export const flag = (severity, label, suffix = "") =>
  el("span", { class: `flag ${severity}`, title: meaningOf(label) }, label + suffix);

export const flagLabels = (article) =>
  article.flags.map((name) => {
    const [severity, label] = FLAGS[name] ?? ["", nameAsWords(name)];
    return flag(severity, label);
  });

// A label for an article that is no longer valid; undefined for a valid one.
export function standingLabel(article) {
  const [severity, label] = STANDINGS[article.standing] ?? [];
  return label && flag(severity, label);
}

// Whether an article is under embargo at engine time `clock`.
export const isEmbargoed = (article, clock) =>
  article.embargoed !== undefined && (!clock || new Date(article.embargoed) > new Date(clock));

export const publisherName = (article) => article.provider ?? "unknown publisher";

// Converts a stable name to words: "fullest-original" becomes "fullest original".
export const nameAsWords = (name) => name.replaceAll(/[-_]/g, " ");
