// Files from the visitor's own machine, each sent by itself to routes of our own (server/upload_routes).
// No library. Names enter through textContent alone. What is under way goes on while another page of the
// dashboard is looked at; a reload ends it, and the same files chosen again are not sent again.

const WORKERS = 4;
const ASKED = 50; // files a question whether they are there
const HEAD = 1024; // bytes that tell what a file is
const HEAD_FROM = 1024 * 1024; // of a larger file they are looked at before the rest is sent
const BLOCK = 4 * 1024 * 1024; // ContentHash in core/jobs/sending/uploads/spool.py
const MOST_NAME = 1000; // as core/jobs/batch/sources.py keeps of it
const SILENT_MS = 90_000;
const MOST_WAIT_MS = 10_000;
const SHOWN = 200; // failed files in the list
const HALTS = [401, 403, 404, 409, 507]; // the others would fail alike

const number = (n) => n.toLocaleString("en");
const files = (n) => `${number(n)} file${n === 1 ? "" : "s"}`;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

function amount(bytes) {
  if (bytes < 1e6) return `${number(Math.round(bytes / 1e3))} kB`;
  const mb = bytes / 1e6;
  return `${mb < 10 ? mb.toFixed(1) : number(Math.round(mb))} MB`;
}

function hex(bytes) {
  return [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

// "" where the browser offers no hash, as on plain http from another machine: then all is sent.
async function contentOf(file) {
  if (!globalThis.crypto?.subtle) return "";
  const digests = [];
  for (let at = 0; at < file.size; at += BLOCK) {
    const block = await file.slice(at, at + BLOCK).arrayBuffer();
    digests.push(await crypto.subtle.digest("SHA-256", block));
  }
  return hex(await crypto.subtle.digest("SHA-256", await new Blob(digests).arrayBuffer()));
}

async function headOf(file) {
  const bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  return btoa(String.fromCharCode(...bytes));
}

class Halt extends Error {}

class Uploads {
  constructor(draft) {
    this.draft = draft;
    this.remembered = `contact-sheet-upload-${draft}`;
    this.unsent = JSON.parse(sessionStorage.getItem(this.remembered) || "null");
    this.changed = () => {};
    this.ended = 0; // how often all that was chosen has come to an end
    this.clear();
    addEventListener("beforeunload", (event) => {
      if (this.busy) event.preventDefault();
    });
  }

  clear() {
    Object.assign(this, { items: [], waiting: [], ready: [], followers: new Map(), active: new Set() });
    Object.assign(this, { workers: 0, paused: false, cancelled: false, halted: "", lost: 0, began: 0 });
    this.samples = [];
  }

  get busy() {
    return this.workers > 0;
  }

  count(state) {
    return this.items.reduce((sum, item) => sum + (item.state === state), 0);
  }

  take({ base, most, cleared }) {
    if (this.cleared !== undefined && this.cleared !== cleared && !this.busy) this.clear();
    this.cleared = cleared;
    const other = this.base !== undefined && this.base !== base;
    this.base = base;
    this.most = most;
    if (other && this.halted) this.goOn(); // the dashboard was started again meanwhile
  }

  add(files) {
    if (!files.length) return;
    if (!this.busy && !this.halted) this.clear();
    this.unsent = null;
    for (const [file, path] of files) {
      const name = path.slice(-MOST_NAME);
      const item = { file, name, size: file.size, sent: 0, state: "waiting", why: "", content: "" };
      this.items.push(item);
      if (file.size > this.most) this.fail(item, `It is larger than ${number(this.most / 1024 ** 3)} GB.`);
      else this.waiting.push(item);
    }
    this.goOn();
  }

  goOn() {
    this.halted = "";
    this.paused = false;
    this.cancelled = false;
    this.began ||= performance.now();
    this.resume?.();
    while (this.workers < WORKERS && this.workers < this.waiting.length + this.ready.length) {
      this.workers += 1;
      this.work();
    }
    this.changed();
  }

  retry() {
    for (const item of this.items) {
      if (item.state !== "failed" || item.size > this.most) continue;
      Object.assign(item, { state: "waiting", why: "", sent: 0 });
      this.waiting.push(item);
    }
    this.goOn();
  }

  cancel() {
    this.cancelled = true;
    for (const item of this.items) if (item.state === "waiting") item.state = "not sent";
    this.waiting = [];
    this.ready = [];
    for (const request of this.active) request.abort();
    this.resume?.();
    this.changed();
  }

  async work() {
    try {
      for (;;) {
        if (this.paused && !this.cancelled) await this.unpaused();
        const item = this.halted || this.cancelled ? null : await this.next();
        if (!item) break;
        await this.send(item);
      }
    } finally {
      this.workers -= 1;
      if (!this.workers) this.ended += 1;
      this.remember();
      this.changed();
    }
  }

  unpaused() {
    this.pausing ??= new Promise((done) => {
      this.resume = () => {
        this.pausing = this.resume = null;
        done();
      };
    });
    return this.pausing;
  }

  // The next file to be sent: hashed and asked about some at a time, while others are on their way.
  async next() {
    while (!this.ready.length) {
      if (!this.waiting.length && !this.preparing) return null;
      await this.prepared();
      if (this.halted || this.cancelled) return null;
    }
    const item = this.ready.shift();
    if (this.ready.length < ASKED / 2 && this.waiting.length) this.prepared();
    return item;
  }

  prepared() {
    this.preparing ??= this.prepare(this.waiting.splice(0, ASKED)).finally(() => {
      this.preparing = null;
    });
    return this.preparing;
  }

  async prepare(items) {
    const readable = [];
    for (const item of items) {
      if (this.cancelled) return;
      try {
        item.content ||= await contentOf(item.file);
        if (item.size > HEAD_FROM) item.head = await headOf(item.file);
        readable.push(item);
      } catch {
        this.fail(item, "The file cannot be read.");
      }
    }
    const unknown = await this.unknown(readable);
    if (this.halted) {
      this.waiting.unshift(...readable.filter(({ state }) => state === "waiting"));
      return;
    }
    for (const item of unknown) {
      // Of files that are alike one is sent; the others are asked about once it has arrived.
      const same = item.content && this.followers.get(item.content);
      if (same) same.push(item);
      else {
        if (item.content) this.followers.set(item.content, []);
        this.ready.push(item);
      }
    }
  }

  // Those that have to be sent.
  async unknown(items) {
    const asked = items.filter((item) => item.content || item.head);
    if (!asked.length) return items;
    const body = JSON.stringify({ files: asked.map(({ name, content, head }) => ({ name, content, head })) });
    const answer = await this.untilAnswered("POST", "known", body);
    if (!answer) return [];
    if (answer.status !== 200) {
      for (const item of asked) this.fail(item, answer.why);
      return items.filter((item) => !asked.includes(item));
    }
    asked.forEach((item, n) => answer.body.files[n] && this.arrived(item, answer.body.files[n]));
    return items.filter((item) => item.state === "waiting");
  }

  async send(item) {
    const query = new URLSearchParams({ name: item.name, content: item.content });
    const answer = await this.untilAnswered("PUT", `file?${query}`, item.file, item);
    if (answer) {
      if (answer.status === 200) this.arrived(item, "sent");
      else this.fail(item, answer.why);
    } else if (item.state === "waiting" && !this.cancelled) {
      item.sent = 0;
      this.waiting.unshift(item);
    }
    this.waiting.unshift(...(this.followers.get(item.content) || []));
    this.followers.delete(item.content);
  }

  // Tries again for as long as there is no connection; null if it was cancelled, halted or has arrived.
  async untilAnswered(method, path, body, item = null) {
    for (let tries = 0; !this.cancelled && !this.halted; tries += 1) {
      const answer = await this.ask(method, path, body, item);
      if (this.cancelled) return null;
      if (HALTS.includes(answer.status)) {
        this.halted = answer.why;
        this.changed();
        return null;
      }
      const gone = answer.status === 0 || answer.status >= 500 || [408, 429].includes(answer.status);
      if (!gone) return answer;
      this.lost += 1;
      if (item) item.sent = 0;
      this.changed();
      await wait(Math.min(MOST_WAIT_MS, 500 * 2 ** Math.min(tries, 6)) * (0.75 + Math.random() / 2));
      this.lost -= 1;
      // It may have arrived, and its answer not.
      if (item?.content && (await this.unknown([item])).length === 0) return null;
    }
    return null;
  }

  ask(method, path, body, item) {
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      let timer = 0;
      const alive = () => {
        clearTimeout(timer);
        timer = setTimeout(() => request.abort(), SILENT_MS);
      };
      request.open(method, `${this.base}/${path}`);
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => {
        alive();
        if (item) item.sent = Math.min(event.loaded, item.size);
        this.changed();
      });
      request.addEventListener("loadend", () => {
        clearTimeout(timer);
        this.active.delete(request);
        const { status, response } = request;
        const said = [response?.what, response?.then].filter(Boolean).join(". ");
        done({ status, body: response, why: said || WHY[status] || `The dashboard answered with ${status}.` });
      });
      this.active.add(request);
      alive();
      request.send(body);
    });
  }

  arrived(item, state) {
    Object.assign(item, { state, sent: item.size, file: null });
    this.remember();
    this.changed();
  }

  fail(item, why) {
    Object.assign(item, { state: "failed", sent: 0, why });
    this.changed();
  }

  // For the page after a reload, which has the files no more.
  remember() {
    const now = performance.now();
    if (this.busy && now - (this.noted || 0) < 1000) return;
    this.noted = now;
    const left = this.items.filter(({ state }) => state === "waiting" || state === "failed");
    if (!left.length || this.cancelled) sessionStorage.removeItem(this.remembered);
    else {
      const names = left.slice(0, 5).map(({ name }) => name);
      sessionStorage.setItem(this.remembered, JSON.stringify({ left: left.length, names }));
    }
  }

  dismiss() {
    this.unsent = null;
    sessionStorage.removeItem(this.remembered);
    this.changed();
  }

  // Bytes a second over the last seconds.
  rate(done) {
    const now = performance.now();
    this.samples.push([now, done]);
    while (this.samples.length > 2 && now - this.samples[0][0] > 5000) this.samples.shift();
    const [then, before] = this.samples[0];
    return now - then > 500 ? Math.max(0, ((done - before) * 1000) / (now - then)) : 0;
  }
}

