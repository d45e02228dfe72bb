"""Lines of a log → metrics. What ``Run.log`` of Azure ML's SDK prints in an offline run is read back.

The form (``_OfflineRun._emit`` of azureml-core): ``Attempted to log scalar metric NAME:``, the value on the next line.
"""

from __future__ import annotations

import ast
import contextlib
import math
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# Not only at the beginning of a line: a progress bar may stand before it, for it ends with no line end.
_HEADER = re.compile(r"Attempted to log (scalar|list|row|table) metric (.*):\Z")
# A script that failed between a header and its value.
_TRACEBACK = "Traceback (most recent call last)"
# A longer line is no metric; a process that writes no line end costs no more memory than this.
_LONGEST_LINE = 1_000_000
# Python refuses to write a number of more than 4300 decimal digits, which it reads when they are hexadecimal.
_MOST_BITS = 14_000
_QUOTED = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_NUMPY = re.compile(_QUOTED + r"|\bnp\.\w+\(([^()]*)\)")
_NOT_FINITE = re.compile(_QUOTED + r"|(-?\b(?:nan|inf)\b)")


@dataclass(frozen=True, slots=True)
class Metric:
    """One logged value: ``kind`` is scalar, list, row or table; numbers that are not finite are text (nan, inf)."""

    name: str
    kind: str
    value: Any


class MetricReader:
    """Takes the text of a log in pieces as they come, gives the metrics in it."""

    def __init__(self) -> None:
        self._rest = ""
        self._header: tuple[str, str] | None = None

    def feed(self, text: str, *, end: bool = False) -> list[Metric]:
        """Return the metrics that ``text`` completes; ``end``: no more will come."""
        lines = (self._rest + text).split("\n")
        self._rest = lines.pop()[: _LONGEST_LINE + 1]
        if end and self._rest:
            lines.append(self._rest)
            self._rest = ""
        return [metric for line in lines if (metric := self._line(line))]

    def _line(self, line: str) -> Metric | None:
        if len(line) > _LONGEST_LINE:
            self._header = None
            return None
        line = line.rstrip("\r")
        found = _HEADER.search(line)
        if found:
            self._header = (found[1], found[2])
            return None
        if self._header is None or line.startswith(_TRACEBACK):
            self._header = None
            return None
        (kind, name), self._header = self._header, None
        return Metric(name, kind, _scalar(line) if kind == "scalar" else _collection(line))


def without_metrics(lines: Iterable[str]) -> list[str]:
    """Return the lines of a log without those that a metric is made of: the SDK's own, and the value after each."""
    kept: list[str] = []
    value_follows = False
    for line in lines:
        found = _HEADER.search(line)
        if found and line[: found.start()].strip():  # of a progress bar
            kept.append(line[: found.start()])
        elif not found and (not value_follows or line.startswith(_TRACEBACK)):
            kept.append(line)
        value_follows = bool(found)
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
    """Return a printed list or mapping as data, NumPy's ways of printing included; else the text itself."""
    plain = _NUMPY.sub(lambda found: found[1] or found[2], text)
    plain = _NOT_FINITE.sub(lambda found: found[1] or f"'{found[2]}'", plain)
    with contextlib.suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return jsonable(_evaluated(plain))
    if re.fullmatch(r"\[[-+.\deE\s]*\]", text.replace("nan", "").replace("inf", "")):
        return [_scalar(one) for one in text[1:-1].split()]
    return text


def _evaluated(text: str) -> Any:  # noqa: ANN401
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python would complain to the user about what a step printed
        return ast.literal_eval(text)


def jsonable(value: Any) -> Any:  # noqa: ANN401
    """Return ``value`` as JSON data; a number that JSON does not have, such as ``nan``, is its text."""
    if isinstance(value, dict):
        return {str(key): jsonable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(one) for one in value]
    if isinstance(value, set):
        return [jsonable(one) for one in sorted(value, key=repr)]
    if isinstance(value, float) and not _is_finite(value):
        return str(value)
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"{value:#x}"
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
