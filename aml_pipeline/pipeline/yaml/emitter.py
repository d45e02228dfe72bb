"""Data → YAML text, deterministic, with keys in the order of the data; it reads back as the same data and texts.

``text`` writes as people write a pipeline file; ``plain`` is the form without any of that, for other readers of YAML.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import yaml

from aml_pipeline.pipeline.yaml import scalars

# A list of plain values is written on one line if it is no longer than this.
_FLOW_WIDTH = 80
_STRING = "tag:yaml.org,2002:str"


class _Dumper(yaml.SafeDumper):
    """Repeats shared data instead of writing anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - PyYAML's own signature
        return True


class _Readable(_Dumper):
    """Writes double quotes, indented lists, short lists on one line, and strings of several lines as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's own signature
        super().increase_indent(flow, False)  # noqa: FBT003

    def choose_scalar_style(self) -> Any:  # noqa: ANN401 - PyYAML's own signature
        style, event = super().choose_scalar_style(), self.event
        readable = isinstance(event, yaml.ScalarEvent) and not {'"', "\\"} & set(event.value)
        return '"' if style == "'" and readable else style


def text(data: Mapping[str, Any]) -> str:
    """Return ``data`` as a block of YAML. Numbers keep the text that they were written with."""
    return _dumped(data, _Readable)


def plain(data: Mapping[str, Any]) -> str:
    """Return ``data`` as YAML with single quotes; each item of a list has its own line, and no text has several."""
    return _dumped(data, _Dumper)


def _dumped(data: Mapping[str, Any], dumper: type[_Dumper]) -> str:
    form = partial(yaml.dump, default_flow_style=False, sort_keys=False, allow_unicode=True, width=2**31)
    return str(form(data, Dumper=dumper))


def _string(dumper: _Dumper, value: str) -> yaml.Node:
    """Represent a string; with line breaks it is escaped, because PyYAML reads U+0085 in other quotes as a line feed.

    PyYAML, which follows YAML 1.1, would not quote every text that is a number in YAML 1.2: 1e-3, 089.
    """
    looks_other = not isinstance(scalars.resolve(value), str)
    style = "'" if looks_other else None if value.isprintable() else '"'
    return dumper.represent_scalar(_STRING, value, style=style)


def _readable_string(dumper: _Readable, value: str) -> yaml.Node:
    lines = value.split("\n")
    if lines[0] and lines[1:] and all(line.isprintable() for line in lines):
        return dumper.represent_scalar(_STRING, value, style="|")
    return _string(dumper, value)


def _number(dumper: _Dumper, value: float) -> yaml.Node:
    """Represent a number as it was written."""
    written = scalars.written(value)
    if written in {"inf", "-inf", "nan"}:
        written = written.replace("inf", ".inf").replace("nan", ".nan")
    return dumper.represent_scalar(f"tag:yaml.org,2002:{_kind(written)}", written)


def _kind(written: str) -> str:
    """Return the type by which PyYAML takes a text for that of a number, so that it writes no tag."""
    resolver = yaml.SafeDumper.yaml_implicit_resolvers
    matches = (tag for tag, regexp in resolver.get(written[:1], []) if regexp.match(written))
    return next(matches, _STRING).rpartition(":")[2]


def _list(dumper: _Readable, value: Sequence[Any]) -> yaml.Node:
    flow = all(isinstance(item, (str, int, float)) and "\n" not in str(item) for item in value)
    flow = flow and sum(len(str(item)) + 2 for item in value) <= _FLOW_WIDTH
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flow)


def _mapping(dumper: _Dumper, value: Mapping[Any, Any]) -> yaml.Node:
    return dumper.represent_dict(value.items())


for _each in (_Dumper, _Readable):
    for _type in (int, float):
        _each.add_representer(_type, _number)
        _each.add_multi_representer(_type, _number)
    _each.add_multi_representer(cast("type[Mapping[Any, Any]]", Mapping), _mapping)
_Dumper.add_representer(str, _string)
_Readable.add_representer(str, _readable_string)
_Readable.add_representer(list, _list)
_Readable.add_representer(tuple, _list)
