// What this browser remembers: acknowledged items, stories already read, and the filters.
//
// Local storage may be full or disabled. The page then still works, but forgets on reload.

const SEEN_MAX = 3_000;
const ACKNOWLEDGED_MAX = 3_000;

function read(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(`wirefold.${name}`)) ?? fallback;
  } catch {
    return fallback;
  }
}

function write(name, value) {
  try {
    localStorage.setItem(`wirefold.${name}`, JSON.stringify(value));
  } catch {
    // Full or disabled: the value is kept in memory for this visit.
  }
}

// A stored map with at most `max` entries; the least recently written are dropped first.
function storedMap(name, max) {
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

// The queue items the user acknowledged, by key.
export const acknowledged = storedMap("acknowledged", ACKNOWLEDGED_MAX);

// Number of articles each story had when the user last opened it, by story id.
export const seenCounts = storedMap("seen", SEEN_MAX);

// The time up to which every story counts as read. Set to `clock` on the first visit.
export function readUntil(clock) {
  const time = read("since", undefined) ?? clock;
  if (time) write("since", time);
  return time;
}

export const setReadUntil = (clock) => write("since", clock);

export const savedFilters = {
  read: () => read("filters", {}),
  write: (value) => write("filters", value),
};
