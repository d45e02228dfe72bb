"""What a test begins with: a service, a home and a guard of its own; what must not have happened fails the test."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.loopback.guard import guarding

if TYPE_CHECKING:
    from .service import ServiceV2

# For `pytestmark` of a module that drives azure-ai-ml: what it warns of, and leaves open, is its own affair.
quiet = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)

CLOUD = "AZUREML_CURRENT_CLOUD"  # the client puts here which cloud it has found


@contextmanager
def serving_v2(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["ServiceV2"]:
    """Run a service for one test, which is skipped where azure-ai-ml is not installed."""
    pytest.importorskip("azure.ai.ml")
    from .service import ServiceV2  # imports cryptography, which azure-ai-ml brings along

    for name in [one for one in os.environ if one.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(CLOUD, "")  # so that it is taken away after the test,
    monkeypatch.delenv(CLOUD)  # and is not there in it
    service = ServiceV2()
    for name, value in service.environ(home).items():
        monkeypatch.setenv(name, value)
    with guarding(service.guard, monkeypatch), service.running():
        yield service
    if complaints := service.complaints():
        raise AssertionError("\n".join(complaints))
