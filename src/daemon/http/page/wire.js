// The top line: whether the page is live, what the wire's clock says, how far behind the daemon is.

import * as api from "./api.js";
import { el, show } from "./dom.js";
import { counted, span, time, zoneName } from "./say.js";

const STATES = {
  live: "live",
  lost: "reconnecting",
  starting: "connecting",
};

export function wire(root) {
  let state = "starting";
  let clock;
  let status;
  const draw = () => {
    const shards = status?.shards ?? [];
    const sum = (of) => shards.reduce((total, shard) => total + of(shard), 0);
    const behind = sum((shard) => shard.inputs.reduce((lag, input) => lag + (input.lag ?? 0), 0));
    // On a quiet wire its clock stands: the page says since when.
    const still = clock && status ? (new Date(status.time) - new Date(clock)) / 1_000 : 0;
    const age = Math.max(0, ...shards.map((shard) => shard.age_seconds ?? 0));
    show(
      root,
      el("span", { class: `state ${state}` }, STATES[state]),
      clock &&
        el(
          "span",
          { class: "clock", title: "the clock of the wire: the newest record read" },
          time(clock),
          ` ${zoneName()}`,
          still > 60 && `, ${span(still)} ago`,
        ),
      status &&
        el(
          "span",
          { class: "wide" },
          counted(
            sum((shard) => shard.live_articles),
            "article",
          ),
          " in ",
          counted(
            sum((shard) => shard.live_stories),
            "story",
            "stories",
          ),
        ),
      // A restore, a stand-by, a broker that is away: whatever is not plain running is said.
      status && !status.ready && el("span", { class: "behind" }, "not ready"),
      behind > 0 &&
        el(
          "span",
          { class: "behind" },
          `${counted(behind, "record")} behind${age > 1 ? `, ${span(age)}` : ""}`,
        ),
    );
  };
  draw();
  return {
    state(now) {
      if (state === now) return;
      state = now;
      draw();
    },
    clock(now) {
      clock = now ?? clock;
      draw();
    },
    async refresh() {
      try {
        status = await api.status();
        draw();
      } catch {
        // The state of the stream says it already.
      }
    },
  };
}
