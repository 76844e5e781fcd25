// The timeline of a story, with one row per publisher. It shows when each publisher had the story.
//
// The horizontal axis is the time since the first article, on a square-root scale, because the
// first seconds matter more than the tenth hour. Users can switch between two clocks: the arrival
// times, and the times that the publishers claim. If the clocks disagree about who was first, the
// sentence above the drawing says so. A curve connects a copy with its source.

import { el, isolated, setContent } from "./dom.js";
import { drawTimeline, legend } from "./drawing.js";
import { counted, duration, isCopy, publisherName, timeOf } from "./format.js";

const ROWS_MAX = 16;

// `onSelect(id)` is called when the user clicks the mark of an article.
export function timelineChart(onSelect) {
  const sentence = el("figcaption");
  const lines = el("div", { class: "lines" });
  const clockButtons = el("div", { class: "toggle", role: "group", "aria-label": "Clock" });
  const node = el(
    "section",
    { class: "chart", "aria-labelledby": "chart-title", hidden: true },
    el("header", {}, el("h3", { id: "chart-title" }, "Timeline"), clockButtons),
    el("figure", {}, sentence, lines, legend()),
  );
  let state = { reports: [] };
  let by = "arrived";
  let drawn;
  let width = 0;
  for (const [name, label] of Object.entries(CLOCKS)) {
    const click = () => {
      by = name;
      draw();
    };
    clockButtons.append(el("button", { type: "button", value: name, on: { click } }, label));
  }

  function draw() {
    if (!state.timeline) return;
    const dated = state.timeline.filter((article) => article[by] !== undefined);
    // A single article, or articles that all arrived at the same time, need no timeline.
    node.hidden = !hasCourse(state.timeline);
    for (const button of clockButtons.children)
      button.setAttribute("aria-pressed", String(button.value === by));
    const input = JSON.stringify([by, width, dated, state.reports]);
    if (input === drawn) return;
    drawn = input;
    const rows = groupByPublisher(dated, by);
    setContent(sentence, ...summary(rows, state, by));
    const shown = rows.slice(0, ROWS_MAX);
    lines.style.setProperty("--rows", shown.length);
    setContent(
      lines,
      shown.map(nameCell),
      drawTimeline(shown, width, by, state, onSelect),
      shown.map(delayCell),
    );
    if (rows.length > shown.length) {
      sentence.append(` ${counted(rows.length - shown.length, "more publisher")} came later.`);
    }
    measure();
  }

  const measure = () => {
    const current = lines.querySelector("svg")?.getBoundingClientRect().width ?? 0;
    if (Math.abs(current - width) < 1) return;
    width = current;
    draw();
  };
  const sizes = new ResizeObserver(measure);
  sizes.observe(lines);

  return {
    node,
    update(change) {
      state = { ...state, ...change };
      draw();
    },
    close: () => sizes.disconnect(),
  };
}

const hasCourse = (timeline) =>
  ["arrived", "claimed"].some((by) => new Set(timeline.map((article) => article[by])).size > 1);

const CLOCKS = { arrived: "Arrival time", claimed: "Publisher’s timestamp" };

// Creates one row per publisher, with its articles. Rows and articles are ordered by time.
function groupByPublisher(articles, by) {
  const rows = new Map();
  const at = (article) => new Date(article[by]).getTime();
  for (const article of [...articles].sort((a, b) => at(a) - at(b))) {
    const name = publisherName(article);
    if (!rows.has(name)) rows.set(name, { name, articles: [] });
    rows.get(name).articles.push(article);
  }
  const all = [...rows.values()];
  const zero = all.length > 0 ? at(all[0].articles[0]) : 0;
  for (const row of all) {
    row.delay = (at(row.articles[0]) - zero) / 1_000;
    row.copies = row.articles.every(isCopy);
    row.zero = zero;
  }
  return all;
}

// Describes the drawing in a sentence: who was first, by how much, and on which clock.
function summary(rows, { timeline, clock }, by) {
  if (rows.length === 0) return ["None of these articles has a timestamp."];
  const [first, ...others] = rows;
  const clockName = by === "arrived" ? "by arrival time" : "by the publishers’ timestamps";
  const parts = [
    el("strong", {}, isolated(first.name)),
    ` was first ${clockName}, at `,
    timeOf(first.articles[0][by], clock),
  ];
  if (others.length === 0) parts.push("; no other publisher has it");
  others.slice(0, 3).forEach((row, at) => {
    parts.push(
      at === 0 ? "; " : ", ",
      isolated(row.name),
      row.delay > 0 ? ` ${duration(row.delay)} later` : " in the same second",
    );
  });
  parts.push(". ");
  const otherClock = by === "arrived" ? "claimed" : "arrived";
  const otherFirst = groupByPublisher(
    timeline.filter((article) => article[otherClock] !== undefined),
    otherClock,
  )[0];
  if (otherFirst && otherFirst.name !== first.name) {
    parts.push(
      otherClock === "claimed" ? "By the publishers’ timestamps, " : "By arrival time, ",
      isolated(otherFirst.name),
      " was first. ",
    );
  }
  const undated = timeline.filter((article) => article[by] === undefined).length;
  if (undated > 0) parts.push(`${counted(undated, "undated article")} not shown. `);
  return parts;
}

// Puts a cell into the grid row of its publisher.
function inRow(node, at) {
  node.style.gridRow = at + 1;
  return node;
}

const nameCell = (row, at) =>
  inRow(el("span", { class: `who${row.copies ? " copies" : ""}` }, isolated(row.name)), at);

const delayCell = (row, at) =>
  inRow(el("span", { class: "lag" }, at === 0 ? "first" : `+${duration(row.delay)}`), at);
