// The gallery: windows of cells, filled as they come near and emptied when they are far.
// No build step, no library. Text from outside enters through textContent and attributes alone.

const WINDOW = 60; // as core/app/gallery_cells.py; whole rows for 1 to 6 columns
const ROW = 236; // pixels, as .row-height in the style sheet
const GAP = 14;
const NARROWEST = 210;
const NEAR = 1200; // pixels beyond the visible part in which windows are filled
const KEPT = 60; // windows whose cells are remembered
const SVG = "http://www.w3.org/2000/svg";

function make(tag, className, parent) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (parent) parent.append(made);
  return made;
}

function scrollerOf(element) {
  for (let at = element; at; at = at.parentNode || at.host) {
    if (at instanceof Element && /auto|scroll/.test(getComputedStyle(at).overflowY)) return at;
  }
  return null;
}

class Gallery {
  constructor(root, data, trigger) {
    this.data = data;
    this.trigger = trigger;
    this.known = new Map(); // window number -> cells
    this.loading = new Map(); // window number -> {controller, promise}
    this.revealed = new Set(); // places of flagged pictures that somebody asked to see
    this.waiting = new Set(); // places whose boxes are to be asked for
    this.current = Math.min(Math.max(0, data.at || 0), data.count - 1);
    this.list = make("div", "gallery");
    this.list.setAttribute("role", "list");
    this.list.setAttribute("aria-label", "Pictures that pass the filters");
    this.windows = Array.from({ length: Math.ceil(data.count / WINDOW) }, (_, number) => {
      const part = make("div", "window", this.list);
      part.setAttribute("role", "presentation");
      part.dataset.number = number;
      return part;
    });
    root.replaceChildren(this.list);
    this.list.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("click", (event) => this.onClick(event));
    this.list.addEventListener("focusin", (event) => this.onFocus(event));
    this.resizing = new ResizeObserver(() => this.measure());
    this.resizing.observe(this.list);
    this.measure();
    this.near = new IntersectionObserver((seen) => this.onNear(seen), {
      root: scrollerOf(this.list),
      rootMargin: `${NEAR}px 0px`,
    });
    for (const part of this.windows) this.near.observe(part);
    this.show(data);
    if (data.at) this.goTo(this.current);
  }

  close() {
    this.near.disconnect();
    this.resizing.disconnect();
    for (const { controller } of this.loading.values()) controller.abort();
    clearTimeout(this.timer);
  }

  // What can change without another view: whether boxes and flagged pictures are shown.
  show(data) {
    const unveil = data.flagged !== this.data.flagged;
    this.data = data;
    this.list.classList.toggle("without-boxes", !data.boxes);
    if (unveil) for (const item of this.list.querySelectorAll(".flagged")) this.setImage(item);
  }

  measure() {
    const room = this.list.clientWidth || 900;
    this.columns = Math.min(6, Math.max(1, Math.floor((room + GAP) / (NARROWEST + GAP))));
    this.list.style.setProperty("--columns", this.columns);
    this.windows.forEach((part, number) => {
      const cells = Math.min(WINDOW, this.data.count - number * WINDOW);
      part.style.height = `${Math.ceil(cells / this.columns) * (ROW + GAP)}px`;
    });
  }

  onNear(seen) {
    for (const { target, isIntersecting } of seen) {
      const number = Number(target.dataset.number);
      if (isIntersecting) this.fill(number);
      else this.empty(number);
    }
  }

  async fetched(path, options) {
    const answer = await fetch(`${this.data.base}/${path}`, { credentials: "same-origin", ...options });
    if (answer.status === 410 || answer.status === 404) this.trigger("gone", true);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return answer.json();
  }

  fill(number) {
    const part = this.windows[number];
    if (part.childElementCount) return Promise.resolve();
    if (this.loading.has(number)) return this.loading.get(number).promise;
    const controller = new AbortController();
    const promise = this.cellsOf(number, controller.signal)
      .then((cells) => {
        part.replaceChildren(...cells.map((cell, n) => this.item(cell, number * WINDOW + n)));
      })
      .catch((error) => {
        if (error.name !== "AbortError") this.complain(part, number);
      })
      .finally(() => this.loading.delete(number));
    this.loading.set(number, { controller, promise });
    return promise;
  }

