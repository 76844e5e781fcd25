// Search over live headlines: as one types, newest first.

import { quietly } from "./dom.js";

const PAUSE_MS = 200;

// Ties the field to the stories pane, which shows what is found in place of the list.
export function searchBox(field, stories) {
  const ask = quietly(PAUSE_MS, () => stories.search(field.value.trim()));
  field.addEventListener("input", ask);
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
