// Marks and notes of pictures: sent one after the other, and shown as given once the server has
// kept them. Stands before sheet.js and picture.js; text enters through textContent alone.

const GIVEN = "contact-sheet-marked"; // {detail: {view, said}}: the sheet and the large picture
const BY_KEY = { 1: "keep", 2: "flag", 3: "reject", 0: "" };
const MARK_NAMES = { keep: "Keep", flag: "Flag", reject: "Reject" };
const SIGNS = { keep: "✓", flag: "⚑", reject: "✕" };
const LONGEST_NOTE = 500; // characters, as core/jobs/ledger/marks.py

class Marker {
  constructor() {
    this.last = Promise.resolve();
  }

  // Keep something; resolves to what is said of each place now, null for "ask again".
  send(base, view, body) {
    const sent = this.last.then(() => this.post(base, view, body));
    this.last = sent.catch(() => {});
    return sent;
  }

  async post(base, view, body) {
    const answer = await fetch(`${base}/mark/${view}`, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const outcome = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(outcome.fault || "The mark could not be kept. Load the page again.");
    window.dispatchEvent(new CustomEvent(GIVEN, { detail: { view, said: outcome.said } }));
    return outcome.said;
  }
}

// Draw a bar again; the control that has the focus keeps it, or keys would lead nowhere.
function redraw(bar, draw) {
  const controls = () => [...bar.querySelectorAll("button, select, input")];
  const at = controls().indexOf(bar.getRootNode().activeElement);
  draw();
  controls()[at]?.focus();
}

// What an undo changed, of which pictures may be elsewhere.
function sayUndone(said) {
  const places = Object.keys(said || {});
  if (places.length === 1) return `Undone on picture ${Number(places[0]) + 1}`;
  if (places.length) return `Undone on ${places.length.toLocaleString()} pictures`;
  return said ? "Undone on pictures that do not pass" : "Undone on many pictures";
}

// A field for a note in a bar of its own; ``keep`` gets the text, Escape leaves it. ``back`` moves the
// focus to where it goes on from there.
function askForNote(bar, text, keep, back) {
  bar.querySelector(".noting")?.remove();
  const form = document.createElement("form");
  form.className = "noting";
  const input = document.createElement("input");
  input.type = "text";
  input.maxLength = LONGEST_NOTE;
  input.value = text;
  input.placeholder = "Note";
  input.setAttribute("aria-label", "Note to this picture");
  const button = document.createElement("button");
  button.textContent = "Save note";
  form.append(input, button);
  const leave = () => {
    form.remove();
    back();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(input.value);
    leave();
  });
  form.addEventListener("keydown", (event) => {
    event.stopPropagation(); // arrows and digits are the note's
    if (event.key === "Escape") leave();
  });
  bar.append(form);
  input.focus();
}
