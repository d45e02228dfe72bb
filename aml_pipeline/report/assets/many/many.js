"use strict";
// The page of many runs: what is chosen (the view), kept in the address, and everything drawn from it.

const FIRST_ROWS = 200;
const FIRST_CURVES = 10;
const MOST_CURVES = 40;
const DEFAULTS = { where: "", metric: "", curve: "", colour: "", group: "", right: "", up: "" };

let all = null;
let curves = null;
let sheet = null;
const view = { ...DEFAULTS, sort: ["", 1], columns: new Set(), picks: new Set(), ranges: new Map(), most: FIRST_ROWS, test: () => true, asText: false, dot: -1, dots: [] };

async function start() {
  [all, curves] = await Promise.all([unpacked("many-rows"), unpacked("many-curves")]);
  describe();
  fromAddress();
  sheet = new ChartSheet(byId("curves"));
  offer();
  wire();
  changed();
  drawn();
  offerPair();
}

function describe() {
  if (matchMedia("(max-width: 30rem)").matches) all.defaults.columns = all.defaults.columns.filter((name) => name !== "started");
  all.rows = all.columns[0].values.map((_, row) => row);
  [all.byName, all.others] = [all.columns, all.others].map((columns) => new Map(columns.map((column) => [column.name, column])));
  for (const column of all.columns) {
    column.varies = new Set(column.values).size > 1;
    column.scale = scaleOf(column);
  }
}

function nameOf(row) {
  return all.titles[row];
}

function runOf(row) {
  return all.byName.get("run").values[row];
}

// A run in words: its name, the parameters that vary, and the metric.
function titleOf(row) {
  const told = all.columns.filter((column) => column.varies && (isGiven(column) || column.name === view.metric));
  return [nameOf(row), ...told.map((column) => `${column.name} ${wordsIn(column, row) || "–"}`)].join("\n");
}

// What is chosen, in the part of the address after #, so that it can be sent and survives a reload.
function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(DEFAULTS)) view[name] = given.get(name) ?? all.defaults[name] ?? "";
  const sort = given.get("sort") ?? all.defaults.sort;
  view.sort = sort.startsWith("-") ? [sort.slice(1), -1] : [sort, 1];
  view.columns = new Set((given.getAll("column").length ? given.getAll("column") : all.defaults.columns).filter((name) => all.byName.has(name)));
  view.picks = new Set(given.getAll("run").map(Number).filter((row) => row in all.rows));
  view.ranges = new Map(given.getAll("range").map(rangeFrom).filter(([name, ends]) => all.byName.has(name) && ends.every(Number.isFinite)));
  for (const name of ["metric", "right", "up"]) if (!all.byName.has(view[name])) view[name] = all.defaults[name];
}

function rangeFrom(text) {
  const [high, low, ...name] = text.split(":").reverse();
  return [name.reverse().join(":"), [Number(low), Number(high)]];
}

function toAddress() {
  const given = new URLSearchParams();
  for (const name of Object.keys(DEFAULTS)) if (view[name] !== (all.defaults[name] ?? "")) given.set(name, view[name]);
  const sort = `${view.sort[1] < 0 ? "-" : ""}${view.sort[0]}`;
  if (sort !== all.defaults.sort) given.set("sort", sort);
  const chosen = [...view.columns];
  if (chosen.join("\n") !== all.defaults.columns.join("\n")) chosen.forEach((name) => given.append("column", name));
  view.picks.forEach((row) => given.append("run", row));
  for (const [name, [low, high]] of view.ranges) given.append("range", `${name}:${shown(low)}:${shown(high)}`);
  history.replaceState(null, "", `#${given}`);
}

// Draws everything that depends on which runs match.
function changed() {
  view.test = testOf(view.where);
  view.rows = matchingRows();
  chooseCurves();
  drawTable();
  drawRuns();
}

// Draws everything that depends on which runs are chosen, and in which colours.
function drawRuns() {
  chooseColours();
  markRows();
  drawCurves();
  drawParallel();
  drawScatter();
  tell();
  toAddress();
}

function chooseCurves() {
  const picked = [...view.picks];
  view.curves = (picked.length ? picked : view.rows.slice(0, FIRST_CURVES)).slice(0, MOST_CURVES);
}

function pick(row) {
  if (!view.picks.delete(row)) view.picks.add(row);
  chooseCurves();
  drawRuns();
  offerPair();
}

// The best value of a metric comes first.
function sortBy({ name, best }) {
  view.sort = [name, view.sort[0] === name ? -view.sort[1] : -(best ?? -1)];
  changed();
  [...byId("rows").querySelectorAll("thead button")].find((button) => button.dataset.name === name).focus();
}

function drawCurves() {
  const logged = curves.of[view.curve] ?? {};
  const withCurves = view.curves.filter((row) => row in logged);
  const series = withCurves.map((row) => ({ ...logged[row], label: nameOf(row), ...lookOfCurve(row) }));
  byId("curves").hidden = !series.length;
  sheet.show(series.length ? [{ name: view.curve, series }] : []);
  byId("of-curves").textContent = ofCurves(withCurves.length);
}

// Runs of the same value have the same colour; otherwise dashes tell apart those with the same.
function lookOfCurve(row) {
  return { stroke: colourOf(row), colour: view.colour ? 0 : view.curves.indexOf(row) };
}

