// Beside the mouse on the map: the picture that it is over, asked for once it stays there.

const STAYS_MS = 70;
const SIZE = [212, 214]; // pixels that the card needs
const REACH = 12; // pixels between the mouse and the picture it is over
const SQUARE = 200; // ten-thousandths of the map's unit: side of the squares that places are kept by

// Where pictures lie, as core/results/figures/similarity_map.py writes it; found by the square they are in.
class Places {
  constructor(buffer) {
    const count = new DataView(buffer).getInt32(0, true);
    this.ids = new Int32Array(buffer, 4, count);
    this.at = new Int16Array(buffer, 4 + 4 * count, 2 * count);
    this.squares = new Map();
    for (let n = 0; n < count; n += 1) {
      const key = this.key(Math.floor(this.at[2 * n] / SQUARE), Math.floor(this.at[2 * n + 1] / SQUARE));
      if (this.squares.has(key)) this.squares.get(key).push(n);
      else this.squares.set(key, [n]);
    }
  }

  key(column, row) {
    return column * 4096 + row;
  }

  // The id of the picture nearest to a place, in ten-thousandths; undefined if none is so near.
  nearest(x, y, reach) {
    let best, least = reach * reach;
    for (let column = Math.floor((x - reach) / SQUARE); column * SQUARE <= x + reach; column += 1) {
      for (let row = Math.floor((y - reach) / SQUARE); row * SQUARE <= y + reach; row += 1) {
        for (const n of this.squares.get(this.key(column, row)) ?? []) {
          const away = (this.at[2 * n] - x) ** 2 + (this.at[2 * n + 1] - y) ** 2;
          if (away <= least) [best, least] = [this.ids[n], away];
        }
      }
    }
    return best;
  }
}

class Card {
  constructor(mount) {
    this.card = make("div", "hover", mount);
    this.card.hidden = true;
    this.card.setAttribute("aria-hidden", "true"); // the marks' own texts say the same
    this.cells = new Map();
    this.over = (event) => this.bind(event.target);
    document.addEventListener("pointerover", this.over);
  }

  // Plotly's element is another one whenever the chart is drawn again.
  bind(target) {
    const plot = target.closest?.(`.st-key-${this.data.chart} .js-plotly-plot, [class*="st-key-${this.data.chart}_"] .js-plotly-plot`);
    if (!plot?.on || plot.hasHoverCard === this) return;
    plot.hasHoverCard = this;
    plot.on("plotly_hover", ({ points: [point], event }) => this.wait(point.customdata, event));
    plot.on("plotly_unhover", () => this.hide());
    plot.addEventListener("pointermove", (event) => this.look(plot, event));
    plot.addEventListener("pointerleave", () => this.hide());
  }

  // Where the chart has no marks: the picture nearest to the mouse.
  async look(plot, event) {
    if (!this.data.places || event.pointerType !== "mouse") return;
    if (event.buttons || !event.target.closest?.(".nsewdrag")) return this.hide();
    const places = await this.placesAt(this.data.places);
    const { xaxis, yaxis } = plot._fullLayout ?? {};
    if (!places || !xaxis) return;
    const box = plot.getBoundingClientRect();
    const x = xaxis.p2d(event.clientX - box.left - xaxis._offset) * 1e4;
    const y = yaxis.p2d(event.clientY - box.top - yaxis._offset) * 1e4;
    const reach = Math.abs(xaxis.p2d(REACH) - xaxis.p2d(0)) * 1e4;
    const id = places.nearest(x, y, reach);
    if (id === undefined) this.hide();
    else if (id !== this.wanted) this.wait(id, event);
  }

  placesAt(address) {
    if (this.placesOf !== address) {
      this.placesOf = address;
      const asked = fetch(address, { credentials: "same-origin" });
      const read = asked.then((answer) => (answer.ok ? answer.arrayBuffer() : null));
      this.places = read.then((data) => data && new Places(data)).catch(() => null);
    }
    return this.places;
  }

  wait(id, event) {
    clearTimeout(this.timer);
    this.wanted = id;
    if (typeof id === "number") this.timer = setTimeout(() => this.show(id, event), STAYS_MS);
  }

  hide() {
    clearTimeout(this.timer);
    this.wanted = undefined;
    this.card.hidden = true;
  }

  async show(id, event) {
    const cell = await this.cell(id);
    if (this.wanted !== id || !cell?.thumbnail) return;
    const [width, height] = SIZE;
    const left = event.clientX + width + 24 < innerWidth ? event.clientX + 20 : event.clientX - width - 20;
    this.card.style.left = `${Math.max(4, left)}px`;
    // Below the mark's text, or above it: never on it.
    const below = event.clientY + 24 + height < innerHeight;
    this.card.style.top = `${below ? event.clientY + 24 : Math.max(4, event.clientY - height - 24)}px`;
    const image = document.createElement("img");
    image.alt = "";
    image.addEventListener("error", () => this.hide());
    image.src = `${this.data.base}/thumbnail/${cell.thumbnail}${cell.flagged ? "&veiled=1" : ""}`;
    this.card.replaceChildren(image);
    if (this.data.places) { // no mark says it
      make("div", "name", this.card, cell.name);
      make("div", "label", this.card, cell.label);
    }
    this.card.hidden = false;
  }

  async cell(id) {
    const key = `${this.data.view} ${id}`;
    if (!this.cells.has(key)) {
      const asked = fetch(`${this.data.base}/cells/${this.data.view}/${id}?count=1`);
      const cells = asked.then((answer) => (answer.ok ? answer.json() : [])).catch(() => []);
      this.cells.set(key, cells.then(([cell]) => cell));
    }
    return this.cells.get(key);
  }

  end() {
    document.removeEventListener("pointerover", this.over);
    this.hide();
  }
}

const cards = new WeakMap();

export default function ({ parentElement: root, data }) {
  const mount = root.querySelector(".mount");
  if (!cards.has(mount)) cards.set(mount, new Card(mount));
  const card = cards.get(mount);
  card.data = data;
  return () => {
    card.end();
    card.card.remove();
    cards.delete(mount);
  };
}
