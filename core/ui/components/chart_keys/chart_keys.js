// Charts by keyboard. Plotly knows the mouse alone: a key does what the mouse would do over a mark.

const CHART = ".stPlotlyChart";
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const DRAWN_MS = 150; // a chart that is drawn again changes many elements at once
const SAID_MS = 120; // until plotly shows the text of a mark

// The marks that mean something, from top to bottom; of bars that lie on each other one.
function marksOf(plot) {
  const marks = new Map();
  for (const node of plot.querySelectorAll(".trace .point")) {
    const data = node.__data__;
    const trace = node.closest(".trace")?.__data__?.[0]?.trace;
    const value = trace?.customdata?.[data?.i];
    const box = node.getBoundingClientRect();
    if (value === undefined || value === null || (!box.width && !box.height)) continue;
    const name = JSON.stringify(value);
    const at = { name, x: box.x + box.width / 2, y: box.y + box.height / 2, size: box.width };
    if (!marks.has(name) || marks.get(name).size < at.size) marks.set(name, at);
  }
  return [...marks.values()].sort((a, b) => Math.round(a.y - b.y) || a.x - b.x);
}

function mouse(target, type, { x, y }) {
  const at = { clientX: x, clientY: y, screenX: x, screenY: y };
  target.dispatchEvent(new MouseEvent(type, { bubbles: true, view: window, button: 0, ...at }));
}

// As "chart_labels": what stays of a chart's key when it is drawn again after a press.
const baseOf = (chart) => chart.closest("[class*='st-key-']")?.className.match(/st-key-(\S+?)(_\d+)?(\s|$)/)?.[1];

class Keys {
  constructor(mount) {
    this.said = make("span", "said", mount);
    this.said.setAttribute("role", "status");
    this.at = null; // { base, name } of the mark that is looked at
    this.press = (event) => this.take(event);
    this.leave = (event) => event.target.matches?.(CHART) && this.hover(event.target, null);
    document.addEventListener("keydown", this.press, true);
    document.addEventListener("focusout", this.leave);
    this.observer = new MutationObserver(() => {
      this.timer ||= setTimeout(() => this.mark(), DRAWN_MS);
    });
    this.observer.observe(document.body, { childList: true, subtree: true });
    this.mark();
  }

  // Lets the tabulator reach what can be pressed, and goes on in a chart that was drawn again.
  mark() {
    this.timer = undefined;
    for (const chart of document.querySelectorAll(CHART)) {
      const layout = chart.querySelector(".js-plotly-plot")?._fullLayout;
      if (!String(layout?.clickmode).includes("select")) continue;
      if (chart.tabIndex !== 0) {
        chart.tabIndex = 0;
        chart.setAttribute("aria-description", "Arrow keys choose a mark, Enter presses it.");
      }
      if (this.pressed && this.pressed === baseOf(chart) && document.activeElement === document.body) {
        this.pressed = null;
        chart.focus({ preventScroll: true });
      }
    }
  }

  take(event) {
    const chart = event.target;
    if (!chart.matches?.(CHART) || event.ctrlKey || event.metaKey || event.altKey) return;
    const plot = chart.querySelector(".js-plotly-plot");
    const enters = event.key === "Enter" || event.key === " ";
    if (!plot || !(event.key in STEPS || enters)) return;
    event.preventDefault();
    event.stopPropagation();
    const marks = marksOf(plot);
    if (!marks.length) return;
    const base = baseOf(chart);
    const now = this.at?.base === base ? marks.findIndex((one) => one.name === this.at.name) : -1;
    if (enters && now >= 0) {
      this.pressed = base;
      this.click(plot, marks[now]);
    } else {
      const next = now < 0 ? 0 : now + (STEPS[event.key] || 0);
      const wanted = marks[Math.max(0, Math.min(marks.length - 1, next))];
      this.at = { base, name: wanted.name };
      this.hover(chart, wanted);
    }
  }

  hover(chart, mark) {
    const plot = chart.querySelector(".js-plotly-plot");
    const layer = plot?.querySelector(".nsewdrag");
    if (!layer) return;
    if (!mark) return void mouse(layer, "mouseout", { x: 0, y: 0 });
    mouse(layer, "mousemove", mark);
    setTimeout(() => {
      const lines = [...plot.querySelectorAll(".hoverlayer .hovertext text")].flatMap((text) => {
        const spans = [...text.querySelectorAll("tspan.line")];
        return (spans.length ? spans : [text]).map((one) => one.textContent);
      });
      this.said.textContent = lines.filter(Boolean).join(", ");
    }, SAID_MS);
  }

  click(plot, mark) {
    const layer = plot.querySelector(".nsewdrag");
    mouse(layer, "mousemove", mark);
    setTimeout(() => {
      mouse(layer, "mousedown", mark);
      mouse(document, "mouseup", mark);
    }, SAID_MS);
  }

  end() {
    this.observer.disconnect();
    clearTimeout(this.timer);
    document.removeEventListener("keydown", this.press, true);
    document.removeEventListener("focusout", this.leave);
  }
}

const all = new WeakMap();

export default function ({ parentElement: root }) {
  const mount = root.querySelector(".mount");
  if (!all.has(mount)) all.set(mount, new Keys(mount));
  return () => {
    all.get(mount)?.end();
    all.delete(mount);
  };
}
