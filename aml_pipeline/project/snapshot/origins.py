"""Why each file of a source folder is, or is not, in a step's snapshot; and what its script imports from elsewhere.

``snapshot.take`` decides; this explains. It reads the files again for imports that may fail or never run, which a run
does not need.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from aml_pipeline.core import files, folders
from aml_pipeline.project.script.scope import is_main_test, words
from aml_pipeline.project.snapshot.imports import parse
from aml_pipeline.project.snapshot.patterns import Pattern as GitPattern
from aml_pipeline.project.snapshot.patterns import git_pattern, is_pattern
from aml_pipeline.project.snapshot.shared_files import Rule
from aml_pipeline.project.snapshot.snapshot import Place, Snapshot
from aml_pipeline.project.snapshot.source import Skipped, SourceFolder


class Pattern(NamedTuple):
    """A pattern, and its place if it is from an ignore file."""

    text: str
    place: Place | None = None


class Member(NamedTuple):
    """A file of the snapshot: the rule that included it, and the line or pattern that triggered the rule."""

    name: str
    bytes: int
    rule: Rule
    place: Place | None = None
    pattern: Pattern | None = None


class LeftOut(NamedTuple):
    """A file of the source folder, or a folder (``name/``) with its content, that is not in the snapshot."""

    name: str
    why: Skipped | Literal["not needed"]
    pattern: Pattern | None = None


class Needed(NamedTuple):
    """An import of a module outside the source folder: its dotted name, and the line."""

    module: str
    place: Place


@dataclass(frozen=True, slots=True)
class Origins:
    """The explanation of a snapshot.

    ``members`` are in the order in which they were found, the script first. ``needed`` are the imports that the script
    requires, one for each top-level module: not those in a ``try:``, and not those of files that may never be imported.
    """

    members: list[Member]
    left_out: list[LeftOut]
    needed: list[Needed]


def explain(source: SourceFolder, snapshot: Snapshot, patterns: tuple[str, ...] | None) -> Origins:
    """Return why each file of ``source`` is in ``snapshot``, which was taken with ``patterns``, or why it is not."""
    given = _compiled(patterns or ())
    members = [
        Member(name, _size(source, name), rule, snapshot.places.get(name)) for name, rule in snapshot.own.items()
    ]
    for name in sorted(snapshot.rules.keys() - snapshot.own.keys()):
        line = _deciding(given, name) if snapshot.rules[name] == "pattern" else None
        pattern = Pattern((patterns or ())[line - 1]) if line else None
        members.append(Member(name, _size(source, name), snapshot.rules[name], pattern=pattern))
    return Origins(members, list(_left_out(source, snapshot)), _needed(source, snapshot, surely=False))


def needed(source: SourceFolder, snapshot: Snapshot) -> list[Needed]:
    """Return the imports that ``explain`` calls needed, without those in functions and blocks that may never run."""
    return _needed(source, snapshot, surely=True)


def _needed(source: SourceFolder, snapshot: Snapshot, *, surely: bool) -> list[Needed]:
    @cache
    def spared(name: str) -> set[int]:
        """Return the lines of a file whose imports the script can do without."""
        tree = parse(files.read(os.path.join(source.path, name)))
        return _tried(tree) | (_not_run(tree, starts=name == snapshot.script) if surely else set())

    modules: dict[str, Needed] = {}
    for name, one in snapshot.elsewhere:
        top = one.module.partition(".")[0]
        if top not in modules and one.line not in spared(name) and not source.may_hold_module(top):
            modules[top] = Needed(one.module, Place(name, one.line))
    return list(modules.values())


def _size(source: SourceFolder, name: str) -> int:
    look = files.look(os.path.join(source.path, name))
    return look.size if look else 0


# The errors of an import whose module is missing.
_FAILURES = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
# Conditions for imports that only some machines or Pythons need.
_CONDITIONS = frozenset({"TYPE_CHECKING", "version_info", "platform", "system", "name", "find_spec", "hexversion"})


def _tried(tree: ast.AST) -> set[int]:
    """Return the lines whose imports may fail, or be skipped, without stopping the file."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if (
            (isinstance(node, ast.Try) and any(_catches(handler.type) for handler in node.handlers))
            or (isinstance(node, ast.With) and any(_suppresses(item.context_expr) for item in node.items))
            or (isinstance(node, ast.If) and words(node.test) & _CONDITIONS)
        ):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def _not_run(tree: ast.AST, *, starts: bool) -> set[int]:
    """Return the lines of a file that may never run: in functions, and in conditional blocks."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        asks = isinstance(node, ast.If | ast.While) and not _is_certain(node.test, starts=starts)
        may_not = ast.FunctionDef | ast.AsyncFunctionDef | ast.For | ast.Match
        if isinstance(node, ast.stmt) and (asks or isinstance(node, may_not)):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def _is_certain(test: ast.expr, *, starts: bool) -> bool:
    """Whether a block certainly runs: ``if True:``, and the ``__main__`` block of the program."""
    return bool(test.value) if isinstance(test, ast.Constant) else starts and is_main_test(test)


def _catches(kind: ast.expr | None) -> bool:
    return kind is None or bool(words(kind) & _FAILURES)


def _suppresses(context: ast.expr) -> bool:
    called = words(context)
    return "suppress" in called and bool(called & _FAILURES)


def _left_out(source: SourceFolder, snapshot: Snapshot) -> Iterator[LeftOut]:
    skipped: dict[str, Skipped] = {}

    def skip(name: str, entry: os.DirEntry[str]) -> bool:
        why = source.skipped(name, entry)
        if why and name not in snapshot.rules:
            skipped[name] = why
        return why is not None

    names = [name for name, _ in folders.walk(source.path, skip)]
    for name in names:
        if name not in snapshot.rules and not name.endswith("/"):
            yield LeftOut(name, "not needed")
    ignore = source.ignore_lines
    patterns = _compiled(ignore)
    for name, why in skipped.items():
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
    """Return the line of the pattern that decides about ``name``: the last one that matches."""
    return next((number for number, pattern in patterns if pattern.match(name)), None)
