// Data stored in this browser: acknowledged items, stories already read, and the filters.
//
// Local storage may be full or disabled. The page then still works, but forgets this data on
// reload.

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
    // Storage is full or disabled. The value is kept in memory until the page is closed.
  }
}

// A stored map with at most `max` entries. The least recently written entries are dropped first.
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

// The number of articles that each story had when the user last opened it, by story id.
export const seenCounts = storedMap("seen", SEEN_MAX);

// Every story that began before this time counts as read. Set to `clock` on the first visit.
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
