"""Calls SDK v1."""

from __future__ import annotations

import contextlib
from typing import Any

from aml_pipeline.azureml.v1.tracking import hide_logins
from aml_pipeline.azureml.workspace import calls
from aml_pipeline.azureml.workspace.installing import V1

# The SDK has no types.
Sdk = Any


def doing(what: str) -> contextlib.AbstractContextManager[None]:
    """Call the SDK to do ``what`` ("submitting the pipeline"). Raises AzureError when that fails."""
    return calls.doing(what, extra=V1)


def import_all() -> None:
    """Import what a submission needs, before anything is created. Raises MachineError if the SDK is not installed."""
    with doing("importing the SDK of Azure ML"):
        import azureml.core
        import azureml.data
        import azureml.pipeline.core
        import azureml.pipeline.steps  # noqa: F401 - it is the import that counts

        hide_logins()  # the caller may pass its own workspace
