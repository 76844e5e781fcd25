// Elements, and the one place where text becomes part of the page.
//
// Article text comes from strangers. Here it becomes a text node, never markup: no module of this
// page assigns HTML from a string, and a test reads the sources for that. Attributes are set by
// name, and an address is only ever a fragment that we made.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, hear] of Object.entries(value)) node.addEventListener(event, hear);
    } else {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  put(node, children);
  return node;
}

// Adds nodes and text; what is absent (undefined, null, false) adds nothing.
export function put(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

// An element: el("p", { class: "note", on: { click } }, "text", child).
export const el = (name, attributes = {}, ...children) =>
  fill(document.createElement(name), attributes, children);

// The same in SVG.
export const svg = (name, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, name), attributes, children);

// Text of others, in its own language and direction.
export const foreign = (text, language, name = "bdi", attributes = {}) =>
  el(name, { dir: "auto", lang: language, ...attributes }, text);

// Replaces what a node holds.
export function show(node, ...children) {
  node.replaceChildren();
  return put(node, children);
}

// A list that is kept in step with its items: rows stay the same elements while their item lives,
// so that focus, selection and what is unfolded outlive an update. `make(item)` gives the row's
// node and how to bring it up to date.
export function keyed(parent, key, make) {
  const rows = new Map();
  return (items) => {
    const held = parent.contains(document.activeElement) ? document.activeElement : undefined;
    const wanted = new Set(items.map(key));
    for (const [name, row] of rows) {
      if (wanted.has(name)) continue;
      row.node.remove();
      rows.delete(name);
    }
    let place = parent.firstChild;
    for (const item of items) {
      const name = key(item);
      if (!rows.has(name)) rows.set(name, make(item));
      const row = rows.get(name);
      row.update(item);
      if (row.node === place) place = place.nextSibling;
      else parent.insertBefore(row.node, place);
    }
    // A row that was moved has lost the focus on the way.
    if (held && held !== document.activeElement && parent.contains(held)) {
      held.focus({ preventScroll: true });
    }
  };
}

// Runs `act` once things have been quiet for `ms`.
export function quietly(ms, act) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), ms);
  };
}
