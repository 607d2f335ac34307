// Stands before the scripts of every component. Text from outside enters through textContent alone.

function make(tag, className, parent, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

function makeSvg(tag, attributes, parent) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  parent?.append(made);
  return made;
}

// Of a list's buttons one can be reached by the tabulator; arrow keys go on from it.
function walk(event, list, steps) {
  const step = steps[event.key];
  if (!step) return;
  const buttons = [...list.querySelectorAll("button")];
  const wanted = buttons[buttons.indexOf(event.target.closest("button")) + step];
  if (!wanted) return;
  event.preventDefault();
  event.stopPropagation();
  for (const one of buttons) one.tabIndex = one === wanted ? 0 : -1;
  wanted.focus();
}
