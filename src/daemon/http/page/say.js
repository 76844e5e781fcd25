// Figures, times and the words of the field, as a desk reads them.

import { el } from "./dom.js";

const LOCALE = navigator.language;
const JOINED = "\u00a0"; // A figure and its unit are not parted at the end of a line.
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
export const zoneName = () =>
  zone.formatToParts(new Date()).find((part) => part.type === "timeZoneName")?.value ?? "";

// A moment as HH:MM:SS, with its day when that is not the day of `clock`; in full as its title.
export function time(moment, clock, seconds = true) {
  if (!moment) return el("span", { class: "faint" }, "undated");
  const at = new Date(moment);
  const today = clock && day.format(at) === day.format(new Date(clock));
  const said = (seconds ? clockTime : shortTime).format(at);
  const shown = today || !clock ? said : `${day.format(at)} ${said}`;
  return el("time", { datetime: moment, title: moment }, shown);
}

export const dayOf = (moment) => day.format(new Date(moment));

// Seconds as a person says them: "40 s", "1 min 30 s", "2 h 5 min", "3 d 4 h".
export const span = (seconds) => spelled(seconds).replaceAll(" ", JOINED);

function spelled(seconds) {
  const s = Math.round(Math.abs(seconds));
  if (s < 60) return `${s} s`;
  const [minutes, hours, days] = [Math.floor(s / 60), Math.floor(s / 3600), Math.floor(s / 86400)];
  const rest = (whole, part, name) => (part > 0 ? `${whole} ${part} ${name}` : whole);
  if (minutes < 10) return rest(`${minutes} min`, s % 60, "s");
  if (hours < 1) return `${minutes} min`;
  if (days < 1) return rest(`${hours} h`, minutes % 60, "min");
  return rest(`${days} d`, hours % 24, "h");
}

export const percent = (share) => `${Math.round(share * 100)}${JOINED}%`;
export const figure = (value) => value.toLocaleString(LOCALE, { maximumFractionDigits: 2 });
export const counted = (n, one, many = `${one}s`) => `${figure(n)} ${n === 1 ? one : many}`;

// A language by its name, where the browser knows it.
const names = new Intl.DisplayNames(["en"], { type: "language" });
export function language(code) {
  if (!code) return "no language";
  try {
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}

// The kinds by weight: what alarms, what changes, what is new, what repeats.
const CLASS = {
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
export const KINDS = Object.keys(CLASS);
export const isCopy = (article) => CLASS[article.kind] === "copy";

// What a kind means, for the help.
export const MEANS = {
  original: "none of its text came before",
  update: "a newer version of an earlier item",
  correction: "corrects an earlier item, marked or not",
  withdrawal: "kills, holds or releases another item",
  recurring: "the same form with other figures: today’s table",
  expansion: "an earlier text with more around it",
  partial: "shares a passage: a quote, background, a spliced item",
  reprint: "an earlier text, lightly edited",
  excerpt: "part of an earlier text",
  duplicate: "the same body as another item",
  redelivery: "the same item sent again",
};

const ORDER = { kill: "kill", hold: "hold", release: "release" };

// A kind as a small label; a notice says what it orders.
export const kind = (article) =>
  el(
    "span",
    { class: `kind ${CLASS[article.kind] ?? ""}`, title: MEANS[article.kind] },
    ORDER[article.order] ?? article.kind,
  );

// Flags that ask for an eye, and those that only inform.
const FLAGS = {
  carries_withdrawn: ["alarm", "carries withdrawn text"],
  carries_uncorrected: ["amber", "carries uncorrected text"],
  needs_review: ["amber", "needs review"],
  changed_numbers: ["amber", "changed numbers"],
  late: ["", "late"],
  early: ["", "dated ahead"],
};
export const flags = (article) =>
  article.flags.map((name) => {
    const [weight, words] = FLAGS[name] ?? ["", name.replaceAll("_", " ")];
    return el("span", { class: `flag ${weight}` }, words);
  });

const STANDING = {
  withdrawn: ["alarm", "withdrawn"],
  uncorrected: ["amber", "since corrected"],
  superseded: ["", "superseded"],
};
export function standing(article) {
  const said = STANDING[article.standing];
  return said && el("span", { class: `flag ${said[0]}` }, said[1]);
}

// Whether an article is still under embargo by the wire's clock.
export const embargoed = (article, clock) =>
  article.embargoed !== undefined && (!clock || new Date(article.embargoed) > new Date(clock));

export const publisher = (article) => article.provider ?? "unsigned";

// A stable name as words: "fullest-original" is "fullest original".
export const words = (name) => name.replaceAll(/[-_]/g, " ");
