"""The YAML of a pipeline job of Azure ML v2 → a project that exports the same job, or says how not."""

from __future__ import annotations

import os
from functools import partial

from aml_pipeline.azureml.importing import folder as folders
from aml_pipeline.azureml.importing import proving
from aml_pipeline.azureml.importing.copying import copied
from aml_pipeline.azureml.importing.draft import Draft
from aml_pipeline.azureml.importing.folder import Imported
from aml_pipeline.azureml.v2 import sdk
from aml_pipeline.azureml.v2.imported import drafting, facts
from aml_pipeline.core.errors import MachineError


def import_job(file: str, folder: str | None = None, *, force: bool = False, check: bool = False) -> Imported:
    """Write the pipeline job of ``file`` as a project into ``folder`` (default: the pipeline's name), and compare.

    The project is validated, exported in memory and compared with the original by azure-ai-ml; without that, nothing
    is compared, which ``check`` does not accept. Other files in ``folder`` stay with ``force``, and without it raise
    UsageError; with ``check``, nothing is written, only compared. Raises UsageError for a file that cannot
    be read, and MachineError when the disk is full.
    """
    file = os.path.abspath(file)
    place = folder or str(drafting.draft(file).document["name"])
    draft = drafting.draft(file, place)
    prove = partial(_differences, file, draft)
    if check:
        sdk.import_all()
        return folders.checked(draft, place, prove)
    return folders.write(draft, place, copied, prove, force=force)


def _differences(file: str, draft: Draft, place: str) -> list[str] | None:
    try:
        sdk.import_all()
    except MachineError:
        return None
    return proving.compared(place, "v2", lambda: facts.facts_of(file, draft), facts.facts_made)
