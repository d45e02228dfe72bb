"""Calls an SDK of Azure ML: silences it, and turns what it raises into one kind of error in our words."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Iterator

from aml_pipeline.azureml.workspace.installing import cure
from aml_pipeline.azureml.workspace.refusals import is_of_machine, meaning
from aml_pipeline.azureml.workspace.waiting import reminding
from aml_pipeline.core.errors import AzureError, MachineError, UserError
from aml_pipeline.core.masking import without_secrets


@contextlib.contextmanager
def doing(what: str, extra: str) -> Iterator[None]:
    """Call an SDK to do ``what`` ("submitting the pipeline"). Raises AzureError when that fails.

    ``extra`` installs the SDK (see ``installing``); MachineError names it if the SDK is missing.

    Standard output is suppressed, because the SDK prints to it, also from its own threads. So the block must not call
    anything that prints for us.
    """
    try:
        with reminding(what), _calm(), contextlib.redirect_stdout(io.StringIO()):
            yield
    except UserError:
        raise
    except ImportError as error:
        what = f"The SDK of Azure ML is not installed for {sys.executable} ({without_secrets(str(error))})."
        raise MachineError(f"{what} {cure(extra)}") from error
    except Exception as error:  # the SDK raises bare Exception for what the service refuses
        if is_of_machine(error):
            raise
        raise AzureError(f"{what[:1].upper()}{what[1:]} failed. {meaning(error)}") from error


@contextlib.contextmanager
def _calm() -> Iterator[None]:
    """Keep the SDK's log off the terminal, to which Python writes records without a handler.

    ``logging.info`` and the like also give the root logger a handler for the terminal, unless it has one.
    """
    before, nothing = logging.lastResort, logging.NullHandler()
    logging.lastResort = nothing
    logging.root.addHandler(nothing)
    try:
        yield
    finally:
        logging.root.removeHandler(nothing)
        logging.lastResort = before
