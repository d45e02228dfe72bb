"""A plugin of pytest: run the chosen tests in the order of their list, and write down how each one ended."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

# Variables with the place of the list (null: all tests), and of what is written.
TESTS, LOG = "MUTANT_TESTS", "MUTANT_LOG"


@pytest.hookimpl(trylast=True)  # after those with a mark were left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not chosen."""
    chosen = json.loads(Path(os.environ[TESTS]).read_text("utf-8"))
    if chosen is not None:
        order = {name: place for place, name in enumerate(chosen)}
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in order])
        items[:] = sorted((item for item in items if item.nodeid in order), key=lambda item: order[item.nodeid])


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write a line for each part of a test: its name, its seconds, and whether it failed."""
    with open(os.environ[LOG], "a", encoding="utf-8") as log:
        log.write(json.dumps([report.nodeid, report.duration, report.failed]) + "\n")
