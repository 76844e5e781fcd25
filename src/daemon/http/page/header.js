// The status in the header: connection, wire clock, live articles and stories, lag.

import * as api from "./api.js";
import { el, setContent } from "./dom.js";
import { counted, duration, timeOf, timeZoneName } from "./format.js";

const STATES = {
  live: "Live",
  lost: "Reconnecting…",
  starting: "Connecting…",
};

export function header(root) {
  let state = "starting";
  let clock;
  let status;
  const draw = () => {
    const shards = status?.shards ?? [];
    const sum = (of) => shards.reduce((total, shard) => total + of(shard), 0);
    const lag = sum((shard) => shard.inputs.reduce((total, input) => total + (input.lag ?? 0), 0));
    // The wire clock only advances when records arrive: show how long the wire has been quiet.
    const quiet = clock && status ? (new Date(status.time) - new Date(clock)) / 1_000 : 0;
    const age = Math.max(0, ...shards.map((shard) => shard.age_seconds ?? 0));
    setContent(
      root,
      el("span", { class: `state ${state}` }, STATES[state]),
      clock &&
        el(
          "span",
          { class: "clock", title: "Wire clock: the time of the newest record read" },
          timeOf(clock),
          ` ${timeZoneName()}`,
          quiet > 60 && `, ${duration(quiet)} ago`,
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
      // For example: restoring, on standby, or the broker cannot be reached.
      status && !status.ready && el("span", { class: "behind" }, "Not ready"),
      lag > 0 &&
        el(
          "span",
          { class: "behind" },
          `Lag: ${counted(lag, "record")}${age > 1 ? `, ${duration(age)}` : ""}`,
        ),
    );
  };
  draw();
  return {
    state(value) {
      if (state === value) return;
      state = value;
      draw();
    },
    clock(value) {
      clock = value ?? clock;
      draw();
    },
    async refresh() {
      try {
        status = await api.status();
        draw();
      } catch {
        // The connection state already shows the problem.
      }
    },
  };
}
