"""What was read, compared with what the written project compiles to → the differences, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.text import shortened

# Nested mappings whose keys are words for the reader, in the names of pipeline.yaml: {"step train": {"argument 2": …}}.
Facts: TypeAlias = Mapping[str, Any]
_ABSENT = object()
_LONGEST = 300  # characters of a value in a line


class IncomparableError(UsageError):
    """The original has no facts, for example because an SDK does not accept it; the text is the difference."""


def differences(read: Facts, made: Facts) -> list[str]:
    """Return a line for each fact that differs, in the order of ``read``; none if both say the same."""
    return list(_differences("", read, made))


def _differences(place: str, read: Any, made: Any) -> Iterator[str]:  # noqa: ANN401 - nested data
    if isinstance(read, Mapping) and isinstance(made, Mapping):
        for key in dict.fromkeys([*read, *made]):
            inner = f"{place}, {key}" if place else str(key)
            yield from _differences(inner, read.get(key, _ABSENT), made.get(key, _ABSENT))
    elif read != made:
        yield f"{place}: {_shown(read)} → {_shown(made)}"


def _shown(value: Any) -> str:  # noqa: ANN401 - nested data
    return "nothing" if value is _ABSENT else shortened(str(value), _LONGEST)
