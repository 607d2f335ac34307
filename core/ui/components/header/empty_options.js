// Options of Filters that no picture has, which end with the number 0, are marked for the style sheet.
// Lists are drawn elsewhere in the page, and only what is in sight of them.

const OPTIONS = '.st-key-filters_body button[data-variant], [role="listbox"] [role="option"]';
const EMPTY = / · 0$/;

function markEmpty() {
  for (const option of document.querySelectorAll(OPTIONS)) {
    option.toggleAttribute("data-empty", EMPTY.test(option.textContent.trim()));
  }
}

export default function () {
  markEmpty();
  const observer = new MutationObserver(markEmpty);
  observer.observe(document.body, { childList: true, subtree: true, characterData: true });
  return () => observer.disconnect();
}
