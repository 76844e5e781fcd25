// Compares two articles word by word: removed words, added words, changed numbers.

import * as api from "./api.js";
import { append, el, isolated, setContent } from "./dom.js";
import { distanceInWords } from "./evidence.js";
import { counted, duration, percent, publisherName, standingLabel, timeOf } from "./format.js";
import { articleLink, pairLink } from "./links.js";
import { setOpenTitle } from "./title.js";

const WIDE = "(min-width: 70rem)";

export function compareView(root, a, b) {
  const status = el("p", { class: "note", role: "status" }, "Loading…");
  const page = el("div", { class: "compare" });
  root.append(page, status);
  let layout = matchMedia(WIDE).matches ? "beside" : "one";

  async function read() {
    try {
      const answer = await api.diff(a, b);
      setOpenTitle("Comparison");
      setContent(status);
      draw(answer);
    } catch (problem) {
      setContent(page, el("a", { class: "up", href: "#/" }, "All stories"));
      setContent(status, `Could not compare these articles: ${problem.message}.`);
    }
  }

  function draw(answer) {
    const layoutButton = (name, label) =>
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
        label,
      );
    setContent(
      page,
      pairHeader(answer, "compare"),
      summary(answer),
      el(
        "div",
        { class: "toggle", role: "group", "aria-label": "Layout" },
        layoutButton("one", "Inline"),
        layoutButton("beside", "Side by side"),
      ),
      layout === "one"
        ? el(
            "div",
            { class: "diff" },
            diffText(answer.ops, answer.b, () => true),
          )
        : el(
            "div",
            { class: "diff beside" },
            el(
              "div",
              {},
              diffText(answer.ops, answer.a, (op) => op !== "insert"),
            ),
            el(
              "div",
              {},
              diffText(answer.ops, answer.b, (op) => op !== "delete"),
            ),
          ),
    );
  }
  read();
  return { close: () => setOpenTitle() };
}

// The header for the views of two articles: the link back, the tabs and both headlines. `current`
// is the name of the open view.
export function pairHeader({ a, b }, current) {
  const story = b.story ?? a.story;
  const views = [
    ["compare", "Differences"],
    ["why", "Why grouped?"],
  ];
  return [
    el(
      "a",
      { class: "up", href: story ? articleLink({ id: b.id, story }) : "#/" },
      story ? "Back to story" : "All stories",
    ),
    el(
      "nav",
      { class: "views", "aria-label": "Views of these articles" },
      views.map(([view, label]) =>
        el(
          "a",
          {
            href: pairLink(view, a.id, b.id),
            "aria-current": view === current ? "page" : undefined,
          },
          label,
        ),
      ),
    ),
    el(
      "div",
      { class: "pair" },
      articleHeader("Earlier", a),
      articleHeader("Later", b, secondsBetween(a, b)),
    ),
  ];
}

const secondsBetween = (a, b) => (new Date(b.arrived) - new Date(a.arrived)) / 1_000;

const articleHeader = (label, article, delay) =>
  el(
    "div",
    {},
    el(
      "p",
      { class: "meta" },
      el("span", {}, label),
      el("strong", {}, isolated(publisherName(article))),
      timeOf(article.arrived),
      delay > 0 && el("span", {}, `+${duration(delay)}`),
      standingLabel(article),
    ),
    el("h2", { dir: "auto", lang: article.language }, article.headline || "(no headline)"),
  );

function summary({ ops, changed_numbers: changed, same, hamming }) {
  const words = (op) =>
    ops
      .filter((one) => one.op === op)
      .reduce((n, one) => n + one.text.split(/\s+/u).filter(Boolean).length, 0);
  const [removed, added] = [words("delete"), words("insert")];
  return el(
    "div",
    { class: "summary" },
    el(
      "p",
      {},
      removed + added === 0
        ? "The texts are identical."
        : [
            `${percent(same)} identical; `,
            `${counted(removed, "word")} removed, ${counted(added, "word")} added.`,
          ],
    ),
    hamming > 0 && el("p", { class: "faint" }, `${distanceInWords(hamming)}.`),
    changed.length > 0 &&
      el(
        "p",
        { class: "changed" },
        el("strong", {}, `${counted(changed.length, "number")} changed`),
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

// The text as paragraphs, showing only the operations for which `isShown(op)` is true.
function diffText(ops, article, isShown) {
  const paragraphs = [];
  const begin = () => paragraphs.push(el("p", { dir: "auto", lang: article.language }));
  begin();
  for (const { op, text, number } of ops) {
    if (!isShown(op)) continue;
    text.split("\n").forEach((part, at) => {
      if (at > 0) begin();
      if (part === "") return;
      const node =
        op === "equal" ? part : el(TAGS[op], { class: number ? "number" : undefined }, part);
      append(paragraphs.at(-1), [node]);
    });
  }
  return paragraphs.filter((paragraph) => paragraph.childNodes.length > 0);
}
