"use strict";
// The page of one run, or of two: draws the charts, searches the logs, opens the steps that links lead to.

const place = document.getElementById("charts");
const sheet = place ? new ChartSheet(place) : null;

// Logs: during a search, only matching lines are shown.
const logs = [...document.querySelectorAll(".step .log code")].map((code) => ({
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
    parts.push(piece.slice(0, place), element("mark", {}, piece.slice(place, place + wanted.length)));
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

// A link to a step unfolds it.
function unfold() {
  const wanted = /^#(step|variants)-\d+$/.test(location.hash) ? document.getElementById(location.hash.slice(1)) : null;
  if (wanted) {
    wanted.open = true;
    wanted.scrollIntoView();
  }
}

listen("search", "input", later(search, 80));
addEventListener("hashchange", unfold);
sheet?.show(JSON.parse(document.getElementById("chart-data").textContent));
unfold();
drawn();
