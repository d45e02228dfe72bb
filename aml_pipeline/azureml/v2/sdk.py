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
# For writes with the raw clients, which look only each 30 s whether they are done; as in azure-ai-ml's own writes
# (``LROConfigurations.POLL_INTERVAL``).
POLLING = {"polling_interval": 5}


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


@contextlib.contextmanager
def with_progress(client: Sdk) -> Iterator[None]:
    """Upload with progress, which ``doing`` hides.

    Without it, a failed upload is waited for forever (``upload_directory`` of azure-ai-ml 1.35).
    """
    config = client._operation_config  # noqa: SLF001 - there is no other way
    before, config._show_progress = config._show_progress, True  # noqa: SLF001
    try:
        yield
    finally:
        config._show_progress = before  # noqa: SLF001


def word(value: Sdk) -> str:
    """Return a status or state as text: in the SDK some are texts, others enumerations."""
    return str(getattr(value, "value", value))


def import_all() -> None:
    """Import what a submission needs, before anything is created. Raises MachineError if the SDK is not installed."""
    with doing("importing azure-ai-ml"):
        import azure.ai.ml
        import azure.identity  # noqa: F401 - it is the import that counts
