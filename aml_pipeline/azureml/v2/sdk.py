"""Calls azure-ai-ml, which also prints to standard error, and warns about its own schemas."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

from aml_pipeline.azureml.workspace import calls
from aml_pipeline.azureml.workspace.installing import V2

# Its type hints do not match its values.
Sdk = Any


@contextlib.contextmanager
def doing(what: str) -> Iterator[None]:
    """Call the SDK to do ``what`` ("submitting the pipeline"). Raises AzureError when that fails.

    Standard error is suppressed like standard output, because uploads draw progress bars there. So a listener
    (``workspace.waiting``) must print to the original stream.
    """
    with calls.doing(what, V2), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def scope(client: Sdk) -> dict[str, str]:
    """Return the arguments that name the workspace in each operation of the clients."""
    return {"resource_group_name": client.resource_group_name, "workspace_name": client.workspace_name}


def word(value: Sdk) -> str:
    """Return a status or state as text: in the SDK some are texts, others enumerations."""
    return str(getattr(value, "value", value))


def import_all() -> None:
    """Import what a submission needs, before anything is created. Raises MachineError if the SDK is not installed."""
    with doing("importing azure-ai-ml"):
        import azure.ai.ml
        import azure.identity  # noqa: F401 - it is the import that counts
