"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const id = (name) => document.getElementById(name);
  if (!id("cells")) return void (document.documentElement.dataset.drawn = "yes");
  const field = Object.fromEntries(data.fields.map((name, n) => [name, n]));
  const pictures = data.pictures;
  const total = pictures.length;
  const FIRST = 40; // cells or rows that a click draws at once: what is in sight of a large window
  const PAGE = 60; // that are added when the end comes into sight
  const KEPT = 600; // cells that are not made again: their pictures are decoded already
  const cells = new Map(); // place -> cell
  const get = (place, name) => pictures[place][field[name]];
  const haystack = pictures.map((one) =>
    [one[field.name], one[field.label], one[field.labels].map((l) => l[0]).join(" "),
      one[field.objects].map((o) => o[0]).join(" "), one[field.text]].join(" ").toLowerCase());
  const charts = Object.entries(data.charts).map(([key, chart]) => {
    const spot = document.querySelector(`[data-chart="${key}"]`);
    const marks = [...spot.querySelectorAll("[data-mark]")].sort((a, b) => a.dataset.mark - b.dataset.mark);
    return { key, ...chart, spot, marks, chosen: new Set(), passing: null,
      parts: marks.map((mark) => mark.querySelector(".part")),
      wholes: marks.map((mark) => mark.querySelector(".whole")),
      counts: marks.map((mark) => mark.querySelector(".count")),
      shares: [...spot.querySelectorAll("[data-swatch] .count")] };
  });
  let wanted = "";
  let order = [];
  let drawn = 0;
  let table = false;
  let open = -1;

  // Of a category that is unknown throughout nothing was judged.
  const judged = new Set(pictures.flatMap((one) =>
    one[field.safe].filter(([, level]) => level !== "UNKNOWN").map(([category]) => category)));

  const text = new Intl.NumberFormat("en").format;

  // Pictures that have any of a chart's chosen marks.
  function having(chart) {
    const mask = new Uint8Array(total);
    for (const mark of chart.chosen) for (const place of chart.having[mark]) mask[place] = 1;
    return mask;
  }

  function passing(except) {
    const mask = new Uint8Array(total).fill(1);
    for (const chart of charts) {
      if (chart === except || !chart.chosen.size) continue;
      for (let n = 0; n < total; n++) mask[n] &= chart.passing[n];
    }
    if (wanted) for (let n = 0; n < total; n++) if (mask[n] && !haystack[n].includes(wanted)) mask[n] = 0;
    return mask;
  }

  const narrowed = () => wanted !== "" || charts.some((chart) => chart.chosen.size);

  function countChart(chart, mask, narrow) {
    chart.spot.classList.toggle("has-choice", chart.chosen.size > 0);
    chart.marks.forEach((mark, n) => mark.setAttribute("aria-pressed", String(chart.chosen.has(n))));
    if (chart.form === "strip") return countPalette(chart, mask, narrow);
    const faces = chart.key === "traits"; // they count faces: of chosen pictures there is no number
    const part = chart.having.map((places) => {
      let sum = 0;
      for (const place of places) sum += mask[place];
      return sum;
    });
    const whole = narrow ? chart.having.map((places) => places.length) : chart.numbers;
    const most = Math.max(1, ...whole);
    chart.marks.forEach((mark, n) => {
      const now = narrow ? part[n] : chart.numbers[n];
      if (chart.parts[n]) {
        chart.parts[n].style.width = `${(100 * now) / most}%`;
        chart.wholes[n].style.width = `${(100 * whole[n]) / most}%`;
      }
      if (chart.counts[n]) {
        const small = chart.counts[n].querySelector("small");
        const said = narrow && now !== whole[n] && !faces && chart.parts[n] ? `${text(now)} of ${text(whole[n])}` : text(now);
        chart.counts[n].textContent = now || chart.parts[n] ? said : "·";
        if (small && !narrow) chart.counts[n].append(" ", small);
        else if (small) mark.dataset.more = small.textContent;
        else if (!narrow && mark.dataset.more) {
          const again = document.createElement("small");
          again.textContent = mark.dataset.more;
          chart.counts[n].append(" ", again);
        }
      }
      if (mark.classList.contains("tile")) mark.classList.toggle("none", !now);
      if (mark.classList.contains("spot")) mark.style.opacity = now ? "" : ".25";
    });
  }

  function countPalette(chart, mask, narrow) {
    let shares = chart.numbers;
    if (narrow) {
      const sums = chart.numbers.map(() => 0);
      for (let n = 0; n < total; n++) if (mask[n]) data.weights[n].forEach((w, place) => { sums[place] += w; });
      const all = sums.reduce((a, b) => a + b, 0) || 1;
      shares = sums.map((sum) => sum / all);
    }
    shares.forEach((share, n) => {
      chart.marks[n].style.flexGrow = share;
      chart.shares[n].textContent = `${Math.round(100 * share)}%`;
    });
  }

  function show() {
    const narrow = narrowed();
    for (const chart of charts) chart.passing = chart.chosen.size ? having(chart) : null;
    const mask = passing(null);
    for (const chart of charts) countChart(chart, chart.chosen.size ? passing(chart) : mask, narrow);
    order = [];
    for (const n of sorted) if (mask[n]) order.push(n);
    id("count").textContent = `${text(order.length)} ${data.nouns[Number(order.length !== 1)]}`;
    id("of").textContent = order.length < total ? `of ${text(total)}` : "";
    chips();
    id("all").hidden = !narrow;
    id("nothing").hidden = order.length > 0;
    id("scroller").scrollTop = 0; // before anything is new: it would be laid out twice
    id("cells").replaceChildren();
    id("rows").tBodies[0].replaceChildren();
    drawn = 0;
    more(FIRST);
    if (drawn < order.length) requestAnimationFrame(() => setTimeout(fill)); // once that is painted
  }

  function chips() {
    const list = [];
    for (const chart of charts) for (const n of chart.chosen) {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = "chip";
      chip.textContent = `${chart.names[n]} ✕`;
      chip.setAttribute("aria-label", `Without ${chart.names[n]}`);
      chip.addEventListener("click", () => { chart.chosen.delete(n); show(); });
      list.push(chip);
    }
    id("chips").replaceChildren(...list);
  }

  function element(tag, name, words) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (words !== undefined) made.textContent = words;
    return made;
  }

  function strip(colors) {
    const made = element("span", "thin-strip");
    for (const [color, part] of colors) {
      const piece = document.createElement("i");
      piece.style.background = color;
      piece.style.flexGrow = part;
      made.append(piece);
    }
    return made;
  }

  function overlay(place) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 ${get(place, "width") || 1} ${get(place, "height") || 1}`);
    for (const [kind, shape] of get(place, "boxes")) {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("class", `box ${kind}`);
      path.setAttribute("d", shape);
      svg.append(path);
    }
    return svg;
  }

  function cell(place) {
    const made = element("button", "cell");
    made.type = "button";
    const frame = element("span", "frame");
    if (get(place, "image")) {
      const image = document.createElement("img");
      image.decoding = "async";
      image.alt = "";
      image.src = get(place, "image");
      frame.append(image);
      if (id("boxes").checked) frame.append(overlay(place));
    } else frame.append(element("span", "no-image", "No picture"));
    const fault = get(place, "fault");
    const label = get(place, "label");
    made.append(frame, strip(get(place, "palette")),
      element("span", "name", get(place, "name").split("/").pop()),
      element("span", fault ? "what failed-text" : "what", fault || (label ? `${label} ${get(place, "score").toFixed(2)}` : "no label")));
    made.addEventListener("click", () => large(order.indexOf(place)));
    return made;
  }

  function cellOf(place) {
    if (!cells.has(place)) {
      if (cells.size >= KEPT) cells.clear();
      cells.set(place, cell(place));
    }
    return cells.get(place);
  }

  function row(place) {
    const made = document.createElement("tr");
    const first = document.createElement("td");
    const button = element("button", "", get(place, "name").split("/").pop());
    button.type = "button";
    button.addEventListener("click", () => large(order.indexOf(place)));
    first.append(button);
    const objects = [...new Set(get(place, "objects").map((one) => one[0]))].slice(0, 4).join(", ");
    const label = get(place, "label");
    made.append(first, element("td", "", get(place, "folder")), element("td", "", label),
      element("td", "number", label ? get(place, "score").toFixed(2) : ""), element("td", "", objects),
      element("td", "number", text(get(place, "words"))), element("td", "number", text(get(place, "faces"))),
      element("td", get(place, "fault") ? "failed-text" : "", get(place, "fault")));
    return made;
  }

  function more(count) {
    const next = order.slice(drawn, drawn + count);
    drawn += next.length;
    const target = table ? id("rows").tBodies[0] : id("cells");
    target.append(...next.map(table ? row : cellOf));
  }

  // The end of what is drawn is near: of the sheet's own scroll, or of the page's on narrow screens.
  function fill() {
    const box = id("scroller");
    const left = box.scrollHeight - box.clientHeight;
    const near = left > 0 ? box.scrollTop > left - 800 : box.getBoundingClientRect().bottom < innerHeight + 800;
    if (drawn < order.length && near) more(PAGE);
  }
  id("scroller").addEventListener("scroll", fill);
  addEventListener("scroll", fill);

  function list(title, items) {
    if (!items.length) return [];
    const part = document.createElement("div");
    const rows = element("ul", "scores");
    for (const [name, value] of items) {
      const item = document.createElement("li");
      const what = document.createElement("bdi");
      what.textContent = name;
      item.append(what, element("span", "", value));
      rows.append(item);
    }
    part.append(element("h4", "", title), rows);
    return [part];
  }

  function large(at) {
    if (at < 0 || at >= order.length) return;
    open = at;
    const place = order[at];
    const box = id("large");
    id("large-name").textContent = get(place, "name");
    const image = box.querySelector("img");
    image.hidden = !get(place, "image");
    image.alt = get(place, "name");
    image.src = get(place, "image") || "data:,";
    const scored = (name) => get(place, name).map(([what, score]) => [what, score.toFixed(2)]);
    const facts = [
      ...list("Fault", get(place, "fault") ? [[get(place, "fault"), ""]] : []),
      ...list("Labels", scored("labels")), ...list("Objects", scored("objects")),
      ...list("Safe search", get(place, "safe").filter(([what]) => judged.has(what)).map(([what, level]) => [what, level.replaceAll("_", " ").toLowerCase()])),
      ...list("Dominant colours", get(place, "palette").map(([color, part]) => [color, `${part} %`])),
    ];
    if (get(place, "text")) {
      const part = document.createElement("div");
      part.append(element("h4", "", "Text"), element("pre", "", get(place, "text")));
      facts.push(part);
    }
    id("facts").replaceChildren(...facts);
    if (!box.open) box.showModal();
    image.decode().catch(() => {}).then(() => {
      const svg = overlay(place);
      svg.id = "overlay";
      Object.assign(svg.style, { left: `${image.offsetLeft}px`, top: `${image.offsetTop}px`, width: `${image.offsetWidth}px`, height: `${image.offsetHeight}px` });
      id("overlay").replaceWith(svg);
    });
  }

  let sorted = [...pictures.keys()];
  const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
  const last = (value) => value || "\uffff";
  const SORTS = {
    best: (a, b) => a - b,
    name: (a, b) => compare(get(a, "name"), get(b, "name")) || a - b,
    label: (a, b) => compare(last(get(a, "label")), last(get(b, "label"))) || get(b, "score") - get(a, "score") || a - b,
    words: (a, b) => get(b, "words") - get(a, "words") || a - b,
  };

  function choose(chart, n) {
    if (!chart.chosen.delete(n)) chart.chosen.add(n);
    show();
  }

  for (const chart of charts) chart.marks.forEach((mark, n) => {
    mark.addEventListener("click", () => choose(chart, n));
    if (mark.tagName !== "BUTTON") mark.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(chart, n); }
    });
  });
  function as(rows) {
    table = rows;
    id("as-table").setAttribute("aria-pressed", String(rows));
    id("as-pictures").setAttribute("aria-pressed", String(!rows));
    id("rows").hidden = !rows;
    id("cells").hidden = rows;
    show();
  }
  id("as-table").addEventListener("click", () => as(true));
  id("as-pictures").addEventListener("click", () => as(false));
  id("boxes").addEventListener("change", () => { cells.clear(); show(); });
  id("sort").addEventListener("change", () => { sorted = [...pictures.keys()].sort(SORTS[id("sort").value]); show(); });
  let typing = 0;
  id("find").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => { wanted = id("find").value.trim().toLowerCase(); show(); }, 80);
  });
  id("all").addEventListener("click", () => {
    for (const chart of charts) chart.chosen.clear();
    wanted = id("find").value = "";
    show();
  });
  id("before").addEventListener("click", () => large(open - 1));
  id("after").addEventListener("click", () => large(open + 1));
  id("large").addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") large(open - 1);
    if (event.key === "ArrowRight") large(open + 1);
  });
  id("large").addEventListener("click", (event) => { if (event.target === id("large")) id("large").close(); });
  addEventListener("beforeprint", () => {
    id("printed").textContent = drawn < order.length ? `The first ${text(drawn)} of ${text(order.length)} ${data.nouns[1]} are printed.` : "";
  });
  show();
  document.documentElement.dataset.drawn = "yes";
})();
