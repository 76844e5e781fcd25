// The drawing in the timeline: a line per publisher, ticks, marks for articles, and curves from
// copies to their sources.

import { el, svg } from "./dom.js";
import { duration, isCopy, publisherName } from "./format.js";

const ROW = 30; // Pixels; must match the row height in `chart.css`.
const PAD = 12;
const TICKS = [
  5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 259200,
  345600,
];
const TICK_GAP = 52;

// `rows` are grouped by publisher. `by` is the clock, "arrived" or "claimed". `onSelect(id)` is
// called when the user clicks a mark.
export function drawTimeline(rows, width, by, { reports = [] }, onSelect) {
  const height = rows.length * ROW;
  const zero = rows[0]?.zero ?? 0;
  const notices = reports
    .filter((report) => report.by?.[by] !== undefined)
    .map((report) => ({
      at: (new Date(report.by[by]).getTime() - zero) / 1_000,
      severity: report.article.standing === "withdrawn" ? "alarm" : "amber",
      label: report.article.standing === "withdrawn" ? (report.by.order ?? "kill") : "corrected",
    }));
  const carriers = new Set(
    reports.flatMap((report) => report.items.map((item) => item.article.id)),
  );
  const seconds = (article) => (new Date(article[by]).getTime() - zero) / 1_000;
  const last = Math.max(
    1,
    ...rows.flatMap((row) => row.articles.map(seconds)),
    ...notices.map((n) => n.at),
  );
  const x = (s) => PAD + Math.sqrt(Math.max(0, s) / last) * Math.max(0, width - 2 * PAD);
  const positions = new Map();
  rows.forEach((row, at) => {
    for (const article of row.articles)
      positions.set(article.id, [x(seconds(article)), (at + 0.5) * ROW]);
  });
  const drawing = svg("svg", {
    height: height + 22,
    role: "img",
    "aria-label":
      "Timeline. The sentence above summarizes it; the list below has the same articles.",
  });
  drawing.append(
    ...axis(x, last, height),
    ...rows.map((_, at) =>
      svg("line", { class: "rail", x1: 0, x2: "100%", y1: (at + 0.5) * ROW, y2: (at + 0.5) * ROW }),
    ),
    ...notices.flatMap((notice) => noticeLine(notice, x(notice.at), height, width)),
    ...rows
      .flatMap((row) => row.articles)
      .map((article) => curve(article, positions))
      .filter(Boolean),
    ...rows
      .flatMap((row) => row.articles)
      .map((article) => mark(article, positions.get(article.id), carriers, onSelect)),
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
      svg(
        "text",
        { class: "tick", x: at, y: height + 16, "text-anchor": "middle" },
        duration(tick),
      ),
    );
  }
  return drawn;
}

// A vertical line at the time of a kill or correction. The label is to the left of the line if the
// line is near the right edge.
function noticeLine({ severity, label }, at, height, width) {
  const end = at > width - 70;
  return [
    svg("line", { class: `notice ${severity}`, x1: at, x2: at, y1: 0, y2: height }),
    svg(
      "text",
      {
        class: `notice ${severity}`,
        x: at + (end ? -4 : 4),
        y: 10,
        "text-anchor": end ? "end" : "start",
      },
      label,
    ),
  ];
}

function curve(article, positions) {
  const from = positions.get(article.of?.id);
  const to = positions.get(article.id);
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

function mark(article, [x, y], carriers, onSelect) {
  const group = svg("g", { class: "mark", transform: `translate(${x} ${y})` });
  if (carriers.has(article.id)) group.append(svg("circle", { class: "carrier", r: 9 }));
  group.append(SHAPES[shape(article)]());
  if (article.standing === "withdrawn")
    group.append(svg("path", { class: "struck", d: "M-7-7 7 7M-7 7 7-7" }));
  group.append(svg("title", {}, `${publisherName(article)}: ${article.kind}\n${article.headline}`));
  group.addEventListener("click", () => onSelect(article.id));
  return group;
}

// The legend, which explains the marks.
export function legend() {
  const item = (shape, label) =>
    el(
      "li",
      {},
      svg("svg", { width: 20, height: 20, viewBox: "-10 -10 20 20", "aria-hidden": "true" }, shape),
      label,
    );
  return el(
    "ul",
    { class: "legend", role: "list" },
    item(SHAPES.own(), "own text"),
    item(SHAPES.change(), "newer version"),
    item(SHAPES.correction(), "correction"),
    item(SHAPES.copy(), "copy"),
    item([SHAPES.own(), svg("path", { class: "struck", d: "M-7-7 7 7M-7 7 7-7" })], "withdrawn"),
    item([svg("circle", { class: "carrier", r: 9 }), SHAPES.copy()], "carrier"),
    el("li", {}, "Time since the first article; early minutes are drawn wider."),
  );
}
