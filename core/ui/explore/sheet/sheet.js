// The contact sheet: sections of blocks of cells, filled as they come near and emptied when far.
// No build step, no library. Text from outside enters through textContent and attributes alone.

const WINDOW = 60; // cells an answer, as core/app/gallery_cells.py
const ROWS = 8; // of cells in a block
const GAP = { row: 16, column: 8 };
const CAPTION = 40; // pixels below a frame: colour strip 4, name and note 18 each
const HEADING = 32;
const NEAR = 900; // pixels beyond the visible part in which blocks are filled, once it is used
const KEPT = 60; // windows whose cells are remembered
// Least width of a cell by size, and of one on a telephone.
const SIZES = { S: [96, 76], M: [130, 104], L: [196, 150] };

const chosen = { // what one browser tab keeps while it is open
  get(name, usual) {
    try { return sessionStorage.getItem(`contact-sheet-${name}`) ?? usual; } catch { return usual; }
  },
  set(name, value) {
    try { sessionStorage.setItem(`contact-sheet-${name}`, value); } catch { /* private window */ }
  },
};

// A name too long for its cell is cut in its middle: its beginning says what it is, its end which
// one. All of it stands in the page, as the label of its link says it.
function writeName(place, name, most) {
  const end = name.length > most ? Math.min(10, Math.floor(most / 2)) : 0;
  make("span", "start", place, name.slice(0, name.length - end));
  if (end) make("span", "end", place, name.slice(-end));
  place.title = name;
}

class Sheet {
  constructor(root, data, trigger) {
    this.trigger = trigger;
    this.revealed = new Set(); // places of flagged pictures that somebody asked to see
    this.folded = new Set(); // names of sections
    this.blurred = true; // never remembered: each visit begins careful
    this.size = chosen.get("size", "M") in SIZES ? chosen.get("size", "M") : "M";
    this.boxes = chosen.get("boxes", "on") === "on";
    this.root = make("div", "sheet");
    this.bar = make("div", "toolbar", this.root);
    this.scroller = make("div", "scroller", this.root);
    this.list = make("div", "gallery", this.scroller);
    this.list.setAttribute("role", "list");
    root.replaceChildren(this.root);
    this.foot = make("div", "marking", this.root);
    this.foot.hidden = true;
    this.marker = new Marker();
    this.lighting = new Lighting({
      root: this.root,
      items: () => this.list.querySelectorAll(".item"),
      least: () => this.data.least ?? 0,
    });
    this.picked = new Set(); // places that a mark is for, besides the one that has the focus
    this.given = ({ detail }) => { if (detail.view === this.data.view) this.takeSaid(detail.said); };
    window.addEventListener(GIVEN, this.given);
    this.list.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("click", (event) => this.onClick(event));
    this.list.addEventListener("focusin", (event) => this.onFocus(event));
    this.near = this.observer(0, (seen) => this.onNear(seen));
    this.sight = this.observer(0, (seen) => this.onSight(seen));
    const reach = () => this.reach();
    for (const kind of ["pointerenter", "focusin", "keydown"]) {
      this.root.addEventListener(kind, reach, { once: true });
    }
    this.scroller.addEventListener("scroll", reach, { once: true });
    this.resizing = new ResizeObserver(() => this.measure(false));
    this.blocks = [];
    this.take(data);
    this.resizing.observe(this.list);
  }

  close() {
    window.removeEventListener(GIVEN, this.given);
    this.lighting.close();
    this.near.disconnect();
    this.sight.disconnect();
    this.resizing.disconnect();
    this.controller?.abort();
    clearTimeout(this.timer);
  }

