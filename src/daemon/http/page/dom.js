// Helpers that create elements, and the only code that turns text into page content.
//
// Article text is untrusted. It always becomes a text node, never markup: no module of this page
// assigns HTML from a string, and a test checks the sources for this. Attributes are set by name,
// and all links lead to fragments built by this page.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  append(node, children);
  return node;
}

// Appends nodes and text; skips undefined, null and false. Nested arrays are flattened.
export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

// Creates an element: el("p", { class: "note", on: { click } }, "text", child).
export const el = (name, attributes = {}, ...children) =>
  fill(document.createElement(name), attributes, children);

// Does the same for SVG elements.
export const svg = (name, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, name), attributes, children);

// Text from an article, isolated from its surroundings because it has its own language and
// direction.
export const isolated = (text, language, name = "bdi", attributes = {}) =>
  el(name, { dir: "auto", lang: language, ...attributes }, text);

// Replaces the children of a node.
export function setContent(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

// Returns a function that updates the rows of a list to match its items. An item keeps its row
// element from one update to the next, so focus, text selection and expanded rows survive.
// `makeRow(item)` returns `{ node, update }`: the row's element and a function that updates it.
export function keyedList(parent, keyOf, makeRow) {
  const rows = new Map();
  return (items) => {
    const focused = parent.contains(document.activeElement) ? document.activeElement : undefined;
    const wanted = new Set(items.map(keyOf));
    for (const [key, row] of rows) {
      if (wanted.has(key)) continue;
      row.node.remove();
      rows.delete(key);
    }
    let position = parent.firstChild;
    for (const item of items) {
      const key = keyOf(item);
      if (!rows.has(key)) rows.set(key, makeRow(item));
      const row = rows.get(key);
      row.update(item);
      if (row.node === position) position = position.nextSibling;
      else parent.insertBefore(row.node, position);
    }
    // Moving a row removes the focus from it.
    if (focused && focused !== document.activeElement && parent.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  };
}

// Makes whole rows clickable: a click anywhere on `row`, except on a control, clicks its `target`.
// Selecting text in a row does not click the target.
export function clickableRows(list, row, target) {
  list.addEventListener("click", (event) => {
    const found = event.target.closest(row);
    if (!found || event.target.closest("a, button") || !getSelection().isCollapsed) return;
    const { ctrlKey, metaKey, shiftKey } = event; // These open a new tab or window.
    const options = { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey };
    found.querySelector(target).dispatchEvent(new MouseEvent("click", options));
  });
}

// Delays `action` until `ms` have passed without another call.
export function debounce(ms, action) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), ms);
  };
}
