"use strict";
// Parallel coordinates: a line for each run through its parameters and a metric. A range of an axis filters the runs.

const AXIS_WIDTH = 130;
const LEFT = 110;
const RIGHT = 60;
const TALL = 260;
const ABOVE = 34;
const BELOW = 14;
const KEY_STEP = 0.05;

function axesShown() {
  const parameters = all.columns.filter((column) => column.varies && isGiven(column));
  const metric = all.byName.get(view.metric);
  return [...parameters.slice(0, MOST_AXES), ...(metric ? [metric] : [])];
}

const MOST_AXES = 10;

function drawParallel() {
  const shownAxes = axesShown();
  const place = byId("parallel");
  const width = Math.max(place.clientWidth - 2, LEFT + RIGHT + (shownAxes.length - 1) * AXIS_WIDTH);
  const across = shownAxes.map((_, at) => (shownAxes.length > 1 ? LEFT + (at * (width - LEFT - RIGHT)) / (shownAxes.length - 1) : width / 2));
  const picture = drawing("svg", { width, height: ABOVE + TALL + BELOW, role: "group", "aria-label": "Parallel coordinates" });
  const fits = new Set(view.rows);
  const faint = all.rows.filter((row) => !fits.has(row));
  picture.append(...pathsOf(faint, shownAxes, across, "faint"), ...pathsOf(view.rows, shownAxes, across, "run"));
  picture.append(...shownAxes.map((column, at) => axisOf(column, across[at])));
  place.replaceChildren(picture);
}

function pathsOf(rows, shownAxes, across, kind) {
  return rows.map((row) => {
    const points = shownAxes.map((column, at) => pointOn(column, column.values[row], across[at]));
    const path = drawing("path", { d: joined(points), class: kind, "data-row": row });
    if (kind === "run") {
      path.style.stroke = placeColour(row);
      path.append(drawing("title", {}, titleOf(row)));
    }
    if (view.picks.has(row)) path.classList.add("picked");
    return path;
  });
}

function pointOn(column, value, x) {
  const place = column.scale.place(value);
  return place === null ? null : `${x.toFixed(1)} ${heightOf(place).toFixed(1)}`;
}

function heightOf(place) {
  return ABOVE + TALL * (1 - place);
}

// A value that is missing leaves a gap.
function joined(points) {
  return points.map((point, at) => (point === null ? "" : `${at && points[at - 1] !== null ? "L" : "M"}${point}`)).join("");
}

function axisOf(column, x) {
  const made = drawing("g", { class: "axis", "data-name": column.name, transform: `translate(${x} 0)` });
  const line = drawing("path", { d: `M0 ${ABOVE}v${TALL}`, class: "line" });
  const title = drawing("text", { y: 14, "text-anchor": "middle", class: "title" }, shortenedTo(column.name, 20));
  title.append(drawing("title", {}, column.name));
  const ticks = column.scale.ticks.flatMap((tick) => [
    drawing("path", { d: `M-4 ${heightOf(tick.at)}h4`, class: "line" }),
    drawing("text", { x: -22, y: heightOf(tick.at) + 4, "text-anchor": "end" }, shortenedTo(tick.text, 12)),
  ]);
  const room = drawing("rect", { x: -16, y: ABOVE - 6, width: 32, height: TALL + 12, class: "room" });
  made.append(line, title, ...ticks, room, ...handles(column));
  return made;
}

// The two ends of the range of an axis: sliders, so that keys move them.
function handles(column) {
  const [low, high] = rangeOn(column.name);
  const band = drawing("rect", { x: -6, y: heightOf(high), width: 12, height: TALL * (high - low), class: "band" });
  if (!view.ranges.has(column.name)) band.setAttribute("visibility", "hidden");
  return [band, handle(column, low, 0), handle(column, high, 1)];
}

function handle(column, at, end) {
  const words = `${end ? "Highest" : "Lowest"} ${column.name} that is shown`;
  const y = heightOf(at);
  return drawing("path", {
    d: end ? `M-9 ${y}h18l-9 -9z` : `M-9 ${y}h18l-9 9z`, class: "handle", tabindex: 0, role: "slider", "data-end": end,
    "aria-label": words, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": Math.round(at * 100),
    "aria-valuetext": valueAt(column, at), "aria-orientation": "vertical",
  });
}

function valueAt(column, at) {
  const scale = column.scale;
  if (!scale.steps) return aboutInWords(column, scale.value(at));
  return inWords(column, scale.values[Math.round(at * (scale.values.length - 1))]);
}

function rangeOn(name) {
  return view.ranges.get(name) ?? [0, 1];
}

function setRange(name, low, high) {
  const ends = [Math.max(0, Math.min(low, high)), Math.min(1, Math.max(low, high))];
  if (ends[0] <= 0 && ends[1] >= 1) view.ranges.delete(name);
  else view.ranges.set(name, ends);
  changed();
}

function moveHandle(event) {
  const grip = event.target.closest(".handle");
  if (!grip) return;
  const name = grip.parentElement.dataset.name;
  const end = Number(grip.dataset.end);
  if (event.key === "Escape" || event.key === "Delete") {
    setRange(name, 0, 1);
  } else {
    const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
    if (!by) return;
    const ends = [...rangeOn(name)];
    ends[end] = Math.max(end ? ends[0] : 0, Math.min(end ? 1 : ends[1], ends[end] + by * keyStep(name)));
    setRange(name, ...ends);
  }
  event.preventDefault();
  byId("parallel").querySelector(`[data-name="${CSS.escape(name)}"] [data-end="${end}"]`).focus();
}

function keyStep(name) {
  const scale = all.byName.get(name).scale;
  return scale.steps ? 1 / Math.max(1, scale.values.length - 1) : KEY_STEP;
}

// A range drawn with the pointer: from where it was pressed to where it is; a click takes the range away.
function drag(event) {
  const group = event.target.closest(".axis");
  if (!group || event.button) return;
  const { name } = group.dataset;
  const placeAt = (y) => 1 - (y - byId("parallel").querySelector("svg").getBoundingClientRect().top - ABOVE) / TALL;
  const start = placeAt(event.clientY);
  const margin = all.byName.get(name).scale.steps ? 0.03 : 0;
  const move = (moved) => setRange(name, Math.min(start, placeAt(moved.clientY)) - margin, Math.max(start, placeAt(moved.clientY)) + margin);
  const done = (ended) => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", done);
    if (Math.abs(placeAt(ended.clientY) - start) < 0.01) setRange(name, 0, 1);
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", done);
  event.preventDefault();
}
