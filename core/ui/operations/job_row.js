// Batches on Operations: a card, rows of a compact table, or one batch for a screen on the wall.
// No library. Names and titles enter through textContent and attributes alone.

const SAID = { waiting: "waiting", failed: "failed", working: "being annotated" };
const STEPS = { ArrowUp: -1, ArrowDown: 1 };
// Of a wall's cells in pixels: the largest, the least, between two; and what stands around them.
const [WALL_CELL, WALL_LEAST, GAP, WALL_EDGES] = [240, 112, 8, 88];
const STEPS_SIDEWAYS = { ArrowLeft: -1, ArrowRight: 1 };

function drawBadge(badge, parent) {
  const made = make("span", `badge ${badge.color}`, parent);
  make("span", "icon", made, badge.icon).setAttribute("aria-hidden", "true");
  make("span", "", made, badge.word);
}

function drawBar(bar, parent) {
  const track = make("div", "bar", parent);
  track.setAttribute("role", "progressbar");
  track.setAttribute("aria-label", bar.label);
  track.setAttribute("aria-valuemin", "0");
  track.setAttribute("aria-valuemax", "100");
  track.setAttribute("aria-valuenow", String(Math.round((bar.good + bar.bad) * 100)));
  make("i", bar.over ? "over" : "", track).style.width = `${bar.good * 100}%`;
  make("i", "bad", track).style.width = `${bar.bad * 100}%`;
}

function drawLine(parts, parent) {
  const line = make("p", "line", parent);
  parts.forEach(([text, kind], n) => {
    if (n) line.append(" · ");
    make(kind === "plain" ? "span" : "b", kind, line, text);
  });
}

function drawSpark(points, parent) {
  if (points.length < 2) return;
  const [width, height] = [150, 30];
  const most = Math.max(...points, 0.01);
  const at = points.map((value, n) => [
    (n / (points.length - 1)) * (width - 4),
    height - 3 - (value / most) * (height - 6),
  ]);
  const said = `Over the last minute: at most ${most.toFixed(1)} a second`;
  const svg = makeSvg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": said }, parent);
  const path = at.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
  const [x, y] = at[at.length - 1];
  makeSvg("path", { class: "area", d: `M0 ${height}L${path}L${x.toFixed(1)} ${height}Z` }, svg);
  makeSvg("path", { class: "stroke", d: `M${path}` }, svg);
  makeSvg("circle", { class: "dot", cx: x.toFixed(1), cy: y.toFixed(1), r: "2.5" }, svg);
}

function drawRate(rate, parent) {
  const box = make("div", "rate", parent);
  if (!rate) return;
  make("span", "label", box, rate.label);
  const number = make("span", "number", box);
  make("b", "", number, rate.value);
  if (rate.unit) make("span", "unit", number, ` ${rate.unit}`);
  if (rate.note) make("span", "label", box, rate.note);
  drawSpark(rate.points, box);
}

// A thumbnail, or the name on a plate where there is none.
function drawImage(address, name, parent, none = "plate") {
  const plate = () => make("span", none, parent, name.slice(0, 40));
  if (!address) return plate();
  const image = make("img", "", parent);
  image.alt = "";
  image.decoding = "async";
  image.loading = "lazy";
  image.addEventListener("error", () => {
    image.remove();
    plate();
  });
  image.src = address;
}

// Cells stay as they are while others get their pictures: nothing flickers.
function drawCells(cells, strip, still) {
  while (strip.children.length > cells.length) strip.lastChild.remove();
  const reachable = [...strip.children].findIndex((item) => item.tabIndex === 0);
  cells.forEach((cell, n) => {
    const item = strip.children[n] || make("button", "", strip);
    item.type = "button";
    item.disabled = still;
    item.cell = cell;
    item.tabIndex = n === Math.max(0, reachable) ? 0 : -1;
    if (item.dataset.said !== cell.thumbnail + cell.name) {
      item.dataset.said = cell.thumbnail + cell.name;
      item.replaceChildren();
      drawImage(cell.thumbnail, cell.name, item);
    }
    item.className = `cell ${cell.state}`;
    item.title = cell.state === "done" ? cell.name : `${cell.name}: ${SAID[cell.state]}`;
    item.setAttribute("aria-label", item.title);
  });
}

class Job {
  constructor(root, kind) {
    this.root = make("div", kind);
    this.still = kind === "kiosk"; // nothing is pressed on a wall
    root.replaceChildren(this.root);
    if (this.still) {
      this.leaving = new AbortController();
      addEventListener("resize", () => this.fillWall(), { signal: this.leaving.signal });
    }
    this.strip = make("div", "cells", this.root);
    this.strip.setAttribute("role", "group");
    this.strip.addEventListener("click", (event) => this.press(event.target.closest("button")));
    this.strip.addEventListener("keydown", (event) => walk(event, this.strip, STEPS_SIDEWAYS));
    this.about = make("div", "about", this.root);
    this.side = make("div", "side", this.root);
  }

