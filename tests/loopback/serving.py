"""What a test begins with: a service, a home and a guard of its own; what must not have happened fails the test."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import v1

from .guard import guarding
from .service import Service

# For `pytestmark` of a module that drives the SDK: what it warns of, and leaves open, is its own affair.
quiet = pytest.mark.filterwarnings(
    "ignore::PendingDeprecationWarning",
    "ignore::DeprecationWarning",
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)

HOME_OF_THE_SDK = "azureml._base_sdk_common.service_discovery"


@contextmanager
def serving(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Run a service for one test, which is skipped where the SDK's pipelines are not installed."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    v1.module("azureml.pipeline.steps")
    _move_cache(home, monkeypatch)
    service = Service()
    with guarding(service.guard, monkeypatch), service.running():
        yield service
    if complaints := service.complaints():
        raise AssertionError("\n".join(complaints))


def _move_cache(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Move the file that the SDK keeps in the home it was imported in: some other test may have imported it."""
    discovery = sys.modules[HOME_OF_THE_SDK].CachedServiceDiscovery
    monkeypatch.setattr(discovery.__init__, "__defaults__", (str(home / ".azureml" / ".discovery"),))
