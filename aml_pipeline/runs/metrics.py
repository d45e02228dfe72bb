"""Lines of a log → metrics. Reads back what ``Run.log`` of Azure ML's SDK prints in an offline run.

The form (``_OfflineRun._emit`` of azureml-core): ``Attempted to log scalar metric NAME:``, the value on the next line.
"""

from __future__ import annotations

import ast
import contextlib
import json
import math
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aml_pipeline.core.wording import counted

# Not only at the beginning of a line: a progress bar without a line end may precede it.
_HEADER = re.compile(r"Attempted to log (scalar|list|row|table) metric ")
_MARK = "Attempted to log "
# A script that failed between a header and its value.
_TRACEBACK = "Traceback (most recent call last)"
_LONGEST_NAME = 1_000
# A longer line is not a metric; so a process that writes no line end takes no more memory than this.
_LONGEST_LINE = 1_000_000
# Python refuses to write a number of more than 4300 decimal digits, but reads it in hexadecimal.
_MOST_BITS = 14_000
# A quoted string; one without an end takes everything that follows, so that nothing is searched twice.
_QUOTED = r"""(?:'[^'\\]*(?:\\.[^'\\]*)*(?:'|\Z)|"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|['"].*)"""
_NUMPY = re.compile(_QUOTED + r"|\bnp\.\w+\(([^()]*)\)", re.DOTALL)
_NOT_FINITE = re.compile(_QUOTED + r"|(-?\b(?:nan|inf)\b)", re.DOTALL)
_NUMBERS = re.compile(r"\[[-+.\deE,\s]*\]")
# A record keeps the last value of each metric, shortened if it is long; the events contain the full value.
MOST_VALUES, MOST_LETTERS = 1_000, 1_000
_LETTERS_SHOWN = 36


@dataclass(frozen=True, slots=True)
class Metric:
    """One logged value: ``kind`` is scalar, list, row or table; numbers that are not finite are text (nan, inf).

    ``at`` is the step that was logged with it, if any.
    """

    name: str
    kind: str
    value: Any
    at: float | None = None


class MetricReader:
    """Takes the text of a log in pieces as they come, and returns the metrics in it."""

    def __init__(self) -> None:
        self._rest = ""
        self._header: tuple[str, str] | None = None

    def feed(self, text: str, *, end: bool = False) -> list[Metric]:
        """Return the metrics that ``text`` completes; ``end``: no more will come."""
        text = self._rest + text
        if self._header is None and _MARK not in text:  # like most of what a step prints: not parsed
            self._rest = "" if end else self._begun(text[text.rfind("\n") + 1 :])
            return []
        lines = text.split("\n")
        self._rest = self._begun(lines.pop())
        if end and self._rest:
            lines.append(self._rest)
            self._rest = ""
        return [metric for line in lines if (metric := self._line(line))]

    def _begun(self, line: str) -> str:
        """Return as much of an unfinished line as may be needed."""
        if len(line) > _LONGEST_LINE and self._header is None:
            line = line[line.rfind("\r", 0, -1) + 1 :]  # the last state of a progress bar
        return line[: _LONGEST_LINE + 1]

    def _line(self, line: str) -> Metric | None:
        line = self._begun(line)
        if len(line) > _LONGEST_LINE:
            self._header = None
            return None
        line = line.rstrip("\r")
        header = _header(line)
        if header:
            self._header = header[1:]
            return None
        if self._header is None or line.startswith(_TRACEBACK):
            self._header = None
            return None
        (kind, name), self._header = self._header, None
        return Metric(name, kind, _scalar(line) if kind == "scalar" else _collection(line))


def _header(line: str) -> tuple[int, str, str] | None:
    """Return the place in a line where a metric is announced, its kind and its name."""
    begin = _HEADER.search(line) if line.endswith(":") else None
    if begin is None or len(line) - begin.end() > _LONGEST_NAME:
        return None
    return begin.start(), begin[1], line[begin.end() : -1]


