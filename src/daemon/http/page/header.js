// The status in the header: connection, age of the last article, live articles and stories, lag.

import * as api from "./api.js";
import { el, setContent } from "./dom.js";
import { counted, duration, isUndated, timeOf } from "./format.js";
import { meaningOf } from "./words.js";

const STATES = {
  live: "Live",
  lost: "Disconnected",
  starting: "Connecting…",
};
const REDRAW_MS = 5_000;
const LONG_AGO = 86_400; // Seconds. The time of an older article is shown as a date.

export function header(root) {
  let state = "starting";
  let status;
  let readAt; // When `status` was read, by the browser's clock.
  let isStale = false; // Whether `status` is from before the connection was lost.
  const draw = () => {
    const shards = status?.shards ?? [];
    const sum = (of) => shards.reduce((total, shard) => total + of(shard), 0);
    const lag = sum((shard) => shard.inputs.reduce((total, input) => total + (input.lag ?? 0), 0));
    const age = Math.max(0, ...shards.map((shard) => shard.age_seconds ?? 0));
    const counts = [
      counted(
        sum((shard) => shard.view?.articles ?? 0),
        "article",
      ),
      " in ",
      counted(
        sum((shard) => shard.view?.stories ?? 0),
        "story",
        "stories",
      ),
    ];
    setContent(
      root,
      el("span", { class: `state ${state}` }, STATES[state]),
      isStale && el("span", { class: "behind" }, "showing the state of ", timeOf(status.time)),
      !isStale && status && lastArticle(shards),
      status && el("span", { class: "wide" }, counts),
      // For example: restoring, on standby, or the broker cannot be reached.
      status?.ready === false &&
        el("span", { class: "behind", title: status.why?.join("; ") }, "Not ready"),
      lag > 0 &&
        el(
          "span",
          { class: "behind" },
          `Lag: ${counted(lag, "record")}${age > 1 ? `, ${duration(age)}` : ""}`,
        ),
    );
  };

  // "Last article 4 min ago", by the daemon's clock.
  function lastArticle(shards) {
    const times = shards.map((shard) => shard.view?.last_article).filter(Boolean);
    const last = times.sort((a, b) => new Date(a) - new Date(b)).at(-1);
    if (!last) return el("span", {}, "No articles yet");
    if (isUndated(last)) return el("span", {}, "Articles without dates");
    const now = new Date(status.time).getTime() + performance.now() - readAt;
    const seconds = Math.max(0, (now - new Date(last)) / 1_000);
    const when = seconds > LONG_AGO ? timeOf(last, status.time) : ago(seconds);
    return el(
      "span",
      { class: "last-article", title: `${last}: ${meaningOf("last article")}` },
      "Last article ",
      when,
    );
  }

  draw();
  setInterval(draw, REDRAW_MS);
  return {
    // Shows the state of the connection. Returns whether it has changed.
    state(value) {
      if (state === value) return false;
      state = value;
      isStale = isStale || (value === "lost" && status !== undefined);
      draw();
      return true;
    },
    async refresh() {
      try {
        status = await api.status();
        [readAt, isStale] = [performance.now(), false];
        draw();
      } catch {
        // The connection state already shows the error.
      }
    },
  };
}

// Rounded down to whole minutes after the first minute, so that the text does not change every
// second.
const ago = (seconds) =>
  seconds < 60
    ? "just now"
    : `${duration(seconds < 3_600 ? seconds - (seconds % 60) : seconds)} ago`;
