"""Snapshots that exceed the limits of Azure ML, and what to exclude from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from aml_pipeline.core.problems import Problem, Severity
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project.folder import Project
from aml_pipeline.project.snapshot.snapshot import Snapshot

# The SDK only finds out while it uploads (azureml-core, _restclient.constants: SNAPSHOT_MAX_SIZE_BYTES and
# SNAPSHOT_MAX_FILES). It also counts the ignore file that is added to the files.
MOST_BYTES = 300 * 1024 * 1024 - 1024
MOST_FILES = 2000 - 1
_SHOWN = 3


def warnings(plan: Plan, project: Project) -> list[Problem]:
    """Return a warning for each step whose files exceed the limits of Azure ML."""
    return [problem for step in plan.steps for problem in too_large(step, project.snapshot(step), "warning")]


class _Size(NamedTuple):
    bytes: int
    name: str


def too_large(step: Step, snapshot: Snapshot, severity: Severity) -> Iterator[Problem]:
    """Yield the problem of the size of a snapshot, if there is one."""
    total = snapshot.files.bytes
    if total <= MOST_BYTES and len(snapshot.digests) <= MOST_FILES:
        return
    sizes = sorted((_Size(size, name) for name, size in snapshot.files.sizes.items()), reverse=True)
    what = f"{total / 1024**2:.0f} MB in {counted(len(sizes), 'file')}"
    limit = f"{MOST_BYTES / 1024**2:.0f} MB and {MOST_FILES} files"
    largest = ", ".join(f"{size.name} ({size.bytes / 1024**2:.1f} MB)" for size in sizes[:_SHOWN])
    message = f'the snapshot of step "{step.declared}" has {what}, but the limit of Azure ML is {limit}.'
    cure = f"Exclude what the step does not need: add `{_pattern(sizes)}` to {step.source_directory}/.amlignore."
    yield Problem("large-snapshot", f"{message} The largest: {largest}.", cure, step.place, severity=severity)


def _pattern(sizes: list[_Size]) -> str:
    """Return the line for an ignore file that excludes the most: the largest folder, else the largest file."""
    folders: dict[str, list[int]] = {}
    for size in sizes:
        top, slash, _ = size.name.partition("/")
        if slash:
            total = folders.setdefault(top, [0, 0])
            total[0] += size.bytes
            total[1] += 1
    heaviest = max(folders, key=lambda name: (folders[name][0], folders[name][1]), default=None)
    if heaviest is None or (folders[heaviest][0] < sizes[0].bytes and folders[heaviest][1] < MOST_FILES // 2):
        return sizes[0].name
    return f"{heaviest}/"
