"use strict";
// Draws the charts and searches the logs of a page. Text is inserted as text only, never as HTML.

const COLOURS = {
  light: ["#0a58a8", "#b3541e", "#1a6b35", "#8b2f8f", "#5a5f00", "#b3261e", "#00666b", "#5f4b8b"],
  dark: ["#7ab7ff", "#f0a36b", "#6fd08c", "#e09be4", "#cdd15a", "#ff8a80", "#5fd3d9", "#b9a7f0"],
};
const DASHES = [[], [8, 4], [2, 3]];
const dark = matchMedia("(prefers-color-scheme: dark)");
const holder = document.getElementById("chart-data");
const charts = holder ? JSON.parse(holder.textContent) : [];
let plots = [];

function element(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

function chosen() {
  return {
    across: document.getElementById("across").value,
    logarithmic: document.getElementById("logarithmic").checked,
  };
}

// Values at equal positions on the axis (logged at the same instant) keep their order, and none is lost.
function apart(places) {
  const spread = [];
  for (const place of places) {
    const last = spread.length ? spread[spread.length - 1] : -Infinity;
    spread.push(place > last ? place : last + Math.max(1e-6, Math.abs(last) * 1e-9));
  }
  return spread;
}

function columns(chart, how) {
  const tables = chart.series.map((one) => {
    const places = one[how.across] || one.number;
    const values = how.logarithmic ? one.value.map((value) => (value > 0 ? value : null)) : one.value;
    return [apart(places), values];
  });
  return uPlot.join(tables);
}

function shown(value) {
  return value === null || value === undefined ? "–" : String(Number(value.toPrecision(6)));
}

function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// On a logarithmic axis only powers of ten get grid lines, if there are some: all others would form grey bands.
function powersOfTen(_, places) {
  const powers = places.map((place) => (Number.isInteger(Math.round(Math.log10(place) * 1e9) / 1e9) ? place : null));
  return powers.filter((place) => place !== null).length > 1 ? powers : places;
}

const WHOLE = [1, 2, 5].flatMap((digit) => Array.from({ length: 12 }, (_, power) => digit * 10 ** power));
WHOLE.sort((a, b) => a - b);

function options(chart, how, width) {
  const axis = { stroke: style("--text"), grid: { stroke: style("--grid") }, ticks: { stroke: style("--grid") } };
  const across = how.across === "number" ? { ...axis, incrs: WHOLE } : axis;
  const up = how.logarithmic ? { ...axis, grid: { ...axis.grid, filter: powersOfTen }, ticks: { ...axis.ticks, filter: powersOfTen } } : axis;
  const colours = dark.matches ? COLOURS.dark : COLOURS.light;
  const lines = chart.series.map((one, place) => ({
    label: one.label,
    stroke: colours[place % colours.length],
    dash: DASHES[Math.floor(place / colours.length) % DASHES.length],
    width: 1.75,
    spanGaps: true,
    points: { show: one.value.length <= 60 },
    value: (_, value) => shown(value),
  }));
  return {
    width,
    height: 260,
    scales: { x: { time: false }, y: { distr: how.logarithmic ? 3 : 1 } },
    axes: [across, { ...up, size: 64, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : shown(tick))) }],
    series: [{ label: how.across === "number" ? "index" : how.across, value: (_, value) => shown(value) }, ...lines],
    cursor: { focus: { prox: 30 }, sync: { key: "page" } },
  };
}

function widthIn(figure) {
  return figure.clientWidth - 20;
}

function draw() {
  const place = document.getElementById("charts");
  if (!place) return;
  plots.forEach((plot) => plot.destroy());
  place.replaceChildren();
  const how = chosen();
  // Create all boxes before the first chart: a single box would be as wide as the page.
  const figures = charts.map((chart) => {
    const figure = element("figure");
    figure.append(element("figcaption", chart.name));
    return figure;
  });
  place.append(...figures);
  plots = charts.map((chart, number) => {
    const figure = figures[number];
    const data = columns(chart, how);
    const plot = new uPlot(options(chart, how, widthIn(figure)), data, figure);
    const left = remark(chart, how);
    if (left) {
      const said = element("p", left);
      said.className = "remark";
      figure.append(said);
    }
    return plot;
  });
}

