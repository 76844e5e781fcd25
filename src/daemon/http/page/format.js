// Formats numbers, times and stable names from the API for display.

import { el } from "./dom.js";

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
const zone = new Intl.DateTimeFormat("en", { timeZoneName: "short" });

// The name of the time zone in which times are shown.
export const timeZoneName = () =>
  zone.formatToParts(new Date()).find((part) => part.type === "timeZoneName")?.value ?? "";

// A <time> element: HH:MM:SS, preceded by the day if it is not the day of `clock`. The tooltip
// shows the full timestamp.
export function timeOf(timestamp, clock, seconds = true) {
  if (!timestamp) return el("span", { class: "faint" }, "undated");
  const date = new Date(timestamp);
  const sameDay = clock && day.format(date) === day.format(new Date(clock));
  const time = (seconds ? clockTime : shortTime).format(date);
  const text = sameDay || !clock ? time : `${day.format(date)} ${time}`;
  return el("time", { datetime: timestamp, title: timestamp }, text);
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

// The CSS class for each kind of article. The overview lists the kinds in this order.
const KIND_CLASSES = {
  withdrawal: "alarm",
  correction: "amber",
  update: "change",
  original: "own",
  partial: "own",
  recurring: "own",
  expansion: "change",
  reprint: "copy",
  excerpt: "copy",
  duplicate: "copy",
  redelivery: "copy",
};
export const KINDS = Object.keys(KIND_CLASSES);
export const isCopy = (article) => KIND_CLASSES[article.kind] === "copy";

// What each kind means, for the overview and tooltips.
export const KIND_MEANINGS = {
  original: "shares no text with earlier articles",
  update: "a newer version of an earlier article",
  correction: "corrects an earlier article, whether labelled a correction or not",
  withdrawal: "kills, holds or releases another article",
  recurring: "a regular item with new numbers, such as a daily table",
  expansion: "an earlier text with material added",
  partial: "shares a passage with an earlier article, such as a quote or background",
  reprint: "an earlier text, lightly edited",
  excerpt: "part of an earlier text",
  duplicate: "the same text as an earlier article",
  redelivery: "the same article sent again",
};

const ORDERS = { kill: "kill", hold: "hold", release: "release" };

// The kind of an article as a label; a withdrawal shows its order instead.
export const kindLabel = (article) =>
  el(
    "span",
    { class: `kind ${KIND_CLASSES[article.kind] ?? ""}`, title: KIND_MEANINGS[article.kind] },
    ORDERS[article.order] ?? article.kind,
  );

// Flags: the class of those that need attention, and the label.
const FLAGS = {
  carries_withdrawn: ["alarm", "carries withdrawn text"],
  carries_uncorrected: ["amber", "carries uncorrected text"],
  needs_review: ["amber", "needs review"],
  changed_numbers: ["amber", "changed numbers"],
  late: ["", "late"],
  early: ["", "future-dated"],
};
export const flagLabels = (article) =>
  article.flags.map((name) => {
    const [severity, label] = FLAGS[name] ?? ["", name.replaceAll("_", " ")];
    return el("span", { class: `flag ${severity}` }, label);
  });

const STANDINGS = {
  withdrawn: ["alarm", "withdrawn"],
  uncorrected: ["amber", "since corrected"],
  superseded: ["", "superseded"],
};

// A label for an article that is no longer valid; undefined for a valid one.
export function standingLabel(article) {
  const entry = STANDINGS[article.standing];
  if (!entry) return undefined;
  const [severity, label] = entry;
  return el("span", { class: `flag ${severity}` }, label);
}

// Whether an article is under embargo at engine time `clock`.
export const isEmbargoed = (article, clock) =>
  article.embargoed !== undefined && (!clock || new Date(article.embargoed) > new Date(clock));

export const publisherName = (article) => article.provider ?? "unknown publisher";

// A stable name as words: "fullest-original" becomes "fullest original".
export const nameAsWords = (name) => name.replaceAll(/[-_]/g, " ");
