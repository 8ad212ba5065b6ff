// Draws a plotly figure and updates it in place with Plotly.react.

export default (component) => mount(Chart, component);

let loading;
function loadPlotly(url) {
  loading ??= new Promise((resolve, reject) => {
    if (window.Plotly) return resolve();
    const element = document.createElement("script");
    element.src = url;
    element.onload = resolve;
    element.onerror = () => reject(new Error(`Charts need ${url}, which the server does not give.`));
    document.head.append(element);
  });
  return loading;
}

class Chart extends View {
  constructor(root) {
    super(root, root.querySelector(".plot"));
    this.plot = root.querySelector(".plot");
    this.legend = root.querySelector(".legend");
    this.button = root.querySelector(".home");
    this.button.onclick = () => Plotly.relayout(this.plot, this.home());
    this.saving = root.querySelector(".save");
    this.saving.onclick = () => this.save();
    this.hidden = new Set(); // groups that are switched off in the legend
  }

  async show(data) {
    const shown = JSON.stringify([data, themeOf(this.root)]);
    if (shown === this.shown) return; // nothing changed
    Object.assign(this, { shown, data });
    const square = data.height === "square";
    this.plot.classList.toggle("square", square);
    this.saving.hidden = !data.saveAs;
    this.root.style.height = square ? "" : Number.isFinite(data.height) ? `${data.height}px` : data.height;
    await loadPlotly(data.plotly);
    if (this.data === data) this.draw();
  }

  paint() {
    if (this.plot.data) this.draw();
  }

  draw() {
    const { plot, data: { figure, cursor, uirevision } } = this;
    if (plot.clientWidth === 0) return;
    const theme = themeOf(this.root);
    const traces = inTheme(figure.data, theme);
    this.drawLegend(figure.layout.legend?.title?.text, traces);
    for (const trace of traces) trace.visible = !this.hidden.has(groupOf(trace));
    const layout = dress(inTheme(figure.layout, theme), theme, uirevision);
    Object.assign(layout, { width: plot.clientWidth, height: plot.clientHeight });
    layout.xaxis.nticks ??= Math.max(3, Math.floor(plot.clientWidth / 70));
    if (cursor !== null) layout.shapes = [...(layout.shapes ?? []), cursorLine(cursor, theme)];
    const first = !plot.data;
    Plotly.react(plot, asText(traces), asText(layout), { displayModeBar: false, doubleClick: "reset" });
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", figure.layout.meta ?? "chart");
    if (first) {
      plot.on("plotly_click", ({ points }) => this.trigger("pick", points[0].customdata ?? points[0].x));
      plot.on("plotly_relayout", () => this.updateHomeButton());
    }
    this.updateHomeButton();
  }

  // Rebuilt only when it changes, so that a pressed or focused button stays the same element.
  drawLegend(title, traces) {
    const groups = Map.groupBy(traces.filter((trace) => trace.showlegend !== false), groupOf);
    const entries = [...groups].map(([group, [first, ...more]]) => {
      const button = element("button", "");
      const swatch = element("span", "swatch");
      swatch.append(...[first, ...more].map(swatchOf));
      button.type = "button";
      button.dataset.group = group;
      button.setAttribute("aria-pressed", !this.hidden.has(group));
      button.append(swatch, first.name);
      return button;
    });
    const legend = element("div", "legend");
    if (title) legend.append(element("strong", "", title));
    legend.append(...entries);
    if (legend.isEqualNode(this.legendDrawn)) return;
    this.legendDrawn = legend.cloneNode(true);
    const focused = this.legend.querySelector("button:focus")?.dataset.group;
    this.legend.replaceChildren(...legend.childNodes);
    for (const button of entries) {
      button.onclick = () => this.toggle(button.dataset.group);
      if (button.dataset.group === focused) button.focus();
    }
  }

  toggle(group) {
    if (!this.hidden.delete(group)) this.hidden.add(group);
    this.draw();
  }

  // Saves the chart at twice its size, with a background and plotly's own legend.
  save() {
    const { plot, data: { figure, saveAs } } = this;
    const [width, height] = [plot.clientWidth, plot.clientHeight + 60];
    const layout = {
      ...plot.layout, width, height,
      paper_bgcolor: themeOf(this.root).color("background"),
      title: { text: figure.layout.legend?.title?.text },
      showlegend: true,
      legend: { orientation: "h", y: 1.1, font: { ...plot.layout.font, family: "sans-serif" } }, // measured as it is drawn
      margin: { l: 60, r: 20, t: 70, b: 50 },
    };
    return Plotly.downloadImage({ data: plot.data, layout }, { format: "png", filename: saveAs, width, height, scale: 2 });
  }

