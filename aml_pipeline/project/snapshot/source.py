"""A folder of scripts, read once for all steps that share it. Independent of steps."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from aml_pipeline.core import files, folders
from aml_pipeline.core.digests import Digests
from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.folders import RepeatedLinksError
from aml_pipeline.project.snapshot.imports import Import, Reading, parse, read_imports
from aml_pipeline.project.snapshot.patterns import git_pattern, is_choice, matcher
from aml_pipeline.project.snapshot.shared_files import Chosen, Files

if TYPE_CHECKING:
    import ast

# Never part of a snapshot, whatever the ignore file says: state, caches and histories that no script reads.
_NEVER = frozenset(
    {
        ".git",
        ".aml_pipeline",
        ".aml-pipeline-origin",
        "__pycache__",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".pytest_cache",
    }
)
IGNORE_FILES = (".amlignore", ".gitignore")
_MOST_IGNORED = 1 << 20
# Larger files are not parsed: a syntax tree takes a hundred times the memory.
MOST_CODE = 1 << 25
# Why a file cannot be part of a snapshot; local data in the pipeline file, and that file itself, are "declared".
Skipped = Literal["cache", "declared", "virtual environment", "ignored"]


class SyntaxFault(NamedTuple):
    """A file that Python cannot parse: file relative to the source folder, line, column (from 1), reason, cure."""

    file: str
    line: int
    column: int
    reason: str
    cure: str = "Fix the syntax error."


class SourceFolder:
    """A folder of scripts, read once for all steps that share it.

    ``left_out`` are absolute paths that are never part of a snapshot (the pipeline file, local data).
    """

    def __init__(self, path: str, digests: Digests, left_out: Iterable[str] = ()) -> None:
        self.path = path
        self._digests = digests
        self._left_out = frozenset(left_out)
        self._readings: dict[str, Reading | SyntaxFault] = {}
        self._trees: dict[str, ast.Module] = {}  # of those that may read a command line
        self._is_file: dict[str, bool] = {}
        self._chosen: dict[tuple[str, ...] | None, Chosen] = {}
        self._files: dict[tuple[frozenset[str], Chosen | None], Files] = {}
        self._digests_of_chosen: dict[Chosen, dict[str, str]] = {}

    def is_file(self, name: str) -> bool:
        """Whether ``name``, relative to this folder, is a file."""
        if name not in self._is_file:
            self._is_file[name] = files.is_file(os.path.join(self.path, name))
        return self._is_file[name]

    def reading(self, name: str) -> Reading | SyntaxFault:
        """Return the imports of a Python file, or why it cannot be parsed."""
        if name not in self._readings:
            self._readings[name] = self._read(name)
        return self._readings[name]

    def _read(self, name: str) -> Reading | SyntaxFault:
        try:
            text = files.read(os.path.join(self.path, name), MOST_CODE)
            if len(text) > MOST_CODE:
                cure = "Move its data into a file that the script reads."
                return SyntaxFault(name, 1, 1, f"it is larger than {MOST_CODE:,} bytes", cure)
            tree = parse(text)
            if b"argparse" in text:
                self._trees[name] = tree
            return read_imports(tree)
        except SyntaxError as error:
            return SyntaxFault(name, error.lineno or 1, error.offset or 1, error.msg)
        except (ValueError, RecursionError) as error:
            return SyntaxFault(name, 1, 1, str(error))

    def tree(self, name: str) -> ast.Module | None:
        """Return the syntax tree of a Python file that uses argparse, once; None for any other."""
        self.reading(name)
        return None if self.has_module("argparse") else self._trees.pop(name, None)

    def may_name(self, name: str) -> bool:
        """Whether the string ``name`` in a script adds the file of that name to its snapshot."""
        path = os.path.join(self.path, name)
        return self.is_file(name) and not any(
            path == left_out or path.startswith(left_out + os.sep) for left_out in self._left_out
        )

    @property
    def ignore_file(self) -> str | None:
        """The ignore file at the folder's root: ``.amlignore``, else ``.gitignore``, as in Azure ML's SDK."""
        return next((name for name in IGNORE_FILES if self.is_file(name)), None)

    @cached_property
    def _ignore(self) -> Callable[[str], bool] | None:
        if self.ignore_file is None:
            return None
        return matcher(self.ignore_lines)

    @cached_property
    def ignore_lines(self) -> list[str]:
        """The lines of the ignore file."""
        if self.ignore_file is None:
            return []
        place = os.path.join(self.path, self.ignore_file)
        data = files.read(place, _MOST_IGNORED)
        if len(data) > _MOST_IGNORED:
            raise MachineError(f"{place} is larger than {_MOST_IGNORED:,} bytes. Write patterns instead of names.")
        return data.decode("utf-8", "replace").splitlines()

    def ignores(self, name: str) -> bool:
        """Whether the folder's ignore file excludes ``name``."""
        return self._ignore is not None and self._ignore(name)

    @property
    def all_files(self) -> list[str]:
        """Every file that may be part of a snapshot. Raises RepeatedLinksError for endlessly repeated links."""
        if isinstance(self._listing, RepeatedLinksError):
            raise self._listing
        return self._listing

    @cached_property
    def _listing(self) -> list[str] | RepeatedLinksError:
        try:
            return [name for name, _ in folders.walk(self.path, self._skips) if not name.endswith("/")]
        except RepeatedLinksError as error:
            return error

    def lists(self, name: str) -> bool:
        """Whether a file, or a file in a folder (``name/``), may be part of a snapshot; true if that is unknown."""
        if isinstance(self._listing, RepeatedLinksError):
            return True
        return any(file == name or (name.endswith("/") and file.startswith(name)) for file in self._listing)

    def _skips(self, name: str, entry: os.DirEntry[str]) -> bool:
        return self.skipped(name, entry) is not None

    def skipped(self, name: str, entry: os.DirEntry[str]) -> Skipped | None:
        """Return why only an import could include a file, or a folder (``name/``), in a snapshot; None if it may be."""
        if entry.name in _NEVER or entry.name.endswith(".pyc"):
            return "cache"
        if entry.path in self._left_out:
            return "declared"
        if name.endswith("/") and files.is_file(os.path.join(entry.path, "pyvenv.cfg")):
            return "virtual environment"
        return "ignored" if self.ignores(name) else None

    def found_by(self, patterns: Iterable[str]) -> set[str]:
        """Return those of ``patterns`` that match a file."""
        return {
            pattern
            for pattern in patterns
            if is_choice(pattern) and any(map(git_pattern(pattern).match, self.all_files))
        }

    def has_module(self, name: str) -> bool:
        """Whether there is a module or package called ``name`` at the root of this folder."""
        return self.is_file(f"{name}.py") or files.is_folder(os.path.join(self.path, name))

    def may_hold_module(self, name: str) -> bool:
        """Whether there is a file or folder called ``name`` anywhere in here: a search path may lead to it."""
        if isinstance(self._listing, RepeatedLinksError):
            return True
        paths = (file.split("/") for file in self.all_files)
        return self.has_module(name) or any(name in path[:-1] or path[-1] == f"{name}.py" for path in paths)

    def chosen(self, patterns: tuple[str, ...] | None) -> Chosen:
        """Return the files that ``patterns`` select, all for None; the same object for the same patterns."""
        if patterns not in self._chosen:
            wanted = self.all_files if patterns is None else filter(matcher(patterns), self.all_files)
            chosen = self._chosen[patterns] = Chosen(wanted, "folder" if patterns is None else "pattern")
            readings = ((name, self.reading(name)) for name in chosen.rules if name.endswith(".py"))
            chosen.imported = {
                name: self._from_elsewhere(reading) for name, reading in readings if isinstance(reading, Reading)
            }
        return self._chosen[patterns]

    def _from_elsewhere(self, reading: Reading) -> set[str]:
        """Return the modules that a file imports and that are not here, wherever it is run from."""
        imports = (statement for statement in reading.imports if statement.level == 0)
        return {
            name
            for statement in imports
            if not self.has_module(statement.module.partition(".")[0])
            for name in modules(statement)
        }

    def files(self, own: Iterable[str], chosen: Chosen | None) -> Files:
        """Return a step's ``own`` files and those ``chosen`` with their digests; the same object for the same files."""
        more = frozenset(own).difference(chosen.rules if chosen else ())
        if (more, chosen) not in self._files:
            shared = self._digests_of(chosen) if chosen else {}
            digests = {**shared, **{name: self.digest(name) for name in more}} if more else shared
            self._files[more, chosen] = Files(self.path, dict(sorted(digests.items())) if more else digests)
        return self._files[more, chosen]

    def _digests_of(self, chosen: Chosen) -> dict[str, str]:
        if chosen not in self._digests_of_chosen:
            self._digests_of_chosen[chosen] = {name: self.digest(name) for name in sorted(chosen.rules)}
        return self._digests_of_chosen[chosen]

    def digest(self, name: str) -> str:
        """Return the digest of a file, and whether it is executable."""
        path = os.path.join(self.path, name)
        return self._digests.file(path) + executable(path)


def modules(statement: Import) -> list[str]:
    """Return the top-level module of an import, and what is imported from it."""
    module, *inner = statement.module.split(".")
    return [module, *(f"{module}.{part}" for part in (inner[:1] or statement.names))]


def executable(path: str) -> str:
    """Return the end of a file's digest: ``+x`` if the file is executable."""
    look = files.look(path)
    return "+x" if look and look.mode & 0o100 else ""
