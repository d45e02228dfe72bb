"""A published pipeline, an endpoint or a run of SDK v1 → a project that compiles to the same graph, or says how not."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.importing import folder as folders
from aml_pipeline.azureml.importing import proving
from aml_pipeline.azureml.importing.draft import Draft, Loss
from aml_pipeline.azureml.importing.folder import Imported
from aml_pipeline.azureml.v1.imported import code, drafting, facts, identical, reading, snapshots
from aml_pipeline.azureml.v1.imported.found import Found
from aml_pipeline.azureml.v1.sdk import Sdk
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.plain import mapping
from aml_pipeline.pipeline.plan.imported import KEY

_LIST = "`aml-pipeline import v1 --list` shows what there is."


def import_pipeline(  # noqa: PLR0913 - what to import, and how
    workspace: Sdk,
    folder: str | None = None,
    *,
    endpoint: str | None = None,
    pipeline: str | None = None,
    run: str | None = None,
    force: bool = False,
    check: bool = False,
) -> Imported:
    """Write one pipeline of the workspace as a project into ``folder`` (default: the pipeline's name), and compare.

    Name one of ``endpoint`` (its default version), ``pipeline`` (the id of a published pipeline) and ``run`` (an id).
    The project is validated, compiled in memory and compared with what was read. Nothing is written in the workspace.
    Other files in ``folder`` stay with ``force``, and without it raise UsageError; with ``check``, nothing is written,
    only compared. Raises UsageError for something that does not exist, AzureError when Azure ML refuses, and
    MachineError when the disk is full.
    """
    sdks.require_v1(workspace)
    if sum(name is not None for name in (endpoint, pipeline, run)) != 1:
        raise UsageError(f"Name one of an endpoint, a published pipeline and a run. {_LIST}")
    found = reading.read(workspace, endpoint=endpoint, pipeline=pipeline, run=run)
    draft = drafting.draft(found)
    place, comparison = folder or str(draft.document["name"]), _Comparison(workspace, found, draft)
    if not check:
        return folders.write(draft, place, comparison.fetch, comparison.noted, force=force)
    folders.require_project(place)
    with tempfile.TemporaryDirectory() as target:
        comparison.fetch(draft.code, target)
    return folders.checked(draft, place, comparison.differences)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """What was read, to compare projects with; ``code`` has the facts of its code once that was fetched."""

    workspace: Sdk
    found: Found
    draft: Draft
    code: dict[str, Any] = field(default_factory=dict)

    def fetch(self, folders_of_code: Mapping[str, str], target: str) -> list[Loss]:
        """Download the code of the steps below ``target``; return what is lost of it."""
        lost = snapshots.fetch(self.workspace, folders_of_code, target)
        self.code.update(code.read(target, folders_of_code, lost))
        return lost

    def differences(self, project: str) -> list[str]:
        """Return how the project in a folder differs from what was read."""
        return proving.compared(
            project,
            "v1",
            lambda: {**facts.facts_of(self.found, self.draft), **self.code},
            lambda plan, known: {**facts.facts_made(plan, self.workspace, known), **code.made(plan, known)},
        )

    def noted(self, project: str) -> list[str]:
        """Return the differences; without any, note in the project that it is identical to a published pipeline."""
        differences = self.differences(project)
        origin = mapping(self.draft.document.get(KEY))
        if origin.get("id") and origin.get("pipeline") and not differences:
            identical.note(project, self.workspace)
        return differences
