"""YAML 1.1, which azure-ai-ml reads, as values with lines: ``yes`` is true, and ``0.10`` is 0.1.

For texts without problems of ``source``, which limits their size and depth and refuses duplicate keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Value:
    """A value, the line of it or of its key, and the values in a mapping or a list by key or index."""

    value: Any
    line: int
    inner: dict[str, Value] = field(default_factory=dict)


class OlderError(Exception):
    """A value that YAML 1.1 does not allow, such as the date 2026-13-45; ``line`` is its line."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"line {line}")


def content(text: str | bytes) -> Any:  # noqa: ANN401 - plain data
    """Return the value of ``text`` as plain data. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader


def parse(text: str) -> Value:
    """Return the value of ``text``. Raises OlderError."""
    loader = _Loader(text)
    try:
        return _value(loader, loader.get_single_node())
    finally:
        loader.dispose()


def _value(loader: Any, node: yaml.Node) -> Value:  # noqa: ANN401 - PyYAML's loader
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        pairs = [(key, _value(loader, value)) for key, value in node.value]
        inner = {str(key.value): Value(one.value, key.start_mark.line + 1, one.inner) for key, one in pairs}
        return Value({key: one.value for key, one in inner.items()}, line, inner)
    if isinstance(node, yaml.SequenceNode):
        values = [_value(loader, value) for value in node.value]
        return Value([one.value for one in values], line, {str(index): one for index, one in enumerate(values)})
    try:
        return Value(loader.construct_object(node), line)
    except (yaml.YAMLError, ValueError) as error:
        raise OlderError(line) from error
