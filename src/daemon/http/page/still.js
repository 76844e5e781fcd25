// A list that jumps while one reads it is of no use: while the pointer moves over it or keys are
// pressed in it, it keeps still, and catches up a moment later.

const STILL_MS = 3_000;

// `draw`, put off for as long as somebody is busy in `list`.
export function still(list, draw) {
  let touched = Number.NEGATIVE_INFINITY;
  let waiting;
  for (const event of ["pointermove", "keydown", "wheel", "touchmove"]) {
    list.addEventListener(event, () => (touched = performance.now()), { passive: true });
  }
  return function calmly() {
    clearTimeout(waiting);
    const rest = touched + STILL_MS - performance.now();
    if (rest > 0 && list.matches(":hover, :focus-within")) waiting = setTimeout(calmly, rest);
    else draw();
  };
}
