"use strict";
// The charts of all pages: new ChartSheet(element).show(charts) draws them in an element, with their tools.
//
// A chart is {name, series}. A series is {label, value, logged, odd} with, on each axis that it has, the place of each
// value: number, time (in seconds), and at, which `counts` what the script does: "epoch" or "step". Places never decrease.
// Its `colour` and `dash`, from 0, default to its order; `stroke` overrides its colour.

const COLOURS = 8;
const DASHES = [[], [8, 4], [2, 3]];
const DASH_NAMES = ["solid", "dashed", "dotted"];
const WHOLE = [1, 2, 5].flatMap((digit) => Array.from({ length: 12 }, (_, power) => digit * 10 ** power));
WHOLE.sort((a, b) => a - b);

// Values at equal positions on the axis (logged at the same instant) keep their order, and none is lost.
function apart(places) {
  const spread = [];
  for (const place of places) {
    const last = spread.length ? spread[spread.length - 1] : -Infinity;
    spread.push(place > last ? place : last + Math.max(1e-6, Math.abs(last) * 1e-9));
  }
  return spread;
}

// A moving average (exponential, without a bias to 0) that weighs values by their distance, in mean distances.
function smoothed(places, values, smoothing) {
  const mean = (places[places.length - 1] - places[0]) / Math.max(1, places.length - 1) || 1;
  let [sum, weight, last] = [0, 0, places[0]];
  return values.map((value, number) => {
    if (value === null) return null;
    const kept = smoothing ** ((places[number] - last) / mean);
    last = places[number];
    [sum, weight] = [sum * kept + value * (1 - smoothing), weight * kept + 1 - smoothing];
    return sum / weight;
  });
}

// The columns of a chart: places, a line for each series and, if lines are smoothed, the values of each series.
function columns(chart, how) {
  const places = chart.series.map((series) => apart(series[how.across] || series.number));
  const values = chart.series.map((series) =>
    how.logarithmic ? series.value.map((value) => (value > 0 ? value : null)) : series.value);
  const lines = how.smoothing ? values.map((row, number) => smoothed(places[number], row, how.smoothing)) : values;
  const tables = [...lines, ...(how.smoothing ? values : [])].map((row, number) => [places[number % places.length], row]);
  return uPlot.join(tables);
}

function remark(chart, how) {
  const sum = (of) => chart.series.reduce((total, series) => total + of(series), 0);
  const logged = sum((series) => series.logged);
  const drawn = sum((series) => series.value.length);
  const odd = sum((series) => series.odd);
  const low = sum((series) => series.value.filter((value) => value !== null && value <= 0).length);
  const said = [];
  if (drawn < logged) said.push(`Showing ${drawn} of ${logged} values.`);
  if (odd) said.push(odd === 1 ? "1 value is not a finite number and is shown as a gap." : `${odd} values are not finite numbers and are shown as gaps.`);
  if (how.logarithmic && low) said.push(`${counted(low, "value")} of 0 or less cannot be shown on a logarithmic axis.`);
  return said.join(" ");
}

// The nearest value of a series that is not missing: series of one chart may have values at different places.
function nearest(values, number) {
  for (let distance = 0; distance < values.length; distance += 1) {
    for (const near of [number - distance, number + distance]) if (typeof values[near] === "number") return near;
  }
  return number;
}

// On a logarithmic axis only powers of ten get grid lines, if there are some: all others would form grey bands.
function powersOfTen(_, places) {
  const powers = places.map((place) => (Number.isInteger(Math.round(Math.log10(place) * 1e9) / 1e9) ? place : null));
  return powers.filter((place) => place !== null).length > 1 ? powers : places;
}

function axes(how) {
  const axis = {
    stroke: style("--quiet"), font: `12px ${style("--font")}`, grid: { stroke: style("--grid"), width: 1 }, ticks: { show: false },
  };
  const words = (write) => (_, places) => places.map((place) => (place === null ? "" : write(place)));
  const across = { ...axis, size: 30, values: words(how.across === "time" ? clock : (place) => place.toLocaleString("en")) };
  const up = { ...axis, size: 60, values: words(shown) };
  if (how.across === "number" || how.across === "at") across.incrs = WHOLE;
  if (how.logarithmic) up.grid = { ...axis.grid, filter: powersOfTen };
  return [across, up];
}

function lookOf(series, number) {
  const place = series.colour ?? number;
  const dash = series.dash ?? Math.floor(place / COLOURS);
  return { colour: series.stroke ?? style(`--series-${1 + (place % COLOURS)}`), dash: dash % DASHES.length };
}

function lines(chart, how) {
  const line = (series, number) => {
    const look = lookOf(series, number);
    return { label: series.label, stroke: look.colour, dash: DASHES[look.dash], width: 2, points: { size: 5 } };
  };
  const all = chart.series.map(line);
  const faint = all.map((one) => ({ ...one, alpha: 0.3, width: 1, points: { show: false } }));
  return how.smoothing ? [...all, ...faint] : all;
}

