// Why two articles are, or are not, together: by their text, rule by rule with the margins, and by
// their subject, term by term.

import * as api from "./api.js";
import { pairHead } from "./compare.js";
import { el, show } from "./dom.js";
import { bar } from "./evidence.js";
import { counted, figure, percent, words } from "./say.js";
import { opened } from "./title.js";

export function whyView(root, a, b) {
  const status = el("p", { class: "note", role: "status" }, "Weighing …");
  const page = el("div", { class: "why-view" });
  root.append(page, status);
  (async () => {
    try {
      const why = await api.why(a, b);
      opened("Why together");
      show(status);
      show(page, pairHead(why, "why"), verdict(why), byText(why), bySubject(why));
    } catch (problem) {
      show(page, el("a", { class: "up", href: "#/" }, "All stories"));
      show(status, `The two cannot be weighed: ${problem.message}.`);
    }
  })();
  return { close: () => opened() };
}

function verdict({ same_story: same, direct, texts, together }) {
  const said = [same ? "They are in one story" : "They are not in one story"];
  const kind = direct ?? texts?.by_text;
  if (direct)
    said.push(
      `: the later one is ${article(direct.kind)} of the earlier, by the rule “${words(direct.rule)}”.`,
    );
  else if (kind && kind.kind !== "original")
    said.push(`; compared alone, the later one is ${article(kind.kind)} of the earlier.`);
  else if (together && together.score >= together.join)
    said.push(": each tells it in its own words, and the subject is near enough.");
  else if (same)
    said.push(": not by these two alone, but by what both share with its other articles.");
  else said.push(".");
  return el("p", { class: "verdict" }, said);
}

const article = (kind) => (/^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`);

function byText({ texts }) {
  if (!texts) return undefined;
  // Rules are asked in order, and the first one that holds decides.
  const decided = texts.rules.filter((rule) => rule.holds).slice(0, 1);
  const others = texts.rules.filter((rule) => !decided.includes(rule));
  return el(
    "section",
    {},
    el("h3", {}, "By text"),
    el(
      "p",
      { class: "faint" },
      `${counted(texts.hamming, "bit")} of SimHash differ · ${counted(texts.shared_samples, "sample")} shared`,
    ),
    decided.length > 0 ? table(decided) : el("p", {}, "No rule of text holds."),
    others.length > 0 &&
      el(
        "details",
        {},
        el("summary", {}, `${counted(others.length, "other rule")}, with their margins`),
        table(others),
      ),
    texts.passages.length > 0 && [
      el("h4", {}, "Passages in both"),
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

// Rules with their conditions: what was measured, what was asked, and the margin between.
function table(rules) {
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
          ["rule", "measure", "value", "asked", "margin"].map((name) =>
            el("th", { scope: "col" }, name),
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
                el("th", { scope: "rowgroup", rowspan: rule.conditions.length }, words(rule.rule)),
              el("td", {}, words(one.measure)),
              el("td", { class: "n" }, figure(one.value)),
              el("td", { class: "n" }, `${SIGNS[one.bound] ?? one.bound} ${figure(one.threshold)}`),
              el(
                "td",
                { class: "n" },
                one.margin > 0 ? `+${figure(one.margin)}` : figure(one.margin),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

const SIGNS = { ">=": "≥", "<=": "≤" };

function bySubject({ together, together_absent: absent }) {
  if (!together) {
    const why = absent && el("p", { class: "note" }, `Not scored: ${absent}.`);
    return absent && el("section", {}, el("h3", {}, "By subject"), why);
  }
  const { score, join } = together;
  return el(
    "section",
    {},
    el("h3", {}, "By subject"),
    el(
      "p",
      { class: "score" },
      bar(score, join),
      el("strong", {}, figure(score)),
      ` where ${figure(join)} joins: `,
      score >= join
        ? `near enough, by ${figure(score - join)}`
        : `not near enough, by ${figure(join - score)}`,
    ),
    el(
      "ul",
      { class: "measures", role: "list" },
      together.channels.map(({ name, cosine }) =>
        el(
          "li",
          {},
          bar(cosine ?? 0),
          `${NAMES[name] ?? name}: ${cosine === undefined ? "says nothing" : figure(cosine)}`,
        ),
      ),
      el("li", {}, bar(together.time), `what time leaves of it: ${percent(together.time)}`),
    ),
    el(
      "div",
      { class: "halves" },
      terms("Terms in both", together.shared),
      terms("Terms of one alone", together.missing),
    ),
    el(
      "p",
      { class: "faint" },
      `A term weighs the more the rarer it is, here among ${counted(together.frequencies_of, "article")}.`,
    ),
  );
}

const NAMES = { title: "headline", text: "headline and body", names: "names and numbers" };

function terms(title, list) {
  const most = Math.max(...list.map((one) => one.share), 0.001);
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
              bar(share / most),
              el("bdi", {}, term),
              el("span", { class: "n" }, figure(share)),
            ),
          ),
        ),
  );
}
