"use strict";
// The data of a page of many runs: unpacked, in order, and in words.

const DIGITS = 5;

// Bytes that Python's zlib packed, as base64 in a script element that is not executed → the JSON in them.
async function unpacked(name) {
  const packed = Uint8Array.from(atob(document.getElementById(name).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

function momentInWords(seconds) {
  const moment = new Date(seconds * 1000);
  const two = (part) => String(part).padStart(2, "0");
  const day = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join("-");
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

const WORDS = { seconds: (value) => clock(Math.round(value * 10) / 10), time: momentInWords };

function rounded(value) {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(DIGITS)));
}

/** Returns the heading of a column, as on the command line. */
function headingOf(column) {
  return column.name === "seconds" ? "duration" : column.name;
}

/** Returns the value of a column in a row as people read it; "" where there is none. */
function wordsIn(column, row) {
  return (isGiven(column) && column.written?.[row]) || inWords(column, column.values[row]);
}

// The same of a value; two rows may have written it otherwise, such as 0.1 and 0.10.
function inWords(column, value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return isGiven(column) ? String(value) : value ? "yes" : "";
  if (typeof value !== "number") return value;
  if (isGiven(column)) return column.written?.[column.values.indexOf(value)] ?? String(value);
  return (WORDS[column.kind] ?? rounded)(value);
}

// Whether people gave the values of a column, and read them as they wrote them.
function isGiven(column) {
  return column.role === "parameter" || column.role === "axis";
}

/** Returns a number between the values of a column, such as a mark on its axis. */
function aboutInWords(column, value) {
  return column.kind === "number" ? rounded(value) : inWords(column, value);
}

// Numbers before texts, nothing last; in either direction.
function ordered(values, rows, direction) {
  const rank = (value) => (value === null ? 2 : typeof value === "string" ? 1 : 0);
  const before = (a, b) => {
    const [one, other] = [values[a], values[b]];
    if (rank(one) !== rank(other)) return rank(one) - rank(other);
    if (one === other || one === null) return a - b;
    return (typeof one === "string" ? one.localeCompare(other, undefined, { numeric: true }) : one - other) * direction;
  };
  return [...rows].sort(before);
}

function distinct(values) {
  return [...new Set(values.filter((value) => value !== null && value !== ""))];
}

function byId(id) {
  return document.getElementById(id);
}

function shortenedTo(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** Returns a new element of a drawing (SVG) with these attributes and children. */
function drawing(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
