"use strict";
// The filter: a condition as in `aml-pipeline runs --where`, with the same grammar as report/table/where.py; or else a
// text that is searched in all columns.

// What Python calls a space, and JavaScript does not: \x1c to \x1f, and \x85.
const TOKENS = /[\s\x1c-\x1f\x85]*(?:(?<sign><=|>=|==|!=|[<>=~()[\],])|(?<quoted>'[^']*'|"[^"]*"|`[^`]*`)|(?<word>[^\s\x1c-\x1f\x85()[\]<>=!~,'"`](?:[^\s\x1c-\x1f\x85()[\]<>=!~,'"`]|\[[^\]]*\])*)|(?<wrong>[^\s\x1c-\x1f\x85]))/y;
const NUMBER = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(s|min|h|d|w)?$/;
const UNITS = { s: 1, min: 60, h: 3600, d: 86_400, w: 604_800 };
const DATE = /^([12]\d{3})-(\d\d)-(\d\d)(?:[T ]([01]\d|2[0-3])(?::([0-5]\d)(?::([0-5]\d))?)?)?(?:(Z)|([-+])([01]\d|2[0-3]):([0-5]\d))?$/;
const BOOLEANS = new Map([["true", true], ["yes", true], ["false", false], ["no", false]]);
const ALIASES = new Map([["duration", "seconds"], ["id", "run"]]);
const SIGNS_OF_CONDITIONS = /[<>=~]|\bin\s*[([]/;
const ORDERS = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };
const DEEPEST = 100;

/** Returns whether a row matches a text; what is wrong with a condition is shown below it. */
function testOf(text) {
  byId("refused").textContent = "";
  view.asText = text.trim() !== "" && !isCondition(text);
  if (!text.trim() || view.asText) return searchIn(text.trim().toLowerCase());
  try {
    return new Condition(text).whole();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    byId("refused").textContent = error.message;
    return () => true;
  }
}

function isCondition(text) {
  return SIGNS_OF_CONDITIONS.test(text) || tokensOf(text).some((token) => token.kind !== "end" && isColumn(bare(token)));
}

function searchIn(wanted) {
  return (row) => !wanted || all.columns.some((column) => wordsIn(column, row).toLowerCase().includes(wanted));
}

/** Returns the column that a name means; the step of a metric may be omitted. Throws what is wrong with the name. */
function columnNamed(text) {
  const name = text.trim();
  const bareName = name.replace(/:(?:min|max)$/, "");
  const column = nameOfColumn(bareName) + name.slice(bareName.length);
  if (column === "age") return agesOfRuns();
  const known = all.byName.get(column) ?? all.others.get(column) ?? { name: column, values: [] };
  if (known.values === null) throw new Error(`There is no room on this page for the column "${column}".`);
  return known;
}

function nameOfColumn(name) {
  if (hasName(name)) return name;
  if (ALIASES.has(name)) return ALIASES.get(name);
  const metrics = [...all.byName.values(), ...all.others.values()].filter((column) => column.role === "metric").map((column) => column.name);
  const same = metrics.filter((metric) => metricOf(metric) === name);
  const ends = same.length ? same : metrics.filter((metric) => metric.endsWith(`.${name}`));
  if (ends.length === 1) return ends[0];
  if (!ends.length) throw new Error(`Unknown column "${name}". "Columns", above the table, lists them.`);
  throw new Error(`${same.length ? "Several steps log" : "Several metrics end with"} "${name}". Write one of: ${ends.slice(0, 5).join(", ")}.`);
}

function isColumn(text) {
  try {
    return Boolean(columnNamed(text));
  } catch {
    return false;
  }
}

// The lowest and highest values of a metric are no columns of their own in a condition, but parts of it: loss:min.
function hasName(name) {
  return name === "age" || [all.byName, all.others].some((columns) => columns.has(name) && columns.get(name).role !== "extreme");
}

/** Returns the name of a metric without its step, whose title may have dots in brackets. */
function metricOf(column) {
  return /^[^.[]*(?:\[.*?\])?\.(.+)$/.exec(column)?.[1] ?? column;
}

// An age lasts until now, not until the page was written. Python writes 5.0.
function agesOfRuns() {
  const started = all.byName.get("started")?.values ?? [];
  const values = started.map((time) => (time === null ? null : Math.max(0, Date.now() / 1000 - time)));
  return { name: "age", values, written: values.map((age) => (Number.isInteger(age) ? `${age}.0` : undefined)) };
}

/** Returns the value of a column in a row; integers that JavaScript does not have are texts on the page. */
function valueIn(column, row) {
  const value = column.values[row] ?? null;
  return column.large?.includes(row) ? BigInt(value) : value;
}

/** Returns the text of a value as Python writes it. */
function textIn(column, row) {
  return column.written?.[row] ?? String(column.values[row] ?? "");
}

class Refusal extends Error {}

function tokensOf(text) {
  const tokens = [];
  TOKENS.lastIndex = 0;
  for (let match = TOKENS.exec(text); match; match = TOKENS.exec(text)) {
    const [kind, part] = Object.entries(match.groups).find(([, value]) => value !== undefined);
    tokens.push({ kind, text: part, start: TOKENS.lastIndex - part.length });
  }
  return [...tokens, { kind: "end", text: "", start: text.trimEnd().length }];
}

/** Reads a condition from left to right, each of its methods one rule of the grammar. */
class Condition {
  constructor(text) {
    this.text = text;
    this.tokens = tokensOf(text);
    this.depth = 0;
    this.at = this.tokens.findIndex(({ kind, text: sign }) => kind === "wrong" && "'\"`".includes(sign));
    if (this.at >= 0) this.refuse("The quote is not closed.", `Write ${this.token.text} at its end.`);
    this.at = 0;
  }

  whole() {
    const condition = this.any();
    if (this.token.kind !== "end") this.refuse(`Unexpected "${this.token.text}".`, "Combine conditions with and, or, not.");
    return condition;
  }

  get token() {
    return this.tokens[this.at];
  }

  takes(...texts) {
    const { kind, text } = this.token;
    if (kind === "quoted" || !texts.includes(text)) return "";
    this.at += 1;
    return text;
  }

  any() {
    const conditions = [this.both()];
    while (this.takes("or")) conditions.push(this.both());
    return (row) => conditions.some((holds) => holds(row));
  }

  both() {
    const conditions = [this.negated()];
    while (this.takes("and")) conditions.push(this.negated());
    return (row) => conditions.every((holds) => holds(row));
  }

  negated() {
    this.depth += 1;
    if (this.depth > DEEPEST) this.refuse("Too many parentheses.", "Write a simpler condition.");
    const negated = this.inParentheses();
    this.depth -= 1;
    return negated;
  }

  inParentheses() {
    if (this.takes("not")) {
      const condition = this.negated();
      return (row) => !condition(row);
    }
    if (!this.takes("(")) return this.comparison();
    const condition = this.any();
    this.requires(")");
    return condition;
  }

  comparison() {
    const column = this.column();
    const valueOf = (row) => valueIn(column, row);
    if (this.takes("not")) {
      this.requires("in");
      const isIn = this.members(column);
      return (row) => valueOf(row) !== null && !isIn(row);
    }
    if (this.takes("in")) return this.members(column);
    const sign = this.takes("<", "<=", ">", ">=", "==", "=", "!=", "~");
    if (sign === "~") return this.contains(column);
    if (!sign) return (row) => Boolean(valueOf(row));
    const operand = this.operand(column);
    return (row) => compared(sign, valueOf(row), operand(row));
  }

  members(column) {
    const closing = { "(": ")", "[": "]" }[this.takes("(", "[")];
    if (!closing) this.refuse(`${this.token.text || "The end"} is not a list.`, "Write a list in parentheses: in (5, 10).");
    const operands = [this.operand(column)];
    while (this.takes(",")) operands.push(this.operand(column));
    this.requires(closing);
    return (row) => operands.some((operand) => compared("==", valueIn(column, row), operand(row)));
  }

  // Whether a text contains another one; a number is a text there, such as a part of a commit.
  contains(column) {
    const part = this.otherColumn();
    const words = part ? "" : this.words();
    if (!part) this.refuseUnit(words);
    const has = (of, row) => valueIn(of, row) !== null;
    const textOf = (of, row) => textIn(of, row).toLowerCase();
    if (part) return (row) => has(column, row) && has(part, row) && textOf(column, row).includes(textOf(part, row));
    return (row) => has(column, row) && textOf(column, row).includes(words.toLowerCase());
  }

  column() {
    const { kind, text } = this.token;
    const isName = ["word", "quoted"].includes(kind) && !["and", "or", "in"].includes(text);
    if (!isName) this.refuse("The name of a column is missing.", "Write a comparison, such as state == done.");
    if (kind === "word" && NUMBER.test(text) && !hasName(text)) {
      this.refuse(`"${text}" is not a column.`, "Write the column first, and combine comparisons with and: epochs > 5 and epochs < 20.");
    }
    return this.named();
  }

  named() {
    try {
      const column = columnNamed(bare(this.token));
      this.at += 1;
      return column;
    } catch (error) {
      return this.refuse(error.message, "");
    }
  }

  // What is on the right of a comparison; a word is a text unless a metric has that name.
  operand(column) {
    const other = this.otherColumn();
    if (other) return (row) => valueIn(other, row);
    const isWord = this.token.kind === "word";
    const words = bare(this.token);
    const isNumber = NUMBER.test(words);
    const value = column.name === "started" && !isNumber ? this.moment(words) : isWord ? literal(words) : words;
    this.words();
    this.refuseUnit(words);
    return () => value;
  }

  // The column that the next token names, which is taken if it does.
  otherColumn() {
    const { kind, text } = this.token;
    if (!["word", "quoted"].includes(kind)) this.refuse("A value is missing.", "Write a number, a text or a column there.");
    const isName = text[0] === "`" || (kind === "word" && [all.byName, all.others].some((columns) => columns.get(text)?.role === "metric"));
    return isName && !NUMBER.test(bare(this.token)) ? this.named() : null;
  }

  words() {
    this.at += 1;
    return bare(this.tokens[this.at - 1]);
  }

  refuseUnit(words) {
    const unit = this.token.text;
    if (NUMBER.test(words) && Object.hasOwn(UNITS, unit)) this.refuse(`Unexpected "${unit}".`, `Write ${words}${unit}, without a space.`);
  }

  moment(text) {
    return momentOf(text) ?? this.refuse(`"${text}" is not a date.`, "Write 2026-11-28 or 2026-11-28T14:30, or an age: age < 2d.");
  }

  requires(text) {
    if (!this.takes(text)) this.refuse(`Expected "${text}", got ${this.token.text ? `"${this.token.text}"` : "the end"}.`, `Insert ${text} there.`);
  }

  refuse(what, cure) {
    const caret = `^${"~".repeat(Math.max(0, this.token.text.length - 1))}`;
    throw new Refusal(`${`${what} ${cure}`.trimEnd()}\n  ${this.text}\n  ${" ".repeat(this.token.start)}${caret}`);
  }
}

