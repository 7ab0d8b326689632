"use strict";

// Charts take the colours of the page, also when these change, as between day and night.
const dark = matchMedia("(prefers-color-scheme: dark)");

function* screenModels() {
  for (const document of Bokeh.documents)
    for (const root of document.roots())
      if (!root.tags.includes("paper")) yield* root.references();
}

function paint() {
  const night = dark.matches;
  const text = night ? "#e6e9ee" : "#1b1f24", dim = night ? "#9aa4b0" : "#5b6470";
  const line = night ? "#2c333c" : "#d9dee5";
  for (const model of screenModels()) {
    switch (model.type) {
      case "Figure":
        model.setv({background_fill_color: null, border_fill_color: null});
        break;
      case "LinearAxis":
      case "LogAxis":
        model.setv({
          axis_label_text_color: dim,
          major_label_text_color: dim, axis_line_color: line, major_tick_line_color: line,
          major_label_text_font_size: "12px",
        });
        break;
      case "Grid":
        model.setv({grid_line_color: line});
        break;
      case "Scatter":
        if (model.tags.includes("ink")) model.line_color = {value: text};
        break;
      case "Text":
        if (model.tags.includes("ink")) model.text_color = {value: text};
        break;
      case "Legend":
        model.setv({label_text_color: text, label_text_font_size: "12px"});
        break;
    }
  }
}

function show(section, line, visible) {
  const charts = section.querySelectorAll("[data-root-id]");
  const roots = new Set([...charts].map((chart) => chart.dataset.rootId));
  for (const document of Bokeh.documents)
    for (const root of document.roots())
      if (roots.has(root.id))
        for (const model of root.references())
          if (model.tags?.includes(`line-${line}`)) model.visible = visible;
}

function ready() {
  paint();
  dark.addEventListener("change", paint);
  document.documentElement.dataset.ready = "yes";
}

for (const section of document.querySelectorAll(".section")) {
  for (const box of section.querySelectorAll("[data-line]"))
    box.addEventListener("change", () => show(section, box.dataset.line, box.checked));
  const pictures = section.querySelector(".pictures");
  if (!pictures) continue;
  for (const way of pictures.querySelectorAll("[type=radio]"))
    way.addEventListener("change", () => {
      pictures.classList.remove("wipe", "beside", "difference");
      pictures.classList.add(way.value);
    });
  pictures.querySelector("select").addEventListener("change", (event) => {
    for (const figure of pictures.querySelectorAll("figure"))
      figure.hidden = event.target.value !== "" && event.target.value !== figure.dataset.encode;
  });
  for (const slider of pictures.querySelectorAll("[type=range]"))
    slider.addEventListener("input", () =>
      slider.parentElement.style.setProperty("--wipe", `${slider.value}%`));
}

// Bokeh draws when the page has loaded, a little after.
(function wait() {
  const roots = document.querySelectorAll("[data-root-id]").length;
  const drawn = window.Bokeh ? Object.keys(Bokeh.index).length || Bokeh.index.roots?.length : 0;
  if (drawn >= roots) ready();
  else setTimeout(wait, 30);
})();
