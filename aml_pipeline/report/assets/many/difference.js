"use strict";
// Two texts → the lines of a unified diff (Myers, An O(ND) difference algorithm and its variations, 1986).

const AROUND = 3;
const MOST_CHANGES = 1000;

function linesOf(text) {
  const lines = text.split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  return lines;
}

// Edits in order: [sign, line], with " " for a line that both have.
function edits(old, now) {
  let start = 0;
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end += 1;
  const same = (lines) => lines.map((line) => [" ", line]);
  const middle = shortest(old.slice(start, old.length - end), now.slice(start, now.length - end));
  return [...same(old.slice(0, start)), ...middle, ...same(end ? old.slice(-end) : [])];
}

function shortest(old, now) {
  const trail = [];
  const furthest = new Map([[1, 0]]);
  for (let changes = 0; changes <= Math.min(old.length + now.length, MOST_CHANGES); changes += 1) {
    trail.push(new Map(furthest));
    for (let line = -changes; line <= changes; line += 2) {
      let at = startOf(furthest, line, changes);
      while (at < old.length && at - line < now.length && old[at] === now[at - line]) at += 1;
      furthest.set(line, at);
      if (at >= old.length && at - line >= now.length) return walked(trail, old, now);
    }
  }
  return [...old.map((line) => ["-", line]), ...now.map((line) => ["+", line])];
}

function startOf(furthest, line, changes) {
  const goesDown = line === -changes || (line !== changes && furthest.get(line - 1) < furthest.get(line + 1));
  return goesDown ? furthest.get(line + 1) : furthest.get(line - 1) + 1;
}

// Back from the end along the furthest places that were kept for each number of changes.
function walked(trail, old, now) {
  const made = [];
  let [at, other] = [old.length, now.length];
  for (let changes = trail.length - 1; changes >= 0; changes -= 1) {
    const furthest = trail[changes];
    const line = at - other;
    const goesDown = line === -changes || (line !== changes && furthest.get(line - 1) < furthest.get(line + 1));
    const before = goesDown ? line + 1 : line - 1;
    const from = changes ? furthest.get(before) : 0;
    const fromOther = changes ? from - before : 0;
    while (at > from && other > fromOther && old[at - 1] === now[other - 1]) {
      made.push([" ", old[at - 1]]);
      at -= 1;
      other -= 1;
    }
    if (changes) {
      made.push(goesDown ? ["+", now[other - 1]] : ["-", old[at - 1]]);
      if (goesDown) other -= 1;
      else at -= 1;
    }
  }
  return made.reverse();
}

// Only the changes, with a few lines around them, each place with its line numbers.
function unified(old, now) {
  const all = edits(linesOf(old), linesOf(now));
  const near = new Set();
  all.forEach(([sign], at) => {
    if (sign !== " ") for (let place = at - AROUND; place <= at + AROUND; place += 1) near.add(place);
  });
  const shown = [];
  let [one, other] = [1, 1];
  all.forEach(([sign, line], at) => {
    if (near.has(at)) {
      if (!near.has(at - 1) || at === 0) shown.push(["@", `@@ A line ${one}, B line ${other} @@`]);
      shown.push([sign, sign + line]);
    }
    if (sign !== "+") one += 1;
    if (sign !== "-") other += 1;
  });
  return shown;
}
