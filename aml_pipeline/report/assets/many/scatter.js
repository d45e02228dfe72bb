"use strict";
// Any two columns: a dot for each run.

const SPACE = { left: 70, right: 16, above: 12, below: 46 };
const HIGH = 340;
const PADDING = 0.04;

function drawScatter() {
  const [right, up] = [all.byName.get(view.right), all.byName.get(view.up)];
  const place = byId("scatter");
  const width = Math.max(280, place.clientWidth - 2);
  const picture = drawing("svg", { width, height: HIGH, tabindex: 0, role: "application", "aria-label": `${up.name} by ${right.name}; arrow keys go from run to run, Enter chooses one` });
  const x = (at) => SPACE.left + (PADDING + at * (1 - 2 * PADDING)) * (width - SPACE.left - SPACE.right);
  const y = (at) => HIGH - SPACE.below - (PADDING + at * (1 - 2 * PADDING)) * (HIGH - SPACE.above - SPACE.below);
  picture.append(...grid(right, up, x, y, width));
  view.dots = dotsOf(right, up);
  picture.append(...view.dots.map((dot) => circle(dot, x, y)));
  place.replaceChildren(picture);
  byId("left-out").textContent = leftOut(right, up);
}

function dotsOf(right, up) {
  const dots = view.rows.map((row) => ({ row, x: right.scale.place(right.values[row]), y: up.scale.place(up.values[row]) }));
  return dots.filter((dot) => dot.x !== null && dot.y !== null).sort((a, b) => a.x - b.x || a.y - b.y);
}

function leftOut(right, up) {
  const missing = view.rows.length - view.dots.length;
  return missing ? `${counted(missing, all.noun)} without a value of ${right.name} or ${up.name}.` : "";
}

function circle(dot, x, y) {
  const made = drawing("circle", { cx: x(dot.x).toFixed(1), cy: y(dot.y).toFixed(1), r: view.picks.has(dot.row) ? 7 : 4.5, "data-row": dot.row });
  made.style.fill = placeColour(dot.row);
  if (view.picks.has(dot.row)) made.classList.add("picked");
  if (view.dot === dot.row) made.classList.add("current");
  made.append(drawing("title", {}, titleOf(dot.row)));
  return made;
}

function grid(right, up, x, y, width) {
  const across = right.scale.ticks.flatMap((tick) => [
    drawing("path", { d: `M${x(tick.at)} ${HIGH - SPACE.below}V${SPACE.above}`, class: "grid" }),
    drawing("text", { x: x(tick.at), y: HIGH - SPACE.below + 18, "text-anchor": "middle" }, shortenedTo(tick.text, 14)),
  ]);
  const upwards = up.scale.ticks.flatMap((tick) => [
    drawing("path", { d: `M${SPACE.left} ${y(tick.at)}H${width - SPACE.right}`, class: "grid" }),
    drawing("text", { x: SPACE.left - 8, y: y(tick.at) + 4, "text-anchor": "end" }, shortenedTo(tick.text, 9)),
  ]);
  const names = [
    drawing("text", { x: width / 2, y: HIGH - 8, "text-anchor": "middle", class: "title" }, shortenedTo(headingOf(right), 60)),
    drawing("text", { transform: `translate(13 ${HIGH / 2}) rotate(-90)`, "text-anchor": "middle", class: "title" }, shortenedTo(headingOf(up), 40)),
  ];
  return [...across, ...upwards, ...names];
}

function stepThroughDots(event) {
  const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
  const isChoice = event.key === "Enter" || event.key === " ";
  if ((!by && !isChoice) || !view.dots.length) return;
  event.preventDefault();
  const at = view.dots.findIndex((dot) => dot.row === view.dot);
  if (by) goTo(view.dots[Math.max(0, Math.min(view.dots.length - 1, at + by))].row);
  else if (at >= 0) pick(view.dot);
  byId("scatter").querySelector("svg").focus();
}

function goTo(row) {
  view.dot = row;
  byId("scatter").querySelectorAll("circle").forEach((dot) => dot.classList.toggle("current", dot.dataset.row === String(row)));
  byId("dot").textContent = titleOf(row);
}