function remark(chart, how) {
  const logged = chart.series.reduce((sum, one) => sum + one.logged, 0);
  const drawn = chart.series.reduce((sum, one) => sum + one.value.length, 0);
  const odd = chart.series.reduce((sum, one) => sum + one.odd, 0);
  const low = how.logarithmic ? chart.series.flatMap((one) => one.value).filter((value) => value !== null && value <= 0).length : 0;
  const said = [];
  if (drawn < logged) said.push(`Showing ${drawn} of ${logged} values.`);
  if (odd) said.push(odd === 1 ? "1 value is not a finite number and is shown as a gap." : `${odd} values are not finite numbers and are shown as gaps.`);
  if (low) said.push(`${counted(low, "value")} of 0 or less cannot be shown on a logarithmic axis.`);
  return said.join(" ");
}

function fit() {
  for (const plot of plots) {
    const width = widthIn(plot.root.parentElement);
    if (width !== plot.width) plot.setSize({ width, height: plot.height });
  }
}

// A cell that a spreadsheet would read as a formula gets a leading quote.
function cell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  const plain = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

function csv() {
  const rows = [["metric", "series", "number", "seconds", "epoch", "value"]];
  for (const chart of charts) {
    for (const one of chart.series) {
      one.value.forEach((value, place) => {
        const epoch = one.epoch ? one.epoch[place] : null;
        rows.push([chart.name, one.label, one.number[place], one.time[place], epoch, value]);
      });
    }
  }
  return rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
}

function download() {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  link.download = `${document.title.replace(/[^\w.-]+/g, "-")}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Logs: during a search, only matching lines are shown.
const logs = [...document.querySelectorAll(".log code")].map((code) => ({
  code,
  step: code.closest("details"),
  text: code.textContent,
}));
const openBefore = new Map(logs.map((log) => [log.step, log.step.open]));
const MOST_MARKS = 1000;
const MOST_LETTERS = 2000;

function around(line, at, length) {
  if (line.length <= MOST_LETTERS) return [line, at];
  const start = Math.max(0, Math.min(at - 200, line.length - MOST_LETTERS));
  return [line.slice(start, start + Math.max(MOST_LETTERS, length)), at - start];
}

function matches(log, wanted, most) {
  const parts = [];
  let count = 0;
  for (const line of log.text.split("\n")) {
    const at = line.toLowerCase().indexOf(wanted);
    if (at < 0) continue;
    count += 1;
    if (count > most) continue;
    const [piece, place] = around(line, at, wanted.length);
    parts.push(piece.slice(0, place), element("mark", piece.slice(place, place + wanted.length)));
    parts.push(`${piece.slice(place + wanted.length)}\n`);
  }
  log.code.replaceChildren(...parts);
  return count;
}

function search() {
  const wanted = document.getElementById("search").value.toLowerCase();
  const told = document.getElementById("found");
  let lines = 0;
  let steps = 0;
  document.querySelectorAll(".step").forEach((step) => { step.hidden = Boolean(wanted); });
  for (const log of logs) {
    if (!wanted) {
      log.code.replaceChildren(log.text);
      log.step.open = openBefore.get(log.step);
      continue;
    }
    const count = matches(log, wanted, Math.max(0, MOST_MARKS - lines));
    log.step.hidden = count === 0;
    log.step.open = count > 0;
    lines += count;
    steps += count > 0 ? 1 : 0;
  }
  const most = lines > MOST_MARKS ? `, showing the first ${MOST_MARKS}` : "";
  told.textContent = wanted ? `${counted(lines, "line")} in ${counted(steps, "step")}${most}` : "";
}

function counted(number, what) {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

// A link to a step unfolds it.
function unfold() {
  const wanted = /^#step-\d+$/.test(location.hash) ? document.getElementById(location.hash.slice(1)) : null;
  if (wanted) {
    wanted.open = true;
    wanted.scrollIntoView();
  }
}

function later(action, milliseconds) {
  let waiting = 0;
  return () => {
    clearTimeout(waiting);
    waiting = setTimeout(action, milliseconds);
  };
}

function listen(name, kind, action) {
  const found = document.getElementById(name);
  if (found) found.addEventListener(kind, action);
}

listen("across", "change", draw);
listen("logarithmic", "change", draw);
listen("csv", "click", download);
listen("search", "input", later(search, 80));
dark.addEventListener("change", draw);
addEventListener("hashchange", unfold);
draw();
if (plots.length) new ResizeObserver(later(fit, 80)).observe(document.getElementById("charts"));
unfold();
document.documentElement.dataset.drawn = String(Math.round(performance.now()));
