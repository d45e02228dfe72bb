"""What docs/explanation/stability.md promises: nothing that a release had is gone, and new things are noted."""

from __future__ import annotations

import pytest

from tests import stability


@pytest.fixture(scope="module")
def current() -> set[str]:
    return stability.current()


def test_nothing_is_gone(current: set[str]) -> None:
    gone = sorted(stability.promised() - current)
    assert not gone, f"docs/explanation/stability.md promises that these stay: {gone}"


def test_what_is_noted_is_worth_it(current: set[str]) -> None:
    kinds = {line.partition(" ")[0] for line in stability.promised()}
    assert kinds == {"command", "exit", "json", "key", "python"}
    for line in (
        "command run --jobs",
        "command runs --format json",
        "exit azure 4",
        "json runs metrics.*.*",
        "json validate code",
        "key schedules.*.cron",
        "key steps.*.outputs.*.mode",
        "python aml_pipeline.azureml.submit",
        "python aml_pipeline.load",
    ):
        assert line in stability.promised() & current
