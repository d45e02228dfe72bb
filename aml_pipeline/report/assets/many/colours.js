"use strict";
// The colour of each run: its own, or that of its value in a column.

// Curves have the colours of their runs, unless a column is chosen; where all runs are drawn, the metric colours them.
let colourOf = () => "";
let placeColour = () => "";

function chooseColours() {
  colourOf = coloursOf(view.colour, view.curves);
  placeColour = view.colour ? colourOf : coloursOf(view.metric, view.curves);
}

/** Returns the colours by row; a column of many numbers has a ramp from low to high, others a colour for each value. */
function coloursOf(name, curves) {
  const column = all.byName.get(name);
  if (!column) return ownColours(curves);
  const { scale } = column;
  return scale.steps ? stepColours(column, scale.values) : (row) => rampColour(scale.place(column.values[row]));
}

// Runs without a curve are all alike.
function ownColours(curves) {
  const places = new Map(curves.map((row, at) => [row, at]));
  const [rest, ...palette] = ["--quiet", ...Array.from({ length: COLOURS }, (_, at) => `--series-${at + 1}`)].map(style);
  return (row) => (places.has(row) ? palette[places.get(row) % COLOURS] : rest);
}

function stepColours(column, values) {
  const places = new Map(values.map((value, at) => [String(value), at]));
  const palette = values.length <= COLOURS ? values.map((_, at) => style(`--series-${at + 1}`)) : values.map((_, at) => rampColour(at / (values.length - 1)));
  const none = style("--quiet");
  return (row) => palette[places.get(String(column.values[row]))] ?? none;
}

function rampColour(place) {
  if (place === null) return style("--quiet");
  const [low, high] = ["--ramp-low", "--ramp-high"].map(partsOf);
  return `rgb(${low.map((part, at) => Math.round(part + (high[at] - part) * place)).join(" ")})`;
}

function partsOf(name) {
  const text = style(name);
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

/** Returns what the colours mean: of each value, or of the lowest and the highest. */
function coloursInWords() {
  const column = all.byName.get(view.colour || view.metric);
  if (!column) return [];
  const ends = column.scale.steps ? column.scale.values : [0, 1].map((end) => column.scale.value(end));
  const rows = ends.map((end) => [end, column.values.findIndex((value) => String(value) === String(end))]);
  const named = rows.length <= COLOURS ? rows : [rows[0], rows[rows.length - 1]];
  const colour = ([end, row]) => (column.scale.steps ? placeColour(row) : rampColour(column.scale.place(end)));
  const words = named.map((pair) => swatched(colour(pair), inWords(column, pair[0])));
  return [element("b", {}, column.name), ...words];
}

function swatched(colour, text) {
  const swatch = element("i", { className: "swatch" });
  swatch.style.borderTopColor = colour;
  return element("span", {}, swatch, text);
}
