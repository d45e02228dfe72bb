"""The files that a step needs, and why; and their copy. Independent of running.

The script's own imports are followed in the source folder. If the syntax tree cannot prove that list complete (the
script locates files relative to itself, imports computed names, reads package data), the whole source folder is taken,
unless ``snapshot:`` patterns say what to add.
"""

from __future__ import annotations

import os
import posixpath
from collections import ChainMap, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aml_pipeline.core import files
from aml_pipeline.project.snapshot.imports import Import, Reading
from aml_pipeline.project.snapshot.program import Program
from aml_pipeline.project.snapshot.shared_files import Chosen, Files, Rule
from aml_pipeline.project.snapshot.source import SourceFolder, SyntaxFault, executable, modules

# The ``.amlignore`` of a copy for Azure ML: its SDKs exclude what the ignore file at the root says, but all files have
# been selected already. Its bytes count in v1's fingerprint of a step, so they never change.
KEEP_ALL = b"# What a step needs was chosen before; nothing is left out here.\n"


class Place(NamedTuple):
    """A line of a file; the file is relative to the source folder."""

    file: str
    line: int


class Opening(NamedTuple):
    """The line that makes a step's imports unknown: file relative to the source folder, line, reason."""

    file: str
    line: int
    reason: str


@dataclass(slots=True)
class Snapshot:
    """The files of a step, relative to ``folder``.

    ``script`` is the Python file that the step starts, None if it may start any. ``own`` are the script, what it
    imports and what it names, each with its rule; ``chosen`` the additions of patterns or of the whole folder.
    ``places`` are the lines by which own files were found. ``external`` are the top-level
    modules that the files import from elsewhere, ``parts`` what they import of them (``azureml.core``), ``elsewhere``
    these imports of the script and the files it imports, by file. ``ignored`` are imported files that the ignore file
    excludes.
    """

    folder: str
    script: str | None
    own: dict[str, Rule] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    chosen: Chosen | None = None
    files: Files = field(default_factory=lambda: Files("", {}))
    external: set[str] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)
    elsewhere: list[tuple[str, Import]] = field(default_factory=list)
    opening: Opening | None = None
    whole: bool = False
    ignored: list[str] = field(default_factory=list)
    faults: list[SyntaxFault] = field(default_factory=list)

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rule that included each file."""
        return ChainMap(self.own, self.chosen.rules) if self.chosen else self.own

    @property
    def digests(self) -> dict[str, str]:
        """The digest of each file, by name."""
        return self.files.digests

    def has(self, name: str) -> bool:
        """Whether a file, or a folder with anything in it, is part of the snapshot."""
        return name in self.digests or any(file.startswith(f"{name}/") for file in self.digests)


def take(source: SourceFolder, program: Program, patterns: tuple[str, ...] | None = None) -> Snapshot:
    """Return the snapshot of ``program``; ``patterns`` are the globs of ``snapshot:`` (None: not given)."""
    snapshot = Snapshot(source.path, program.script)
    _follow(source, program, snapshot)
    snapshot.whole = patterns is None and bool(program.open or snapshot.opening)
    if snapshot.whole and program.open:
        snapshot.opening = None  # it is whole in any case
    if patterns is not None or snapshot.whole:
        snapshot.chosen = source.chosen(patterns)
        imported = snapshot.chosen.modules(snapshot.own)  # any of these files may be imported
        snapshot.external |= {name for name in imported if "." not in name}
        snapshot.parts |= {name for name in imported if "." in name}
    snapshot.files = source.files(snapshot.own, snapshot.chosen)
    return snapshot


class _Find(NamedTuple):
    """A needed file, and the line that needs it; none for the script."""

    name: str
    rule: Rule
    place: Place | None = None


def _follow(source: SourceFolder, program: Program, snapshot: Snapshot) -> None:
    """Add the script and, file by file, what it imports; then what those files name, and what those need."""
    started = [*([program.script] if program.script else []), *program.more]
    imported = deque(_Find(name, "script") for name in started)
    named = deque(_Find(name, "named") for name in program.named)
    certain = True  # whether the file runs whenever the script does
    while imported or named:
        certain = certain and bool(imported)
        name, rule, place = (imported or named).popleft()
        if name in snapshot.own or name in snapshot.ignored:
            continue
        if source.ignores(name):
            snapshot.ignored.append(name)
            continue
        snapshot.own[name] = rule
        if place:
            snapshot.places[name] = place
        if name.endswith(".py") or name == program.script:
            reading = source.reading(name)
            if isinstance(reading, SyntaxFault):
                snapshot.faults.append(reading)
                continue
            imported.extend(_imported(source, program, snapshot, name, reading, certain=certain))
            named.extend(_named(source, name, reading))


def _imported(  # noqa: PLR0913 - where it is, and what is known of it
    source: SourceFolder, program: Program, snapshot: Snapshot, name: str, reading: Reading, *, certain: bool
) -> Iterator[_Find]:
    """Yield the files that a file imports, and record what it imports from elsewhere."""
    if reading.openings and snapshot.opening is None:
        snapshot.opening = Opening(name, *reading.openings[0])
    for statement in reading.imports:
        local = list(imported_files(source, program.folders, name, statement))
        yield from (_Find(file, "import", Place(name, statement.line)) for file in local)
        if "*" in statement.names and snapshot.opening is None and any(file.endswith("__init__.py") for file in local):
            snapshot.opening = Opening(
                name, statement.line, "imports * from a package, which may list modules in __all__"
            )
        if not local and statement.level == 0:
            module, *parts = modules(statement)
            snapshot.external.add(module)
            snapshot.parts.update(parts)
            if certain:
                snapshot.elsewhere.append((name, statement))


def _named(source: SourceFolder, name: str, reading: Reading) -> Iterator[_Find]:
    """Yield the files that the strings of a file name."""
    for text, line in sorted(reading.texts.items(), key=lambda row: row[1]):
        file = posixpath.normpath(text)
        if not file.startswith(("..", "/")) and source.may_name(file):
            yield _Find(file, "named", Place(name, line))


def imported_files(source: SourceFolder, roots: Sequence[str], file: str, statement: Import) -> Iterator[str]:
    """Yield the files that an import in ``file`` reads from the source folder; none if the module is elsewhere.

    ``roots`` are the folders in which absolute imports are searched.
    """
    folders = [_package(file, statement.level)] if statement.level else roots
    parts = statement.module.split(".") if statement.module else []
    for dotted in (parts, *([*parts, name] for name in statement.names)):
        yield from next(filter(None, (_module_files(source, folder, dotted) for folder in folders)), [])


def _package(file: str, level: int) -> str:
    """Return the folder from which a relative import with ``level`` dots begins."""
    for _ in range(level):
        file = posixpath.dirname(file)
    return file


def _module_files(source: SourceFolder, folder: str, parts: list[str]) -> list[str]:
    """Return the files of the module and of the packages around it; empty unless its first part is in ``folder``.

    A folder without ``__init__.py`` counts only if it leads to a file, since an installed package would come first.
    """
    paths: list[str] = []
    place = folder
    for index, part in enumerate(parts):
        place = posixpath.join(place, part)
        package, module = posixpath.join(place, "__init__.py"), f"{place}.py"
        if source.is_file(package):
            paths.append(package)
        elif source.is_file(module):
            return [*paths, module]
        elif index + 1 == len(parts) or not files.is_folder(os.path.join(source.path, place)):
            break
    if not parts and source.is_file(posixpath.join(folder, "__init__.py")):
        paths.append(posixpath.join(folder, "__init__.py"))
    return paths


def contents(snapshot: Snapshot) -> dict[str, str]:
    """Return the digests of a snapshot's files as Azure ML has them: without the executable bit."""
    return {name: digest.removesuffix("+x") for name, digest in snapshot.digests.items()}


def write(snapshot: Snapshot, folder: str) -> list[str]:
    """Copy the files of ``snapshot`` to the new ``folder``; return those whose bytes no longer match the digest."""
    changed = []
    made: set[str] = set()
    for name, digest in snapshot.digests.items():
        target = os.path.join(folder, name)
        parent = os.path.dirname(target)
        if parent not in made:
            os.makedirs(parent, exist_ok=True)
            made.add(parent)
        if _copy(os.path.join(snapshot.folder, name), target) != digest:
            changed.append(name)
    return changed


def _copy(source: str, target: str) -> str:
    """Copy the bytes and the executable bit, never a link; return the digest of what was written."""
    digest = files.copy(source, target)
    right = executable(source)
    if right:
        os.chmod(target, 0o755)  # noqa: S103 - a script that its owner may run
    return digest + right
