"""The files of steps as facts: those that were downloaded, and those that a project sends, by folder of the project."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping, Sequence

from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.importing.proof import Facts
from aml_pipeline.core import folders
from aml_pipeline.core.digests import Digests
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.folder import Project
from aml_pipeline.project.snapshot.snapshot import contents
from aml_pipeline.project.snapshot.source import SourceFolder

_SHOWN = 12  # characters of a digest


def read(target: str, code: Iterable[str], left_out: Sequence[Loss]) -> Facts:
    """Return the facts of the folders ``code`` below ``target``, as they were downloaded; caches are none."""
    return {
        _key(name): {
            **_digests(os.path.join(target, name)),
            **{loss.why: "in the snapshot" for loss in left_out if loss.where == name},
        }
        for name in code
    }


def _digests(folder: str) -> dict[str, str]:
    source = SourceFolder(folder, Digests())
    found = folders.walk(folder, lambda name, entry: source.skipped(name, entry) == "cache")
    return {name: _short(source.digest(name).removesuffix("+x")) for name, _ in found if not name.endswith("/")}


def made(plan: Plan, project: Project) -> Facts:
    """Return the facts of what the steps of a plan send: the files of a folder, if all its steps send the same."""
    sent: dict[str, list[Mapping[str, str]]] = {}
    for step in plan.steps:
        sent.setdefault(_key(step.source_directory), []).append(contents(project.snapshot(step)))
    return {key: _common(each) for key, each in sent.items()}


def _common(each: Sequence[Mapping[str, str]]) -> dict[str, str]:
    names = dict.fromkeys(name for digests in each for name in digests)
    found = {name: {digests.get(name) for digests in each} for name in names}
    return {
        name: _short(str(next(iter(digests)))) if len(digests) == 1 else "sent by some of its steps"
        for name, digests in found.items()
    }


def _key(folder: str) -> str:
    return f"code in {posixpath.normpath(folder)}"


def _short(digest: str) -> str:
    return digest[:_SHOWN]