function ofCurves(count) {
  const missing = view.curves.length - count;
  const said = [];
  if (!view.picks.size) said.push(`The first ${counted(view.curves.length, all.noun)} of the table; choose others there.`);
  if (view.picks.size > MOST_CURVES) said.push(`The first ${MOST_CURVES} of ${view.picks.size} chosen.`);
  if (missing) said.push(`${counted(missing, all.noun)} logged ${view.curve} less than twice.`);
  if (curves.missing.length) said.push(`There is no room on this page for the curves of ${counted(curves.missing.length, "metric")}; the page of each run has them.`);
  return said.join(" ");
}

function tell() {
  const total = all.rows.length;
  const matching = view.rows.length === total ? counted(total, all.noun) : `${view.rows.length} of ${counted(total, all.noun)}`;
  const most = view.rows.length > view.most ? `, the first ${view.most} in the table` : "";
  byId("told").textContent = `${matching}${most}${view.picks.size ? `, ${view.picks.size} chosen` : ""}${view.asText ? "; searched as text" : ""}`;
  byId("ranges").replaceChildren(...[...view.ranges.keys()].map(rangeButton));
  byId("colours").replaceChildren(...coloursInWords());
}

function rangeButton(name) {
  const column = all.byName.get(name);
  const ends = rangeOn(name).map((end) => valueAt(column, end));
  return element("button", { type: "button", title: "Remove this range", onclick: () => setRange(name, 0, 1) }, `${name}: ${ends.join(" to ")} ×`);
}

function option(value, text, chosen) {
  return element("option", { value, selected: value === chosen }, text);
}

function offer() {
  const named = (rows, chosen) => rows.map((column) => option(column.name, headingOf(column), chosen));
  const metrics = all.columns.filter((column) => column.role === "metric");
  const places = all.columns.filter((column) => column.varies || column.name === view.right || column.name === view.up);
  byId("metric").replaceChildren(...named(metrics, view.metric));
  byId("curve").replaceChildren(...Object.keys(curves.of).map((name) => option(name, name, view.curve)));
  byId("colour").replaceChildren(option("", "run and metric", view.colour), ...named(all.columns.filter((column) => column.varies && column.name !== "run"), view.colour));
  byId("group").replaceChildren(option("", "nothing", view.group), ...named(all.columns.filter(groups), view.group));
  byId("right").replaceChildren(...named(places, view.right));
  byId("up").replaceChildren(...named(places, view.up));
  byId("where").value = view.where;
  byId("columns").replaceChildren(...all.columns.map(columnBox));
  ["first", "second"].forEach((id) => byId(id).replaceChildren(...all.rows.map((row) => option(row, nameOf(row)))));
}

// A and B are the first two chosen runs, or else the first two of the table.
function offerPair() {
  const [a, b] = view.picks.size > 1 ? view.picks : view.rows;
  byId("first").value = a ?? 0;
  byId("second").value = b ?? a ?? 0;
  drawPair();
}

// A column that is worth groups: some runs have the same value, and not all.
function groups(column) {
  return column.varies && new Set(column.values).size < all.rows.length && column.role !== "metric" && column.kind !== "seconds";
}

function columnBox(column) {
  const box = element("input", { type: "checkbox", checked: view.columns.has(column.name), onchange: () => {
    if (!view.columns.delete(column.name)) view.columns.add(column.name);
    drawTable();
    drawRuns();
  } });
  return element("label", {}, box, ` ${headingOf(column)}`);
}

// The curves and the scatter plot follow the metric, if they showed it and have the new one.
function choose(name, value) {
  const before = view[name];
  view[name] = value;
  for (const other of name === "metric" ? ["curve", "up"] : []) {
    const has = [...byId(other).options].some((choice) => choice.value === value);
    if (has && (view[other] === before || other === "curve")) byId(other).value = view[other] = value;
  }
}

function wire() {
  for (const name of ["metric", "curve", "colour", "group", "right", "up"]) {
    listen(name, "change", (event) => {
      choose(name, event.target.value);
      changed();
    });
  }
  listen("where", "input", later(() => {
    view.where = byId("where").value;
    changed();
  }, 120));
  listen("more", "click", () => {
    view.most = Infinity;
    changed();
  });
  listen("clear", "click", () => {
    Object.assign(view, { where: "", ranges: new Map(), picks: new Set() });
    byId("where").value = "";
    changed();
  });
  listen("csv", "click", () => saveCsv(tableRows()));
  listen("parallel", "keydown", moveHandle);
  listen("parallel", "pointerdown", drag);
  listen("scatter", "keydown", stepThroughDots);
  listen("scatter", "click", (event) => event.target.closest("circle") && pick(Number(event.target.closest("circle").dataset.row)));
  for (const id of ["first", "second"]) listen(id, "change", drawPair);
  listen("rows", "mouseover", (event) => point(event.target.closest("tr")?.querySelector("input")));
  listen("rows", "mouseleave", () => point(null));
  addEventListener("keydown", toFilter);
  addEventListener("resize", later(drawRuns, 120));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawRuns);
}

// The run of the row under the pointer stands out in the pictures.
function point(box) {
  const isPointed = (made) => made.dataset.row === box?.dataset.row;
  document.querySelectorAll(".picture [data-row]").forEach((made) => made.classList.toggle("pointed", isPointed(made)));
}

// The key / goes to the filter, unless someone is typing.
function toFilter(event) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox]), select")) return;
  byId("where").focus();
  event.preventDefault();
}

function tableRows() {
  const chosen = all.columns.filter((column) => view.columns.has(column.name));
  return [chosen.map((column) => column.name), ...view.rows.map((row) => chosen.map((column) => column.values[row]))];
}

start();
