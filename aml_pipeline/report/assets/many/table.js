"use strict";
// The table of runs: filtered, sorted, grouped, with the columns that were chosen.

const LONG = 40;
const STATES = new Map(Object.entries({ done: "done", failed: "failed", interrupted: "stopped", "up to date": "kept", running: "running", submitted: "running" }));

function matchingRows() {
  const rows = all.rows.filter((row) => view.test(row) && withinRanges(row));
  const [name, direction] = view.sort;
  const column = all.byName.get(name);
  return column ? ordered(column.values, rows, direction) : rows;
}

function withinRanges(row) {
  return [...view.ranges].every(([name, [low, high]]) => {
    const place = all.byName.get(name).scale.place(all.byName.get(name).values[row]);
    return place !== null && place >= low - 1e-9 && place <= high + 1e-9;
  });
}

function drawTable() {
  const chosen = all.columns.filter((column) => view.columns.has(column.name));
  const groups = grouped(view.rows);
  const best = new Map(chosen.map((column) => [column, bestOf(column)]));
  const bodies = groups.map(([title, rows]) => bodyOf(title, rows, best));
  byId("rows").replaceChildren(headOf(chosen), ...bodies);
  byId("more").hidden = view.rows.length <= view.most;
}

function headOf(chosen) {
  return element("thead", {}, element("tr", {}, element("td"), ...chosen.map(headCell)));
}

function headCell(column) {
  const [name, direction] = view.sort;
  const button = element("button", { type: "button", onclick: () => sortBy(column) }, headingOf(column));
  button.dataset.name = column.name;
  const cell = element("th", { scope: "col", className: column.name === "run" ? "name" : isRight(column) ? "number" : "" }, button);
  if (name === column.name) cell.ariaSort = direction > 0 ? "ascending" : "descending";
  return cell;
}

function isRight(column) {
  return column.kind !== "text";
}

// [title, rows] in the order in which the groups appear among the rows.
function grouped(rows) {
  const first = rows.slice(0, view.most);
  const column = all.byName.get(view.group);
  if (!column) return [["", first]];
  const groups = new Map();
  for (const row of first) {
    const title = wordsIn(column, row) || "none";
    groups.set(title, groups.get(title) || []).get(title).push(row);
  }
  return [...groups];
}

// The best value of a metric among the runs that match, if they do not all have the same.
function bestOf(column) {
  const values = column.best ? view.rows.map((row) => column.values[row]).filter((value) => typeof value === "number") : [];
  const [worst, best] = values.reduce(([low, high], value) => [Math.min(low, value * column.best), Math.max(high, value * column.best)], [Infinity, -Infinity]);
  return worst < best ? best * column.best : null;
}

function bodyOf(title, rows, best) {
  const heading = title ? [groupRow(title, rows, best.size + 1)] : [];
  const none = view.rows.length ? [] : [element("tr", {}, element("td", { colSpan: best.size + 1 }, `No ${all.noun} matches.`))];
  return element("tbody", {}, ...heading, ...rows.map((row) => tableRow(row, best)), ...none);
}

function groupRow(title, rows, width) {
  const words = ` ${counted(rows.length, all.noun)}${rangeOf(rows)}`;
  const name = element("b", {}, `${view.group} ${title}`);
  return element("tr", { className: "group" }, element("th", { colSpan: width, scope: "rowgroup" }, name, words));
}

function rangeOf(rows) {
  const column = all.byName.get(view.metric);
  const numbers = column ? rows.map((row) => column.values[row]).filter((value) => typeof value === "number") : [];
  if (!numbers.length) return "";
  const [low, high] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
  return low === high ? `, ${view.metric} ${rounded(low)}` : `, ${view.metric} ${rounded(low)} to ${rounded(high)}`;
}

function tableRow(row, best) {
  const box = element("input", { type: "checkbox", ariaLabel: `Choose ${nameOf(row)}`, onchange: () => pick(row) });
  box.dataset.row = row;
  const cells = [...best].map(([column, value]) => valueCell(column, row, value));
  return element("tr", {}, element("td", { className: "choice" }, box, element("i", { className: "swatch" })), ...cells);
}

/** Marks the chosen runs, and those whose curves are drawn by their colour, without drawing the table again. */
function markRows() {
  const drawn = new Set(view.curves);
  for (const box of byId("rows").querySelectorAll("input")) {
    const row = Number(box.dataset.row);
    box.checked = view.picks.has(row);
    box.nextSibling.style.borderTopColor = drawn.has(row) ? colourOf(row) : "transparent";
  }
}

function valueCell(column, row, best) {
  const value = column.values[row];
  const text = wordsIn(column, row);
  if (column.name === "state") return element("td", {}, element("span", { className: `state ${STATES.get(text) ?? "idle"}` }, text + failedSteps(row)));
  if (column.name === "run") return element("th", { scope: "row", className: "name", title: text }, all.short[row]);
  if (text.length > LONG) return element("td", { className: "long", title: text }, text);
  if (value === best && best !== null) return element("td", { className: "number best", title: `The best of ${counted(view.rows.length, all.noun)}` }, text);
  return element("td", { className: typeof value === "number" ? "number" : "" }, text);
}

function failedSteps(row) {
  const steps = all.byName.get("failed_steps")?.values[row];
  return steps ? `: ${shortenedTo(steps, LONG)}` : "";
}
