"""Cron: a text of five fields → the values that they allow, the resulting days and times, or its problem.

The language is that of crontab(5): lists, ranges and steps, names of months and days, ``@daily`` and similar. If both
the days of the month and of the week are restricted, the rule is crontab(5)'s, too: either of them is sufficient,
unless one of the two fields begins with ``*``; then both must match (as in Debian's cron; a plain ``*`` does not
restrict anything).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache

from aml_pipeline.core.problems import Span
from aml_pipeline.core.wording import counted

MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the five fields: its name in messages, its allowed values, and their names."""

    noun: str
    first: int
    last: int
    names: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_KINDS = (
    _Kind("minute", 0, 59),
    _Kind("hour", 0, 23),
    _Kind("day of the month", 1, 31),
    _Kind("month", 1, 12, _MONTHS),
    _Kind("day of the week", 0, 7, _DAYS),
)
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LONGEST_SHOWN = 40
_QUARTZ = re.compile(r"[0-9]*[LW]{1,2}(-[0-9]+)?|.*[?#].*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its text, its place, and the values that it allows, in order (Sunday is 0)."""

    text: str
    span: Span
    values: tuple[int, ...]
    is_full: bool  # it allows everything

    @property
    def is_starred(self) -> bool:
        """Whether it begins with ``*``, which decides how the two fields of days are combined."""
        return self.text.startswith("*")


@dataclass(frozen=True, slots=True)
class Cron:
    """An understood cron."""

    minute: Field
    hour: Field
    day: Field
    month: Field
    week_day: Field

    @property
    def days_either(self) -> bool:
        """Whether a day needs to match only one of the two fields of days; otherwise it must match both."""
        return not self.day.is_starred and not self.week_day.is_starred

    @property
    def times(self) -> tuple[time, ...]:
        """The times of a day at which it fires, in order."""
        return tuple(time(hour, minute) for hour in self.hour.values for minute in self.minute.values)

    def fires_on(self, day: date) -> bool:
        """Whether it fires on ``day`` at all."""
        if day.month not in self.month.values:
            return False
        in_month, in_week = day.day in self.day.values, day.isoweekday() % 7 in self.week_day.values
        return in_month or in_week if self.days_either else in_month and in_week

    def walls(self, first: date) -> Iterator[datetime]:
        """Yield the local times at which it fires, from the day ``first`` on, in order."""
        days, times = map(date.fromordinal, range(first.toordinal(), date.max.toordinal() + 1)), self.times
        return (datetime.combine(day, time) for day in days if self.fires_on(day) for time in times)


class CronError(Exception):
    """A cron is wrong: the problem, the cure, and the place in its text."""

    def __init__(self, message: str, cure: str, span: Span) -> None:
        self.message = message
        self.cure = cure
        self.span = span
        super().__init__(message)


@lru_cache(maxsize=64)  # profiles often repeat one
def parse(text: str) -> Cron:
    """Return what ``text`` means. Raises CronError."""
    whole = Span(0, len(text))
    if text.strip().startswith("@"):
        return _macro(text.strip(), whole)
    words = [(match[0], Span(match.start(), len(match[0]))) for match in re.finditer(r"\S+", text)]
    if len(words) != len(_KINDS):
        count = counted(len(words), "field")
        message = (
            f'expected five fields (minute, hour, day of the month, month, day of the week), but "{_clipped(text)}" '
            f"has {count}."
        )
        raise CronError(message, _count_cure(words), whole)
    cron = Cron(*(_field(kind, word, span) for kind, (word, span) in zip(_KINDS, words, strict=True)))
    if not cron.days_either and min(cron.day.values) > max(_LONGEST_MONTH[value - 1] for value in cron.month.values):
        message = f'no month of "{cron.month.text}" has a day {cron.day.text}, so this schedule would never fire.'
        raise CronError(message, "Write a day that exists in that month.", cron.day.span)
    return cron


def _macro(text: str, whole: Span) -> Cron:
    known = MACROS.get(text.lower())
    if known is None:
        reboot = " Azure ML has no startup event." if text.lower() == "@reboot" else ""
        message = f'"{_clipped(text)}" is not a valid cron expression.{reboot}'
        raise CronError(message, f"Write {', '.join(MACROS)}, or five fields such as `0 2 * * *`.", whole)
    parsed = parse(known)
    return Cron(*(Field(field.text, whole, field.values, field.is_full) for field in _fields(parsed)))


def _fields(cron: Cron) -> tuple[Field, ...]:
    return cron.minute, cron.hour, cron.day, cron.month, cron.week_day


def _count_cure(words: list[tuple[str, Span]]) -> str:
    if len(words) == len(_KINDS) + 1:
        return f"Remove the seconds: `{' '.join(_clipped(word) for word, _ in words[1:])}`."
    return 'Write it like "0 2 * * *" (every night at two). Inside `{}` it needs quotes, or a comma would end it.'


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _field(kind: _Kind, text: str, span: Span) -> Field:
    values: set[int] = set()
    start = span.start
    for part in text.split(","):
        values.update(_part(kind, part, Span(start, max(len(part), 1))))
        start += len(part) + 1
    if kind.names is _DAYS:
        values = {value % 7 for value in values}
    return Field(text, span, tuple(sorted(values)), len(values) == _size(kind))


def _size(kind: _Kind) -> int:
    return kind.last - kind.first + (0 if kind.names is _DAYS else 1)


def _part(kind: _Kind, text: str, span: Span) -> range:
    """Return the values of one item of a list: a value, a range, ``*``, with ``/`` every so many of them."""
    if _QUARTZ.fullmatch(text):
        raise CronError(f'"{_clipped(text)}" is not a valid {kind.noun}: `?`, `L`, `W` and `#` exist only in Quartz.',
                        f"Write numbers from {kind.first} to {kind.last}, or `*`.", span)  # fmt: skip
    allowed, slash, step = text.partition("/")
    low, dash, high = allowed.partition("-")
    if allowed == "*":
        first, last = kind.first, kind.first + _size(kind) - 1
    else:
        first = _value(kind, low, span)
        last = _value(kind, high, span) if dash else first
    if first > last:
        raise _backwards(kind, low, high, (first, last), span)
    if slash and not dash and allowed != "*":
        message = f'"{_clipped(text)}" has a step but no range, which cron implementations interpret differently.'
        raise CronError(message, f"Write `{allowed}-{kind.first + _size(kind) - 1}/{_clipped(step)}`.", span)
    return range(first, last + 1, _step(kind, step, last - first, span) if slash else 1)


def _value(kind: _Kind, text: str, span: Span) -> int:
    if text.lower() in kind.names:
        return kind.names.index(text.lower()) + (kind.first if kind.names is _MONTHS else 0)
    if not re.fullmatch(r"[0-9]{1,9}", text):
        names = f" or {kind.names[0]} to {kind.names[-1]}" if kind.names else ""
        said = f'"{_clipped(text)}" is not a valid {kind.noun}.' if text else f"a {kind.noun} is missing."
        raise CronError(said, f"Write a number from {kind.first} to {kind.last}{names}, or `*`.", span)
    if not kind.first <= int(text) <= kind.last:
        raise CronError(f"{kind.noun} {text} does not exist: the range is {kind.first} to {kind.last}.",
                        _beyond_cure(kind, int(text)), span)  # fmt: skip
    return int(text)


def _beyond_cure(kind: _Kind, value: int) -> str:
    if (kind.noun, value) in {("hour", 24), ("minute", 60)}:
        return "Write 0."
    return "Write a value in that range."


def _backwards(kind: _Kind, low: str, high: str, values: tuple[int, int], span: Span) -> CronError:
    first, last = values
    top = kind.first + _size(kind) - 1
    before = f"{first}-{top}" if first < top else str(first)
    after = f"{kind.first}-{last}" if last > kind.first else str(last)
    message = f'the range "{low}-{high}" runs backwards, which cron does not allow.'
    return CronError(message, f"Write `{before},{after}`.", span)


def _step(kind: _Kind, text: str, width: int, span: Span) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise CronError(f'"{_clipped(text)}" is not a valid step.', "Write a number of at least 1 after the `/`.", span)
    if int(text) > max(width, 1):
        message = f"a step of {text} is larger than the range, so only the first {kind.noun} would match."
        raise CronError(message, "Write that single value, or a smaller step.", span)
    return int(text)
