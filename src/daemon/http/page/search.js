// The search field, which searches live headlines while the user types. The URL contains the words.

import { readAddress, writeAddress } from "./address.js";
import { debounce } from "./dom.js";

const PAUSE_MS = 200;

// Connects the field to the stories pane, which shows the results in place of the stories.
// `onSearch()` is called when the user searches, because the results must then be visible.
export function searchBox(field, stories, onSearch) {
  const search = (words) => {
    writeAddress({ q: words });
    document.body.toggleAttribute("data-searching", words !== "");
    stories.search(words);
  };
  const searchField = () => {
    const words = field.value.trim();
    if (words !== "") onSearch();
    search(words);
  };
  const clear = () => {
    field.value = "";
    search("");
  };
  field.addEventListener("input", debounce(PAUSE_MS, searchField));
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    searchField();
    stories.focusResults();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      clear();
      field.blur();
    }
    if (event.key === "ArrowDown") {
      event.preventDefault();
      stories.focus();
    }
  });
  // Searches for the words in the URL.
  const followAddress = () => {
    field.value = readAddress().q ?? "";
    search(field.value.trim());
  };
  followAddress();
  return { clear, followAddress };
}
