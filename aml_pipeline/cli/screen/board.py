"""The bottom of the terminal while steps run: a bar for each running step, and one for all if there are many."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from aml_pipeline.cli.screen.live import Live
from aml_pipeline.cli.screen.wrapping import padded, shortened, width
from aml_pipeline.core.text import seconds_in_words
from aml_pipeline.core.wording import printable

# Fewer steps are overlooked without a bar for all of them.
_MANY = 4
_BLINKS = 2.0
_MINUTE, _TEN_MINUTES, _HOUR = 60, 600, 3600


@dataclass(frozen=True, slots=True)
class Row:
    """A line: how long it has been running and is ``expected`` to take; ``share``: of work that can be counted."""

    title: str
    seconds: float
    expected: float | None
    details: Sequence[str] = ()
    share: float | None = None


class Board:
    """The running steps, ``jobs`` at a time, and how many of all have ended."""

    def __init__(self, stream: TextIO, *, moving: bool, jobs: int = 1) -> None:
        self._live = Live(stream, moving=moving)
        self.above = self._live.above
        self._jobs = jobs
        self._rows: dict[str, Row] = {}
        self._ticked: set[str] = set()
        self._steps = 0
        self._ahead: Mapping[str, float | None] = {}
        self._begun = self._now = 0.0

    @property
    def moving(self) -> bool:
        """Whether there are live lines."""
        return self._live.moving

    def begin(self, steps: int, now: float) -> None:
        """Note the number of all steps, and when the first of them begins."""
        self._steps, self._begun = steps, now

    def expect(self, ahead: Mapping[str, float | None]) -> None:
        """Note the steps that have not ended, with the seconds that each may take, if known."""
        self._ahead = ahead

    def put(self, step: str, row: Row, now: float) -> None:
        """Show a running step; drawn once all have been updated."""
        is_due = step in self._ticked or step not in self._rows
        self._rows[step] = row
        self._now = now
        if is_due:
            self._ticked.clear()
            self._draw()
        self._ticked.add(step)

    def drop(self, step: str) -> None:
        """Remove a step that has ended."""
        if self._rows.pop(step, None) is not None:
            self._draw()

    def _draw(self) -> None:
        if self.moving:
            columns, most = self._live.size
            self._live.show(*laid_out(list(self._rows.values()), self._whole(), columns, most))

    def _whole(self) -> Row | None:
        """Return the line for all steps."""
        if self._steps < _MANY or not self._rows:
            return None
        ended = self._steps - len(self._ahead)
        elapsed = max(0.0, self._now - self._begun)
        left = self._left()
        expected = elapsed + left if left else None
        return Row(f"{ended} of {self._steps} steps", elapsed, expected, share=ended / self._steps)

    def _left(self) -> float | None:
        """Return how long all may still take, if that is known of each step."""
        left: list[float] = []
        for step, seconds in self._ahead.items():
            if seconds is None:
                return None
            left.append(max(0.0, seconds - self._rows[step].seconds) if step in self._rows else seconds)
        return max(sum(left) / self._jobs, *left, 0.0)


def laid_out(rows: Sequence[Row], whole: Row | None, columns: int, most: int) -> list[str]:
    """Return at most ``most`` lines of ``columns`` cells, with as many of ``rows`` as fit."""
    room = most - (whole is not None)
    shown = rows if len(rows) <= room else rows[: max(1, room - 1)]
    every = [*shown, *([whole] if whole else [])]
    longest = max((width(printable(row.title)) for row in every), default=0)
    has_room = all(longest + width(_after_title(row, columns)) <= columns for row in every)
    size = longest if has_room else min(longest, max(16, columns // 3))
    lines = [_line(row, size, columns) for row in shown]
    if len(shown) < len(rows):
        lines.append(f"… and {len(rows) - len(shown)} more")
    return [*lines, *([_line(whole, size, columns)] if whole else [])]


def _line(row: Row, size: int, columns: int) -> str:
    """Return a row with as many details as fit; of a metric that is too long, if it is the first, a shorter name."""
    begin = padded(shortened(printable(row.title), size), size) + _progress(row, columns)
    line = begin
    for detail in row.details:
        room = columns - width(line) - 2
        if width(detail) > room:
            rest = _with_shorter_name(detail, room) if line == begin else "…"
            return f"{line}  {rest}" if rest and width(rest) <= room else line
        line += f"  {detail}"
    return line


def _after_title(row: Row, columns: int) -> str:
    return "  ".join([_progress(row, columns), *row.details])


def _progress(row: Row, columns: int) -> str:
    return f"  {_bar(row, 10 if columns < 100 else 20)}  {_time(row)}"  # noqa: PLR2004


def _with_shorter_name(metric: str, size: int) -> str:
    """Return a metric with its whole value in ``size`` cells, or nothing if its name has no room."""
    name, _, value = metric.rpartition(" ")
    room = size - width(value) - 1
    return f"{shortened(name, room)} {value}" if room >= len("a…b") else ""


def _bar(row: Row, size: int) -> str:
    """Return a bar of the work that is done; if that is unknown, a block that moves."""
    share = row.share
    if share is None and row.expected:
        share = row.seconds / row.expected
    if share is not None and share < 1:
        done = int(share * size)
        return "█" * done + "░" * (size - done)
    block = size // 5
    there = int(row.seconds * _BLINKS) % (2 * (size - block))
    begin = min(there, 2 * (size - block) - there)
    return "░" * begin + "█" * block + "░" * (size - block - begin)


def _time(row: Row) -> str:
    """Return how long it has been running and may go on; once that is wrong, only what was expected."""
    so_far = seconds_in_words(row.seconds)
    if row.expected is None:
        return f"{so_far:>6}"
    if row.seconds >= row.expected:
        return f"{so_far:>6}, expected {seconds_in_words(row.expected)}"
    return f"{so_far:>6}, about {about(row.expected - row.seconds)} left"


def about(seconds: float) -> str:
    """Return a rough duration: ``about`` its last digit is not known."""
    if seconds <= _MINUTE - 1:
        return f"{math.ceil(seconds)} s"
    if seconds < _HOUR - _MINUTE / 2:
        return f"{round(seconds / _MINUTE)} min"
    return seconds_in_words(round(seconds / _TEN_MINUTES) * _TEN_MINUTES)