// The axes that some series have, with their names.
function axesOf(charts) {
  const all = charts.flatMap((chart) => chart.series);
  const counted = [...new Set(all.filter((series) => series.at).map((series) => series.counts))];
  return { number: "index", time: "time", ...(counted.length && { at: counted.join(" or ") }) };
}

// The axis to begin with: what the script itself counts, if it does so for each value.
function usualAxis(charts) {
  const counts = ({ at }) => at && at.every((place, number) => number === 0 || place > at[number - 1]);
  const all = charts.flatMap((chart) => chart.series);
  return all.length && all.every(counts) ? "at" : "number";
}

/** The charts in an element: their tools, their plots, and what is chosen. */
class ChartSheet {
  constructor(place) {
    this.how = { across: null, logarithmic: false, smoothing: 0 };
    this.charts = [];
    this.plots = [];
    this.tools = element("div", { className: "tools" });
    this.grid = element("div", { className: "charts" });
    place.append(this.tools, this.grid);
    for (const scheme of ["(prefers-color-scheme: dark)", "print"]) matchMedia(scheme).addEventListener("change", () => this.draw());
    new ResizeObserver(later(() => this.fit(), 80)).observe(this.grid);
  }

  /** Draws these charts instead of those before. What is chosen stays chosen, as far as they have it. */
  show(charts) {
    this.charts = charts;
    this.offerTools();
    this.draw();
  }

  offerTools() {
    this.axes = axesOf(this.charts);
    if (!this.axes[this.how.across]) this.how.across = usualAxis(this.charts);
    const option = ([axis, name]) => element("option", { value: axis, selected: axis === this.how.across }, name);
    const options = Object.entries(this.axes).map(option);
    const across = element("select", { name: "across", onchange: () => this.choose({ across: across.value }) }, ...options);
    const logarithmic = element("input", {
      type: "checkbox", name: "logarithmic", checked: this.how.logarithmic, onchange: () => this.choose({ logarithmic: logarithmic.checked }),
    });
    const smoothing = element("input", {
      type: "range", name: "smoothing", min: 0, max: 0.99, step: 0.01, value: this.how.smoothing,
      oninput: () => this.choose({ smoothing: Number(smoothing.value) }),
    });
    this.reset = element("button", { type: "button", name: "reset", hidden: true, onclick: () => this.zoomOut() }, "Reset zoom");
    const csv = element("button", { type: "button", name: "csv", title: "Download all points of these charts as a CSV file", onclick: () => saveCsv(this.rows()) }, "CSV");
    this.tools.replaceChildren(
      element("label", {}, "X axis ", across), element("label", {}, "Smoothing ", smoothing),
      element("label", {}, logarithmic, " Logarithmic Y axis"), this.reset, csv,
    );
  }

  choose(choice) {
    Object.assign(this.how, choice);
    this.draw();
  }

  draw() {
    this.plots.forEach((plot) => plot.destroy());
    this.plots = [];
    this.reset.hidden = true;
    // Create all boxes before the first chart: a single box would be as wide as the page.
    const figures = this.charts.map((chart) => element("figure", {}, element("figcaption", {}, chart.name)));
    this.grid.replaceChildren(...figures);
    this.plots = this.charts.map((chart, number) => this.plot(chart, figures[number]));
  }

  plot(chart, figure) {
    const legend = new Legend(chart, this.how, this.axes[this.how.across]);
    const space = element("div", { className: "plot", tabIndex: 0, role: "group", ariaLabel: `Curves of ${chart.name}. Arrows move the cursor, plus and minus zoom, 0 zooms out.` });
    const said = remark(chart, this.how);
    figure.append(space, legend.list, ...(said ? [element("p", { className: "remark" }, said)] : []));
    const plot = new uPlot(this.options(chart, widthIn(figure), legend), columns(chart, this.how), space);
    legend.follow(plot);
    space.addEventListener("keydown", (event) => this.press(plot, event));
    return plot;
  }

  options(chart, width, legend) {
    return {
      width,
      height: 220,
      legend: { show: false },
      scales: { x: { time: false }, y: { distr: this.how.logarithmic ? 3 : 1 } },
      axes: axes(this.how),
      series: [{}, ...lines(chart, this.how)],
      cursor: {
        y: false,
        focus: { prox: this.how.smoothing || chart.series.length < 2 ? -1 : 30 },
        dataIdx: (plot, series, number) => nearest(plot.data[series], number),
        drag: { setScale: false },
        bind: { dblclick: () => () => this.zoomOut() },
        sync: { key: "charts", filters: { pub: (kind) => kind === "mousemove" || kind === "mouseleave" } },
      },
      hooks: { setCursor: [(plot) => legend.follow(plot)], setSelect: [(plot) => this.zoomToSelection(plot)] },
    };
  }

