// Receives changes from the daemon as server-sent events.
//
// The browser reconnects automatically and sends the id of the last event it received, so that the
// daemon sends what was missed. If the daemon is restarting or has too many clients, it sends an
// error response, and the browser gives up. This module then reconnects, with increasing delays.

import { BASE } from "./api.js";

const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;

// Follows `/changes`. `handlers` has three functions: `changed(change)`; `reset()`, called when
// everything must be read again; and `state("live" | "lost")`.
export function followChanges(handlers) {
  let source;
  let delay = RETRY_MS;
  let greeted = false;
  const data = (event) => JSON.parse(event.data);
  const listeners = {
    open() {
      delay = RETRY_MS;
      handlers.state("live");
    },
    hello() {
      // A new connection does not resume where the previous one ended.
      if (greeted) handlers.reset();
      greeted = true;
    },
    changed: (event) => handlers.changed(data(event)),
    reset: () => handlers.reset(),
    error() {
      handlers.state("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(open, delay);
      delay = Math.min(delay * 2, RETRY_MS_MAX);
    },
  };
  function open() {
    source?.close();
    source = new EventSource(`${BASE}/changes`);
    for (const [name, listener] of Object.entries(listeners)) {
      source.addEventListener(name, listener);
    }
  }
  open();
  addEventListener("pagehide", () => source.close());
  // A page restored from the back/forward cache has missed changes.
  addEventListener("pageshow", (event) => event.persisted && open());
}
