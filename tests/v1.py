"""SDK v1 of Azure ML, where it installs: what needs it is skipped elsewhere, and the end of the tests says so once."""

from __future__ import annotations

import platform
from importlib.util import find_spec
from types import ModuleType

import pytest

REASON = "SDK v1 of Azure ML is not installed"
needs_v1 = pytest.mark.skipif(find_spec("azureml") is None, reason=REASON)


def module(name: str) -> ModuleType:
    """Return a module of the SDK; skip the test where it is not installed."""
    imported: ModuleType = pytest.importorskip(name, reason=REASON)
    return imported


def summary(skipped: int) -> str:
    """Return the line about tests that were skipped for want of SDK v1."""
    here = f"this is Python {platform.python_version()} on {platform.machine()}"
    return f"{skipped} tests skipped: {REASON}. It needs Python 3.10 or 3.11, not on Apple silicon; {here}."
