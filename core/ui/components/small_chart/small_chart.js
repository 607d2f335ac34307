// A chart of bars, words and frames whose places the server has worked out as shares of the plot.
// All of its marks are one stop of the tabulator; arrow keys go from mark to mark, Enter presses.

const LINE = 1.2; // of a text's size
const LEAST = 24; // pixels of what can be pressed, where its neighbours leave them
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const PRINTED = 2; // pixels of a saved picture for one of the page
const MARGIN = 16; // around it
const PLOT = 0.25; // of the width, which long numbers beside bars leave them
const SMALLEST = 9; // pixels of letters that are made smaller to fit
const BESIDE = 6; // pixels by which a word on a mark is narrower than the mark
const APART = 3; // and one above it

// Shorten a text until `fits` takes it: between what people see as letters, and not in their middle.
function cut(text, fits) {
  const letters = [...new Intl.Segmenter().segment(text.replace(/…$/, ""))].map(({ segment }) => segment);
  while (letters.length > 1 && !fits(`${letters.join("").trimEnd()}…`)) letters.pop();
}

const plain = (lines) => lines.map((line) => line.map(([text]) => text).join("")).join(", ");

class SmallChart {
  constructor(mount) {
    this.mount = mount;
    this.svg = makeSvg("svg", { role: "toolbar" }, mount);
    this.camera = make("button", "camera", mount);
    this.camera.type = "button";
    this.camera.title = "Download plot as a PNG";
    this.camera.setAttribute("aria-label", this.camera.title);
    make("span", "", this.camera, "photo_camera").setAttribute("aria-hidden", "true");
    this.camera.addEventListener("click", () => this.save());
    this.said = make("div", "said", mount);
    this.said.hidden = true;
    if (this.said.showPopover) this.said.popover = "manual"; // no pane cuts it off
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => this.over(null));
    // Chromium's tabulator stops at a drawing that listens for these itself.
    mount.addEventListener("focusin", (event) => this.focused(event));
    mount.addEventListener("focusout", () => this.over(null));
    this.svg.addEventListener("click", (event) => this.press(event.target.closest(".mark")));
    this.svg.addEventListener("keydown", (event) => this.take(event));
    this.observer = new ResizeObserver(() => {
      if (this.data && mount.clientWidth !== this.width) this.draw();
    });
    this.observer.observe(mount);
  }

  show(data, send) {
    this.send = send;
    const same = JSON.stringify(data);
    if (same === this.shown) return;
    this.shown = same;
    this.data = data;
    this.svg.setAttribute("aria-label", data.title);
    this.mount.style.height = `${data.height}px`;
    this.draw();
  }

  draw() {
    const { data, mount } = this;
    const { l, r, t, b } = data.margin;
    this.width = mount.clientWidth;
    if (!this.width) return; // in a tab that is not shown
    const focused = this.svg.getRootNode().activeElement?.closest?.(".mark")?.dataset.value;
    const [wide, high] = [Math.max(this.width * PLOT, this.width - l - r), data.height - t - b];
    this.at = ([x, y]) => [l + x * wide, t + y * high];
    this.size = ([, , w, h]) => [w * wide, h * high];
    this.svg.replaceChildren();
    this.svg.setAttribute("width", this.width);
    this.svg.setAttribute("height", data.height);
    this.svg.setAttribute("font-family", data.font);
    for (const one of data.frames) if (one.below) this.frame(one);
    this.marks = [...data.marks].map((one) => this.mark(one));
    this.marks.sort((one, other) => Math.round(one.top - other.top) || one.left - other.left);
    for (const { node } of this.marks) this.svg.append(node); // as the arrow keys go
    for (const one of data.frames) if (!one.below) this.frame(one);
    this.fit(data.words.map((one) => this.text(one)));
    const first = this.marks.find(({ node }) => node.dataset.value === (focused ?? this.last)) ?? this.marks[0];
    first?.node.setAttribute("tabindex", "0");
    if (focused !== undefined) first?.node.focus({ preventScroll: true });
  }

  mark({ value, lines, bars, row }) {
    const node = makeSvg("g", { class: "mark", role: "button", tabindex: "-1" });
    node.dataset.value = JSON.stringify(value);
    node.setAttribute("aria-label", plain(lines));
    const chosen = this.data.chosen.some((one) => JSON.stringify(one) === node.dataset.value);
    node.setAttribute("aria-pressed", String(chosen));
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    const shapes = bars.map((bar) => {
      const [[x, y], [w, h]] = [this.at(bar.box), this.size(bar.box)];
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + w), Math.max(bottom, y + h)];
      const edge = bar.thick ? { stroke: bar.edge, "stroke-width": bar.thick } : {};
      const round = Math.min(this.data.radius, w / 2, h / 2);
      return makeSvg("rect", { class: "bar", x, y, width: w, height: h, rx: round, fill: bar.fill, ...edge });
    });
    if (row) {
      const more = Math.max(0, LEAST - (bottom - top)) / 2;
      [left, right, top, bottom] = [0, this.width, top - more, bottom + more];
    }
    const box = { x: left, y: top, width: Math.max(1, right - left), height: bottom - top };
    makeSvg("rect", { class: "hit", ...box }, node);
    node.append(...shapes);
    makeSvg("rect", { class: "ring", ...box, rx: 3 }, node);
    return { node, value, lines, left, top, right, bottom };
  }

  frame(one) {
    const [[x, y], [w, h]] = [this.at(one.box), this.size(one.box)];
    const dots = one.dotted ? { "stroke-dasharray": "2 3" } : {};
    makeSvg("rect", {
      class: "frame", x, y, width: w, height: h, fill: one.fill, opacity: one.opacity,
      stroke: one.edge, "stroke-width": one.thick, ...dots,
    }, this.svg);
  }

  text({ at, above, moved = [0, 0], anchor, lines, color, size }) {
    const [x, y] = this.at(at);
    const step = size * LINE;
    const first = above ? y - 6 - (lines.length - 1) * step : y + size * 0.35 - ((lines.length - 1) * step) / 2;
    const node = makeSvg("text", { fill: color, "font-size": size, "text-anchor": anchor, "aria-hidden": "true" }, this.svg);
    const word = { node, x: x + moved[0], y, above, anchor, size };
    lines.forEach((line, n) => {
      line.forEach(([text, bold], part) => {
        const begin = part ? {} : { x: x + moved[0], y: first + n * step + moved[1] };
        makeSvg("tspan", { ...begin, ...(bold ? { "font-weight": 600 } : {}) }, node).textContent = text;
      });
    });
    return word;
  }

  // No word lies on another or ends beyond the chart: names are cut, numbers lose "of all" and then
  // size, all of a kind alike. What is left out here a mark says in full.
  fit(words) {
    const kind = (anchor, above) => words.filter((one) => one.anchor === anchor && !one.above === !above);
    const wide = ({ node, room }) => node.getComputedTextLength() > room;
    const long = ({ node, room }) => Math.max(...[...node.children].map((span) => span.getComputedTextLength())) / room;
    for (const one of words) one.room = this.room(one);
    for (const { node, room } of kind("end").filter(wide)) {
      const name = node.firstChild;
      const gap = /\s*$/.exec(name.textContent)[0];
      cut(name.textContent.trimEnd(), (shorter) => {
        name.textContent = shorter + gap;
        return node.getComputedTextLength() <= room;
      });
    }
    for (const numbers of [kind("middle"), kind("start")]) {
      if (!numbers.some(wide)) continue;
      for (const { node } of numbers) {
        const bold = node.querySelector("[font-weight]");
        if (bold) for (const rest of [...node.children]) if (rest !== bold && rest.textContent.trim()) rest.remove();
      }
    }
    for (const alike of [kind("middle"), kind("middle", true)]) {
      const most = Math.max(...alike.map(long));
      if (most <= 1) continue;
      for (const { node, size } of alike) node.setAttribute("font-size", Math.max(SMALLEST, size / most));
    }
  }

  // Pixels for a word: to the chart's edge, or on the mark that it stands on or above.
  room({ x, y, above, anchor }) {
    if (anchor === "end") return x;
    if (anchor === "start") return this.width - x;
    const under = this.marks.find((one) => one.left <= x && x <= one.right && (above || (one.top <= y && y <= one.bottom)));
    return under ? under.right - under.left - (above ? APART : BESIDE) : this.width;
  }

  // What a mark says, beside the pointer or the mark; the sheet lights its pictures.
  point(event) {
    if (event.pointerType === "touch") return; // a tap filters at once
    const node = event.target.closest(".mark");
    this.over(this.marks.find((one) => one.node === node), [event.clientX, event.clientY]);
  }

  focused(event) {
    const mark = this.marks.find((one) => one.node === event.target);
    if (!mark?.node.matches(":focus-visible")) return;
    const { left, top } = this.svg.getBoundingClientRect();
    this.over(mark, [left + (mark.left + mark.right) / 2, top + mark.bottom - 12]);
  }

  over(mark, [x, y] = [0, 0]) {
    if (mark !== this.shining) {
      this.shining = mark;
      const detail = mark ? { chart: this.data.key, value: mark.value } : null;
      document.dispatchEvent(new CustomEvent("chartpointed", { detail }));
      this.said.hidden = !mark;
      if (this.said.popover) mark ? this.said.showPopover() : this.said.hidePopover();
      this.said.replaceChildren();
      for (const line of mark?.lines ?? []) {
        const shown = make("div", "", this.said);
        for (const [text, bold] of line) make(bold ? "b" : "span", "", shown, text);
      }
    }
    if (!mark) return;
    const { offsetWidth: w, offsetHeight: h } = this.said;
    this.said.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - w - 4))}px`;
    this.said.style.top = `${y + 16 + h > innerHeight ? y - h - 10 : y + 16}px`;
  }

  take(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const now = this.marks.findIndex(({ node }) => node === event.target);
    if (now < 0) return;
    const end = { Home: 0, End: this.marks.length - 1 }[event.key];
    const next = this.marks[end ?? now + (STEPS[event.key] ?? NaN)];
    if (event.key === "Escape") return void this.over(null);
    if (event.key === "Enter" || event.key === " ") this.press(event.target);
    else if (next) this.reach(next.node);
    else if (!(event.key in STEPS)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  reach(node) {
    for (const one of this.marks) one.node.setAttribute("tabindex", one.node === node ? "0" : "-1");
    this.last = node.dataset.value;
    node.focus({ preventScroll: true });
  }

  press(node) {
    const mark = this.marks.find((one) => one.node === node);
    if (!mark) return;
    this.reach(node);
    this.send(mark.value);
  }

  // The chart as a picture of its own, on the page's ground. A drawing that is read as a picture has
  // none of the page's fonts: its words are written on it.
  async save() {
    const copy = this.svg.cloneNode(true);
    for (const one of copy.querySelectorAll(".hit, .ring, text")) one.remove();
    const { width, data: { height, paper, file } } = this;
    const source = new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" });
    const address = URL.createObjectURL(source);
    const image = new Image();
    image.src = address;
    await image.decode();
    URL.revokeObjectURL(address);
    const canvas = make("canvas");
    [canvas.width, canvas.height] = [width, height].map((side) => (side + 2 * MARGIN) * PRINTED);
    const pen = canvas.getContext("2d");
    pen.fillStyle = paper;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.scale(PRINTED, PRINTED);
    pen.translate(MARGIN, MARGIN);
    pen.drawImage(image, 0, 0, width, height);
    this.write(pen);
    canvas.toBlob((blob) => {
      const link = make("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${file}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }, "image/png");
  }

  write(pen) {
    const { left } = this.svg.getBoundingClientRect();
    pen.direction = "ltr";
    for (const span of this.svg.querySelectorAll("tspan")) {
      const { fontWeight, fontSize, fontFamily, fill } = getComputedStyle(span);
      pen.font = `${fontWeight} ${fontSize} ${fontFamily}`;
      pen.fillStyle = fill;
      pen.fillText(span.textContent, span.getBoundingClientRect().left - left, span.getStartPositionOfChar(0).y);
    }
  }

  end() {
    this.over(null);
    this.observer.disconnect();
  }
}

const charts = new WeakMap();

export default function ({ parentElement: root, data, setTriggerValue }) {
  const mount = root.querySelector(".mount");
  if (!charts.has(mount)) charts.set(mount, new SmallChart(mount));
  charts.get(mount).show(data, (value) => setTriggerValue("pressed", value));
  return () => {
    charts.get(mount)?.end();
    charts.delete(mount);
    mount.replaceChildren();
  };
}
