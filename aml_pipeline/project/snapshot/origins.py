"""Why each file of a source folder is in a step's snapshot, or is not; and what its script imports from elsewhere.

``snapshot.take`` decides; this tells. It follows the imports once more, with their lines, which a run has no need of.
"""

from __future__ import annotations

import ast
import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from aml_pipeline.core import files
from aml_pipeline.project.script.scope import is_main_test, words
from aml_pipeline.project.snapshot.imports import Import, Reading
from aml_pipeline.project.snapshot.patterns import Pattern as GitPattern
from aml_pipeline.project.snapshot.patterns import git_pattern, is_pattern
from aml_pipeline.project.snapshot.snapshot import Skipped, Snapshot, SourceFolder, imported_files

Rule = Literal["script", "import", "named", "pattern", "folder"]


class Place(NamedTuple):
    """A line of a file; the file is relative to the source folder."""

    file: str
    line: int


class Pattern(NamedTuple):
    """A pattern, with the place of an ignore file's."""

    text: str
    place: Place | None = None


class Member(NamedTuple):
    """A file of the snapshot: the rule that put it in, and the line or the pattern by which it did."""

    name: str
    bytes: int
    rule: Rule
    place: Place | None = None
    pattern: Pattern | None = None


class LeftOut(NamedTuple):
    """A file of the source folder, or a folder (``name/``) with all in it, that is not in the snapshot."""

    name: str
    why: Skipped | Literal["not needed"]
    pattern: Pattern | None = None


class Needed(NamedTuple):
    """An import of what lies nowhere in the source folder: the module's dotted name, and the line."""

    module: str
    place: Place


@dataclass(frozen=True, slots=True)
class Origins:
    """What there is to say of a snapshot.

    ``members`` stand as they were found, the script first. ``needed`` are the imports that the script cannot do
    without, one for each top-level module: not those that it tries, and not those of files that only may be imported.
    """

    members: list[Member]
    left_out: list[LeftOut]
    needed: list[Needed]


def explain(source: SourceFolder, snapshot: Snapshot, patterns: tuple[str, ...] | None) -> Origins:
    """Return why each file of ``source`` is in ``snapshot``, which was taken with ``patterns``, or why it is not."""
    trace = _Trace(source, snapshot)
    given = _compiled(patterns or ())
    members = [Member(name, _size(source, name), *why) for name, why in trace.found.items()]
    for name in sorted(snapshot.rules.keys() - trace.found.keys()):
        if snapshot.rules[name] == "pattern":
            line = _deciding(given, name)
            text = (patterns or ())[line - 1] if line else ""
            members.append(Member(name, _size(source, name), "pattern", pattern=Pattern(text)))
        else:
            members.append(Member(name, _size(source, name), "folder"))
    return Origins(members, list(_left_out(source, snapshot)), trace.needed)


def needed(source: SourceFolder, snapshot: Snapshot) -> list[Needed]:
    """Return the imports that ``explain`` calls needed, without those of functions and blocks that may never run."""
    return _Trace(source, snapshot, surely=True).needed


def _size(source: SourceFolder, name: str) -> int:
    look = files.look(os.path.join(source.path, name))
    return look.size if look else 0


_Why = tuple[Literal["script", "import", "named"], Place | None]


