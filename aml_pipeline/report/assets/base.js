"use strict";
// What the scripts of all pages share. Text is inserted as text only, never as HTML.

/** Returns a new element with these properties and children; a child is an element or a text. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function listen(id, kind, action) {
  document.getElementById(id)?.addEventListener(kind, action);
}

/** Returns an action that is done once the calls of it pause for so long. */
function later(action, milliseconds) {
  let waiting = 0;
  return () => {
    clearTimeout(waiting);
    waiting = setTimeout(action, milliseconds);
  };
}

function counted(number, what) {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** Returns a number with six digits, as people read it. */
function shown(value) {
  return value === null || value === undefined ? "–" : String(Number(value.toPrecision(6)));
}

/** Returns a duration: 7.5 s, 2:05 (minutes and seconds), 1:02:05. */
function clock(seconds) {
  if (seconds < 60) return `${shown(seconds)} s`;
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds % 60)];
  const [first, ...rest] = parts[0] ? parts : parts.slice(1);
  return [first, ...rest.map((part) => String(part).padStart(2, "0"))].join(":");
}

/** Returns the value of a custom property of the style sheet, such as "--text". */
function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// A cell that a spreadsheet would read as a formula gets a leading quote.
function csvCell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  const plain = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** Saves rows of cells as a CSV file with the name of the page. */
function saveCsv(rows) {
  const text = rows.map((row) => row.map(csvCell).join(",") + "\r\n").join("");
  const link = element("a", {
    href: URL.createObjectURL(new Blob([text], { type: "text/csv" })),
    download: `${document.title.replace(/[^\w.-]+/g, "-")}.csv`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Tells the checks that the page is complete. */
function drawn() {
  document.documentElement.dataset.drawn = String(Math.round(performance.now()));
}
