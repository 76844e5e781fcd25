// The title of the tab: "(3) Ferry strikes reef – Wirefold". The number of open queue items comes
// first, so that it is visible in a background tab. It is followed by the title of the open view.

let pending = 0;
let openTitle;

const update = () => {
  const count = pending > 0 ? `(${pending}) ` : "";
  document.title = `${count}${openTitle ? `${openTitle} – ` : ""}Wirefold`;
};

// Sets the title of the open view. Without an argument, no view is open.
export function setOpenTitle(title) {
  openTitle = title;
  update();
}

export function setPendingCount(count) {
  pending = count;
  update();
}
