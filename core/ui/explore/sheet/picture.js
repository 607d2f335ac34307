// One picture with its shapes, or the rows of what was found on it; the two know of each other by
// events. No library. Text from outside enters through textContent and attributes alone.

const POINTED = "contact-sheet-pointed"; // {detail: shape numbers}; none when nothing is pointed at
const LARGEST = 2; // times its own size
const NAMED = new Set(["object", "landmark", "product", "logo", "face"]);

class Stage {
  constructor(root) {
    this.box = make("div", "stage");
    this.picture = make("div", "picture", this.box);
    this.foot = make("div", "foot");
    this.bar = make("div", "marking");
    this.marker = new Marker();
    this.outcome = ""; // of what was asked for last: undone, or why it failed
    root.replaceChildren(this.box, this.bar, this.foot);
    this.onMarkKey = (event) => {
      this.passEscape(event);
      this.markByKey(event);
    };
    window.addEventListener("keydown", this.onMarkKey);
    this.point = (event) => this.pointAt(event.detail);
    window.addEventListener(POINTED, this.point);
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(this.box);
  }

  close() {
    window.removeEventListener(POINTED, this.point);
    window.removeEventListener("keydown", this.onMarkKey);
    this.resizing.disconnect();
  }

  take(data) {
    const other = data.large !== this.data?.large;
    this.data = data;
    if (other) {
      this.load();
      this.outcome = "";
    }
    this.drawShapes();
    this.drawPalette();
    redraw(this.bar, () => this.drawMarking(!other));
    this.fit();
  }

  // ``same`` is whether a note that is being written is of this picture.
  drawMarking(same) {
    const { marking } = this.data;
    const noting = same && this.bar.querySelector(".noting");
    this.bar.replaceChildren();
    if (!marking) return;
    for (const [key, mark] of [["1", "keep"], ["2", "flag"], ["3", "reject"]]) {
      const button = make("button", mark, this.bar, `${SIGNS[mark]} ${MARK_NAMES[mark]}`);
      button.type = "button";
      button.setAttribute("aria-pressed", marking.mark === mark);
      make("kbd", "", button, key);
      button.addEventListener("click", () => this.give(marking.mark === mark ? "" : mark));
    }
    const note = make("button", "to-note", this.bar, "Note");
    note.type = "button";
    make("kbd", "", note, "N");
    note.addEventListener("click", () => this.giveNote());
    const undo = make("button", "", this.bar, "Undo");
    undo.type = "button";
    make("kbd", "", undo, "U");
    undo.addEventListener("click", () => this.keep({ undo: true }));
    make("span", "said", this.bar, marking.said);
    const status = make("span", this.failed ? "status failed" : "status", this.bar, this.outcome);
    status.setAttribute("role", "status");
    if (noting) this.bar.append(noting);
  }

  give(mark) {
    this.keep({ places: [this.data.marking.place], mark });
  }

  giveNote() {
    const { place, said } = this.data.marking;
    const back = () => this.bar.querySelector(".to-note")?.focus();
    askForNote(this.bar, said, (note) => this.keep({ place, note }), back);
  }

  async keep(body) {
    const { marking } = this.data;
    let outcome = "";
    let failed = false;
    try {
      const said = await this.marker.send(marking.base, marking.view, body);
      if (body.undo) outcome = sayUndone(said);
      if (said && said[marking.place]) Object.assign(marking, said[marking.place]);
    } catch (error) {
      outcome = error.message;
      failed = true;
    }
    if (!outcome && this.data.marking !== marking) return; // another picture is shown by now
    Object.assign(this, { outcome, failed });
    redraw(this.bar, () => this.drawMarking(true));
  }

  // A button that has the focus and is disabled (there is no next picture) drops it to the page,
  // where the dialog hears nothing of Escape.
  passEscape(event) {
    if (!event.isTrusted || event.key !== "Escape" || document.activeElement !== document.body) return;
    dialogAround(this.box)?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  }

