// A box on a picture: drawn, moved and stretched with the pointer, or written as four numbers.
// No library. The picture's name enters through attributes alone. All numbers are per cent of the picture.

const LEAST = 1; // per cent: a shorter drag was a press
const SIDES = ["Left", "Top", "Width", "Height"];
const CORNERS = ["nw", "ne", "sw", "se"];

const within = (value, least, most) => Math.min(most, Math.max(least, value));
const rounded = (value) => Math.round(value * 10) / 10;

class Drawer {
  constructor(root) {
    const drawer = make("div", "drawer");
    this.stage = make("div", "stage", drawer);
    this.image = make("img", "", this.stage);
    this.image.draggable = false;
    this.frame = make("div", "box", this.stage);
    for (const corner of CORNERS) make("i", corner, this.frame).dataset.corner = corner;
    const numbers = make("fieldset", "numbers", drawer);
    make("legend", "", numbers, "Draw a box around it, or write where it is, in per cent of the picture.");
    this.inputs = SIDES.map((side) => {
      const label = make("label", "", numbers, side);
      const input = make("input", "", label);
      Object.assign(input, { type: "number", min: 0, max: 100, step: 0.5 });
      input.addEventListener("change", () => this.write());
      return input;
    });
    const whole = make("button", "", numbers, "Whole picture");
    whole.type = "button";
    whole.addEventListener("click", () => this.commit(null));
    root.replaceChildren(drawer);
    this.stage.addEventListener("pointerdown", (event) => this.begin(event));
    this.stage.addEventListener("pointermove", (event) => this.drag(event));
    this.stage.addEventListener("pointerup", () => this.end());
    this.stage.addEventListener("pointercancel", () => this.end(true));
  }

  take(data, setState) {
    this.setState = setState;
    if (data.image === this.shown) return;
    this.shown = data.image;
    this.image.src = data.image;
    this.image.alt = data.name;
    this.box = data.box || null;
    this.draw();
  }

  draw() {
    const { box } = this;
    this.frame.hidden = !box;
    const [left, top, width, height] = box || [0, 0, 100, 100];
    Object.assign(this.frame.style, { left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%` });
    this.inputs.forEach((input, n) => { input.value = rounded([left, top, width, height][n]); });
  }

  commit(box) {
    this.box = box && box.map(rounded);
    this.draw();
    this.setState("box", this.box);
  }

  write() {
    const [left, top, width, height] = this.inputs.map((input) => Number(input.value) || 0);
    const x = within(left, 0, 100 - LEAST);
    const y = within(top, 0, 100 - LEAST);
    this.commit([x, y, within(width, LEAST, 100 - x), within(height, LEAST, 100 - y)]);
  }

  at(event) {
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    return [((event.clientX - left) / width) * 100, ((event.clientY - top) / height) * 100];
  }

  begin(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.stage.setPointerCapture(event.pointerId);
    const [x, y] = this.at(event);
    const before = this.box;
    const corner = event.target.dataset.corner;
    if (before && corner) {
      const [left, top, width, height] = before;
      const fixed = [corner.includes("w") ? left + width : left, corner.includes("n") ? top + height : top];
      this.dragging = { before, fixed };
    } else if (before && event.target === this.frame) this.dragging = { before, grip: [x - before[0], y - before[1]] };
    else this.dragging = { before, fixed: [within(x, 0, 100), within(y, 0, 100)] };
  }

  drag(event) {
    if (!this.dragging) return;
    const [x, y] = this.at(event);
    const { before, grip, fixed } = this.dragging;
    if (grip) {
      const [, , width, height] = before;
      this.box = [within(x - grip[0], 0, 100 - width), within(y - grip[1], 0, 100 - height), width, height];
    } else {
      const [right, low] = [within(x, 0, 100), within(y, 0, 100)];
      this.box = [Math.min(fixed[0], right), Math.min(fixed[1], low), Math.abs(right - fixed[0]), Math.abs(low - fixed[1])];
    }
    this.draw();
  }

  end(given_up = false) {
    if (!this.dragging) return;
    const { before } = this.dragging;
    this.dragging = null;
    const real = this.box && this.box[2] >= LEAST && this.box[3] >= LEAST;
    if (given_up || !real) {
      this.box = before;
      this.draw();
    } else if (this.box !== before) this.commit(this.box);
  }
}

const drawers = new WeakMap();

export default function ({ parentElement: root, data, setStateValue }) {
  const mount = root.querySelector(".mount");
  if (!drawers.has(mount)) drawers.set(mount, new Drawer(mount));
  drawers.get(mount).take(data, setStateValue);
  return () => drawers.delete(mount);
}
