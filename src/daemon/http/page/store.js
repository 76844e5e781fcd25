// What this browser remembers: what was acknowledged, what was seen, which filters are set.
//
// Local storage may be full or forbidden; the page then works all the same, and forgets.

const SEEN_MAX = 3_000;
const ACKNOWLEDGED_MAX = 3_000;

function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`wirefold.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(name, value) {
  try {
    localStorage.setItem(`wirefold.${name}`, JSON.stringify(value));
  } catch {
    // Full or forbidden: this visit still knows.
  }
}

// A map that keeps the entries written last.
function remembered(name, max) {
  const map = new Map(read(name, []));
  return {
    get: (key) => map.get(key),
    set(key, value) {
      map.delete(key);
      map.set(key, value);
      for (const oldest of map.keys()) {
        if (map.size <= max) break;
        map.delete(oldest);
      }
      write(name, [...map]);
    },
    remove(key) {
      map.delete(key);
      write(name, [...map]);
    },
  };
}

export const acknowledged = remembered("acknowledged", ACKNOWLEDGED_MAX);

// By story: how many articles it had and what the wire's clock said when it was last looked at.
export const seen = remembered("seen", SEEN_MAX);

// What arrived before the first visit is not news to anybody.
export function since(clock) {
  const first = read("since", undefined) ?? clock;
  if (first) write("since", first);
  return first;
}

// Everything that has arrived by now counts as seen.
export const seenAll = (clock) => write("since", clock);

export const filters = {
  read: () => read("filters", {}),
  write: (value) => write("filters", value),
};
