"""Two runs → differences in what each step depends on, which explain all other differences. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aml_pipeline.core.plain import mapping
from aml_pipeline.report.story import ShownRun, ShownStep
from aml_pipeline.runs import differences

NOT_RECORDED = "code not recorded"


class FileChange(NamedTuple):
    """A file that differs between two runs, and the steps that use it; a digest is None if the file is missing."""

    path: str
    before: str | None
    now: str | None
    steps: tuple[str, ...]

    @property
    def words(self) -> str:
        """How the file changed."""
        return f"{self.path} {'is new' if self.before is None else 'was removed' if self.now is None else 'changed'}"


class Cause(NamedTuple):
    """Descriptions of differences, and the steps that have all of them."""

    steps: tuple[str, ...]
    words: tuple[str, ...]


def causes(first: ShownRun, second: ShownRun, called: tuple[str, str] = ("A", "B")) -> list[Cause]:
    """Return the differences in the step order of the second run, without steps that do not differ.

    The words name the runs as they are ``called``.
    """
    old, new = first.by_name, second.by_name
    steps_of: dict[str, list[str]] = {}
    for name in dict.fromkeys([*new, *old]):
        for words in _words(first, second, old.get(name), new.get(name), called):
            steps_of.setdefault(words, []).append(name)
    words_of: dict[tuple[str, ...], list[str]] = {}
    for words, steps in steps_of.items():
        words_of.setdefault(tuple(steps), []).append(words)
    return [Cause(steps, tuple(words)) for steps, words in words_of.items()]


def _words(
    first: ShownRun, second: ShownRun, before: ShownStep | None, now: ShownStep | None, called: tuple[str, str]
) -> Iterator[str]:
    if before is None or now is None:
        yield "the step is new" if before is None else "the step was removed"
        return
    idle = [run for run, step in zip(called, (before, now), strict=True) if step.state == "not run"]
    old, new = first.parts.get(before.name), second.parts.get(now.name)
    if idle:
        yield from () if len(idle) == 2 else (f"did not run in {idle[0]}",)  # noqa: PLR2004 - neither
    elif old is None or new is None:
        missing = [run for run, parts in zip(called, (old, new), strict=True) if parts is None]
        yield f"{NOT_RECORDED} in {' and '.join(missing)}"
    else:
        yield from (change.words for change in _files(before, now, old, new))
        titles = {**first.titles, **second.titles}
        parts = (differences.titled(_comparable(*pair), titles) for pair in ((old, new), (new, old)))
        yield from differences.changes(*parts)


def _comparable(parts: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts that both have, except files: a run in Azure ML has fewer parts, and no attempts."""
    left_out = {"snapshot"} if "inputs" in parts and "inputs" in other else {"snapshot", "after"}
    return {name: value for name, value in parts.items() if name in other and name not in left_out}


def changed_files(first: ShownRun, second: ShownRun) -> list[FileChange]:
    """Return each file that differs between the snapshots of two runs once."""
    earlier = first.by_name
    steps_of: dict[tuple[str, str | None, str | None], list[str]] = {}
    for step in second.steps:
        old, new = first.parts.get(step.name), second.parts.get(step.name)
        if step.name in earlier and old is not None and new is not None:
            for change in _files(earlier[step.name], step, old, new):
                steps_of.setdefault(change[:3], []).append(step.name)
    return [FileChange(*change, tuple(steps)) for change, steps in steps_of.items()]


def _files(before: ShownStep, now: ShownStep, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[FileChange]:
    """Yield the files that differ between two snapshots of a step, relative to the project folder."""
    then, here = snapshot_of(before.declared, old), snapshot_of(now.declared, new)
    for path in sorted({*then, *here}):
        if then.get(path) != here.get(path):
            yield FileChange(path, then.get(path), here.get(path), (now.name,))


def snapshot_of(declared: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of the files of a step, by their paths in the project folder."""
    source = str(declared.get("source_directory") or ".")
    snapshot = mapping(parts.get("snapshot"))
    return {posixpath.normpath(posixpath.join(source, str(name))): str(digest) for name, digest in snapshot.items()}


def environments(first: ShownRun, second: ShownRun) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Return the environments whose recorded definitions differ: name, then and now."""
    rows = []
    for step in second.steps:
        old = mapping(mapping(first.parts.get(step.name)).get("environment"))
        new = mapping(mapping(second.parts.get(step.name)).get("environment"))
        row = (environment_name(step.declared), old, new)
        if old and new and old != new and row not in rows:
            rows.append(row)
    return rows


def environment_name(declared: Mapping[str, Any]) -> str:
    """Return the name of a step's environment, with its file."""
    about = mapping(declared.get("environment"))
    file = about.get("conda_file") or about.get("pip_requirements")
    return " ".join(str(word) for word in ("environment", about.get("name"), f"({file})" if file else None) if word)
