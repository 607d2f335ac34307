"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const PAPER = 690; // CSS pixels between an A4 page's margins
  const spots = [...document.querySelectorAll("[data-chart]")];
  const cards = [...document.querySelectorAll("[data-card]")];
  const id = (name) => document.getElementById(name);
  let printing = location.hash === "#print";
  let chosen = null; // [key, value] of a clicked mark

  function draw() {
    const theme = dark.matches && !printing ? "dark" : "light";
    for (const spot of spots) {
      const figure = structuredClone(data.charts[spot.dataset.chart][theme]);
      const width = printing ? PAPER : spot.clientWidth;
      const layout = { ...figure.layout, width };
      Plotly.react(spot, figure.data, layout, { displayModeBar: false, staticPlot: printing });
      if (!spot.dataset.listening) {
        spot.dataset.listening = "yes";
        spot.on("plotly_click", (event) => choose(spot.dataset.marks, event.points[0].customdata));
      }
    }
  }

  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  // Two labels that come together are one mark: a picture must have both.
  const marked = (values, [key, value]) =>
    (key === "labels" ? [value].flat() : [value]).every((one) =>
      values.some((pair) => same(pair, [key, one])));

  function choose(key, value) {
    if (value === undefined || !data.values.some((all) => all.some((pair) => pair[0] === key)))
      return;
    chosen = [key, value];
    show();
    id("gallery").scrollIntoView({ behavior: "smooth", block: "start" });
  }

  function show() {
    const wanted = id("find").value.trim().toLowerCase();
    let shown = 0;
    for (const card of cards) {
      const values = data.values[Number(card.dataset.card)];
      const passes =
        (!chosen || marked(values, chosen)) &&
        (!wanted || card.textContent.toLowerCase().includes(wanted));
      card.hidden = !passes;
      shown += passes;
    }
    const button = id("all");
    button.hidden = !chosen;
    if (chosen) {
      const words = [].concat(chosen[1]).join(chosen[0] === "labels" ? " + " : ": ").replaceAll("_", " ");
      button.textContent = `${words} (${shown}) ✕`;
      button.setAttribute("aria-label", `Only ${words}. Show all again.`);
    }
    id("nothing").hidden = shown > 0;
  }

  function open(card) {
    const box = id("large");
    id("large-name").textContent = card.querySelector("h3").textContent;
    box.querySelector("img").src = card.querySelector("img").src;
    box.querySelector("img").alt = card.querySelector("img").alt;
    const facts = card.querySelector(".more").cloneNode(true);
    facts.hidden = false;
    box.querySelector(".facts").replaceChildren(facts);
    box.showModal();
  }

  for (const card of cards) card.querySelector(".open").addEventListener("click", () => open(card));
  id("find")?.addEventListener("input", show);
  id("all")?.addEventListener("click", () => { chosen = null; show(); });
  id("large").addEventListener("click", (event) => { if (event.target === id("large")) id("large").close(); });

  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (!printing) draw(); }, 120);
  });
  dark.addEventListener("change", draw);
  addEventListener("beforeprint", () => {
    printing = true;
    for (const image of document.images) image.loading = "eager";
    draw();
  });
  addEventListener("afterprint", () => {
    printing = location.hash === "#print";
    draw();
  });
  draw();
  document.documentElement.dataset.drawn = "yes";
})();
