// Light or dark. Streamlit reads its choice from the browser's storage when a page is loaded, by a
// key for the page's path; what the system prefers needs no entry.

const key = (path) => `stActiveTheme-${path}-v2`;

export default function ({ parentElement: root, data }) {
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
}
