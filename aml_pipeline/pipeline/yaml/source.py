"""YAML text → data with positions, within limits of size, depth and aliases.

Built from PyYAML's event stream, one event at a time: limits are checked before anything is constructed, duplicate keys
are detected, scalars keep their text, and aliases share nodes instead of copying them. Knows no file and no pipeline.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from aml_pipeline.core.problems import Path, Position, Problem, nearest
from aml_pipeline.pipeline.yaml import scalars
from aml_pipeline.pipeline.yaml.errors import NO_CHARACTER, beyond_unicode, explain, no_break_space

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_EXPANSIONS = 1000
# Aliases share nodes here, but whoever walks the data afterwards sees each one again. 5,000 steps of eight values have
# so many: `validate` takes less than 2 s for them (docs/explanation/benchmarks.md, "How it grows").
MAX_NODES = 40_000

# Characters that YAML refuses, and the line separators of YAML 1.1 besides \n: editors do not count lines by them.
_UNPRINTABLE = "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_SURROGATE = re.compile("[\ud800-\udfff]")
_YAML_1_1_BOOLEANS = frozenset(
    form for word in ("yes", "no", "on", "off") for form in (word, word.capitalize(), word.upper())
)
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Node:
    """One value of the document: its data, its place, and its children by key or index.

    ``expansions`` and ``nodes`` count the aliases followed and the nodes visited when walking this value, ``depth`` the
    levels of nested mappings and lists.
    """

    value: Any
    position: Position
    children: dict[str | int, Node] = field(default_factory=dict)
    keys: dict[str, Position] = field(default_factory=dict)
    expansions: int = 0
    nodes: int = 1
    depth: int = 0


@dataclass(slots=True)
class Document:
    """A parsed text: ``root`` is None if it could not be read; ``problems`` have positions."""

    root: Node | None
    problems: list[Problem]

    def node(self, path: Path) -> Node | None:
        """Return the node at ``path``, or at its longest prefix that exists."""
        node = self.root
        for key in path:
            if node is None or key not in node.children:
                break
            node = node.children[key]
        return node

    def position(self, path: Path, *, on_key: bool = False) -> Position | None:
        """Return the place of the value at ``path`` (or of its key), else of the nearest value around it."""
        if on_key and path:
            parent = self.node(path[:-1])
            if parent and str(path[-1]) in parent.keys:
                return parent.keys[str(path[-1])]
        node = self.node(path)
        return node.position if node else None

    def rename(self, path: Path, key: str) -> None:
        """Rename the ``key`` of the value at ``path``; its place does not change."""
        parent, old = self.node(path[:-1]), str(path[-1])
        if parent is not None and old in parent.keys:  # otherwise it was renamed through another alias
            parent.children[key] = parent.children.pop(old)
            parent.keys[key] = parent.keys.pop(old)

    def __contains__(self, path: Path) -> bool:
        node = self.root
        for key in path:
            if node is None or key not in node.children:
                return False
            node = node.children[key]
        return node is not None


class _Refused(Exception):  # noqa: N818 - no error of the program
    """The text cannot be read further; contains the problem."""

    def __init__(self, code: str, message: str, cure: str, position: Position) -> None:
        self.problem = Problem(code, message, cure, position=position)
        super().__init__(message)


def decode(raw: bytes) -> tuple[str, Problem | None]:
    """Return the text of a file's bytes (UTF-8, with or without a byte order mark) and its problems.

    Line ends become those of Python, whatever the file has.
    """
    if len(raw) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES:,} bytes, the maximum for a pipeline file."
        return "", Problem("too-large", message, "Move data to files that scripts read.")
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return _with_plain_ends(raw.decode()), None
    except UnicodeDecodeError as error:
        place = _end_of(_with_plain_ends(raw[: error.start].decode()))
        message = f"byte 0x{raw[error.start]:02x} is not valid UTF-8."
        cure = "Save the file as UTF-8 text without binary data."
        text = _with_plain_ends(raw.decode("utf-8", "replace"))
        return text, Problem("not-text", message, cure, position=place)


def _with_plain_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _end_of(text: str) -> Position:
    """Return the place of the character that would follow ``text``."""
    return Position(text.count("\n") + 1, len(text) - text.rfind("\n"))


def parse(text: str) -> Document:
    """Parse ``text``; every problem is in the document, and nothing is raised."""
    problems: list[Problem] = []
    try:
        _refuse_unprintable(text)
        root = _Builder(problems, text).build(yaml.parse(text, Loader=_Loader))
    except _Refused as refused:
        return Document(None, [*problems, refused.problem])
    except yaml.YAMLError as error:
        return Document(None, [*problems, explain(error, text)])
    except (ValueError, OverflowError):  # PyYAML's own parser has no word for it; libyaml's does
        problem = beyond_unicode(text)
        if problem is None:
            raise
        return Document(None, [*problems, problem])
    return Document(root, problems)


def _refuse_unprintable(text: str) -> None:
    if text.replace("\n", "").replace("\t", "").isprintable():
        return  # as in nearly every file: compiling the pattern takes 3 ms
    match = re.search(_UNPRINTABLE, text)
    if match:
        code = ord(match.group())
        escape = f', or write it as the escape "\\u{code:04x}" inside double quotes' if code else ""
        raise _Refused("not-text", f"the character U+{code:04X} is not allowed in YAML.", f"Delete it{escape}.",
                       _end_of(text[: match.start()]))  # fmt: skip


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence that is being built."""

    node: Node
    is_mapping: bool
    anchor: str | None
    pairs: list[tuple[str, Position, bool, Node]] = field(default_factory=list)
    key: tuple[str, Position, bool] | None = None