const WHY = {
  401: "You are not signed in any more. Reload the page and choose the same files again: those that are here are not sent again.",
  403: "This dashboard takes no files from this page.",
  404: "The dashboard was started again. Reload the page and choose the same files again: those that are here are not sent again.",
};

function button(parent, text, pressed, className = "") {
  const made = make("button", className, parent, text);
  made.type = "button";
  made.addEventListener("click", pressed);
  return made;
}

async function entriesOf(entry, files) {
  if (entry.isFile) {
    const file = await new Promise((done) => entry.file(done, () => done(null)));
    // One that cannot be read is named like the others: it fails when it is opened.
    files.push([file || new File([], entry.name), entry.fullPath.replace(/^\//, "")]);
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((done) => reader.readEntries(done, () => done([])));
    if (!some.length) return;
    for (const one of some) await entriesOf(one, files);
  }
}

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [];
  if (!entries.length) return [...transfer.files].map((file) => [file, file.name]);
  for (const entry of entries) await entriesOf(entry, files);
  return files;
}

class Panel {
  constructor(root, uploads) {
    this.uploads = uploads;
    this.section = make("section", "upload");
    root.replaceChildren(this.section);
    this.zone = make("div", "zone", this.section);
    this.lead = make("p", "lead", this.zone, "Drop files or folders here, or");
    const choices = make("div", "choices", this.zone);
    this.choose(choices, "Choose files", false);
    this.choose(choices, "Choose a folder", true);
    this.note = make("p", "note", this.zone);
    this.state = make("p", "state", this.section);
    this.state.setAttribute("role", "status");
    this.bar = make("progress", "", this.section);
    this.bar.setAttribute("aria-label", "Bytes sent");
    this.line = make("p", "line", this.section);
    this.actions = make("div", "actions", this.section);
    this.pause = button(this.actions, "Pause", () => this.onPause());
    this.stop = button(this.actions, "Cancel", () => uploads.cancel());
    this.again = button(this.actions, "Try the failed ones again", () => uploads.retry());
    this.dismiss = button(this.actions, "Dismiss", () => uploads.dismiss());
    this.failed = make("details", "failed", this.section);
    this.summary = make("summary", "", this.failed);
    this.list = make("ul", "", this.failed);
    this.listenToDrops();
    uploads.changed = () => this.soon();
    this.draw();
  }

  choose(parent, text, folder) {
    const input = make("input", folder ? "folder" : "files", parent);
    input.type = "file";
    input.multiple = true;
    input.webkitdirectory = folder;
    input.hidden = true;
    input.addEventListener("change", () => {
      this.uploads.add([...input.files].map((file) => [file, file.webkitRelativePath || file.name]));
      input.value = "";
    });
    button(parent, text, () => input.click(), "choose");
  }

  listenToDrops() {
    const over = (on) => (event) => {
      event.preventDefault();
      this.zone.classList.toggle("over", on);
    };
    for (const kind of ["dragenter", "dragover"]) this.section.addEventListener(kind, over(true));
    this.section.addEventListener("dragleave", over(false));
    this.section.addEventListener("drop", async (event) => {
      over(false)(event);
      this.uploads.add(await dropped(event.dataTransfer));
    });
  }

  onPause() {
    if (this.uploads.paused || this.uploads.halted) this.uploads.goOn();
    else {
      this.uploads.paused = true;
      this.draw();
    }
  }

  take(data, setState) {
    this.section.setAttribute("aria-label", data.label);
    this.note.textContent = data.note;
    this.setState = setState;
    this.reported ??= data.busy;
    this.seen ??= this.uploads.ended;
    this.uploads.take(data);
    this.soon();
  }

  // The page offers nothing to submit while files are on their way, and runs again at their end.
  tell() {
    const { busy } = this.uploads;
    if (!this.setState) return;
    if (busy !== this.reported) {
      this.reported = busy;
      this.seen = this.uploads.ended;
      this.setState("busy", busy);
    } else if (!busy && this.seen !== this.uploads.ended) {
      this.seen = this.uploads.ended; // begun and over between two looks
      this.setState("ended", this.seen);
    }
  }

  soon() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.draw();
      this.tell();
    }, 100);
  }

  close() {
    clearTimeout(this.timer);
    this.uploads.changed = () => {};
  }

  draw() {
    const { items, busy, halted, paused, unsent } = this.uploads;
    const failed = items.filter(({ state }) => state === "failed");
    const some = items.length > 0;
    this.say(failed.length);
    this.bar.hidden = this.line.hidden = !some;
    this.pause.hidden = !busy && !halted;
    this.pause.textContent = paused || halted ? "Go on" : "Pause";
    this.stop.hidden = !busy && !halted;
    this.again.hidden = busy || !failed.length;
    this.dismiss.hidden = !unsent;
    this.actions.hidden = [...this.actions.children].every(({ hidden }) => hidden);
    this.drawFailed(failed);
    if (some) this.drawProgress(items, busy);
  }

  drawProgress(items, busy) {
    const wanted = items.filter(({ state }) => state !== "failed" && state !== "not sent");
    const bytes = items.reduce((sum, { size }) => sum + size, 0);
    const sent = items.reduce((sum, item) => sum + item.sent, 0);
    const here = wanted.filter(({ state }) => state !== "waiting").length;
    const rate = this.uploads.rate(sent);
    this.bar.max = bytes || 1;
    this.bar.value = bytes ? sent : 1;
    const parts = [
      `${number(here)} of ${files(items.length)}`,
      `${amount(sent)} of ${amount(bytes)}`,
    ];
    if (busy && rate > 0) {
      const left = (bytes - sent) / rate;
      parts.push(`${amount(rate)}/s`);
      parts.push(left < 90 ? `about ${Math.ceil(left)} s left` : `about ${Math.ceil(left / 60)} min left`);
    }
    this.line.textContent = parts.join(" · ");
  }

  // What a screen reader says: only when it changes, and not at every file.
  say(failed) {
    const { items, busy, halted, paused, lost, cancelled, unsent } = this.uploads;
    const count = (state) => this.uploads.count(state);
    let text = "";
    if (unsent && !items.length) {
      const more = unsent.left > unsent.names.length ? " and others" : "";
      text =
        `${files(unsent.left)} had not been sent when the page was left: ${unsent.names.join(", ")}${more}. ` +
        "Choose the same files or folder again: what is here is not sent again.";
    } else if (halted) text = `Stopped. ${halted}`;
    else if (busy && paused) text = "Paused. Files that are on their way still arrive.";
    else if (busy && lost) text = "The connection is lost. It goes on by itself.";
    else if (busy) text = `Sending ${files(items.length)}`;
    else if (items.length) {
      const there = count("known");
      const left = count("not sent");
      const out = count("left out");
      text = `${files(count("sent"))} sent`;
      if (there) text += `, ${number(there)} here already and not sent again`;
      if (out) text += `, ${number(out)} no picture and not sent`;
      if (failed) text += `, ${number(failed)} failed`;
      if (left) text += `, ${number(left)} not sent`;
      text += cancelled ? ". Cancelled." : ".";
    }
    if (this.state.textContent !== text) this.state.textContent = text;
    this.state.classList.toggle("warns", Boolean(halted || lost || failed || unsent));
    this.state.hidden = !text;
  }

  drawFailed(failed) {
    this.failed.hidden = !failed.length;
    if (failed.length === this.listed) return;
    this.listed = failed.length;
    this.failed.open = true;
    this.summary.textContent = `${files(failed.length)} failed`;
    const rows = failed.slice(0, SHOWN).map(({ name, why }) => make("li", "", null, `${name}: ${why}`));
    if (failed.length > SHOWN) rows.push(make("li", "", null, `and ${number(failed.length - SHOWN)} more`));
    this.list.replaceChildren(...rows);
  }
}

// Outlives the component: another page of the dashboard may be looked at meanwhile.
const uploadsOf = (window[Symbol.for("contact-sheet-uploads")] ??= new Map());
const panels = new WeakMap();

export default function ({ parentElement: root, data, setStateValue }) {
  const mount = root.querySelector(".mount");
  if (!uploadsOf.has(data.draft)) uploadsOf.set(data.draft, new Uploads(data.draft));
  const uploads = uploadsOf.get(data.draft);
  if (panels.get(mount)?.uploads !== uploads) {
    panels.get(mount)?.close();
    panels.set(mount, new Panel(mount, uploads));
  }
  panels.get(mount).take(data, setStateValue);
  return () => {
    panels.get(mount)?.close();
    panels.delete(mount);
  };
}
