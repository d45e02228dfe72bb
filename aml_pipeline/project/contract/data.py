"""Plain data in a script: what is computed of constants, lists and dictionaries that are known."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from aml_pipeline.project.contract.symbols import (
    ANYTHING,
    CommandLine,
    Count,
    Given,
    Items,
    Known,
    SilenceError,
    Table,
    Value,
)

_TEXT_METHODS = frozenset({
    "replace", "lower", "upper", "strip", "lstrip", "rstrip", "format", "join", "title", "capitalize", "removeprefix",
    "removesuffix", "startswith", "endswith",
})  # fmt: skip
_LONGEST_TEXT = 10_000
_LISTS = {"list", "tuple", "set", "frozenset", "sorted", "reversed"}


def iterated(value: Value) -> list[Value] | None:
    """Return what a loop over ``value`` goes through; None when that cannot be told."""
    if isinstance(value, Items):
        if value.span is not None and len(value.span) <= _LONGEST_LOOP:
            return [Known(one) for one in value.span]
        return value.items
    if isinstance(value, Table) and value.entries is not None:
        return [Known(key) for key in value.entries]
    if isinstance(value, Known) and isinstance(value.value, str):
        return [Known(char) for char in value.value]
    return None


_LONGEST_LOOP = 1000


def computed(op: ast.operator, left: object, right: object) -> Value:
    """Return what an operator makes of two constants."""
    try:
        if isinstance(op, ast.Add) and isinstance(left, str) and isinstance(right, str):
            return Known(left + right)
        if isinstance(op, ast.Mod) and isinstance(left, str):
            return ANYTHING if _WIDE.search(left) else Known(left % right)
        if isinstance(left, int) and isinstance(right, int) and abs(left) + abs(right) < _LARGEST:
            small = {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right}
            return Known(small[type(op)]) if type(op) in small else ANYTHING
    except (TypeError, ValueError):
        return ANYTHING
    return ANYTHING


_LARGEST = 10**9
_WIDE = re.compile(r"\d\d\d|\*|\{[^}]*\{")  # a format that asks for much space


def text_method(value: Known, name: str, arguments: list[Value]) -> Value:
    """Return what a method of a constant text returns."""
    given = list(_constants(arguments))
    if not isinstance(value.value, str) or name not in _TEXT_METHODS or len(given) != len(arguments):
        return ANYTHING
    if len(value.value) > _LONGEST_TEXT or (name == "format" and _WIDE.search(value.value)):
        return ANYTHING
    try:
        result = getattr(value.value, name)(*given)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        return ANYTHING
    return Known(result) if len(str(result)) < _LONGEST_TEXT else ANYTHING


def _constants(values: list[Value]) -> Iterator[object]:
    for one in values:
        if isinstance(one, Known):
            yield one.value
        elif isinstance(one, Items) and one.items is not None and all(isinstance(item, Known) for item in one.items):
            yield [item.value for item in one.items if isinstance(item, Known)]


def built_in(name: str, arguments: list[Value], named: Mapping[str, Value]) -> Value | None:
    """Return what a built-in returns; None when that cannot be told."""
    if name == "range":
        span = _span([one.value for one in arguments if isinstance(one, Known) and isinstance(one.value, int)])
        is_known = span is not None and not named and len(arguments) <= 3  # noqa: PLR2004 - what range takes
        return Items(None, span) if is_known else None
    if name == "dict" and not arguments:
        return Table(dict(named.items()))
    if name == "str" and len(arguments) == 1 and isinstance(arguments[0], Known):
        return Known(str(arguments[0].value))
    if len(arguments) == 1 and not named and name in _LISTS | {"enumerate"}:
        items = iterated(arguments[0])
        return None if items is None else _listed(name, items)
    if name == "zip" and not named:
        several = [iterated(one) for one in arguments]
        known = [one for one in several if one is not None]
        return Items([Items(list(row)) for row in zip(*known, strict=False)]) if len(known) == len(several) else None
    return None


def _span(bounds: list[int]) -> range | None:
    try:
        return range(*bounds)
    except (TypeError, ValueError):
        return None


def _listed(name: str, items: list[Value]) -> Value | None:
    if name == "enumerate":
        return Items([Items([Known(index), one]) for index, one in enumerate(items)])
    if name == "sorted":
        texts = [one for one in items if isinstance(one, Known) and isinstance(one.value, str)]
        return Items([*sorted(texts, key=lambda one: str(one.value))]) if len(texts) == len(items) else None
    return Items(items[::-1] if name == "reversed" else list(items))


def of_data(owner: Value, name: str, arguments: list[Value]) -> Value | None:
    """Return what a method of a constant, list or dictionary returns; None when that cannot be told."""
    if isinstance(owner, Known):
        if any(isinstance(one, CommandLine | Given | Count) for one in arguments):
            raise SilenceError
        return text_method(owner, name, arguments)
    if isinstance(owner, Items) and name == "copy" and owner.items is not None:
        return Items(list(owner.items))
    if isinstance(owner, Table) and owner.entries is not None and not arguments:
        keys: list[Value] = [Known(key) for key in owner.entries]
        held = list(owner.entries.values())
        both: list[Value] = [Items([key, one]) for key, one in zip(keys, held, strict=True)]
        ways = {"keys": keys, "values": held, "items": both}
        return Items(ways[name]) if name in ways else None
    return None
