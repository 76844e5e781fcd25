// What changed, as it changes: server-sent events.
//
// The browser reconnects by itself and sends the id of the last event it heard, so that what changed
// meanwhile comes first. It gives up for good when the answer is an error (the daemon restarts, the
// bound of clients is reached); then this tries again, ever less often.

const REST_MS = 1_000;
const REST_MS_MAX = 30_000;

// Follows `/changes`. `hear` gets `clock(moment)`, `changed(change)`, `reset()` when everything must
// be read anew, and `state("live" | "lost")`.
export function follow(hear) {
  let source;
  let rest = REST_MS;
  let known = false;
  const said = (event) => JSON.parse(event.data);
  const heard = {
    open() {
      rest = REST_MS;
      hear.state("live");
    },
    hello(event) {
      hear.clock(said(event).clock);
      // A new connection knows nothing of the old one's place.
      if (known) hear.reset();
      known = true;
    },
    changed: (event) => hear.changed(said(event)),
    reset: () => hear.reset(),
    error() {
      hear.state("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(open, rest);
      rest = Math.min(rest * 2, REST_MS_MAX);
    },
  };
  function open() {
    source?.close();
    source = new EventSource("/api/v1/changes");
    for (const [name, act] of Object.entries(heard)) source.addEventListener(name, act);
  }
  open();
  addEventListener("pagehide", () => source.close());
  // A page that the browser kept in its cache has missed what happened meanwhile.
  addEventListener("pageshow", (event) => event.persisted && open());
}
