// The running story that a story belongs to: all stages in the order in which they began, with what
// each of them added. Stages that are no longer live are named as such.

import { clickableRows, el, isolated, setContent } from "./dom.js";
import { counted, number, timeOf } from "./format.js";
import { meaningOf } from "./words.js";

const OPEN_MAX = 8; // A running story with more stages is closed until the user opens it.

export function sagaSection() {
  const title = el("h3", { id: "saga-title", title: meaningOf("running story") });
  const list = el("ol", { class: "stages", role: "list", "aria-labelledby": "saga-title" });
  clickableRows(list, "li:not(.gone)", ".headline");
  const [before, after] = [el("p", { class: "faint" }), el("p", { class: "faint" })];
  const node = el(
    "details",
    { class: "saga", hidden: true },
    el("summary", {}, title),
    before,
    list,
    after,
  );
  let drawn;
  let ids = new Set();
  return {
    node,
    has: (id) => ids.has(id),
    update(saga, currentId, clock) {
      const state = JSON.stringify([saga, currentId]);
      if (state === drawn) return;
      ids = new Set(saga?.stages.map((stage) => stage.id));
      if (saga && node.hidden) node.open = saga.stages.length <= OPEN_MAX;
      node.hidden = saga === undefined;
      if (saga) draw(saga, currentId, clock);
      drawn = state;
    },
  };

  function draw({ stages, earlier, later, complete }, currentId, clock) {
    const total = earlier + stages.length + later;
    const count = complete ? counted(total, "stage") : `more than ${number(total)} stages`;
    setContent(title, "Running story ", el("span", { class: "count" }, count));
    setContent(before, earlier > 0 && `${counted(earlier, "earlier stage")} not shown`);
    setContent(after, later > 0 && `${counted(later, "later stage")} not shown`);
    const focused = list.contains(document.activeElement) && document.activeElement.hash;
    setContent(list, ...stages.map((stage) => stageRow(stage, stage.id === currentId, clock)));
    if (focused) list.querySelector(`a[href="${focused}"]`)?.focus({ preventScroll: true });
  }
}

function stageRow(stage, current, clock) {
  if (stage.gone) {
    return el(
      "li",
      { class: "gone" },
      el("p", { class: "meta" }, `story ${stage.id}: its last article has left the window`),
    );
  }
  const { added } = stage;
  return el(
    "li",
    { class: current && "current" },
    el(
      "a",
      {
        class: "headline",
        href: `#/story/${stage.id}`,
        dir: "auto",
        lang: stage.language,
        "aria-current": current && "true",
      },
      stage.headline || "(no headline)",
    ),
    el(
      "p",
      { class: "meta" },
      current && el("strong", {}, "this story"),
      el("span", {}, timeOf(stage.first_seen, clock, false)),
      stage.size > 1 && el("span", {}, "latest ", timeOf(stage.last_seen, clock, false)),
      el("span", {}, counted(stage.size, "article")),
      el("span", {}, counted(stage.publishers, "independent publisher")),
    ),
    added.sentence && isolated(added.sentence, stage.language, "p"),
    newNames([...added.names, ...added.places, ...added.subjects], stage.language),
  );
}

const newNames = (names, language) =>
  names.length > 0 &&
  el(
    "p",
    { class: "meta" },
    el("span", { class: "fresh" }, "new:"),
    names.map((name) => isolated(name, language)),
  );
