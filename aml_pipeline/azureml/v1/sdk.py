"""Calls SDK v1."""

from __future__ import annotations

import contextlib
import datetime as dt
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


def seconds_of(text: str | None) -> float | None:
    """Return a time of Azure ML (``2026-11-24T10:00:00.123Z``, UTC) in seconds since 1970."""
    if not text:
        return None
    plain, _, fraction = text.rstrip("Z").partition(".")
    whole = dt.datetime.fromisoformat(plain).replace(tzinfo=dt.timezone.utc).timestamp()
    return whole + (float(f"0.{fraction}") if fraction.isdecimal() else 0.0)
