"""An imported project that was found identical: its file says so, and `publish --adopt` keeps the pipeline as it is."""

from __future__ import annotations

import os

from aml_pipeline.azureml.importing.folder import PIPELINE
from aml_pipeline.azureml.v1 import publish
from aml_pipeline.azureml.v1.sdk import Sdk
from aml_pipeline.core import files
from aml_pipeline.pipeline.plan.imported import KEY
from aml_pipeline.project.opening import open_pipeline


def note(folder: str, workspace: Sdk) -> None:
    """Write the digest of what the project in ``folder`` publishes below `x-imported-from` of its file.

    The workspace is only read. Raises PipelineError and AzureError as ``publish.content`` does.
    """
    path = os.path.join(folder, PIPELINE)
    plan, project = open_pipeline(path).require()
    text = files.read(path).decode("utf-8")
    digest = publish.content(plan, workspace, project)
    files.write(path, text.replace(f"\n{KEY}:\n", f'\n{KEY}:\n  digest: "{digest}"\n', 1).encode())
