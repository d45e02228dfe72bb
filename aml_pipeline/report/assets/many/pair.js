"use strict";
// Two runs side by side: the values that differ, and their code as unified diffs.

let texts = null;

async function drawPair() {
  texts ??= await unpacked("many-texts");
  const [a, b] = [Number(byId("first").value), Number(byId("second").value)];
  const files = codeOf(a, b);
  const said = files.length ? stepsWithoutCode(a, b) : [...stepsWithoutCode(a, b), isKnown(a, b) ? "No differences in code." : "The code of at least one of the runs is not recorded."];
  byId("pair").replaceChildren(valuesOf(a, b), ...files.map(([words, lines]) => fileOf(words, lines)), ...said.map((text) => element("p", { className: "remark" }, text)));
}

function isKnown(...rows) {
  return rows.every((row) => texts.of[row] !== null);
}

function valuesOf(a, b) {
  const differing = all.columns.filter((column) => !["about", "extreme"].includes(column.role) && (column.values[a] !== column.values[b] || wordsIn(column, a) !== wordsIn(column, b)));
  const about = all.columns.filter((column) => column.role === "about" && column.values[a] !== column.values[b]);
  const row = (column) => {
    const [one, other] = [column.values[a], column.values[b]];
    const words = column.name === "run" ? [all.short[a], all.short[b]] : [a, b].map((each) => wordsIn(column, each) || "–");
    const cells = words.map((text) => element("td", {}, text));
    return element("tr", {}, element("th", { scope: "row" }, headingOf(column)), ...cells, element("td", { className: "number" }, changeOf(column, one, other)));
  };
  const head = ["", "A", "B", "Change"].map((text) => (text ? element("th", { scope: "col", className: text === "Change" ? "number" : "" }, text) : element("td")));
  const same = all.columns.filter((column) => column.role === "parameter").length - differing.filter((column) => column.role === "parameter").length;
  const caption = element("caption", {}, `${counted(same, "parameter")} with the same value.`);
  const table = element("table", {}, caption, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...differing.map(row), ...about.map(row)));
  return element("div", { className: "scrolled", tabIndex: 0, role: "region", ariaLabel: "Values of two runs" }, table);
}

function changeOf(column, one, other) {
  if (typeof one !== "number" || typeof other !== "number" || one === other || column.kind === "time") return "";
  const change = other - one;
  const words = aboutInWords(column, Math.abs(change));
  return words === "0 s" ? "" : `${change > 0 ? "+" : "−"}${words}`;
}

// [how a file changed, the lines of its diff], for all files in which two runs differ.
function codeOf(a, b) {
  if (!isKnown(a, b)) return [];
  const [old, now] = [a, b].map((row) => new Map(codeOfRow(row).files.map(([path, number]) => [path, number])));
  const unknown = new Set([...filesOnlyOf(a, b), ...filesOnlyOf(b, a)]);
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort().filter((path) => old.get(path) !== now.get(path) && !unknown.has(path));
  return paths.map((path) => [`${path} ${changeInWords(old.has(path), now.has(path))}`, linesOfFile(old.get(path), now.get(path), a, b)]);
}

function codeOfRow(row) {
  return texts.code[texts.of[row]];
}

// The files of a run of which the other cannot know whether it still has them: it has no code of their steps.
function filesOnlyOf(row, other) {
  const unknown = codeOfRow(other).without;
  const known = new Set(codeOfRow(other).files.map(([path]) => path));
  return codeOfRow(row).files.filter(([path, , steps]) => !known.has(path) && steps.every((step) => unknown.includes(step))).map(([path]) => path);
}

function stepsWithoutCode(a, b) {
  if (!isKnown(a, b)) return [];
  const only = (row, other, name) => codeOfRow(row).without.filter((step) => !codeOfRow(other).without.includes(step)).map((step) => `Step ${step} did not run in ${name}, or its code was not recorded.`);
  return [...only(a, b, "A"), ...only(b, a, "B")];
}

function changeInWords(was, is) {
  if (was && is) return "changed";
  return is ? "is new" : "was removed";
}

function linesOfFile(before, after, a, b) {
  const [old, now] = [before, after].map((number) => (number === undefined ? "" : texts.texts[number]));
  if (old === null || now === null) return [["@", `Not on this page, or not recorded: \`aml-pipeline compare ${runOf(a)} ${runOf(b)} --code\` tells.`]];
  const lines = unified(old, now);
  return lines.length ? lines : [["@", "The same text; whether it is executable changed."]];
}

const SIGNS = { "+": "added", "-": "removed", "@": "place", " ": "same" };

function fileOf(words, lines) {
  const shownLines = lines.map(([sign, text]) => element("span", { className: SIGNS[sign] }, `${text}\n`));
  const text = element("pre", { className: "log", tabIndex: 0, role: "region", ariaLabel: words }, element("code", {}, ...shownLines));
  return element("details", { className: "step", open: true }, element("summary", {}, element("b", {}, words)), text);
}
