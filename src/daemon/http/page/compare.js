// Two articles word by word: what was taken out, what was put in, which numbers changed.

import * as api from "./api.js";
import { el, foreign, put, show } from "./dom.js";
import { counted, figure, percent, publisher, span, standing, time } from "./say.js";
import { pairPlace, placeOf } from "./places.js";
import { opened } from "./title.js";

const WIDE = "(min-width: 70rem)";

export function compareView(root, a, b) {
  const status = el("p", { class: "note", role: "status" }, "Comparing …");
  const page = el("div", { class: "compare" });
  root.append(page, status);
  let layout = matchMedia(WIDE).matches ? "beside" : "one";

  async function read() {
    try {
      const answer = await api.diff(a, b);
      opened("Comparison");
      show(status);
      draw(answer);
    } catch (problem) {
      show(page, el("a", { class: "up", href: "#/" }, "All stories"));
      show(status, `The two cannot be compared: ${problem.message}.`);
    }
  }

  function draw(answer) {
    const choose = (name, words) =>
      el(
        "button",
        {
          type: "button",
          "aria-pressed": String(layout === name),
          on: {
            click: () => {
              layout = name;
              draw(answer);
            },
          },
        },
        words,
      );
    show(
      page,
      pairHead(answer, "compare"),
      summary(answer),
      el(
        "div",
        { class: "clocks", role: "group", "aria-label": "Layout" },
        choose("one", "one text"),
        choose("beside", "side by side"),
      ),
      layout === "one"
        ? el(
            "div",
            { class: "diff" },
            side(answer.ops, answer.b, () => true),
          )
        : el(
            "div",
            { class: "diff beside" },
            el(
              "div",
              {},
              side(answer.ops, answer.a, (op) => op !== "insert"),
            ),
            el(
              "div",
              {},
              side(answer.ops, answer.b, (op) => op !== "delete"),
            ),
          ),
    );
  }
  read();
  return { close: () => opened() };
}

// The head of a pair: the way back, both articles, and the other view of them.
export function pairHead({ a, b }, name) {
  const story = b.story ?? a.story;
  const views = [
    ["compare", "Differences"],
    ["why", "Why together"],
  ];
  return [
    el(
      "a",
      { class: "up", href: story ? placeOf({ id: b.id, story }) : "#/" },
      story ? "Back to the story" : "All stories",
    ),
    el(
      "nav",
      { class: "views", "aria-label": "Views of the pair" },
      views.map(([view, words]) =>
        el(
          "a",
          { href: pairPlace(view, a.id, b.id), "aria-current": view === name ? "page" : undefined },
          words,
        ),
      ),
    ),
    el("div", { class: "pair" }, side2("Earlier", a), side2("Later", b, seconds(a, b))),
  ];
}

const seconds = (a, b) => (new Date(b.arrived) - new Date(a.arrived)) / 1_000;

const side2 = (words, article, after) =>
  el(
    "div",
    {},
    el(
      "p",
      { class: "meta" },
      el("span", {}, words),
      el("strong", {}, foreign(publisher(article))),
      time(article.arrived),
      after > 0 && el("span", {}, `+${span(after)}`),
      standing(article),
    ),
    el("h2", { dir: "auto", lang: article.language }, article.headline || "(no headline)"),
  );

function summary({ ops, changed_numbers: changed, same }) {
  const count = (op) =>
    ops
      .filter((one) => one.op === op)
      .reduce((n, one) => n + one.text.split(/\s+/u).filter(Boolean).length, 0);
  const [out, into] = [count("delete"), count("insert")];
  return el(
    "div",
    { class: "summary" },
    el(
      "p",
      {},
      out + into === 0
        ? "The texts are the same, word for word."
        : `${percent(same)} the same; ${counted(out, "word")} out, ${counted(into, "word")} in.`,
    ),
    changed.length > 0 &&
      el(
        "p",
        { class: "changed" },
        el(
          "strong",
          {},
          changed.length === 1 ? "A number changed" : `${figure(changed.length)} numbers changed`,
        ),
        changed.map(({ a, b }) =>
          el(
            "span",
            { class: "pairing" },
            el("del", { class: "number" }, a),
            el("span", { "aria-label": "to" }, "→"),
            el("ins", { class: "number" }, b),
          ),
        ),
      ),
  );
}

const TAGS = { equal: "span", delete: "del", insert: "ins" };

// The text as paragraphs, of the operations that `shown` lets through.
function side(ops, article, shown) {
  const paragraphs = [];
  const begin = () => paragraphs.push(el("p", { dir: "auto", lang: article.language }));
  begin();
  for (const { op, text, number } of ops) {
    if (!shown(op)) continue;
    text.split("\n").forEach((part, at) => {
      if (at > 0) begin();
      if (part === "") return;
      const node =
        op === "equal" ? part : el(TAGS[op], { class: number ? "number" : undefined }, part);
      put(paragraphs.at(-1), [node]);
    });
  }
  return paragraphs.filter((paragraph) => paragraph.childNodes.length > 0);
}
