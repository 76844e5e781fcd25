// The title of the tab: how much is to be acted on, so that a tab in the back shows it, then what is
// open.

let count = 0;
let name;

const show = () => {
  document.title = `${count > 0 ? `(${count}) ` : ""}${name ? `${name} – ` : ""}Wirefold`;
};

// What is open; nothing when it is the wire itself.
export function opened(now) {
  name = now;
  show();
}

export function waiting(now) {
  count = now;
  show();
}
