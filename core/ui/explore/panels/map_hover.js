// Beside the mouse on the map: the picture that it is over, asked for once it stays there.

const STAYS_MS = 70;
const SIZE = [212, 176]; // pixels that the card needs

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
    this.card.hidden = false;
  }

  async cell(id) {
    const key = `${this.data.view} ${id}`;
    if (!this.cells.has(key)) {
      const asked = fetch(`${this.data.base}/cells/${this.data.view}/${id}?count=1`);
      const found = asked.then((answer) => (answer.ok ? answer.json() : [])).catch(() => []);
      this.cells.set(key, found.then(([cell]) => cell));
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