  // The ranges that the figure asks for, as a change to the layout.
  home() {
    const { layout } = this.data.figure;
    return Object.assign({}, ...["xaxis", "yaxis"].map((axis) => {
      const range = layout[axis]?.range;
      return range ? { [`${axis}.range`]: [...range] } : { [`${axis}.autorange`]: true };
    }));
  }

  // Shows the button that resets a zoom, for which plotly only has a double click.
  updateHomeButton() {
    const now = this.plot.layout;
    this.button.hidden = Object.entries(this.home()).every(([name, wanted]) => {
      const axis = now[name.split(".")[0]];
      return wanted === true ? axis.autorange !== false : wanted.every((end, i) => Math.abs(end - axis.range[i]) < 1e-9);
    });
  }

  leave() {
    super.leave();
    if (window.Plotly) Plotly.purge(this.plot);
  }
}

// ---- legend ----------------------------------------------------------------------------------------------------------

function groupOf(trace) {
  return trace.legendgroup ?? trace.name;
}

function swatchOf(trace) {
  const swatch = element("i", trace.type === "heatmap" ? "field" : trace.mode === "markers" ? "dot" : "line");
  if (trace.type === "heatmap") {
    swatch.style.background = `linear-gradient(90deg, ${trace.colorscale.map(([, color]) => color)})`;
  } else if (trace.mode === "markers") swatch.style.background = trace.marker.color;
  else {
    swatch.style.borderTopColor = trace.line.color;
    swatch.style.borderTopStyle = { dash: "dashed", dot: "dotted" }[trace.line.dash] ?? "solid";
  }
  return swatch;
}

// ---- look ------------------------------------------------------------------------------------------------------------

// A copy of a part of a figure in which roles ("role:real/0.4", "scale:score") are colours.
function inTheme(part, theme) {
  if (typeof part === "string") {
    if (part === "scale:score") return theme.scoreScale.map((color, i) => [i / 2, color]);
    const role = /^role:([a-z]+)(?:\/([\d.]+))?$/.exec(part);
    return role ? theme.color(role[1], role[2] ? Number(role[2]) : 1) : part;
  }
  if (Array.isArray(part)) return part.map((item) => inTheme(item, theme));
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, inTheme(value, theme)]));
}

// A copy of a part of a figure whose texts plotly shows as they are. It would read "<a href=...>" and "&amp;" as HTML.
function asText(part, key) {
  if (typeof part === "string") {
    const shown = ["name", "text", "hovertext"].includes(key);
    return shown ? part.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`) : part;
  }
  if (Array.isArray(part)) return part.map((item) => asText(item, key));
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, asText(value, name)]));
}

// The layout with the look that all charts share.
function dress(layout, theme, uirevision) {
  const text = (opacity) => ({ family: theme.font, size: 12, color: theme.color("text", opacity) });
  const grid = theme.color("text", 0.1);
  const axis = (own) => ({
    gridcolor: grid,
    zerolinecolor: grid,
    tickfont: text(0.75),
    tickangle: 0,
    ticks: "",
    ...own,
    title: { text: own.title?.text, font: text(0.75), standoff: 6 },
    uirevision: `${uirevision} ${own.title?.text} ${own.type}`, // a zoom is kept for one unit and one scale only
  });
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: text(1),
    margin: { l: 44, r: 14, t: 6, b: 38 },
    hoverlabel: { bgcolor: theme.color("background"), bordercolor: theme.color("text", 0.25), font: text(1) },
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom", // a finger scrolls the page
    ...layout,
    showlegend: false,
    uirevision,
    xaxis: {
      spikecolor: theme.color("text", 0.5),
      spikethickness: -1, // plotly adds a white edge to thicker lines
      spikedash: "dot",
      ...axis(layout.xaxis),
    },
    yaxis: axis(layout.yaxis),
  };
}

function cursorLine(x, theme) {
  return {
    type: "line", x0: x, x1: x, y0: 0, y1: 1, yref: "paper", layer: "above",
    line: { color: theme.color("text", 0.6), width: 1.5 },
  };
}