  take(data, trigger) {
    this.trigger = trigger;
    const row = data.rows[0];
    this.id = row.id;
    this.open = row.open;
    this.strip.classList.toggle("closed", !row.open);
    this.strip.hidden = !row.cells.length;
    this.strip.classList.toggle("blurred", Boolean(row.blur));
    this.strip.setAttribute("aria-label", row.stripLabel);
    drawCells(row.cells, this.strip, this.still);
    this.about.replaceChildren();
    const head = make("div", "head", this.about);
    make("h2", "", head, row.title);
    drawBadge(row.badge, head);
    make("p", "meta", this.about, row.about).title = row.exact ?? "";
    if (row.bar) drawBar(row.bar, this.about);
    drawLine(row.line, this.about);
    this.side.replaceChildren();
    drawRate(row.rate, this.side);
    if (this.still) this.fillWall();
  }

  // As few columns as let all cells stand in the window; where none do, the page is scrolled.
  fillWall() {
    const [count, width] = [this.strip.children.length, this.strip.clientWidth];
    const above = this.strip.getBoundingClientRect().top - this.root.getBoundingClientRect().top;
    const height = innerHeight - above - WALL_EDGES;
    let columns = Math.ceil(width / WALL_CELL);
    const side = () => (width - (columns - 1) * GAP) / columns;
    while (side() > WALL_LEAST && Math.ceil(count / columns) * (side() + GAP) > height) columns += 1;
    this.strip.style.setProperty("--columns", side() > WALL_LEAST ? columns : "auto-fill");
  }

  // A picture with an answer opens large; another cell opens its batch, once that has results.
  press(item) {
    if (item?.cell.place) this.trigger("picked", { id: this.id, place: item.cell.place });
    else if (item && this.open) this.trigger("opened", this.id);
  }
}

class Table {
  constructor(root) {
    this.list = make("div", "table");
    this.list.setAttribute("role", "list");
    root.replaceChildren(this.list);
    this.list.addEventListener("keydown", (event) => walk(event, this.list, STEPS));
  }

  take(data, trigger) {
    this.list.setAttribute("aria-label", data.label);
    const focused = this.list.getRootNode().activeElement?.dataset?.id;
    this.list.replaceChildren();
    data.rows.forEach((row, n) => {
      const item = make("div", "item", this.list);
      item.setAttribute("role", "listitem");
      const line = make("button", "row", item);
      line.type = "button";
      line.dataset.id = row.id;
      line.tabIndex = n ? -1 : 0;
      line.addEventListener("click", () => trigger("opened", row.id));
      make("span", "name", line, row.title);
      drawBadge(row.badge, line);
      make("span", "when", line, row.about).title = row.exact ?? "";
      const bar = make("span", "track", line);
      if (row.bar) {
        make("i", row.bar.over ? "over" : "", bar).style.width = `${row.bar.good * 100}%`;
        make("i", "bad", bar).style.width = `${row.bar.bad * 100}%`;
      }
      make("span", "count", line, row.line.map(([text]) => text).join(" · "));
      if (row.id === focused) line.focus();
    });
  }
}

class Pictures {
  constructor(root) {
    this.list = make("ul", "pictures");
    root.replaceChildren(this.list);
  }

  take(data) {
    this.list.setAttribute("aria-label", data.label);
    this.list.replaceChildren();
    for (const row of data.rows) {
      const item = make("li", "", this.list);
      drawImage(row.thumbnail, "broken_image", make("span", "cell", item), "icon");
      item.firstChild.setAttribute("aria-hidden", "true");
      make("b", "name", item, row.name);
      make("span", "", item, row.why);
      make("span", "meta", item, row.remedy);
    }
  }
}

const KINDS = { table: Table, pictures: Pictures };
const drawn = new WeakMap();

export default function ({ parentElement: root, data, setTriggerValue }) {
  const mount = root.querySelector(".mount");
  if (drawn.get(mount)?.kind !== data.kind) {
    const what = new (KINDS[data.kind] || Job)(mount, data.kind);
    drawn.set(mount, { kind: data.kind, what });
  }
  const said = JSON.stringify(data);
  const one = drawn.get(mount);
  if (one.said !== said) {
    one.said = said;
    one.what.take(data, setTriggerValue);
  }
  return () => {
    one.what.leaving?.abort();
    drawn.delete(mount);
  };
}