  async cellsOf(number, signal) {
    const path = `cells/${this.data.view}/${number * WINDOW}`;
    const cells = this.known.get(number) || (await this.fetched(path, { signal }));
    this.known.delete(number); // the one used last goes last
    this.known.set(number, cells);
    if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value);
    return cells;
  }

  empty(number) {
    this.loading.get(number)?.controller.abort();
    const part = this.windows[number];
    if (part.contains(part.getRootNode().activeElement)) return;
    for (const image of part.querySelectorAll("img")) image.removeAttribute("src"); // stop loading
    part.replaceChildren();
  }

  complain(part, number) {
    const item = make("div", "complaint");
    item.setAttribute("role", "listitem");
    make("span", "", item).textContent = "These pictures could not be fetched. ";
    const again = make("button", "again", item);
    again.textContent = "Try again";
    again.addEventListener("click", () => {
      part.replaceChildren();
      this.fill(number);
    });
    part.replaceChildren(item);
  }

  item(cell, place) {
    const item = make("div", "item");
    item.setAttribute("role", "listitem");
    item.setAttribute("aria-setsize", this.data.count);
    item.setAttribute("aria-posinset", place + 1);
    item.dataset.place = place;
    item.cell = cell;
    item.classList.toggle("flagged", cell.flagged);
    const link = make("a", "cell", item);
    link.href = `picture?${this.data.query}${this.data.query ? "&" : ""}${cell.link}`;
    link.setAttribute("aria-label", cell.name);
    link.tabIndex = place === this.current ? 0 : -1;
    const frame = make("div", "frame", link);
    make("span", "fault", frame);
    const image = make("img", "", frame);
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = cell.note || cell.name;
    image.addEventListener("load", () => this.onImage(item, true));
    image.addEventListener("error", () => this.onImage(item, false));
    make("span", "name", link).textContent = cell.name;
    const strip = make("div", "strip", item);
    strip.setAttribute("aria-hidden", "true");
    for (const [color, part] of cell.colors) {
      const swatch = make("i", "", strip);
      swatch.style.background = color;
      swatch.style.flexGrow = Math.max(part, 0.02);
    }
    const note = make("span", cell.failed ? "note failed" : "note", item);
    if (cell.marks.length) this.mark(note, cell.marks);
    else note.textContent = cell.note;
    note.id = `note-${place}`;
    if (note.textContent) link.setAttribute("aria-describedby", note.id);
    if (cell.flagged) this.addReveal(item, place);
    this.setImage(item);
    return item;
  }

  // A piece of the picture's text, with what was searched for marked in it.
  mark(note, parts) {
    note.classList.add("found");
    for (const [text, hit] of parts) make(hit ? "mark" : "span", "", note).textContent = text;
    note.title = note.textContent;
  }

  addReveal(item, place) {
    const button = make("button", "reveal", item);
    button.type = "button";
    button.tabIndex = place === this.current ? 0 : -1;
    button.textContent = "Show";
    button.setAttribute("aria-label", `Show ${item.cell.name}, which safe search flagged`);
  }

  setImage(item) {
    const { cell } = item;
    const veiled =
      cell.flagged && !this.data.flagged && !this.revealed.has(Number(item.dataset.place));
    item.classList.toggle("veiled", veiled);
    if (!cell.thumbnail) {
      this.setFault(item, cell.failed ? "Not annotated" : "No address");
      item.querySelector("img").hidden = true;
      return;
    }
    const address = `${this.data.base}/thumbnail/${cell.thumbnail}${veiled ? "&veiled=1" : ""}`;
    item.querySelector("img").src = address;
  }

  setFault(item, text) {
    item.querySelector(".fault").textContent = text;
    item.querySelector("a").setAttribute("aria-label", `${text} ${item.cell.name}`); // as it reads
  }

  onImage(item, loaded) {
    const image = item.querySelector("img");
    if (!image.getAttribute("src")) return;
    item.classList.toggle("loaded", loaded);
    image.hidden = !loaded;
    if (!loaded) this.setFault(item, "Cannot be shown");
    if (item.boxed) return;
    item.boxed = true;
    this.waiting.add(Number(item.dataset.place));
    if (this.timer) return;
    this.timer = setTimeout(() => this.askForBoxes(), 150);
  }

  async askForBoxes() {
    this.timer = null;
    const asked = [...this.waiting].slice(0, 100);
    for (const place of asked) this.waiting.delete(place);
    if (this.waiting.size) this.timer = setTimeout(() => this.askForBoxes(), 0);
    try {
      const found = await this.fetched(`boxes/${this.data.view}?at=${asked.join(",")}`);
      for (const [place, boxes] of Object.entries(found)) this.drawBoxes(place, boxes);
    } catch {
      // a thumbnail without boxes is better than none; the next scroll asks again
    }
  }

  drawBoxes(place, { size, paths, fault }) {
    const item = this.list.querySelector(`[data-place="${place}"]`);
    if (!item) return;
    if (fault) {
      this.setFault(item, fault);
      return;
    }
    if (!paths.length) return;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
    svg.setAttribute("aria-hidden", "true");
    for (const [kind, path] of paths) {
      for (const layer of ["edge", "line"]) {
        const drawn = document.createElementNS(SVG, "path");
        drawn.setAttribute("class", `${layer} ${kind}`);
        drawn.setAttribute("d", path);
        if (layer === "line") drawn.style.stroke = this.data.colors[kind];
        svg.append(drawn);
      }
    }
    item.querySelector("svg")?.remove();
    item.querySelector(".frame").append(svg);
  }

  onClick(event) {
    const item = event.target.closest(".item");
    if (!item) return;
    const place = Number(item.dataset.place);
    if (event.target.closest(".reveal")) {
      this.revealed.add(place);
      this.setImage(item);
      item.querySelector("a").focus();
    } else if (event.target.closest("a") && this.isPlain(event)) {
      event.preventDefault(); // within the app, which is faster; other clicks use the address
      this.trigger("opened", place);
    }
  }

  isPlain(event) {
    return !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  }

  onFocus(event) {
    const item = event.target.closest(".item");
    if (item) this.setCurrent(Number(item.dataset.place));
  }

  setCurrent(place) {
    for (const [at, tabIndex] of [[this.current, -1], [place, 0]]) {
      const item = this.list.querySelector(`[data-place="${at}"]`);
      for (const stop of item?.querySelectorAll("a, button") || []) stop.tabIndex = tabIndex;
    }
    this.current = place;
  }

  onKey(event) {
    const page = this.columns * Math.max(1, Math.floor(window.innerHeight / (ROW + GAP)));
    const steps = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns,
      PageUp: -page, PageDown: page, Home: -this.data.count, End: this.data.count,
    };
    const step = steps[event.key];
    if (step === undefined || !this.isPlain(event)) return;
    const wanted = Math.min(Math.max(0, this.current + step), this.data.count - 1);
    event.preventDefault();
    event.stopPropagation(); // the page's own shortcuts are not meant
    this.goTo(wanted);
  }

  async goTo(place) {
    this.goal = place;
    const number = Math.floor(place / WINDOW);
    if (!this.windows[number].childElementCount) {
      this.windows[number].scrollIntoView({ block: "nearest" });
      await this.fill(number);
    }
    const item = this.list.querySelector(`[data-place="${place}"]`);
    if (!item || this.goal !== place) return;
    this.setCurrent(place);
    item.querySelector("a").focus({ preventScroll: true });
    item.scrollIntoView({ block: "nearest" });
  }
}

const galleries = new WeakMap();

export default function (component) {
  const { parentElement: root, data, setTriggerValue } = component;
  const mount = root.querySelector(".mount");
  const held = galleries.get(mount);
  if (held && held.data.view === data.view && held.data.base === data.base) {
    held.trigger = setTriggerValue;
    held.show(data);
  } else {
    held?.close();
    galleries.set(mount, new Gallery(mount, data, setTriggerValue));
  }
  return () => {
    galleries.get(mount)?.close();
    galleries.delete(mount);
  };
}
