// The drawing of the chart: rails, ticks, marks, and the curves from copies to what they copy.

import { isCopy, publisher, span } from "./say.js";
import { el, svg } from "./dom.js";

export const ROW = 30; // Pixels; the names beside the drawing stand in rows of the same height.
const PAD = 12;
const TICKS = [
  5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 259200,
  345600,
];
const TICK_GAP = 52;

// `rows` as the chart has grouped them; `chosen(id)` hears which mark was clicked.
export function drawingOf(rows, width, by, { radii = [] }, chosen) {
  const height = rows.length * ROW;
  const zero = rows[0]?.zero ?? 0;
  const notices = radii
    .filter((radius) => radius.by?.[by] !== undefined)
    .map((radius) => ({
      at: (new Date(radius.by[by]).getTime() - zero) / 1_000,
      weight: radius.article.standing === "withdrawn" ? "alarm" : "amber",
      words: radius.article.standing === "withdrawn" ? (radius.by.order ?? "kill") : "corrected",
    }));
  const carriers = new Set(radii.flatMap((radius) => radius.items.map((item) => item.article.id)));
  const seconds = (article) => (new Date(article[by]).getTime() - zero) / 1_000;
  const last = Math.max(
    1,
    ...rows.flatMap((row) => row.articles.map(seconds)),
    ...notices.map((n) => n.at),
  );
  const x = (s) => PAD + Math.sqrt(Math.max(0, s) / last) * Math.max(0, width - 2 * PAD);
  const places = new Map();
  rows.forEach((row, at) => {
    for (const article of row.articles)
      places.set(article.id, [x(seconds(article)), (at + 0.5) * ROW]);
  });
  const drawing = svg("svg", {
    height: height + 22,
    role: "img",
    "aria-label":
      "The timeline that the sentence above tells; the articles below are the same, as a list.",
  });
  drawing.append(
    ...axis(x, last, height),
    ...rows.map((_, at) =>
      svg("line", { class: "rail", x1: 0, x2: "100%", y1: (at + 0.5) * ROW, y2: (at + 0.5) * ROW }),
    ),
    ...notices.flatMap((notice) => line(notice, x(notice.at), height, width)),
    ...rows
      .flatMap((row) => row.articles)
      .map((article) => curve(article, places))
      .filter(Boolean),
    ...rows
      .flatMap((row) => row.articles)
      .map((article) => mark(article, places.get(article.id), carriers, chosen)),
  );
  return drawing;
}

function axis(x, last, height) {
  const drawn = [
    svg("text", { class: "tick", x: x(0), y: height + 16, "text-anchor": "start" }, "0"),
  ];
  let before = x(0) - TICK_GAP / 2;
  for (const tick of TICKS) {
    if (tick > last) break;
    const at = x(tick);
    if (at - before < TICK_GAP || x(last) - at < 16) continue;
    before = at;
    drawn.push(
      svg("line", { class: "grid", x1: at, x2: at, y1: 0, y2: height }),
      svg("text", { class: "tick", x: at, y: height + 16, "text-anchor": "middle" }, span(tick)),
    );
  }
  return drawn;
}

// When it was killed or corrected, over all lines: what lies right of it came after.
function line({ weight, words }, at, height, width) {
  const end = at > width - 70;
  return [
    svg("line", { class: `notice ${weight}`, x1: at, x2: at, y1: 0, y2: height }),
    svg(
      "text",
      {
        class: `notice ${weight}`,
        x: at + (end ? -4 : 4),
        y: 10,
        "text-anchor": end ? "end" : "start",
      },
      words,
    ),
  ];
}

function curve(article, places) {
  const from = places.get(article.of?.id);
  const to = places.get(article.id);
  if (!from || !to || from[1] === to[1]) return undefined;
  const middle = (from[0] + to[0]) / 2;
  return svg("path", {
    class: "curve",
    d: `M${from[0]} ${from[1]}C${middle} ${from[1]} ${middle} ${to[1]} ${to[0]} ${to[1]}`,
  });
}

const SHAPES = {
  own: () => svg("circle", { r: 5 }),
  copy: () => svg("circle", { r: 4.5, class: "hollow" }),
  change: () => svg("path", { d: "M0-6.5 6.5 0 0 6.5-6.5 0Z" }),
  correction: () => svg("rect", { x: -5, y: -5, width: 10, height: 10, class: "amber" }),
};

const shape = (article) => {
  if (isCopy(article)) return "copy";
  if (article.kind === "correction") return "correction";
  return article.kind === "update" || article.kind === "expansion" ? "change" : "own";
};

function mark(article, [x, y], carriers, chosen) {
  const group = svg("g", { class: "mark", transform: `translate(${x} ${y})` });
  if (carriers.has(article.id)) group.append(svg("circle", { class: "carrier", r: 9 }));
  group.append(SHAPES[shape(article)]());
  if (article.standing === "withdrawn")
    group.append(svg("path", { class: "struck", d: "M-7-7 7 7M-7 7 7-7" }));
  group.append(svg("title", {}, `${publisher(article)}: ${article.kind}\n${article.headline}`));
  group.addEventListener("click", () => chosen(article.id));
  return group;
}

// What the marks mean.
export function legend() {
  const item = (drawn, words) =>
    el(
      "li",
      {},
      svg("svg", { width: 20, height: 20, viewBox: "-10 -10 20 20", "aria-hidden": "true" }, drawn),
      words,
    );
  return el(
    "ul",
    { class: "legend", role: "list" },
    item(SHAPES.own(), "own text"),
    item(SHAPES.change(), "newer version"),
    item(SHAPES.correction(), "correction"),
    item(SHAPES.copy(), "copy"),
    item([SHAPES.own(), svg("path", { class: "struck", d: "M-7-7 7 7M-7 7 7-7" })], "withdrawn"),
    item([svg("circle", { class: "carrier", r: 9 }), SHAPES.copy()], "still carries it"),
  );
}