  // Another choice of pictures, or the same one with more of them.
  take(data) {
    const first = !this.data;
    const other = first || data.view !== this.data.view || data.base !== this.data.base;
    const same = !first && data.place === this.data.place; // the same batch, sort and filters: it grew
    const moved = !first && data.left !== this.data.left && data.at !== undefined;
    this.data = data;
    this.lighting.off(); // the chart may be gone from under the mouse
    this.list.setAttribute("aria-label", data.label);
    this.drawBar();
    this.paint();
    if (other) {
      this.controller?.abort();
      this.controller = new AbortController();
      this.windows = new Map(); // number -> promise of cells
      this.waiting = new Set(); // places whose boxes are to be asked for
      if (!same) this.revealed.clear();
      this.picked.clear(); // places are others now
      this.drawMarking();
      this.current = Math.min(Math.max(0, data.at || 0), data.count - 1);
      const top = same ? this.scroller.scrollTop : 0;
      this.standing = new Map(); // place -> its item, which is shown until the answer is there
      if (same) for (const item of this.list.querySelectorAll(".item")) this.standing.set(Number(item.dataset.place), item);
      this.measure(true);
      for (const block of this.blocks) if (this.standing.has(block.start)) this.fill(block);
      this.scroller.scrollTop = top;
    }
    if ((other && first && data.at) || moved) this.goTo(Math.min(data.at, data.count - 1), !first);
  }

  paint() {
    this.root.classList.toggle("without-boxes", !this.boxes);
    this.root.dataset.size = this.size;
  }

  drawBar() {
    const { data } = this;
    const said = JSON.stringify([data.sort, data.group, data.sorts, data.groups, data.note, data.marks]);
    if (said === this.barSaid) return;
    this.barSaid = said;
    redraw(this.bar, () => this.fillBar());
  }

  fillBar() {
    const { data } = this;
    this.bar.replaceChildren();
    if (data.note) make("span", "title", this.bar, data.note);
    const sizes = make("div", "sizes", this.bar);
    sizes.setAttribute("role", "group");
    sizes.setAttribute("aria-label", "Size of the pictures");
    for (const [size, name] of [["S", "Small"], ["M", "Medium"], ["L", "Large"]]) {
      const button = make("button", "size", sizes, size);
      button.type = "button";
      button.setAttribute("aria-label", `${name} pictures`);
      button.setAttribute("aria-pressed", size === this.size);
      button.addEventListener("click", () => {
        this.size = size;
        chosen.set("size", size);
        for (const one of sizes.children) one.setAttribute("aria-pressed", one === button);
        this.paint();
        this.measure(true);
      });
    }
    this.addSelect("Sort", data.sorts, data.sort, (sort) => this.trigger("arranged", { sort }));
    this.addSelect("Group", data.groups, data.group, (group) => this.trigger("arranged", { group }));
    make("span", "space", this.bar);
    this.switches = make("div", "switches", this.bar);
    if (data.marks) this.addSwitch("Mark", !this.foot.hidden, (on) => this.showMarking(on));
    this.addSwitch("Boxes", this.boxes, (on) => {
      this.boxes = on;
      chosen.set("boxes", on ? "on" : "off");
      this.paint();
    });
    this.addSwitch("Blur", this.blurred, (on) => {
      this.blurred = on;
      if (on) this.revealed.clear();
      for (const item of this.list.querySelectorAll(".flagged")) this.setImage(item);
    }, " flagged");
  }

  addSelect(title, options, value, act) {
    if (!options || Object.keys(options).length < 2) return;
    const label = make("label", "select", this.bar);
    make("span", "what", label, title);
    const select = make("select", "", label);
    select.setAttribute("aria-label", title); // the word beside it has no room everywhere
    for (const [key, text] of Object.entries(options)) {
      const option = make("option", "", select, text);
      option.value = key;
      option.selected = key === value;
    }
    select.addEventListener("change", () => act(select.value));
  }

  // `more` of the title is left out where there is little room.
  addSwitch(title, on, act, more = "") {
    const label = make("label", "switch", this.switches);
    const input = make("input", "", label);
    input.type = "checkbox";
    input.setAttribute("role", "switch");
    input.checked = on;
    make("span", "track", label);
    const words = make("span", "", label, title);
    if (more) make("span", "more", words, more);
    input.setAttribute("aria-label", title + more);
    input.addEventListener("change", () => act(input.checked));
  }

