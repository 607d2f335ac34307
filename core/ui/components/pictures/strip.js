// A strip of thumbnails in a line or several: stretched to both edges by a slight crop, the rest one press away.
// No library. Names enter through textContent and attributes alone.

const GAP = 8;
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const NARROW = 560; // pixels of a telephone, where three lines are enough
const USUAL = 1.2; // width over height until a picture is there

class Strip {
  constructor(root) {
    this.first = 0;
    this.list = make("div", "lines");
    this.list.setAttribute("role", "list");
    root.replaceChildren(this.list);
    this.list.addEventListener("keydown", (event) => walk(event, this.list, STEPS));
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(root);
  }

  close() {
    this.resizing.disconnect();
  }

  take(data, trigger) {
    const other = JSON.stringify(data) !== this.said;
    this.trigger = trigger;
    if (!other) return;
    this.said = JSON.stringify(data);
    const addresses = (of) => JSON.stringify(of?.rows.map((row) => row.thumbnail));
    if (addresses(data) !== addresses(this.data)) this.first = 0; // other pictures, not another mark
    this.data = data;
    this.drawn = null;
    this.list.style.setProperty("--height", `${data.height}px`);
    this.list.setAttribute("aria-label", data.label);
    this.list.classList.toggle("whole", data.whole);
    this.draw();
  }

  draw() {
    const width = this.list.clientWidth;
    if (!this.data || !width) return;
    const { rows, total, height, lines } = this.data;
    const across = Math.max(1, Math.floor((width + GAP) / (height * 0.9 + GAP)));
    const most = width < NARROW ? Math.min(3, lines) : Math.max(1, lines);
    const room = across * most;
    const said = `${this.first} ${room}`;
    if (said === this.drawn) return;
    this.drawn = said;
    const left = total - this.first;
    const shown = rows.slice(this.first, this.first + (left > room ? Math.max(1, room - 1) : room));
    // As many a line as the next, so that the last is no stump.
    const used = Math.min(most, Math.ceil(Math.min(left, room) / across));
    const each = Math.ceil((shown.length + (left > shown.length || this.first > 0)) / used);
    this.list.replaceChildren();
    for (let at = 0; at < shown.length; at += each) {
      this.line = make("div", "strip", this.list);
      this.line.append(...shown.slice(at, at + each).map((row, n) => this.cell(row, at + n)));
    }
    const rest = total - this.first - shown.length;
    const next = this.first + shown.length < rows.length ? this.first + shown.length : 0;
    if (rest > 0 || this.first > 0) {
      const text = rest > 0 ? `${rest.toLocaleString("en")} more` : "From the start";
      this.addMore(text, rest > 0 && next === 0 ? null : next);
    }
  }

  cell(row, number) {
    const item = make("div", "item");
    item.setAttribute("role", "listitem");
    const button = make("button", `cell ${row.state || ""}`, item);
    button.type = "button";
    button.title = row.about ? `${row.name}\n${row.about}` : row.name;
    // Names what can be seen, too: people say to a voice control what they read.
    button.setAttribute("aria-label", row.pages ? `${row.name} ${row.pages}` : row.name);
    button.tabIndex = number === 0 ? 0 : -1;
    button.addEventListener("click", () => this.trigger("opened", this.first + number));
    if (!row.thumbnail) {
      make("span", "plate", button, row.name);
      return item;
    }
    const image = make("img", "", button);
    image.alt = "";
    image.decoding = "async";
    image.addEventListener("load", () => {
      const shape = image.naturalWidth / image.naturalHeight;
      item.style.flexGrow = Math.min(2.2, Math.max(0.6, shape));
      // A few pages alone in a line would be slits; narrower than this no full line is filled.
      item.style.maxWidth = `calc(var(--height) * ${Math.max(0.95, Math.min(2.2, shape) * 1.5)})`;
    });
    image.addEventListener("error", () => {
      image.remove();
      make("span", "plate", button, row.name);
    });
    if (row.pages) {
      const note = make("span", "note", button);
      make("b", "", note, row.name);
      note.append(" ");
      make("span", "", note, row.pages);
    }
    item.style.flexGrow = USUAL;
    image.src = row.thumbnail;
    return item;
  }

  addMore(text, next) {
    const item = make("div", "item more", this.line);
    item.setAttribute("role", "listitem");
    if (next === null) {
      make("span", "rest", item, text);
      return;
    }
    const button = make("button", "rest", item, text);
    button.type = "button";
    button.addEventListener("click", () => {
      this.first = next;
      this.draw();
      this.list.querySelector("button")?.focus();
    });
  }
}

const strips = new WeakMap();

export default function ({ parentElement: root, data, setTriggerValue }) {
  const mount = root.querySelector(".mount");
  if (!strips.has(mount)) strips.set(mount, new Strip(mount));
  strips.get(mount).take(data, setTriggerValue);
  return () => {
    strips.get(mount)?.close();
    strips.delete(mount);
  };
}
