// The bar, colour or tile that the mouse is over lights its pictures on the sheet: the others fall
// back. What a cell holds decides it, so nothing is asked and nothing runs again.

const LIT_AFTER_MS = 80; // a mouse that passes over charts lights nothing
const COVERS = 0.03; // of a picture, as Filters.color_share
// What the marks of a chart stand for, by the chart's key.
const STANDS_FOR = {
  chart_specific: "label",
  chart_labels: "label",
  flagged_labels: "label",
  chart_palette: "color",
  chart_safe: "safe",
};

function labOf(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part > 0.04045 ? ((part + 0.055) / 1.055) ** 2.4 : part / 12.92;
  });
  const bent = (t) => (t > 216 / 24389 ? Math.cbrt(t) : (t * 24389 / 27 + 16) / 116);
  const x = bent((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = bent(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = bent((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const MEANS = {
  label: (cell, name, least) => cell.labels?.some(([label, score]) => label === name && score >= least),
  color: (cell, [hex, tolerance]) => {
    const [l, a, b] = labOf(hex);
    const near = cell.colors.filter(([color]) => {
      const [ll, aa, bb] = labOf(color);
      return Math.hypot(l - ll, a - aa, b - bb) <= tolerance;
    });
    return near.some(([, part]) => part >= COVERS);
  },
  safe: (cell, [category, level]) => cell.levels?.[category] === level,
};

class Lighting {
  // sheet: has root, the element that gets the class; items(), those on it; least(), of scores.
  constructor(sheet) {
    this.sheet = sheet;
    this.over = (event) => this.bind(event);
    this.pointed = ({ detail }) => (detail ? this.soon(MEANS[STANDS_FOR[detail.chart]], detail.value) : this.off());
    for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, this.over);
    document.addEventListener("chartpointed", this.pointed); // of small charts
  }

  bind(event) {
    if (event.pointerType) this.touch = event.pointerType === "touch";
    const chart = event.target.closest?.(".stPlotlyChart");
    const plot = chart?.querySelector(".js-plotly-plot");
    if (!plot) return void (event.pointerType && this.off());
    if (!plot.on || plot.lightsSheet === this) return;
    const key = plot.closest("[class*='st-key-']")?.className.match(/st-key-(\S+?)(_\d+)?(\s|$)/)?.[1];
    const means = MEANS[STANDS_FOR[key]];
    if (!means) return;
    plot.lightsSheet = this;
    plot.on("plotly_hover", ({ points: [point] }) => this.soon(means, point.customdata));
    plot.on("plotly_unhover", () => this.off());
  }

  soon(means, value) {
    clearTimeout(this.timer);
    if (this.touch || value === undefined || value === null) return; // a tap filters at once
    this.timer = setTimeout(() => this.on(means, value), LIT_AFTER_MS);
  }

  on(means, value) {
    const least = this.sheet.least();
    for (const item of this.sheet.items()) {
      item.classList.toggle("lit", Boolean(means(item.cell, value, least)));
    }
    this.sheet.root.classList.add("lighting");
  }

  off() {
    clearTimeout(this.timer);
    this.sheet.root.classList.remove("lighting");
  }

  close() {
    this.off();
    for (const kind of ["pointerover", "focusin"]) document.removeEventListener(kind, this.over);
    document.removeEventListener("chartpointed", this.pointed);
  }
}