class _Trace:
    """How the files of a snapshot are reached from its script: by imports where that is possible, else by texts."""

    def __init__(self, source: SourceFolder, snapshot: Snapshot, *, surely: bool = False) -> None:
        self._source = source
        self._surely = surely
        self._snapshot = snapshot
        self._named: list[tuple[str, Place]] = []
        self.found: dict[str, _Why] = {}
        self.needed: list[Needed] = []
        if snapshot.script in snapshot.rules:
            self.found[snapshot.script] = ("script", None)
            self._follow(snapshot.script, certain=True)
        for name, place in self._named:  # which grows
            if name not in self.found:
                self.found[name] = ("named", place)
                self._follow(name, certain=False)

    def _follow(self, start: str, *, certain: bool) -> None:
        """Take in what ``start`` imports, and what that imports; ``certain`` is that ``start`` runs."""
        waiting = [start]
        for name in waiting:  # which grows
            is_python = name.endswith(".py") or name == self._snapshot.script
            reading = self._source.reading(name) if is_python else None
            if isinstance(reading, Reading):
                waiting += self._imported(name, reading, certain=certain)
                self._named += self._texts(name, reading)

    def _imported(self, name: str, reading: Reading, *, certain: bool) -> list[str]:
        tree = self._tree(name)
        tried = _tried(tree) | (_not_run(tree, starts=name == self._snapshot.script) if self._surely else set())
        new: list[str] = []
        for one in sorted(reading.imports, key=lambda one: one.line):
            local = list(imported_files(self._source, self._snapshot.script, name, one))
            for file in local:
                if file in self._snapshot.rules and file not in self.found:
                    self.found[file] = ("import", Place(name, one.line))
                    new.append(file)
            if certain and not local and one.level == 0 and one.line not in tried:
                self._need(one, name)
        return new

    def _need(self, one: Import, file: str) -> None:
        top = one.module.partition(".")[0]
        known = any(other.module.partition(".")[0] == top for other in self.needed)
        if not known and not self._source.may_hold_module(top):
            self.needed.append(Needed(one.module, Place(file, one.line)))

    def _texts(self, name: str, reading: Reading) -> list[tuple[str, Place]]:
        wanted = {text for text in reading.texts if posixpath.normpath(text) in self._snapshot.rules}
        if not wanted:
            return []
        constants = [node for node in ast.walk(self._tree(name)) if isinstance(node, ast.Constant)]
        lines = sorted((node.lineno, node.value) for node in constants if node.value in wanted)
        return [(posixpath.normpath(str(text)), Place(name, line)) for line, text in lines]

    def _tree(self, name: str) -> ast.AST:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(files.read(os.path.join(self._source.path, name)))


# What an import fails with when there is no such module.
_FAILURES = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
# What is asked before an import that only some machines or some Pythons need.
_CONDITIONS = frozenset({"TYPE_CHECKING", "version_info", "platform", "system", "name", "find_spec", "hexversion"})


def _tried(tree: ast.AST) -> set[int]:
    """Return the lines of which an import may fail, or not be done at all, and the file goes on."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if (
            (isinstance(node, ast.Try) and any(_catches(one.type) for one in node.handlers))
            or (isinstance(node, ast.With) and any(_suppresses(one.context_expr) for one in node.items))
            or (isinstance(node, ast.If) and words(node.test) & _CONDITIONS)
        ):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def _not_run(tree: ast.AST, *, starts: bool) -> set[int]:
    """Return the lines of a file that may never run: of functions, and of blocks that something is asked before."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        asks = isinstance(node, ast.If | ast.While) and not _is_certain(node.test, starts=starts)
        may_not = ast.FunctionDef | ast.AsyncFunctionDef | ast.For | ast.Match
        if isinstance(node, ast.stmt) and (asks or isinstance(node, may_not)):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def _is_certain(test: ast.expr, *, starts: bool) -> bool:
    """Whether a block certainly runs: ``if True:``, and the program of the file that is started."""
    return bool(test.value) if isinstance(test, ast.Constant) else starts and is_main_test(test)


def _catches(kind: ast.expr | None) -> bool:
    return kind is None or bool(words(kind) & _FAILURES)


def _suppresses(context: ast.expr) -> bool:
    asked = words(context)
    return "suppress" in asked and bool(asked & _FAILURES)


def _left_out(source: SourceFolder, snapshot: Snapshot) -> Iterator[LeftOut]:
    found: dict[str, Skipped] = {}

    def skip(name: str, entry: os.DirEntry[str]) -> bool:
        why = source.skipped(name, entry)
        if why and name not in snapshot.rules:
            found[name] = why
        return why is not None

    names = [name for name, _ in files.walk(source.path, skip)]
    for name in names:
        if name not in snapshot.rules and not name.endswith("/"):
            yield LeftOut(name, "not needed")
    ignore = source.ignore_lines
    patterns = _compiled(ignore)
    for name, why in found.items():
        yield LeftOut(name, why, _ignored_by(source, patterns, ignore, name) if why == "ignored" else None)


def _ignored_by(source: SourceFolder, patterns: _Patterns, lines: list[str], name: str) -> Pattern | None:
    line = _deciding(patterns, name)
    return Pattern(lines[line - 1].strip(), Place(str(source.ignore_file), line)) if line else None


_Patterns = list[tuple[int, GitPattern]]


def _compiled(lines: tuple[str, ...] | list[str]) -> _Patterns:
    """Return the patterns among ``lines``, the last first, each with the number of its line."""
    numbered = [(number, git_pattern(text)) for number, text in enumerate(lines, 1) if is_pattern(text)]
    return [(number, pattern) for number, pattern in reversed(numbered) if pattern.include is not None]


def _deciding(patterns: _Patterns, name: str) -> int | None:
    """Return the line of the pattern that decides about ``name``: the last one that fits."""
    return next((number for number, pattern in patterns if pattern.match(name)), None)
