// Explains why two articles are or are not in the same story: their shared text, rule by rule with
// margins, and the similarity of their subjects, term by term.

import * as api from "./api.js";
import { pairHeader } from "./compare.js";
import { el, setContent } from "./dom.js";
import { bar, distanceInWords } from "./evidence.js";
import { counted, nameAsWords, number, percent } from "./format.js";
import { setOpenTitle } from "./title.js";
import { meaningOf } from "./words.js";

export function whyView(root, a, b) {
  const status = el("p", { class: "note", role: "status" }, "Loading…");
  const page = el("div", { class: "why-view" });
  root.append(page, status);
  (async () => {
    try {
      const why = await api.why(a, b);
      setOpenTitle("Why grouped?");
      setContent(status);
      setContent(page, pairHeader(why, "why"), verdict(why), sharedText(why), similarSubject(why));
    } catch (problem) {
      setContent(page, el("a", { class: "up", href: "#/" }, "All stories"));
      setContent(status, `Could not compare these articles: ${problem.message}.`);
    }
  })();
  return { close: () => setOpenTitle() };
}

function verdict({ same_story: same, direct, texts, together }) {
  const parts = [`These articles are ${same ? "" : "not "}in the same story`];
  const kind = direct ?? texts?.by_text;
  if (direct)
    parts.push(
      `: the later one is ${withIndefiniteArticle(direct.kind)} of the earlier one `,
      `(rule “${nameAsWords(direct.rule)}”).`,
    );
  else if (kind && kind.kind !== "original")
    parts.push(
      `. Compared on their own, the later one is ${withIndefiniteArticle(kind.kind)} `,
      "of the earlier one.",
    );
  else if (together && together.score >= together.join)
    parts.push(": the wording differs, but the subjects are similar enough.");
  else if (same)
    parts.push(": not because of each other, but because of what they share with other articles.");
  else parts.push(".");
  return el("p", { class: "verdict" }, parts);
}

const withIndefiniteArticle = (kind) => (/^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`);

function sharedText({ texts }) {
  if (!texts) return undefined;
  // Texts with the same words are duplicates, whatever the rules say. Otherwise, the rules are tried
  // in order, and the first one whose conditions all hold decides.
  const equal = texts.by_text.rule === "equal-content";
  const deciding = equal ? [] : texts.rules.filter((rule) => rule.holds).slice(0, 1);
  const others = texts.rules.filter((rule) => !deciding.includes(rule));
  return el(
    "section",
    {},
    el("h3", {}, "Shared text"),
    el(
      "p",
      { class: "faint" },
      texts.hamming !== undefined && [
        el("span", { title: meaningOf("SimHash") }, distanceInWords(texts.hamming)),
        " · ",
      ],
      el(
        "span",
        { title: meaningOf("shared samples") },
        counted(texts.shared_samples, "shared sample"),
      ),
    ),
    equal && el("p", {}, "Decided by equal content. The rules below were not needed."),
    deciding.length > 0 && rulesTable(deciding),
    deciding.length === 0 && !equal && el("p", {}, "No text rule matches."),
    others.length > 0 &&
      el(
        "details",
        {},
        el("summary", {}, counted(others.length, equal ? "rule" : "other rule")),
        rulesTable(others),
      ),
    texts.passages.length > 0 && [
      el("h4", {}, "Shared passages"),
      el(
        "ul",
        { class: "passages", role: "list" },
        texts.passages.map((passage) =>
          el(
            "li",
            {},
            el("span", { class: "n" }, counted(passage.words, "word")),
            el("q", { dir: "auto" }, passage.text),
          ),
        ),
      ),
    ],
  );
}

// Rules with their conditions: the measured value, the threshold, and the margin between them.
function rulesTable(rules) {
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": "Rules" },
    el(
      "table",
      {},
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          ["Rule", "Measure", "Value", "Threshold", "Margin"].map((name) =>
            el("th", { scope: "col", title: meaningOf(name.toLowerCase()) }, name),
          ),
        ),
      ),
      rules.map((rule) =>
        el(
          "tbody",
          { class: rule.holds ? "holds" : "" },
          rule.conditions.map((one, at) =>
            el(
              "tr",
              { class: one.holds ? "" : "fails" },
              at === 0 &&
                el(
                  "th",
                  { scope: "rowgroup", rowspan: rule.conditions.length },
                  nameAsWords(rule.rule),
                ),
              el("td", {}, nameAsWords(one.measure)),
              el("td", { class: "n" }, number(one.value)),
              el("td", { class: "n" }, `${SIGNS[one.bound] ?? one.bound} ${number(one.threshold)}`),
              el(
                "td",
                { class: "n" },
                one.margin > 0 ? `+${number(one.margin)}` : number(one.margin),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

const SIGNS = { ">=": "≥", "<=": "≤" };

function similarSubject({ together, together_absent: absent }) {
  if (!together) {
    const reason = absent && el("p", { class: "note" }, `Not scored: ${absent}.`);
    return absent && el("section", {}, el("h3", {}, "Similar subject"), reason);
  }
  const { score, join } = together;
  return el(
    "section",
    {},
    el("h3", {}, "Similar subject"),
    el(
      "p",
      { class: "score" },
      bar(score, join),
      el("strong", {}, number(score)),
      score >= join
        ? ` similar enough: ${number(score - join)} above the threshold of ${number(join)}`
        : ` not similar enough: ${number(join - score)} below the threshold of ${number(join)}`,
    ),
    el(
      "ul",
      { class: "measures", role: "list" },
      together.channels.map(({ name, cosine }) =>
        el(
          "li",
          { title: meaningOf(name) },
          bar(cosine ?? 0),
          `${CHANNELS[name] ?? name}: ${cosine === undefined ? "no terms" : number(cosine)}`,
        ),
      ),
      el(
        "li",
        { title: meaningOf("time factor") },
        bar(together.time),
        `time factor: ${percent(together.time)}`,
      ),
    ),
    el(
      "div",
      { class: "halves" },
      terms("Shared terms", together.shared),
      terms("Terms in only one article", together.missing),
    ),
    el(
      "p",
      { class: "faint" },
      `Rare terms weigh more. Frequencies are from ${counted(together.frequencies_of, "article")}.`,
    ),
  );
}

const CHANNELS = { title: "headline", text: "headline and body", names: "names and numbers" };

function terms(title, list) {
  const largest = Math.max(...list.map((one) => one.share), 0.001);
  return el(
    "div",
    {},
    el("h4", {}, title),
    list.length === 0
      ? el("p", { class: "faint" }, "none")
      : el(
          "ol",
          { class: "terms", role: "list" },
          list.map(({ term, share }) =>
            el(
              "li",
              {},
              bar(share / largest),
              el("bdi", {}, term),
              el("span", { class: "n" }, number(share)),
            ),
          ),
        ),
  );
}
