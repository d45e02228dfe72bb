"use strict";
// The filter: a condition as in `aml-pipeline runs --where`, with the same grammar as report/table/where.py; or else a
// text that is searched in all columns.

const TOKENS = /\s*(?:(?<sign><=|>=|==|!=|[<>=~()[\],])|(?<quoted>'[^']*'|"[^"]*"|`[^`]*`)|(?<word>[^\s()[\]<>=!~,'"`](?:[^\s()[\]<>=!~,'"`]|\[[^\]]*\])*)|(?<wrong>\S))/y;
const NUMBER = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(s|min|h|d|w)?$/;
const UNITS = { s: 1, min: 60, h: 3600, d: 86_400, w: 604_800 };
const ALIASES = new Map([["duration", "seconds"], ["id", "run"]]);
const SIGNS_OF_CONDITIONS = /[<>=~]|\bin\s*[([]/;
const ORDERS = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };
const DEEPEST = 100;

/** Returns whether a row matches a text; what is wrong with a condition is shown below it. */
function testOf(text) {
  byId("refused").textContent = "";
  view.asText = text.trim() !== "" && !isCondition(text);
  if (!text.trim() || view.asText) return searchIn(folded(text.trim()));
  try {
    return new Condition(text).whole();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    byId("refused").textContent = error.message;
    return () => true;
  }
}

function isCondition(text) {
  return SIGNS_OF_CONDITIONS.test(text) || tokensOf(text).some((token) => token.kind !== "end" && columnNamed(bare(token)));
}

// As in Python: "STRASSE" is found in "Straße", whose two letters it stands for.
function folded(text) {
  return text.toUpperCase().toLowerCase();
}

function searchIn(wanted) {
  return (row) => !wanted || all.columns.some((column) => folded(inWords(column, column.values[row])).includes(wanted));
}

/** Returns the column that a name means, null for one without values; the step of a metric may be omitted. */
function columnNamed(name) {
  if (name === "age") return agesOfRuns();
  const bareName = name.replace(/:(?:min|max)$/, "");
  const range = name.slice(bareName.length);
  const ends = all.columns.filter((column) => column.role === "metric" && column.name.endsWith(`.${bareName}`));
  const meant = all.byName.has(bareName) ? bareName : ALIASES.get(bareName) ?? (ends.length === 1 ? ends[0].name : bareName);
  return all.byName.get(meant + range) ?? (all.about.includes(meant) ? { values: [] } : undefined);
}

// An age lasts until now, not until the page was written.
function agesOfRuns() {
  const started = all.byName.get("started")?.values ?? [];
  return { values: started.map((time) => (time === null ? null : Math.max(0, Date.now() / 1000 - time))) };
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
    this.at = 0;
    this.depth = 0;
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
    const valueOf = (row) => column.values[row] ?? null;
    if (this.takes("not")) {
      this.requires("in");
      const isIn = this.members(valueOf);
      return (row) => valueOf(row) !== null && !isIn(row);
    }
    if (this.takes("in")) return this.members(valueOf);
    const sign = this.takes("<", "<=", ">", ">=", "==", "=", "!=", "~");
    if (!sign) return (row) => Boolean(valueOf(row));
    const operand = this.operand(sign === "~");
    return (row) => compared(sign, valueOf(row), operand(row));
  }

  members(valueOf) {
    const closing = { "(": ")", "[": "]" }[this.takes("(", "[")];
    if (!closing) this.refuse(`${this.token.text || "The end"} is not a list.`, "Write a list in parentheses: in (5, 10).");
    const operands = [this.operand()];
    while (this.takes(",")) operands.push(this.operand());
    this.requires(closing);
    return (row) => operands.some((operand) => compared("==", valueOf(row), operand(row)));
  }

  column() {
    const { kind, text } = this.token;
    const isName = ["word", "quoted"].includes(kind) && !["and", "or", "in"].includes(text);
    if (!isName) this.refuse("The name of a column is missing.", "Write a comparison, such as state == done.");
    const column = columnNamed(bare(this.token));
    if (!column) this.refuse(`Unknown column "${bare(this.token)}".`, "The columns are listed above the table.");
    this.at += 1;
    return column;
  }

  // A number is a text where it is a part of one, such as of a commit.
  operand(isText = false) {
    const { kind, text } = this.token;
    if (!["word", "quoted"].includes(kind)) this.refuse("A value is missing.", "Write a number, a text or a column there.");
    const words = bare(this.token);
    this.at += 1;
    const isName = text[0] === "`" || (kind === "word" && all.byName.get(words)?.role === "metric");
    if (isName && !NUMBER.test(words)) {
      const column = columnNamed(words);
      if (!column) this.refuse(`Unknown column "${words}".`, "The columns are listed above the table.");
      return (row) => column.values[row] ?? null;
    }
    const value = kind === "word" && !isText ? literal(words) : words;
    return () => value;
  }

  requires(text) {
    if (!this.takes(text)) this.refuse(`Expected "${text}", got ${this.token.text ? `"${this.token.text}"` : "the end"}.`, `Insert ${text} there.`);
  }

  refuse(what, cure) {
    const caret = `^${"~".repeat(Math.max(0, this.token.text.length - 1))}`;
    throw new Refusal(`${what} ${cure}\n  ${this.text}\n  ${" ".repeat(this.token.start)}${caret}`);
  }
}

function bare({ kind, text }) {
  return kind === "quoted" ? text.slice(1, -1) : text;
}

function literal(text) {
  const number = NUMBER.exec(text);
  if (number && /^[-+]?\d+$/.test(text) && !Number.isSafeInteger(Number(text))) return BigInt(text.replace("+", ""));
  if (number) return Number(number[1]) * (UNITS[number[2]] ?? 1);
  return ["true", "false"].includes(text) ? text === "true" : text;
}

/** Compares numbers as numbers and everything else as texts; a number has no order among texts. */
function compared(sign, left, right) {
  if (left === null || right === null) return false;
  if (sign === "~") return folded(String(left)).includes(folded(String(right)));
  const isText = (value) => typeof value === "string";
  const [one, other] = isText(left) === isText(right) ? [left, right] : [asNumber(left), asNumber(right)];
  const areAlike = isText(one) === isText(other);
  if (ORDERS[sign]) return areAlike && ORDERS[sign](one, other);
  return (areAlike && one == other) === (sign !== "!="); // true == 1, as in Python; and 5 == 5n, a large integer
}

function asNumber(value) {
  return typeof value === "string" && NUMBER.test(value) ? literal(value) : value;
}
