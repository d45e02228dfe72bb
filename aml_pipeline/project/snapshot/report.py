"""The full report on a step's snapshot: its files and why, imports that nothing provides, secrets.

Reads the content of files, which no other command has to. Runs nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from aml_pipeline.core import files
from aml_pipeline.core import secrets as secret_files
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.project.check import nearest_globs, script_faults
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.environment.providers import Answer, Providers
from aml_pipeline.project.folder import Project
from aml_pipeline.project.import_check import declared_packages, declaring_files
from aml_pipeline.project.secret_check import secret_cure
from aml_pipeline.project.snapshot import origins
from aml_pipeline.project.snapshot.origins import LeftOut, Needed, Origins
from aml_pipeline.project.snapshot.size import MOST_BYTES, MOST_FILES
from aml_pipeline.project.snapshot.snapshot import Opening, Snapshot


class Unnamed(NamedTuple):
    """An import of a module that the environment's files do not provide."""

    needed: Needed
    answer: Answer


class Secret(NamedTuple):
    """A file, or a line of one, that looks like a secret; and the cure."""

    file: str
    line: int | None
    what: str
    cure: str


@dataclass(frozen=True, slots=True)
class Report:
    """The report on a step's snapshot.

    ``globs`` are patterns that would narrow a snapshot that is the whole folder. ``declared`` are the files in which
    its environment declares packages; without one, or if they have mistakes, ``unnamed`` is None: unknown.
    """

    step: Step
    snapshot: Snapshot
    origins: Origins
    globs: list[str]
    declared: list[str]
    unnamed: list[Unnamed] | None
    secrets: list[Secret]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(member.bytes for member in self.origins.members)

    @property
    def opening(self) -> Opening | None:
        """The line that makes the list of imports incomplete."""
        return self.snapshot.opening

    def as_data(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        opening = self.opening
        return {
            "step": self.step.declared,
            "script": self.snapshot.script,
            "command": redaction.command(self.step) or list(self.step.words),
            "source_directory": self.step.source_directory,
            "files": len(self.origins.members),
            "bytes": self.bytes,
            "most_files": MOST_FILES,
            "most_bytes": MOST_BYTES,
            "whole_folder": self.snapshot.whole,
            "opening": {**opening._asdict(), "narrowed_by": self.globs} if opening else None,
            "in": [_row(member) for member in self.origins.members],
            "out": [_row(left_out) for left_out in self.origins.left_out],
            "environment_files": self.declared,
            "unnamed_imports": None if self.unnamed is None else [_import_row(unnamed) for unnamed in self.unnamed],
            "secrets": [secret._asdict() for secret in self.secrets],
        }


def _row(member: origins.Member | LeftOut) -> dict[str, Any]:
    """Return a file as data; if its rule has a line, ``file`` and ``line`` are its place."""
    row = member._asdict()
    pattern, place = row.pop("pattern"), row.pop("place", None)
    place = place or (pattern.place if pattern else None)
    return {
        **row,
        "pattern": pattern.text if pattern else None,
        "file": place.file if place else None,
        "line": place.line if place else None,
    }


def _import_row(unnamed: Unnamed) -> Mapping[str, Any]:
    return {"module": unnamed.needed.module, **unnamed.needed.place._asdict(), **unnamed.answer._asdict()}


def report(project: Project, step: Step, python: Interpreter) -> Report | None:
    """Return the report on the snapshot of ``step``; None if its problems prevent a snapshot."""
    if any(script_faults(step, project)):
        return None
    snapshot = project.snapshot(step)
    explained = origins.explain(project.source(step), snapshot, step.snapshot)
    return Report(
        step=step,
        snapshot=snapshot,
        origins=explained,
        globs=nearest_globs(snapshot, snapshot.opening.file) if snapshot.opening and snapshot.whole else [],
        declared=declaring_files(step.environment),
        unnamed=_unnamed(project, step, explained, python),
        secrets=_secrets(project, step, explained),
    )


def _unnamed(project: Project, step: Step, explained: Origins, python: Interpreter) -> list[Unnamed] | None:
    packages = declared_packages(project, step.environment)
    if packages is None:
        return None
    providers = Providers(packages, python)
    answers = [Unnamed(needed, providers.of(needed.module)) for needed in explained.needed]
    return [answer for answer in answers if answer.answer.verdict != "named"]


def _secrets(project: Project, step: Step, explained: Origins) -> list[Secret]:
    secrets = []
    for member in explained.members:
        what = secret_files.by_name(member.name)
        lines: list[tuple[int | None, str]] = [(None, what)] if what else []
        if not lines and member.bytes <= secret_files.MOST_BYTES:
            lines += secret_files.in_text(files.read(os.path.join(project.source(step).path, member.name)))
        if lines:
            cure = secret_cure(project, step, member.name)
            secrets += [Secret(member.name, line, words, cure) for line, words in lines]
    return secrets
