"use strict";
// A column as an axis: where each of its values lies between 0 and 1, and what is written beside it.

const FEW = 8;
const MOST_NAMES = 24;
const DECADES = 100;

function scaleOf(column) {
  const numbers = distinct(column.values).filter((value) => typeof value === "number");
  const texts = distinct(column.values).filter((value) => typeof value !== "number");
  if (texts.length || !numbers.length) return ofNames(column, distinct(column.values).map(String));
  numbers.sort((a, b) => a - b);
  if (column.role !== "metric" && numbers.length <= FEW) return ofSteps(column, numbers);
  return ofNumbers(column, numbers[0], numbers[numbers.length - 1]);
}

// Few numbers, such as those of a grid, and texts: at equal distances.
function ofSteps(column, values) {
  const places = new Map(values.map((value, at) => [value, values.length > 1 ? at / (values.length - 1) : 0.5]));
  const ticks = values.map((value) => ({ at: places.get(value), text: inWords(column, value) }));
  return { place: (value) => places.get(value) ?? null, ticks, values, steps: true };
}

function ofNames(column, names) {
  const sorted = names.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  const scale = ofSteps(column, sorted);
  const every = Math.ceil(sorted.length / MOST_NAMES);
  const ticks = scale.ticks.filter((_, at) => at % every === 0);
  return { ...scale, ticks, place: (value) => (value === null ? null : scale.place(String(value))) };
}

function ofNumbers(column, low, high) {
  const isWide = low > 0 && high / low >= DECADES;
  const to = isWide ? Math.log10 : (value) => value;
  const [from, until] = [to(low), to(high)];
  const place = (value) => (typeof value === "number" ? (until > from ? (to(value) - from) / (until - from) : 0.5) : null);
  const value = (at) => (isWide ? 10 ** (from + at * (until - from)) : from + at * (until - from));
  const marks = isWide ? decades(low, high) : roundNumbers(low, high);
  const ticks = marks.map((mark) => ({ at: place(mark), text: aboutInWords(column, mark) }));
  return { place, value, ticks, steps: false };
}

function roundNumbers(low, high) {
  if (low === high) return [low];
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((width) => width >= rough);
  const marks = [];
  for (let at = Math.ceil(low / step); at * step <= high; at += 1) marks.push(Number((at * step).toPrecision(12)));
  return marks;
}

function decades(low, high) {
  const marks = [];
  for (let power = Math.ceil(Math.log10(low)); 10 ** power <= high; power += 1) marks.push(10 ** power);
  return marks.length > 1 ? marks : [low, high];
}
