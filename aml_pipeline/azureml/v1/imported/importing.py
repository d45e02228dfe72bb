"""A published pipeline, an endpoint or a run of SDK v1 → a project that compiles to the same graph, or says how not."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import partial
from typing import Any

from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.importing import folder as folders
from aml_pipeline.azureml.importing import proving
from aml_pipeline.azureml.importing.draft import Draft, Loss
from aml_pipeline.azureml.importing.folder import Imported
from aml_pipeline.azureml.importing.proof import Facts
from aml_pipeline.azureml.v1.imported import code, drafting, facts, identical, reading, snapshots
from aml_pipeline.azureml.v1.imported.found import Found
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.plain import mapping
from aml_pipeline.pipeline.plan.imported import KEY

_LIST = "`aml-pipeline import v1 --list` shows what there is."


def import_pipeline(  # noqa: PLR0913 - what to import, and how
    workspace: Any,  # noqa: ANN401 - the SDK's
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
    Other files in ``folder`` stay with ``force``, and without it raise UsageError; with ``check``, the project that is
    there is only compared. Raises UsageError for something that does not exist, AzureError when Azure ML refuses, and
    MachineError when the disk is full.
    """
    sdks.require_v1(workspace)
    if sum(name is not None for name in (endpoint, pipeline, run)) != 1:
        raise UsageError(f"Name one of an endpoint, a published pipeline and a run. {_LIST}")
    found = reading.read(workspace, endpoint=endpoint, pipeline=pipeline, run=run)
    draft = drafting.draft(found)
    place = folder or str(draft.document["name"])
    files: dict[str, Any] = {}
    prove = partial(_differences, workspace, found, draft, files)

    def fetch(known: Mapping[str, str], target: str) -> list[Loss]:
        lost = snapshots.fetch(workspace, known, target)
        files.update(code.read(target, known, lost))
        return lost

    if check:
        folders.require_project(place)
        with tempfile.TemporaryDirectory() as target:
            fetch(draft.code, target)
        return folders.checked(draft, place, prove)

    def proven(made: str) -> list[str]:
        differences = prove(made)
        origin = mapping(draft.document.get(KEY))
        if origin.get("id") and origin.get("pipeline") and not differences:
            identical.note(made, workspace)
        return differences

    return folders.write(draft, place, fetch, proven, force=force)


def _differences(workspace: Any, found: Found, draft: Draft, files: Facts, place: str) -> list[str]:  # noqa: ANN401
    return proving.compared(
        place,
        "v1",
        lambda: {**facts.facts_of(found, draft), **files},
        lambda plan, project: {**facts.facts_made(plan, workspace, project), **code.made(plan, project)},
    )
