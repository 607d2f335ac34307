"""What of a page in a browser does not fit: to be looked for at every width."""

from __future__ import annotations

import time

from playwright.sync_api import Page

# Widths and heights of windows: usual ones, 1440 x 900 at a zoom of 200 %, and telephones.
WINDOWS = ((1440, 900), (1024, 768), (720, 450), (390, 844), (320, 640))
PATIENCE_S = 40.0  # for charts that a busy browser draws anew

_MISFITS = r"""() => {
  const width = window.innerWidth, found = [];
  const controls = "button, a[href], input, textarea, select, [role=tab], [role=combobox]";
  const textOf = (e) => e.getAttribute("aria-label") || e.innerText || e.placeholder || e.className;
  const short = (text) => text.trim().replace(/\s+/g, " ").slice(0, 40);
  const named = (e) => `${e.tagName.toLowerCase()} "${short(textOf(e) || "")}"`;
  const style = (e) => getComputedStyle(e);
  // What lies in a part of its own that can be moved sideways, or is shown to screen readers alone.
  const excused = (e) => {
    for (let at = e; at && at !== document.body; at = at.parentElement) {
      if (at.matches("[data-testid=stSidebar]")) return true; // the closed menu
      const { overflowX, clipPath } = style(at);
      if (clipPath !== "none") return true;
      if (at !== e && /auto|scroll/.test(overflowX) && at.scrollWidth > at.clientWidth + 1 &&
          !at.matches("[data-testid=stMain]")) return true;
      if (at.matches("[role=tablist]")) return true;
    }
    return false;
  };
  const roots = [document];
  const all = [];
  while (roots.length) {
    const root = roots.pop();
    all.push(...root.querySelectorAll(controls));
    for (const e of root.querySelectorAll("*")) if (e.shadowRoot) roots.push(e.shadowRoot);
  }
  const shown = all.filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width > 1 && box.height > 1 &&
      e.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  });
  for (const part of [document.documentElement, document.querySelector("[data-testid=stMain]")]) {
    if (part && part.scrollWidth > part.clientWidth + 1)
      found.push(`the page is ${part.scrollWidth} wide in ${part.clientWidth}`);
  }
  for (const e of shown) {
    const box = e.getBoundingClientRect();
    if ((box.left < -1 || box.right > width + 1) && !excused(e))
      found.push(`${named(e)} lies from ${Math.round(box.left)} to ${Math.round(box.right)}`);
  }
  // Menu and batch header: nothing lies on anything else.
  const head = shown.filter((e) => !excused(e) && !e.matches("input") &&
    e.closest("[data-testid=stHeader], .st-key-header, .st-key-theme_switch"));
  head.forEach((one, n) => {
    for (const other of head.slice(n + 1)) {
      if (one.contains(other) || other.contains(one)) continue;
      const a = one.getBoundingClientRect(), b = other.getBoundingClientRect();
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 2 && down > 2) found.push(`${named(one)} and ${named(other)} overlap`);
    }
  });
  return found;
}"""


def misfits(page: Page) -> list[str]:
    """What is wider than the window, lies outside of it, or on another control; [] if all fits."""
    faults: list[str] = page.evaluate(_MISFITS)
    return faults


def until_it_fits(page: Page, size: tuple[int, int]) -> list[str]:
    """Give the window a size; what still does not fit when the page has had time to follow."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    end = time.monotonic() + PATIENCE_S
    while True:
        page.wait_for_timeout(100)  # charts and the sheet are drawn anew
        faults = misfits(page)
        if not faults or time.monotonic() > end:
            return faults
