// Delays updates of a list while the user is using it, so that rows do not move while someone
// points at them or moves through them with the keyboard.

const BUSY_MS = 3_000;

// Returns a version of `draw` that waits until `list` has received no input for `BUSY_MS`.
export function holdWhileBusy(list, draw) {
  let lastInput = Number.NEGATIVE_INFINITY;
  let timer;
  for (const event of ["pointermove", "keydown", "wheel", "touchmove"]) {
    list.addEventListener(event, () => (lastInput = performance.now()), { passive: true });
  }
  return function drawWhenIdle() {
    clearTimeout(timer);
    const wait = lastInput + BUSY_MS - performance.now();
    if (wait > 0 && list.matches(":hover, :focus-within")) timer = setTimeout(drawWhenIdle, wait);
    else draw();
  };
}