  // How many columns there is room for, and the blocks that follow from it.
  measure(again) {
    const room = this.list.clientWidth;
    if (!room) return;
    const least = SIZES[this.size][room < 480 ? 1 : 0];
    const columns = Math.max(1, Math.floor((room + GAP.column) / (least + GAP.column)));
    const width = (room - (columns - 1) * GAP.column) / columns;
    const frame = Math.round(width * (room < 480 ? 0.77 : 0.69));
    this.list.style.setProperty("--columns", columns);
    this.list.style.setProperty("--frame", `${frame}px`);
    this.row = frame + CAPTION + GAP.row;
    this.width = width;
    if (columns !== this.columns || again) {
      const at = this.columns && !again ? this.firstSeen() : -1;
      this.columns = columns;
      this.lay();
      if (at > 0) this.goTo(at, false);
    }
    for (const block of this.blocks) block.style.height = `${this.heightOf(block)}px`;
  }

  heightOf(block) {
    return Math.ceil(block.count / this.columns) * this.row;
  }

  firstSeen() {
    const top = this.scroller.getBoundingClientRect().top;
    for (const item of this.list.querySelectorAll(".item")) {
      if (item.getBoundingClientRect().bottom > top) return Number(item.dataset.place);
    }
    return 0;
  }

  lay() {
    this.near.disconnect();
    const earlier = new Map(); // items that may stay: an answer that is the same is drawn once
    for (const item of this.list.querySelectorAll(".item")) earlier.set(item.said, item);
    this.earlier = earlier;
    this.blocks = [];
    const parts = [];
    let place = 0;
    for (const { name, note, count } of this.data.sections) {
      const part = make("div", "section");
      part.setAttribute("role", "presentation");
      const body = make("div", "body");
      if (name) part.append(this.heading(name, note, body));
      part.append(body);
      const size = this.columns * ROWS;
      for (let at = 0; at < count; at += size) {
        const block = make("div", "window", body);
        block.setAttribute("role", "presentation");
        block.start = place + at;
        block.count = Math.min(size, count - at);
        this.blocks.push(block);
      }
      place += count;
      parts.push(part);
    }
    for (const block of this.blocks) block.style.height = `${this.heightOf(block)}px`;
    this.list.replaceChildren(...parts);
    for (const block of this.blocks) this.near.observe(block);
  }

  heading(name, note, body) {
    const heading = make("div", "heading");
    const button = make("button", "fold", heading);
    button.type = "button";
    make("span", "chevron", button).setAttribute("aria-hidden", "true");
    make("span", "name", button, name);
    make("span", "note", button, note);
    make("span", "rule", heading);
    const show = () => {
      button.setAttribute("aria-expanded", !this.folded.has(name));
      body.hidden = this.folded.has(name);
    };
    button.addEventListener("click", () => {
      if (!this.folded.delete(name)) this.folded.add(name);
      show();
    });
    show();
    return heading;
  }

  observer(margin, act) {
    return new IntersectionObserver(act, { root: this.scroller, rootMargin: `${margin}px 0px` });
  }

  // At first only what is visible is fetched: many look at the charts and go on. As soon as the
  // pointer, the focus or the wheel comes to the sheet, what lies beyond comes before it is seen.
  reach() {
    if (this.reached) return;
    this.reached = true;
    this.sight.disconnect();
    this.near.disconnect();
    this.near = this.observer(NEAR, (seen) => this.onNear(seen));
    for (const block of this.blocks) this.near.observe(block);
    for (const item of this.list.querySelectorAll(".item")) this.setImage(item);
  }

