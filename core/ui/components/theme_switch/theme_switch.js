// Light or dark. Streamlit reads its choice from the browser's storage when a page is loaded, by a
// key for the page's path; what the system prefers needs no entry.

const key = (path) => `stActiveTheme-${path}-v2`;

const DRAWN_MS = 300; // until Streamlit has changed to the theme that the system prefers now
const stops = new WeakMap(); // mount -> ends what follows the system

// Colours of ours come with a run: one is asked for when the system changes, as at dusk.
function follow(mount, setTriggerValue) {
  stops.get(mount)?.();
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const changed = () => setTimeout(() => setTriggerValue("changed", system.matches), DRAWN_MS);
  system.addEventListener("change", changed);
  stops.set(mount, () => system.removeEventListener("change", changed));
}

export default function ({ parentElement: root, data, setTriggerValue }) {
  const mount = root.querySelector(".mount");
  const other = data.theme === "dark" ? "light" : "dark";
  const button = document.createElement("button");
  button.type = "button";
  button.title = `Use the ${other} theme`;
  button.setAttribute("aria-label", button.title);
  const icon = document.createElement("span");
  icon.setAttribute("aria-hidden", "true");
  icon.textContent = other === "dark" ? "dark_mode" : "light_mode";
  button.append(icon);
  button.addEventListener("click", () => {
    const system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const here = window.location.pathname;
    const name = here.slice(here.lastIndexOf("/") + 1);
    const base = data.pages.includes(name) ? here.slice(0, here.length - name.length) : here.replace(/[^/]*$/, "");
    const paths = new Set([here, base, ...data.pages.map((page) => base + page)]);
    try {
      for (const path of paths) {
        if (other === system) window.localStorage.removeItem(key(path));
        else window.localStorage.setItem(key(path), JSON.stringify(other === "dark" ? "Dark" : "Light"));
      }
    } catch {
      button.title = "This browser does not let the page remember a theme";
      return;
    }
    window.location.reload();
  });
  mount.replaceChildren(button);
  follow(mount, setTriggerValue);
  return () => stops.get(mount)?.();
}
