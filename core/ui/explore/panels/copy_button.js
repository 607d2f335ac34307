// Copies a text. Without https the browser has no clipboard for pages: then a selection is copied.

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("not copied");
  return undefined;
}

const ICON = '<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="8" y="8" width="12" height="12" '
  + 'rx="2"/><path d="M16 8V5a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1v10a1 1 0 0 0 1 1h3"/></svg>';

export default function (component) {
  const { parentElement: root, data } = component;
  const mount = root.querySelector(".mount");
  const button = mount.querySelector("button") || document.createElement("button");
  if (!button.isConnected) {
    button.type = "button";
    button.className = "copy";
    button.innerHTML = ICON;
    mount.append(button);
  }
  button.setAttribute("aria-label", data.label);
  button.title = data.label;
  button.onclick = async () => {
    let said = "Copied";
    try { await copy(data.text); } catch { said = "Not copied"; }
    button.textContent = said;
    button.setAttribute("aria-label", said);
    setTimeout(() => {
      button.innerHTML = ICON;
      button.setAttribute("aria-label", data.label);
    }, 1500);
  };
}