  markByKey(event) {
    const { marking } = this.data || {};
    if (!marking || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    if (target.closest?.("input, textarea, select, [contenteditable]")) return;
    const key = event.key.toLowerCase();
    if (key in BY_KEY) this.give(BY_KEY[key]);
    else if (key === "n") this.giveNote();
    else if (key === "u") this.keep({ undo: true });
    else return;
    event.preventDefault();
  }

  load() {
    const { data } = this;
    this.picture.replaceChildren();
    this.natural = null;
    this.box.style.setProperty("--proportions", data.size.join(" / "));
    const small = make("img", "small", this.picture);
    small.alt = "";
    small.src = data.thumbnail;
    const large = make("img", "large", this.picture);
    large.alt = data.name;
    large.addEventListener("load", () => {
      this.natural = [large.naturalWidth, large.naturalHeight];
      small.remove();
      this.fit();
    });
    large.addEventListener("error", () => { large.hidden = true; });
    large.src = data.large;
    this.svg = null;
  }

  // As large as there is room, and never more than twice its own size.
  fit() {
    const { clientWidth: width, clientHeight: height } = this.box;
    if (!this.data || !width) return;
    const [w, h] = this.natural || this.data.size;
    const most = this.natural ? LARGEST : Infinity;
    const scale = Math.min(width / w, height / h, most);
    this.picture.style.width = `${Math.round(w * scale)}px`;
    this.picture.style.height = `${Math.round(h * scale)}px`;
  }

  drawShapes() {
    const { shapes, kinds, names, colors, size } = this.data;
    this.svg?.remove();
    for (const plate of this.picture.querySelectorAll(".plate")) plate.remove();
    const view = { viewBox: `0 0 ${size[0]} ${size[1]}`, preserveAspectRatio: "none", "aria-hidden": "true" };
    this.svg = makeSvg("svg", view, this.picture);
    for (const { number, kind, name, score, path, point } of shapes) {
      if (!kinds.includes(kind)) continue;
      const group = makeSvg("g", { class: `shape ${kind}`, "data-number": number }, this.svg);
      if (point) {
        const [cx, cy] = point;
        makeSvg("circle", { class: "dot", cx, cy, r: size[0] / 220 }, group).style.fill = colors[kind];
        continue;
      }
      makeSvg("path", { class: `edge ${kind}`, d: path }, group);
      makeSvg("path", { class: `line ${kind}`, d: path }, group).style.stroke = colors[kind];
      if (names && NAMED.has(kind) && name) this.plate(number, name, score, path, colors[kind]);
    }
  }

  plate(number, name, score, path, color) {
    const corners = path.match(/-?[\d.]+ -?[\d.]+/g).map((pair) => pair.split(" ").map(Number));
    const left = Math.max(0, Math.min(...corners.map(([x]) => x)));
    const top = Math.max(0, Math.min(...corners.map(([, y]) => y)));
    const plate = make("span", "plate", this.picture, score === null ? name : `${name} ${score.toFixed(2)}`);
    plate.dataset.number = number;
    plate.style.left = `${(100 * left) / this.data.size[0]}%`;
    plate.style.top = `${(100 * top) / this.data.size[1]}%`;
    plate.style.background = color;
  }

  drawPalette() {
    this.foot.replaceChildren();
    const { palette } = this.data;
    if (!palette.length) return;
    const strip = make("div", "palette", this.foot);
    strip.setAttribute("role", "img");
    strip.setAttribute("aria-label", "Dominant colours");
    const total = palette.reduce((sum, [, part]) => sum + part, 0) || 1;
    for (const [color, part] of palette) {
      const swatch = make("i", "", strip);
      swatch.style.background = color;
      swatch.style.flexGrow = Math.max(part / total, 0.02);
      swatch.title = `${color} ${Math.round((100 * part) / total)} %`;
    }
    const names = make("div", "colors", this.foot);
    for (const [color, part] of palette.slice(0, 6)) {
      const entry = make("span", "color", names);
      make("i", "", entry).style.background = color;
      make("code", "", entry, color);
      make("span", "share", entry, `${Math.round((100 * part) / total)} %`);
    }
    if (palette.length > 6) make("span", "share", names, `${palette.length - 6} more`);
  }

  pointAt(numbers) {
    const wanted = new Set(numbers.map(String));
    this.box.classList.toggle("pointed", wanted.size > 0);
    for (const one of this.box.querySelectorAll("[data-number]")) {
      one.classList.toggle("wanted", wanted.has(one.dataset.number));
    }
  }
}

class Facts {
  constructor(root) {
    this.box = make("div", "facts");
    this.box.tabIndex = 0; // what is longer than its place is scrolled by keys
    this.box.setAttribute("role", "group");
    this.box.setAttribute("aria-label", "What was found");
    root.replaceChildren(this.box);
  }

  close() {}

  take({ facts, whole }) {
    this.box.classList.toggle("whole", Boolean(whole)); // texts at their full length
    this.box.replaceChildren();
    if (!facts.length) make("p", "none", this.box, "Nothing was found on this picture.");
    for (const { title, note, color, rows, text } of facts) {
      const head = make("h4", "", this.box, title);
      if (note) make("span", "note", head, note);
      if (text) {
        make("pre", "text", this.box, text);
        continue;
      }
      const table = make("table", "", this.box);
      table.setAttribute("aria-label", title);
      for (const row of rows) this.addRow(table, row, color);
    }
  }

  addRow(table, { name, score, faint, shapes, level, text }, color) {
    const row = make("tr", faint ? "faint" : "", table);
    const named = make("td", "name", row, name);
    named.title = name;
    const cell = make("td", "bar", row);
    if (level) {
      make("i", `level ${level}`, cell);
      make("span", "", cell, text);
    } else if (typeof score === "number") {
      const bar = make("div", "track", cell);
      const part = make("div", "part", bar);
      part.style.width = `${Math.round(100 * Math.min(1, Math.max(0, score)))}%`;
      if (color) part.style.background = color;
    }
    make("td", "score", row, typeof score === "number" ? score.toFixed(2) : "");
    if (!shapes) return;
    const point = (numbers) => window.dispatchEvent(new CustomEvent(POINTED, { detail: numbers }));
    row.addEventListener("pointerenter", () => point(shapes));
    row.addEventListener("pointerleave", () => point([]));
  }
}

function dialogAround(element) {
  return element.getRootNode().host?.closest('[role="dialog"]');
}

// A dialog around it is called as its title says, also after a step to the next picture, which is said.
function nameDialog(mount) {
  const dialog = dialogAround(mount);
  const title = dialog?.querySelector(".st-key-dialog_title");
  if (!title || title.id === "dialog-title") return;
  title.id = "dialog-title";
  title.setAttribute("aria-live", "polite");
  dialog.setAttribute("aria-labelledby", title.id);
}

const parts = new WeakMap();

export default function ({ parentElement: root, data }) {
  const mount = root.querySelector(".mount");
  if (!parts.has(mount)) parts.set(mount, data.facts ? new Facts(mount) : new Stage(mount));
  parts.get(mount).take(data);
  nameDialog(mount);
  return () => {
    parts.get(mount)?.close();
    parts.delete(mount);
  };
}
