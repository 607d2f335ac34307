// Another page of a list was chosen below it: its first entry comes into sight.

const SPACE = "140px"; // for what stays on top of the window
const shown = new WeakMap(); // mount -> page

export default function ({ parentElement: root, data }) {
  const mount = root.querySelector(".mount");
  if (shown.has(mount) && shown.get(mount) !== data.page) {
    const top = document.querySelector(`.st-key-${data.pages}`);
    if (top && top.getBoundingClientRect().top < 0) {
      top.style.scrollMarginTop = SPACE;
      top.scrollIntoView({ block: "start" });
    }
  }
  shown.set(mount, data.page);
}
