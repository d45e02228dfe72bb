"""Lines of a log → metrics. What ``Run.log`` of Azure ML's SDK prints in an offline run is read back.

The form (``_OfflineRun._emit`` of azureml-core): ``Attempted to log scalar metric NAME:``, the value on the next line.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from typing import Any

_HEADER = re.compile(r"Attempted to log (scalar|list|row|table) metric (.*):")
_NUMPY = re.compile(r"\bnp\.\w+\(([^()]*)\)")
_NOT_FINITE = re.compile(r"(?<!['\"\w])(-?)(nan|inf)(?!['\"\w])")


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
        self._rest = "" if end else lines.pop()
        return [metric for line in lines if (metric := self._line(line.rstrip("\r")))]

    def _line(self, line: str) -> Metric | None:
        found = _HEADER.fullmatch(line)
        if found:
            self._header = (found[1], found[2])
            return None
        if self._header is None:
            return None
        (kind, name), self._header = self._header, None
        return Metric(name, kind, _scalar(line) if kind == "scalar" else _collection(line))


def _scalar(text: str) -> float | int | str:
    for number in (int, float):
        try:
            value = number(text)
        except ValueError:
            continue
        return value if math.isfinite(value) else text.strip()
    return text


def _collection(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return a printed list or mapping as data, NumPy's ways of printing included; else the text itself."""
    plain = _NOT_FINITE.sub(r"'\1\2'", _NUMPY.sub(r"\1", text))
    try:
        return _jsonable(ast.literal_eval(plain))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        if re.fullmatch(r"\[[^\[\]]*\]", text):
            return [_scalar(one) for one in text[1:-1].split()]
        return text


def _jsonable(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {str(key): _jsonable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_jsonable(one) for one in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
