// Who had the story when: a drawn timeline, a line for each publisher.
//
// Across: time since the first article, on a square-root scale, because the first seconds matter
// more than the tenth hour. There are two clocks: the wire's own (arrival) and the one that each
// publisher claims; they may name different firsts, and then the page says so. A curve leads from a
// copy back to what it copies.

import { el, foreign, show } from "./dom.js";
import { drawingOf, legend } from "./drawing.js";
import { counted, isCopy, publisher, span, time } from "./say.js";

const ROWS_MAX = 16;

export function chart(chosen) {
  const sentence = el("figcaption");
  const lines = el("div", { class: "lines" });
  const clocks = el("div", { class: "clocks", role: "group", "aria-label": "Whose clock" });
  const node = el(
    "section",
    { class: "chart", "aria-labelledby": "chart-title", hidden: true },
    el("header", {}, el("h3", { id: "chart-title" }, "Who had it when"), clocks),
    el("figure", {}, sentence, lines, legend()),
  );
  let state = { radii: [] };
  let by = "arrived";
  let shown;
  let width = 0;
  for (const [name, words] of Object.entries(CLOCKS)) {
    const click = () => {
      by = name;
      draw();
    };
    clocks.append(el("button", { type: "button", value: name, on: { click } }, words));
  }

  function draw() {
    if (!state.timeline) return;
    const dated = state.timeline.filter((article) => article[by] !== undefined);
    node.hidden = state.timeline.length === 0;
    for (const button of clocks.children)
      button.setAttribute("aria-pressed", String(button.value === by));
    const said = JSON.stringify([by, width, dated, state.radii]);
    if (said === shown) return;
    shown = said;
    const rows = grouped(dated, by);
    show(sentence, ...told(rows, state, by));
    const drawn = rows.slice(0, ROWS_MAX);
    lines.style.setProperty("--rows", drawn.length);
    show(lines, drawn.map(name), drawingOf(drawn, width, by, state, chosen), drawn.map(lag));
    if (rows.length > drawn.length) {
      sentence.append(` ${counted(rows.length - drawn.length, "further publisher")} came later.`);
    }
    measure();
  }

  const measure = () => {
    const now = lines.querySelector("svg")?.getBoundingClientRect().width ?? 0;
    if (Math.abs(now - width) < 1) return;
    width = now;
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

const CLOCKS = { arrived: "wire’s clock", claimed: "publishers’ own" };

// Articles by publisher, each publisher's earliest first, publishers by their earliest.
function grouped(articles, by) {
  const rows = new Map();
  const at = (article) => new Date(article[by]).getTime();
  for (const article of [...articles].sort((a, b) => at(a) - at(b))) {
    const name = publisher(article);
    if (!rows.has(name)) rows.set(name, { name, articles: [] });
    rows.get(name).articles.push(article);
  }
  const all = [...rows.values()];
  const zero = all.length > 0 ? at(all[0].articles[0]) : 0;
  for (const row of all) {
    row.late = (at(row.articles[0]) - zero) / 1_000;
    row.copies = row.articles.every(isCopy);
    row.zero = zero;
  }
  return all;
}

// The drawing in a sentence: who was first, by how much, on whose clock.
function told(rows, { timeline, clock }, by) {
  if (rows.length === 0) return ["No article here has a date."];
  const [first, ...others] = rows;
  const whose = by === "arrived" ? "by the wire’s clock" : "by the publishers’ own clocks";
  const said = [
    el("strong", {}, foreign(first.name)),
    ` was first ${whose}, at `,
    time(first.articles[0][by], clock),
  ];
  if (others.length === 0) said.push("; nobody else has it");
  others.slice(0, 3).forEach((row, at) => {
    said.push(
      at === 0 ? "; " : ", ",
      foreign(row.name),
      row.late > 0 ? ` ${span(row.late)} later` : " at the same second",
    );
  });
  said.push(". ");
  const other = by === "arrived" ? "claimed" : "arrived";
  const rival = grouped(
    timeline.filter((article) => article[other] !== undefined),
    other,
  )[0];
  if (rival && rival.name !== first.name) {
    said.push(
      other === "claimed" ? "By the publishers’ own clocks it was " : "By the wire’s clock it was ",
      foreign(rival.name),
      ". ",
    );
  }
  const undated = timeline.filter((article) => article[by] === undefined).length;
  if (undated > 0) said.push(`${counted(undated, "undated article")} not shown. `);
  return said;
}

// A name and a lag stand in the row of their line.
function inRow(node, at) {
  node.style.gridRow = at + 1;
  return node;
}

const name = (row, at) =>
  inRow(el("span", { class: `who${row.copies ? " copies" : ""}` }, foreign(row.name)), at);

const lag = (row, at) =>
  inRow(el("span", { class: "lag" }, at === 0 ? "first" : `+${span(row.late)}`), at);
