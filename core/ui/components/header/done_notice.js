// Tells that a batch is done: in the tab's title until it is looked at, and as a notification.
// Titles of batches are text, and never markup. Permission is asked for on a click alone.

const WANTED = "contact-sheet-notices"; // of this browser: "on" once somebody has asked for them
const SEEN = "contact-sheet-running"; // of this tab: ids of batches that it saw running
const MARK = /^(\(\d+ %\) |✓ )/;

const storage = (kind) => {
  try {
    return window[kind];
  } catch {
    return null; // forbidden by the browser
  }
};

function seen() {
  try {
    return new Set(JSON.parse(storage("sessionStorage")?.getItem(SEEN) || "[]"));
  } catch {
    return new Set();
  }
}

function keep(ids) {
  storage("sessionStorage")?.setItem(SEEN, JSON.stringify([...ids]));
}

const possible = () => "Notification" in window;
const wanted = () =>
  possible() && Notification.permission === "granted" && storage("localStorage")?.getItem(WANTED) === "on";

function mark(text) {
  const bare = document.title.replace(MARK, "");
  if (document.title !== text + bare) document.title = text + bare;
}

function announce(batch) {
  if (!document.hasFocus()) {
    mark("✓ ");
    window.addEventListener("focus", () => mark(""), { once: true });
  }
  if (!wanted()) return;
  try {
    // Equal tags: several tabs give one notification.
    const note = new Notification(batch.title, { body: batch.said, tag: batch.id });
    note.addEventListener("click", () => window.focus());
  } catch {
    // A browser that allows them to service workers alone.
  }
}

function take(batches) {
  const known = seen();
  const running = batches.filter((batch) => !batch.over);
  for (const batch of running) known.add(batch.id);
  const done = batches.filter((batch) => batch.over && known.has(batch.id));
  for (const batch of done) known.delete(batch.id);
  keep(known);
  if (running.length) mark(`(${Math.min(...running.map((batch) => batch.share))} %) `);
  else if (!done.length && !document.title.startsWith("✓")) mark("");
  else if (done.length) mark("");
  done.forEach(announce);
}

function drawBell(mount, shown) {
  mount.replaceChildren();
  if (!shown || !possible()) return;
  const button = document.createElement("button");
  button.type = "button";
  const icon = document.createElement("span");
  icon.className = "icon";
  icon.setAttribute("aria-hidden", "true");
  const label = document.createElement("span");
  label.className = "label";
  button.append(icon, label);
  const draw = () => {
    const on = wanted();
    const denied = Notification.permission === "denied";
    icon.textContent = on ? "notifications_active" : denied ? "notifications_off" : "notifications";
    label.textContent = on ? "Notifies when done" : "Notify when done";
    button.disabled = denied;
    button.title = denied ? "Blocked in this browser's settings for the page" : label.textContent;
    button.setAttribute("aria-pressed", String(on));
  };
  button.addEventListener("click", async () => {
    if (wanted()) storage("localStorage")?.setItem(WANTED, "off");
    else if ((await Notification.requestPermission()) === "granted") {
      storage("localStorage")?.setItem(WANTED, "on");
    }
    draw();
  });
  draw();
  mount.append(button);
}

export default function ({ parentElement: root, data }) {
  const mount = root.querySelector(".mount");
  if (mount.dataset.bell !== String(data.bell)) {
    mount.dataset.bell = String(data.bell);
    drawBell(mount, data.bell);
  }
  take(data.batches);
}