  zoomToSelection(plot) {
    const { left, width } = plot.select;
    if (!width) return;
    plot.setSelect({ left: 0, width: 0 }, false);
    this.zoom(plot, plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
  }

  /** Shows a part of the X axis of a chart, and of all that have the same. */
  zoom(plot, min, max) {
    const extent = (one) => [one.data[0][0], one.data[0].at(-1)].join();
    const alike = this.plots.filter((one) => this.how.across !== "number" || extent(one) === extent(plot));
    alike.forEach((one) => one.setScale("x", { min, max }));
    this.reset.hidden = false;
  }

  zoomOut() {
    this.plots.forEach((plot) => plot.setData(plot.data, true));
    this.reset.hidden = true;
  }

  press(plot, event) {
    const keys = {
      ArrowLeft: () => this.move(plot, -1), ArrowRight: () => this.move(plot, 1), "+": () => this.scale(plot, 0.5),
      "-": () => this.scale(plot, 2), 0: () => this.zoomOut(), Escape: () => this.zoomOut(),
    };
    if (!keys[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  }

  /** Moves the cursor by so many values, and what is seen with it. */
  move(plot, values) {
    const places = plot.data[0];
    const { min, max } = plot.scales.x;
    const before = plot.cursor.idx ?? (values > 0 ? -1 : places.length);
    const place = places[Math.min(places.length - 1, Math.max(0, before + values))];
    const shift = place - Math.min(max, Math.max(min, place));
    if (shift) this.zoom(plot, min + shift, max + shift);
    // A microtask of uPlot sets the scales first.
    queueMicrotask(() => this.plots.forEach((one) => one.setCursor({ left: one.valToPos(place, "x"), top: one.over.clientHeight / 2 })));
  }

  /** Shows so many times what is seen, about the cursor or else the middle. */
  scale(plot, times) {
    const [first, last] = [plot.data[0][0], plot.data[0].at(-1)];
    const { min, max } = plot.scales.x;
    const middle = plot.data[0][plot.cursor.idx] ?? (min + max) / 2;
    const [left, right] = [middle - (middle - min) * times, middle + (max - middle) * times];
    if (left <= first && right >= last) this.zoomOut();
    else this.zoom(plot, Math.max(left, first), Math.min(right, last));
  }

  fit() {
    for (const plot of this.plots) {
      const width = widthIn(plot.root.closest("figure"));
      if (width !== plot.width) plot.setSize({ width, height: plot.height });
    }
  }

  /** The points of all charts, as rows of a table. */
  rows() {
    const rows = [["metric", "series", "number", "seconds", "counts", "at", "value"]];
    for (const chart of this.charts) {
      for (const series of chart.series) {
        series.value.forEach((value, place) => {
          const at = (axis) => (series[axis] ? series[axis][place] : null);
          rows.push([chart.name, series.label, series.number[place], at("time"), series.counts, at("at"), value]);
        });
      }
    }
    return rows;
  }
}

function widthIn(figure) {
  const look = getComputedStyle(figure);
  return figure.clientWidth - parseFloat(look.paddingLeft) - parseFloat(look.paddingRight);
}

/** The legend of a chart: its series with their values at the cursor, or else the last; a click hides a series. */
class Legend {
  constructor(chart, how, axis) {
    this.chart = chart;
    this.how = how;
    this.axis = axis;
    this.where = element("span", { className: "where" });
    this.values = chart.series.map(() => element("span", { className: "value" }));
    const buttons = chart.series.map((series, number) => this.button(series, number));
    this.list = element("div", { className: "legend" }, this.where, ...buttons);
  }

  button(series, number) {
    const look = lookOf(series, number);
    const swatch = element("i", { className: "swatch" });
    Object.assign(swatch.style, { borderTopColor: look.colour, borderTopStyle: DASH_NAMES[look.dash] });
    const button = element("button", { type: "button", ariaPressed: "true", title: "Show or hide this curve" },
      swatch, element("span", { className: "label" }, series.label), this.values[number]);
    button.onclick = () => {
      const show = button.ariaPressed !== "true";
      button.ariaPressed = String(show);
      for (let line = number + 1; line < this.plot.series.length; line += this.chart.series.length) this.plot.setSeries(line, { show });
    };
    return button;
  }

  follow(plot) {
    this.plot = plot;
    const { idx, idxs } = plot.cursor;
    const place = idx === null || idx === undefined ? null : plot.data[0][idx];
    const words = this.how.across === "time" ? clock : shown;
    this.where.textContent = place === null ? "last values" : `${this.axis} ${words(place)}`;
    this.values.forEach((value, number) => {
      const at = (column) => plot.data[column][place === null ? nearest(plot.data[column], plot.data[0].length - 1) : idxs[column]];
      const line = number + 1;
      value.textContent = this.how.smoothing ? `${shown(at(line))} (${shown(at(line + this.values.length))})` : shown(at(line));
    });
  }
}