  onSight(seen) {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      this.sight.unobserve(target);
      target.seen = true;
      this.setImage(target);
    }
  }

  onNear(seen) {
    for (const { target, isIntersecting } of seen) {
      if (isIntersecting) this.fill(target);
      else this.empty(target);
    }
  }

  async fetched(path) {
    const answer = await fetch(`${this.data.base}/${path}`, {
      credentials: "same-origin",
      signal: this.controller.signal,
    });
    if (answer.status === 410 || answer.status === 404) this.trigger("gone", true);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return answer.json();
  }

  fill(block) {
    if (block.filled) return block.filled;
    const until = Array.from({ length: block.count }, (_, n) => this.stood(block.start + n) || this.skeleton());
    block.replaceChildren(...until);
    block.filled = this.cellsOf(block)
      .then((cells) => {
        if (!block.filled) return; // emptied meanwhile
        block.replaceChildren(...cells.map((cell, n) => this.item(cell, block.start + n)));
      })
      .catch((error) => {
        block.filled = null;
        if (error.name !== "AbortError") this.complain(block);
      });
    return block.filled;
  }

  async cellsOf(block) {
    const first = Math.floor(block.start / WINDOW);
    const last = Math.floor((block.start + block.count - 1) / WINDOW);
    const numbers = Array.from({ length: last - first + 1 }, (_, n) => first + n);
    const cells = (await Promise.all(numbers.map((number) => this.windowOf(number)))).flat();
    const at = block.start - first * WINDOW;
    return cells.slice(at, at + block.count);
  }

  windowOf(number) {
    const known = this.windows.get(number);
    const cells = known || this.fetched(`cells/${this.data.view}/${number * WINDOW}`);
    this.windows.delete(number); // the one used last goes last
    this.windows.set(number, cells);
    cells.catch(() => this.windows.delete(number));
    if (this.windows.size > KEPT) this.windows.delete(this.windows.keys().next().value);
    return cells;
  }

  empty(block) {
    if (block.contains(block.getRootNode().activeElement)) return;
    for (const image of block.querySelectorAll("img")) image.removeAttribute("src"); // stop loading
    block.filled = null;
    block.replaceChildren();
  }

  complain(block) {
    const item = make("div", "complaint");
    item.setAttribute("role", "listitem");
    make("span", "", item, "These pictures could not be fetched. ");
    const again = make("button", "again", item, "Try again");
    again.addEventListener("click", () => this.fill(block));
    block.replaceChildren(item);
  }

  stood(place) {
    const item = this.standing.get(place);
    this.standing.delete(place);
    return item;
  }

  skeleton() {
    const item = make("div", "skeleton");
    item.setAttribute("aria-hidden", "true");
    make("div", "frame", item);
    return item;
  }

  saidOf(cell) {
    return JSON.stringify([cell, this.data.caption, this.data.query]);
  }

  item(cell, place) {
    const said = this.saidOf(cell);
    const same = this.earlier?.get(said);
    if (same) {
      this.earlier.delete(said);
      this.setPlace(same, place);
      this.setImage(same);
      return same;
    }
    const item = make("div", "item");
    item.said = said;
    item.cell = cell;
    item.setAttribute("role", "listitem");
    item.setAttribute("aria-setsize", this.data.count);
    item.classList.toggle("flagged", cell.flagged);
    item.classList.toggle("waiting", Boolean(cell.waiting));
    const link = make("a", "cell", item);
    link.setAttribute("aria-label", cell.name);
    const frame = make("div", "frame", link);
    make("span", "fault", frame);
    const image = make("img", "", frame);
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = cell.note || cell.name;
    image.addEventListener("load", () => this.onImage(item, true));
    image.addEventListener("error", () => this.onImage(item, false));
    const strip = make("div", "strip", link);
    strip.setAttribute("aria-hidden", "true");
    for (const [color, part] of cell.colors) {
      const swatch = make("i", "", strip);
      swatch.style.background = color;
      swatch.style.flexGrow = Math.max(part, 0.02);
    }
    writeName(make("span", "name", link), cell.name, Math.floor(this.width / 7));
    const note = make("span", cell.failed ? "note failed" : "note", item);
    if (cell.marks.length) this.mark(note, cell.marks);
    else this.caption(note, cell);
    link.title = cell.note;
    if (cell.mark || cell.said) this.drawMark(item);
    if (cell.flagged) this.addReveal(item);
    this.setPlace(item, place);
    if (cell.waiting) image.hidden = true;
    else {
      link.href = `picture?${this.data.query}${this.data.query ? "&" : ""}${cell.link}`;
      this.setImage(item);
    }
    return item;
  }

  setPlace(item, place) {
    item.dataset.place = place;
    item.setAttribute("aria-posinset", place + 1);
    for (const stop of item.querySelectorAll("a, button")) stop.tabIndex = place === this.current ? 0 : -1;
    this.paintPicked(item);
    const note = item.querySelector(".note");
    note.id = `note-${place}`;
    if (note.textContent) item.querySelector("a").setAttribute("aria-describedby", note.id);
  }

  // What stands below the name: by what the sheet is sorted and grouped.
  caption(note, cell) {
    if (cell.waiting) { note.textContent = "waiting"; return; }
    if (cell.failed) { note.textContent = cell.note; return; }
    if (this.data.caption === "safe") {
      const [category, level] = cell.safe;
      if (!category) { note.textContent = "not judged"; return; }
      make("i", `dot ${level}`, note);
      make("span", "what", note, `${category} ${level.toLowerCase().replace("_", " ")}`);
      return;
    }
    make("span", "what", note, this.data.caption === "folder" ? cell.folder : cell.label);
    if (cell.score) make("span", "score", note, cell.score.toFixed(2));
  }

  // A piece of the picture's text, with what was searched for marked in it.
  mark(note, parts) {
    note.classList.add("found");
    for (const [text, hit] of parts) make(hit ? "mark" : "span", "", note, text);
    note.title = note.textContent;
  }

  addReveal(item) {
    const button = make("button", "reveal", item, "Show");
    button.type = "button";
    button.setAttribute("aria-label", `Show ${item.cell.name}, which safe search flagged`);
  }

  setImage(item) {
    const { cell } = item;
    if (cell.waiting) return;
    const veiled = cell.flagged && this.blurred && !this.revealed.has(cell.link);
    item.classList.toggle("veiled", veiled);
    if (!cell.thumbnail) {
      this.setFault(item, cell.failed ? "Not annotated" : "No address");
      item.querySelector("img").hidden = true;
      return;
    }
    const address = `${this.data.base}/thumbnail/${cell.thumbnail}${veiled ? "&veiled=1" : ""}`;
    const image = item.querySelector("img");
    if (!this.reached && !item.seen) this.sight.observe(item);
    else if (image.getAttribute("src") !== address) image.src = address;
    else if (this.boxed && !item.querySelector("svg")) this.onImage(item, true);
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
    this.waiting.add(item);
    if (this.timer) return;
    this.timer = setTimeout(() => this.askForBoxes(), 150);
  }

  async askForBoxes() {
    this.timer = null;
    const asked = [...this.waiting].filter((item) => item.isConnected).slice(0, 100);
    const items = new Map(asked.map((item) => [item.dataset.place, item]));
    this.waiting.clear();
    if (!items.size) return;
    try {
      const boxesOf = await this.fetched(`boxes/${this.data.view}?at=${[...items.keys()].join(",")}`);
      for (const [place, boxes] of Object.entries(boxesOf)) this.drawBoxes(items.get(place), boxes);
    } catch {
      for (const item of asked) item.boxed = false; // the next look asks again
    }
  }

  drawBoxes(item, { size, paths, fault }) {
    if (!item) return;
    if (fault) {
      this.setFault(item, fault);
      return;
    }
    if (!paths.length) return;
    const svg = makeSvg("svg", { viewBox: `0 0 ${size[0]} ${size[1]}`, "aria-hidden": "true" });
    for (const [kind, path] of paths) {
      for (const layer of ["edge", "line"]) {
        const outline = makeSvg("path", { class: `${layer} ${kind}`, d: path }, svg);
        if (layer === "line") outline.style.stroke = this.data.colors[kind];
      }
    }
    item.querySelector("svg")?.remove();
    item.querySelector(".frame").append(svg);
  }

  onClick(event) {
    const item = event.target.closest(".item");
    if (!item) return;
    if (this.data.marks && event.target.closest("a") && this.isPicking(event)) {
      event.preventDefault();
      this.pick(Number(item.dataset.place), event.shiftKey);
    } else if (event.target.closest(".reveal")) {
      this.revealed.add(item.cell.link);
      this.setImage(item);
      item.querySelector("a").focus();
    } else if (event.target.closest("a") && this.isPlain(event)) {
      event.preventDefault(); // large, on this page; other clicks use the address
      if (item.cell.waiting) return;
      this.fetchLarge(item.cell);
      this.trigger("opened", Number(item.dataset.place));
    }
  }

  // The large picture is on its way while the server still draws what stands around it; its address
  // is that of ``picture_dialog.show_stage``.
  fetchLarge({ thumbnail, flagged }) {
    if (!thumbnail) return;
    this.large = new Image(); // held, so that the browser keeps it
    this.large.fetchPriority = "high";
    this.large.src = `${this.data.base}/large/${thumbnail}${flagged ? "&veiled=1" : ""}`;
  }

  isPlain(event) {
    return !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  }

  // With the marks' bar open a click picks; Ctrl and Shift pick without it, too.
  isPicking(event) {
    if (event.altKey || event.detail === 0) return false; // Enter on a picture opens it
    return !this.foot.hidden || event.ctrlKey || event.metaKey || event.shiftKey;
  }

  pick(place, range) {
    const from = range && this.anchor !== undefined ? this.anchor : place;
    const on = range || !this.picked.has(place);
    for (let at = Math.min(from, place); at <= Math.max(from, place); at += 1) {
      if (on) this.picked.add(at);
      else this.picked.delete(at);
    }
    this.anchor = place;
    this.showMarking(true);
    for (const item of this.list.querySelectorAll(".item")) this.paintPicked(item);
  }

  paintPicked(item) {
    const picked = this.picked.has(Number(item.dataset.place));
    item.classList.toggle("picked", picked);
    if (picked) item.querySelector("a").setAttribute("aria-current", "true");
    else item.querySelector("a").removeAttribute("aria-current");
  }

  showMarking(on) {
    if (this.foot.hidden === !on) return this.drawMarking();
    this.foot.hidden = !on;
    if (!on) {
      this.picked.clear();
      for (const item of this.list.querySelectorAll(".item")) this.paintPicked(item);
    }
    this.barSaid = "";
    this.drawBar();
    this.drawMarking();
    return undefined;
  }

  drawMarking() {
    if (!this.foot.hidden) redraw(this.foot, () => this.fillMarking());
  }

  fillMarking() {
    const noting = this.foot.querySelector(".noting");
    this.foot.replaceChildren();
    const count = this.picked.size;
    const status = make("span", "count", this.foot);
    status.setAttribute("role", "status");
    const picked = count ? `${count.toLocaleString()} picked` : "Pick pictures, or use keys";
    status.textContent = this.outcome || picked;
    const add = (name, key, act, className = "") => {
      const button = make("button", className, this.foot, name);
      button.type = "button";
      if (key) make("kbd", "", button, key);
      button.addEventListener("click", act);
    };
    for (const [key, mark] of [["1", "keep"], ["2", "flag"], ["3", "reject"]]) {
      add(`${SIGNS[mark]} ${MARK_NAMES[mark]}`, key, () => this.give(mark), mark);
    }
    add("Clear", "0", () => this.give(""));
    add("Note", "N", () => this.giveNote());
    add("Undo", "U", () => this.undo());
    const every = this.data.count === 1 ? "the picture" : `all ${this.data.count.toLocaleString()}`;
    add(`Pick ${every}`, "", () => {
      for (let at = 0; at < this.data.count; at += 1) this.picked.add(at);
      for (const item of this.list.querySelectorAll(".item")) this.paintPicked(item);
      this.drawMarking();
    });
    if (noting) this.foot.append(noting);
  }

  give(mark) {
    const every = this.picked.size === this.data.count;
    const places = this.picked.size ? [...this.picked] : [this.current];
    for (const place of places) this.itemAt(place)?.classList.add("saving");
    this.keep({ places: every ? null : places, mark });
  }

  giveNote() {
    const place = this.current;
    this.showMarking(true);
    const text = this.itemAt(place)?.cell.said || "";
    askForNote(this.foot, text, (note) => this.keep({ place, note }), () => this.goTo(place));
  }

  // One picture is gone to, as editors do; of many the bar says how many they are.
  async undo() {
    const said = await this.keep({ undo: true });
    if (said === undefined) return;
    const places = Object.keys(said || {});
    if (places.length === 1) this.goTo(Number(places[0]), this.list.matches(":focus-within"));
    else this.showMarking(true);
    this.outcome = sayUndone(said);
    this.drawMarking();
    this.outcome = ""; // until the bar is drawn again
  }

  // Resolves to what is said of each place now, null for many; undefined if it was not kept.
  async keep(body) {
    try {
      const said = await this.marker.send(this.data.base, this.data.view, body);
      this.complainOfMark("");
      return said;
    } catch (error) {
      for (const item of this.list.querySelectorAll(".saving")) item.classList.remove("saving");
      this.complainOfMark(error.message);
      return undefined;
    }
  }

  complainOfMark(text) {
    this.root.querySelector(".unkept")?.remove();
    if (!text) return;
    const alert = make("div", "unkept", null, text);
    alert.setAttribute("role", "alert");
    this.foot.before(alert);
  }

  // What the server has kept, by place; null if that is too much for one answer.
  async takeSaid(said) {
    if (said === null) {
      this.windows = new Map();
      this.earlier = null;
      for (const block of this.blocks.filter((one) => one.filled)) {
        block.filled = null;
        this.fill(block);
      }
      return;
    }
    for (const [number, cells] of this.windows) {
      const shown = await cells.catch(() => []);
      shown.forEach((cell, n) => Object.assign(cell, said[number * WINDOW + n]));
    }
    for (const place of Object.keys(said)) {
      const item = this.itemAt(Number(place));
      if (!item) continue;
      Object.assign(item.cell, said[place]);
      item.classList.remove("saving");
      item.said = this.saidOf(item.cell);
      this.drawMark(item);
    }
  }

  drawMark(item) {
    const { cell } = item;
    const link = item.querySelector("a");
    link.querySelector(".given")?.remove();
    item.dataset.mark = cell.mark || "";
    const named = [cell.mark && `marked ${cell.mark}`, cell.said && `note: ${cell.said}`];
    const words = named.filter(Boolean).join(", ");
    link.setAttribute("aria-label", words ? `${cell.name}, ${words}` : cell.name);
    if (!words) return;
    const badge = make("span", "given", link);
    badge.setAttribute("aria-hidden", "true");
    if (cell.mark) make("i", cell.mark, badge, SIGNS[cell.mark]);
    if (cell.said) make("i", "noted", badge, "✎").title = cell.said;
  }

  onFocus(event) {
    const item = event.target.closest(".item");
    if (item) this.setCurrent(Number(item.dataset.place));
  }

  setCurrent(place) {
    for (const [at, tabIndex] of [[this.current, -1], [place, 0]]) {
      const item = this.itemAt(at);
      for (const stop of item?.querySelectorAll("a, button") || []) stop.tabIndex = tabIndex;
    }
    this.current = place;
  }

  itemAt(place) {
    return this.list.querySelector(`[data-place="${place}"]`);
  }

  onKey(event) {
    if (!event.target.closest(".item")) return;
    if (this.data.marks && this.isPlain(event) && this.onMarkKey(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.row));
    const last = this.data.count - 1;
    const wanted = {
      ArrowLeft: () => this.current - 1,
      ArrowRight: () => this.current + 1,
      ArrowUp: () => this.below(-1),
      ArrowDown: () => this.below(1),
      PageUp: () => this.current - page * this.columns,
      PageDown: () => this.current + page * this.columns,
      Home: () => 0,
      End: () => last,
    }[event.key];
    if (!wanted || !this.isPlain(event)) return;
    event.preventDefault();
    event.stopPropagation(); // the page's own shortcuts are not meant
    this.goTo(Math.min(Math.max(0, wanted()), last));
  }

  // 1 to 3 mark, 0 takes the mark away, N writes a note, U undoes, X picks.
  onMarkKey(key) {
    if (key in BY_KEY) this.give(BY_KEY[key]);
    else if (key === "n" || key === "N") this.giveNote();
    else if (key === "u" || key === "U") this.undo();
    else if (key === "x" || key === "X") this.pick(this.current, false);
    else return false;
    return true;
  }

  // The picture a row further down or up, in the next section where this one ends.
  below(step) {
    let start = 0;
    const { sections } = this.data;
    const number = sections.findIndex(({ count }) => {
      if (this.current < start + count) return true;
      start += count;
      return false;
    });
    const at = this.current - start;
    const wanted = at + step * this.columns;
    if (wanted >= 0 && wanted < sections[number].count) return start + wanted;
    const column = at % this.columns;
    if (step > 0) {
      const lastRow = Math.floor((sections[number].count - 1) / this.columns);
      if (Math.floor(at / this.columns) < lastRow) return start + sections[number].count - 1;
      const next = sections[number + 1];
      return next ? start + sections[number].count + Math.min(column, next.count - 1) : this.current;
    }
    const before = sections[number - 1];
    if (!before) return this.current;
    const row = Math.floor((before.count - 1) / this.columns) * this.columns;
    return start - before.count + Math.min(row + column, before.count - 1);
  }

  async goTo(place, focus = true) {
    this.goal = place;
    const block = this.blocks.find((one) => place < one.start + one.count);
    if (!block) return;
    const body = block.parentElement;
    if (body.hidden) body.parentElement.querySelector(".fold")?.click();
    if (!this.itemAt(place)) {
      const row = Math.floor((place - block.start) / this.columns);
      this.scroller.scrollTop = block.offsetTop + row * this.row - this.scroller.clientHeight / 2;
      await this.fill(block);
    }
    const item = this.itemAt(place);
    if (!item || this.goal !== place) return;
    this.setCurrent(place);
    if (focus) item.querySelector("a").focus({ preventScroll: true });
    item.scrollIntoView({ block: "nearest" });
  }
}

const sheets = new WeakMap();

// A link to a section of the long page that Explore was before it had tabs.
function followAnchor(trigger) {
  const anchor = location.hash.slice(1);
  if (!anchor) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  trigger("anchor", anchor);
}

export default function (component) {
  const { parentElement: root, data, setTriggerValue } = component;
  const mount = root.querySelector(".mount");
  const sheet = sheets.get(mount);
  if (sheet) {
    sheet.trigger = setTriggerValue;
    sheet.take(data);
  } else {
    sheets.set(mount, new Sheet(mount, data, setTriggerValue));
    followAnchor(setTriggerValue);
  }
  return () => {
    sheets.get(mount)?.close();
    sheets.delete(mount);
  };
}