class _Builder:
    """Builds nodes from events, iteratively, so that no nesting exhausts Python's stack."""

    def __init__(self, problems: list[Problem], text: str) -> None:
        self._problems = problems
        self._end = _end_of(text)
        self._lines = text.split("\n") if "\xa0" in text else []
        self._anchors: dict[str, Node] = {}
        self._frames: list[_Frame] = []
        self._root: Node | None = None
        self._documents = 0

    def build(self, events: Iterator[Any]) -> Node | None:
        for event in events:
            self._event(event)
        if self._root is None or self._root.value is None:
            raise _Refused("empty-file", "the file is empty.",
                           "Start with `aml-pipeline init` in an empty folder.", Position(1, 1))  # fmt: skip
        return self._root

    def _event(self, event: Any) -> None:  # noqa: ANN401 - PyYAML's events are untyped
        start, end = event.start_mark, event.end_mark
        width = end.column - start.column if end.line == start.line else 1
        position = Position(start.line + 1, start.column + 1, max(1, width))
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, position)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(str(event.anchor), position)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._open(event, position)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            frame = self._frames.pop()
            if frame.is_mapping:
                self._fill_mapping(frame)
            self._add(frame.node, frame.anchor)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                cure = "A file holds one pipeline: delete the `---`, or move the rest to another file."
                raise _Refused("two-documents", "a second YAML document begins here.", cure, position)

    def _scalar(self, event: Any, position: Position) -> None:  # noqa: ANN401
        self._refuse_tag(event.tag, "str", position)
        if "\0" in event.value:
            raise _Refused(
                "not-text",
                "null characters are not allowed: neither a process nor a path can receive one.",
                "Delete it.",
                position,
            )
        if event.style == '"' and _SURROGATE.search(event.value):  # libyaml refuses them, PyYAML's own parser does not
            raise _Refused("yaml-syntax", *NO_CHARACTER, position)
        if not event.value:
            position = min(
                position, self._end
            )  # for something missing at the end, libyaml reports a line that does not exist
        plain = not event.style and event.tag is None
        if plain and "\xa0" in event.value:
            self._refuse_no_break_space(position.line)
        node = Node(scalars.resolve(event.value) if plain else event.value, position)
        top = self._frames[-1] if self._frames else None
        if top and top.is_mapping and top.key is None:
            top.key = (event.value, position, event.value == "<<" and plain)
            if event.anchor:
                self._anchors[event.anchor] = node
            return
        if plain and event.value in _YAML_1_1_BOOLEANS:
            self._problems.append(_boolean_warning(event.value, position))
        self._add(node, event.anchor)

    def _alias(self, anchor: str, position: Position) -> None:
        node = self._anchors.get(anchor)
        top = self._frames[-1] if self._frames else None
        if node is None or any(frame.node is node for frame in self._frames):
            reason = "is used inside its own value" if node else "is not defined above"
            near = nearest(anchor, self._anchors)
            cure = f"Put `&{anchor}` before a value above, or quote the string."
            cure = "Write the value out." if node else f"Did you mean *{near}?" if near else cure
            raise _Refused("unknown-alias", f"the alias *{anchor} {reason}.", cure, position)
        if top and top.is_mapping and top.key is None:
            raise _Refused("bad-key", "an alias cannot be a key.", "Write the key itself.", position)
        self._add(replace(node, expansions=node.expansions + 1), None)

    def _open(self, event: Any, position: Position) -> None:  # noqa: ANN401
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._refuse_tag(event.tag, "map" if is_mapping else "seq", position)
        self._refuse_depth(1, position)
        top = self._frames[-1] if self._frames else None
        if top and top.is_mapping and top.key is None:
            raise _Refused("bad-key", "a key must be a plain word, not a mapping or a list.",
                           'Quote it if you mean a string, as in "${{ parameters.epochs }}".', position)  # fmt: skip
        node = Node({} if is_mapping else [], position, depth=1)
        if event.anchor:
            self._anchors[event.anchor] = node
        self._frames.append(_Frame(node, is_mapping, event.anchor))

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if not self._frames:
            self._root = node
            return
        frame = self._frames[-1]
        self._refuse_depth(node.depth, node.position)
        self._count(frame.node, node)
        if not frame.is_mapping:
            frame.node.children[len(frame.node.value)] = node
            frame.node.value.append(node.value)
        elif frame.key is not None:
            frame.pairs.append((*frame.key, node))
            frame.key = None

    def _count(self, parent: Node, child: Node) -> None:
        parent.expansions += child.expansions
        parent.nodes += child.nodes
        parent.depth = max(parent.depth, child.depth + 1)
        if parent.expansions > MAX_EXPANSIONS:
            raise _Refused("too-many-aliases", f"more than {MAX_EXPANSIONS:,} aliases are expanded here.",
                           "Write the values out, or use fewer aliases.", parent.position)  # fmt: skip
        if parent.nodes > MAX_NODES:
            raise _Refused("too-many-values", f"the file has more than {MAX_NODES:,} values, with expanded aliases.",
                           "Move data to files that scripts read.", child.position)  # fmt: skip

    def _refuse_no_break_space(self, number: int) -> None:
        """Refuse a no-break space before or after a key, which would be part of it; within a string it is allowed."""
        problem = no_break_space([self._lines[number - 1]], 0)
        if problem and problem.position:
            raise _Refused(problem.code, problem.message, problem.cure, replace(problem.position, line=number))

    def _refuse_depth(self, levels: int, position: Position) -> None:
        if len(self._frames) + levels > MAX_DEPTH:
            raise _Refused("too-deep", f"the nesting is deeper than {MAX_DEPTH} levels.", "Use fewer levels.", position)

    def _fill_mapping(self, frame: _Frame) -> None:
        own = {key for key, _, is_merge, _ in frame.pairs if not is_merge}
        for key, position, is_merge, node in frame.pairs:
            if is_merge:
                self._merge(frame.node, node, position, own)
            elif key in frame.node.keys:
                first = frame.node.keys[key]
                message = f'duplicate key "{key}" (first on line {first.line}).'
                self._problems.append(Problem("duplicate-key", message, "Delete one of them.", position=position))
            else:
                _put(frame.node, key, position, node)

    def _merge(self, into: Node, merged: Node, position: Position, own: set[str]) -> None:
        sources = list(merged.children.values()) if isinstance(merged.value, list) else [merged]
        for source in sources:
            if not isinstance(source.value, Mapping):
                raise _Refused("bad-merge", "`<<` expects a mapping or a list of mappings.",
                               "Write an alias of a mapping, for example `<<: *common`.", position)  # fmt: skip
            for key, node in source.children.items():
                if key not in own and key not in into.value:
                    _put(into, str(key), source.keys[str(key)], node)

    def _refuse_tag(self, tag: str | None, kind: str, position: Position) -> None:
        if tag not in {None, "!", f"tag:yaml.org,2002:{kind}"}:
            shown = str(tag).replace("tag:yaml.org,2002:", "!!")
            raise _Refused("yaml-tag", f"unsupported tag {shown}.",
                           "Delete it, or quote the string if it begins with !.", position)  # fmt: skip


def _put(node: Node, key: str, position: Position, child: Node) -> None:
    node.keys[key] = position
    node.children[key] = child
    node.value[key] = child.value


def _boolean_warning(value: str, position: Position) -> Problem:
    truth = "true" if value.lower() in {"yes", "on"} else "false"
    message = f'{value} is the string "{value}", not a boolean (YAML 1.2).'
    return Problem("yaml-boolean", message, f'Write {truth}, or "{value}" in quotes if you mean the string.',
                   severity="warning", position=position)  # fmt: skip
