"""A condition on rows, such as ``learning_rate < 0.01 and state == done`` → a predicate.

On the left of a comparison stands a column, on the right a number, a text, a metric or another column in backquotes.
A name with unusual characters is written in backquotes or quotes. A comparison with a missing value is false; a column
alone is true if it has a value other than no, 0 and the empty text.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import on_one_line, width
from aml_pipeline.core.wording import printable
from aml_pipeline.report.table.columns import named, names_of
from aml_pipeline.report.table.rows import Row, Table, Value

Predicate = Callable[[Row], bool]
_Operand = Callable[[Row], Value]

_TOKENS = re.compile(
    r"""[\s\ufeff]*(?:(?P<sign><=|>=|==|!=|[<>=~()\[\],])
    |(?P<quoted>'[^']*'|"[^"]*"|`[^`]*`)
    |(?P<word>[^\s\ufeff()\[\]<>=!~,'"`](?:[^\s\ufeff()\[\]<>=!~,'"`]|\[[^\]]*\])*)
    |(?P<wrong>[^\s\ufeff]))""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(s|min|h|d|w)?", re.ASCII)
# What all versions of Python read, and the page of many runs.
_DATE = re.compile(
    r"[12]\d{3}-\d\d-\d\d([T ]([01]\d|2[0-3])(:[0-5]\d(:[0-5]\d)?)?)?(Z|[-+]([01]\d|2[0-3]):[0-5]\d)?", re.ASCII
)
_UNITS = {None: 1, "s": 1, "min": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}
_DEEPEST = 100
# So many values of a column are said if a condition compares it with another one.
_FEW = 6
_MEASURED = frozenset({"age", "seconds", "started"})


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


def predicate(text: str, table: Table) -> Predicate:
    """Return the predicate that ``text`` means for rows of a table. Raises UsageError with the place of a mistake."""
    return _Reader(text, table).whole()


def hints(text: str, table: Table) -> list[str]:
    """Return the values of the columns that a condition compares with values that no row has, where they are few."""
    reader = _Reader(text, table)
    reader.whole()
    columns = dict.fromkeys(
        column for column, holds in reader.equal if column not in _MEASURED and not any(map(holds, table.rows))
    )
    values = {
        name: dict.fromkeys(_text(row[name]) for row in table.rows if row.get(name) is not None) for name in columns
    }
    return [
        f"Values of {name}: {printable(', '.join(texts))}." for name, texts in values.items() if 0 < len(texts) <= _FEW
    ]


class _Reader:
    """Reads a condition from left to right, each of its methods one rule of the grammar."""

    def __init__(self, text: str, table: Table) -> None:
        self._text = text
        self._table = table
        found = [(match.lastgroup or "", match) for match in _TOKENS.finditer(text) if match.lastgroup]
        self._tokens = [_Token(kind, match[kind], match.start(kind)) for kind, match in found]
        self._tokens.append(_Token("end", "", len(text.rstrip())))
        self._at = 0
        self._depth = 0
        self.equal: list[tuple[str, Predicate]] = []
        quotes = [at for at, token in enumerate(self._tokens) if token.kind == "wrong" and token.text in "'\"`"]
        if quotes:
            self._at = quotes[0]
            self._refuse("The quote is not closed.", f"Write {self._token.text} at its end.")

    def whole(self) -> Predicate:
        condition = self._any()
        if self._token.kind != "end":
            self._refuse(f'Unexpected "{self._token.text}".', "Combine conditions with and, or, not.")
        return condition

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    def _takes(self, *texts: str) -> str:
        """Take the next token if it is one of these signs or words; return it, or an empty text."""
        token = self._token
        if token.kind == "quoted" or token.text not in texts:
            return ""
        self._at += 1
        return token.text

    def _any(self) -> Predicate:
        conditions = [self._all()]
        while self._takes("or"):
            conditions.append(self._all())
        return conditions[0] if len(conditions) == 1 else lambda row: any(holds(row) for holds in conditions)

    def _all(self) -> Predicate:
        conditions = [self._negated()]
        while self._takes("and"):
            conditions.append(self._negated())
        return conditions[0] if len(conditions) == 1 else lambda row: all(holds(row) for holds in conditions)

    def _negated(self) -> Predicate:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse("Too many parentheses.", "Write a simpler condition.")
        if self._takes("not"):
            condition = self._negated()
            negated: Predicate = lambda row: not condition(row)  # noqa: E731 - a function of one expression
        elif self._takes("("):
            negated = self._any()
            self._require(")")
        else:
            negated = self._comparison()
        self._depth -= 1
        return negated

    def _comparison(self) -> Predicate:
        column = self._column()
        if self._takes("not"):
            self._require("in")
            is_in = self._members(column)
            return lambda row: row.get(column) is not None and not is_in(row)
        if self._takes("in"):
            return self._equal(column, self._members(column))
        sign = self._takes("<", "<=", ">", ">=", "==", "=", "!=", "~")
        if not sign:
            return lambda row: bool(row.get(column))
        value = self._operand(column, is_text=sign == "~")
        condition: Predicate = lambda row: _compare(sign, row.get(column), value(row))  # noqa: E731 - as above
        return self._equal(column, condition) if sign in {"==", "="} else condition

    def _equal(self, column: str, condition: Predicate) -> Predicate:
        self.equal.append((column, condition))
        return condition

    def _members(self, column: str) -> Predicate:
        """Return whether the value of a column is one of those in parentheses or brackets."""
        closing = {"(": ")", "[": "]"}.get(self._takes("(", "["))
        if closing is None:
            self._refuse(f"{self._token.text or 'The end'} is not a list.", "Write a list in parentheses: in (5, 10).")
        values = [self._operand(column)]
        while self._takes(","):
            values.append(self._operand(column))
        self._require(closing)
        return lambda row: any(_compare("==", row.get(column), value(row)) for value in values)

    def _column(self) -> str:
        token = self._token
        if token.kind not in {"word", "quoted"} or token.text in {"and", "or", "in"}:
            self._refuse("The name of a column is missing.", "Write a comparison, such as state == done.")
        if token.kind == "word" and _NUMBER.fullmatch(token.text) and token.text not in names_of(self._table):
            cure = "Write the column first, and combine comparisons with and: epochs > 5 and epochs < 20."
            self._refuse(f'"{token.text}" is not a column.', cure)
        return self._named()

    def _named(self) -> str:
        """Take a token that is the name of a column."""
        try:
            column = named(_bare(self._token), self._table)
        except UsageError as error:
            self._refuse(str(error), "")
        self._at += 1
        return column

    def _operand(self, column: str, *, is_text: bool = False) -> _Operand:
        """Return what is on the right of a comparison; a word is a text unless a metric has that name.

        A number is a text where ``is_text``: a part of a commit, for example.
        """
        token = self._token
        if token.kind not in {"word", "quoted"}:
            self._refuse("A value is missing.", "Write a number, a text or a column there.")
        text = _bare(token)
        number = _NUMBER.fullmatch(text)
        if not number and (token.text[0] == "`" or (token.kind == "word" and text in self._table.metrics)):
            other = self._named()
            return lambda row: row.get(other)
        value: Value = text
        if column == "started" and not number and not is_text:
            value = self._moment(text)
        elif token.kind == "word" and number and not is_text:
            value = _number(number)
        self._at += 1
        if number and self._token.text in _UNITS:
            self._refuse(f'Unexpected "{self._token.text}".', f"Write {text}{self._token.text}, without a space.")
        return lambda _row: value

    def _moment(self, text: str) -> float:
        """Return the time that a date in the time zone of this machine means."""
        cure = "Write 2026-11-28 or 2026-11-28T14:30, or an age: age < 2d."
        if not _DATE.fullmatch(text):
            self._refuse(f'"{text}" is not a date.', cure)
        try:
            return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
        except (ValueError, OverflowError, OSError):
            self._refuse(f'"{text}" is not a date.', cure)

    def _require(self, text: str) -> None:
        if not self._takes(text):
            what = f'"{self._token.text}"' if self._token.text else "the end"
            self._refuse(f'Expected "{text}", got {what}.', f"Insert {text} there.")

    def _refuse(self, what: str, cure: str) -> NoReturn:
        """Raise UsageError with the condition and a caret below the current token."""
        start, text = self._token.start, self._token.text
        before = width(on_one_line(self._text[:start]))
        caret = "^" + "~" * (width(on_one_line(text)) - 1)
        raise UsageError(f"--where: {f'{what} {cure}'.rstrip()}\n  {on_one_line(self._text)}\n  {' ' * before}{caret}")


def _bare(token: _Token) -> str:
    return token.text[1:-1] if token.kind == "quoted" else token.text


def _number(number: re.Match[str]) -> float:
    value = float(number[1]) if re.search("[.eE]", number[1]) else int(number[1])
    return value * _UNITS[number[2]]


def _compare(sign: str, left: Value, right: Value) -> bool:
    """Compare numbers as numbers and everything else as texts; a number has no order among texts."""
    if left is None or right is None:
        return False
    if sign == "~":
        return _text(right).lower() in _text(left).lower()
    left, right = _as_boolean(left, right), _as_boolean(right, left)
    if isinstance(left, str) != isinstance(right, str):
        left, right = _as_number(left), _as_number(right)
    if sign in _ORDERS:
        return isinstance(left, str) == isinstance(right, str) and _ORDERS[sign](left, right)
    return (left == right) is (sign != "!=")


def _as_boolean(value: Value, other: Value) -> Value:
    """Return what a text means beside true or false."""
    return _BOOLEANS.get(value, value) if isinstance(value, str) and isinstance(other, bool) else value


def _as_number(value: Value) -> Value:
    """Return the number that a text is, if it is one."""
    number = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    return value if number is None else _number(number)


def _text(value: Value) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