def without_metrics(lines: Iterable[str]) -> list[str]:
    """Return the lines of a log without metrics: without the SDK's own lines and the value after each."""
    kept: list[str] = []
    value_follows = False
    for line in lines:
        header = _header(line)
        if header and line[: header[0]].strip():  # of a progress bar
            kept.append(line[: header[0]])
        elif not header and (not value_follows or line.startswith(_TRACEBACK)):
            kept.append(line)
        value_follows = bool(header)
    return kept


def _scalar(text: str) -> float | int | str:
    for number in (int, float):
        try:
            value = number(text)
        except ValueError:
            continue
        return value if "_" not in text and _is_finite(value) else text.strip()
    return text


def _is_finite(value: float) -> bool:
    return isinstance(value, int) or math.isfinite(value)


def _collection(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return a printed list or mapping as data, including NumPy's forms; else the text itself."""
    plain = text
    if "np." in text:
        plain = _NUMPY.sub(lambda found: found[0] if found[1] is None else found[1], plain)
    if "nan" in text or "inf" in text:
        plain = _NOT_FINITE.sub(lambda found: found[0] if found[1] is None else f"'{found[1]}'", plain)
    if plain is text and _NUMBERS.fullmatch(text):  # JSON is read with a tenth of the memory
        with contextlib.suppress(ValueError, RecursionError):
            return jsonable(json.loads(text))
    with contextlib.suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return jsonable(_evaluated(plain))
    if re.fullmatch(r"\[[-+.\deE\s]*\]", text.replace("nan", "").replace("inf", "")):
        return [_scalar(word) for word in text[1:-1].split()]
    return text


def _evaluated(text: str) -> Any:  # noqa: ANN401
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python would warn the user about what a step printed
        return ast.literal_eval(text)


def summary(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return what a record keeps of the last value of a metric: the value, or if it is long, a text that says so.

    So a list of a million numbers is not kept in memory.
    """
    if isinstance(value, str):
        return (
            value if len(value) <= MOST_LETTERS else f"{value[:_LETTERS_SHOWN]}… ({counted(len(value), 'character')})"
        )
    if not isinstance(value, (list, dict)):
        return value
    values, letters = _size(value)
    if values <= MOST_VALUES and letters <= MOST_VALUES * _LETTERS_SHOWN:
        return value
    return f"{_beginning(value)}… ({counted(values, 'value')})"


def _size(value: Any) -> tuple[int, int]:  # noqa: ANN401
    """Return the number of values in a value, nested ones included, and the number of their characters."""
    if not isinstance(value, (list, dict)):
        return 1, len(value) if isinstance(value, str) else 0
    inside = value.values() if isinstance(value, dict) else value
    sizes = [_size(item) for item in inside if isinstance(item, (list, dict, str))]
    values, letters = (sum(column) for column in zip((0, 0), *sizes, strict=True))
    return len(value) - len(sizes) + values, letters


def _beginning(value: Any) -> str:  # noqa: ANN401
    """Return the first characters of any value, without converting all of it to text."""
    if not isinstance(value, (list, dict)):
        return str(value)[:_LETTERS_SHOWN]
    named = value.items() if isinstance(value, dict) else (("", item) for item in value)
    begin, end = ("{", "}") if isinstance(value, dict) else ("[", "]")
    text = ""
    for name, one in named:
        text += f"{', ' if text else ''}{f'{name}: ' if name else ''}{_beginning(one)}"
        if len(text) >= _LETTERS_SHOWN:
            return f"{begin}{text}"[:_LETTERS_SHOWN]
    return f"{begin}{text}{end}"


def jsonable(value: Any) -> Any:  # noqa: ANN401
    """Return ``value`` as JSON data; a number that JSON lacks, such as ``nan``, is its text."""
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, set):
        return [jsonable(item) for item in sorted(value, key=repr)]
    if isinstance(value, float) and not _is_finite(value):
        return str(value)
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"{value:#x}"
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
