// The search field: searches live headlines while the user types.

import { debounce } from "./dom.js";

const PAUSE_MS = 200;

// Connects the field to the stories pane, which shows the results in place of the stories.
export function searchBox(field, stories) {
  const searchSoon = debounce(PAUSE_MS, () => stories.search(field.value.trim()));
  field.addEventListener("input", searchSoon);
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    stories.search(field.value.trim());
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      field.value = "";
      stories.search("");
      field.blur();
    }
    if (event.key === "ArrowDown") {
      event.preventDefault();
      stories.focus();
    }
  });
}