function bare({ kind, text }) {
  return kind === "quoted" ? text.slice(1, -1) : text;
}

/** Returns the seconds since 1970 of a date in the time zone of this machine, or null. */
function momentOf(text) {
  const match = DATE.exec(text);
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const moment = new Date(year, month - 1, day, hour, minute, second);
  if (moment.getMonth() !== month - 1 || moment.getDate() !== day) return null;
  const [, , , , , , , utc, sign, hours, minutes] = match;
  if (!utc && !sign) return moment.getTime() / 1000;
  const offset = sign ? (60 * Number(hours) + Number(minutes)) * (sign === "-" ? -60 : 60) : 0;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - offset;
}

/** Returns the number that a word is, else the word; an integer that JavaScript does not have as such is a BigInt. */
function literal(text) {
  const [, digits, unit] = NUMBER.exec(text) ?? [];
  if (!digits) return text;
  const size = UNITS[unit] ?? 1;
  const number = Number(digits) * size;
  const isExact = Number.isSafeInteger(number) || !/^[-+]?\d+$/.test(digits);
  return isExact ? number : BigInt(digits.replace("+", "")) * BigInt(size);
}

/** Compares numbers as numbers and everything else as texts; a number has no order among texts. */
function compared(sign, left, right) {
  if (left === null || right === null) return false;
  const isText = (value) => typeof value === "string";
  let [one, other] = [asBoolean(left, right), asBoolean(right, left)];
  if (isText(one) !== isText(other)) [one, other] = [one, other].map((value) => (isText(value) ? literal(value) : value));
  const areAlike = isText(one) === isText(other);
  if (ORDERS[sign]) return areAlike && ORDERS[sign](...[one, other].map((value) => (isText(value) ? inOrder(value) : value)));
  return (areAlike && one == other) === (sign !== "!="); // true == 1, as in Python; and 5 == 5n, a large integer
}

function asBoolean(value, other) {
  return typeof other === "boolean" ? BOOLEANS.get(value) ?? value : value;
}

// Texts in the order of their code points, as in Python; JavaScript compares the halves of those above 0xffff.
function inOrder(text) {
  return Array.from(text, (letter) => String.fromCharCode(0, letter.codePointAt(0) >> 16, letter.codePointAt(0) & 0xffff)).join("");
}
