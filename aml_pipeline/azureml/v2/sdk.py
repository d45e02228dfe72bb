"""How azure-ai-ml is called: it prints to standard error too, and warns of schemas of its own."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

from aml_pipeline.azureml.workspace import calls
from aml_pipeline.azureml.workspace.installing import V2

# Its types are not those that its values have.
Sdk = Any


@contextlib.contextmanager
def doing(what: str) -> Iterator[None]:
    """Call the SDK to do ``what`` ("submitting the pipeline"). Raises AzureError when that fails.

    Standard error is swallowed with standard output: uploads draw bars there. So who listens (``workspace.waiting``)
    has to print to the stream that stood there before.
    """
    with calls.doing(what, V2), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def word(value: Sdk) -> str:
    """Return a status or state as Azure ML calls it: the SDK has some as texts, others as enumerations."""
    return str(getattr(value, "value", value))


def import_all() -> None:
    """Import what a submission needs, before anything is made. Raises MachineError when it is not there."""
    with doing("importing azure-ai-ml"):
        import azure.ai.ml
        import azure.identity  # noqa: F401 - it is the import that counts
