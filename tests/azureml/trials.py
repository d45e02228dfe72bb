"""A publish by SDK v2 that is tried again and again from the same state of a workspace."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline import azureml
from tests.azureml.test_publish_v2 import Published
from tests.loopback.command_line import sleep_short
from tests.loopback.wire import Request
from tests.loopback_v2.lesson import a_lesson_v2

EVERYTHING = """
publish: {endpoint: lesson-api}
schedules:
  nightly: {cron: 0 2 * * *, parameters: {epochs: 7}}
  weekly: {cron: 0 5 * * 0}
steps:
"""


@contextmanager
def publishing_everything(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    """Give a project that publishes all that there is; azure-ai-ml does not pause for long."""
    monkeypatch.setattr(time, "sleep", sleep_short)
    with a_lesson_v2(folder, monkeypatch) as plain:
        lesson = Published(plain.root, plain.service, monkeypatch)
        lesson.change("steps:\n", EVERYTHING)
        lesson.change("compute: cpu-cluster", "compute: {name: new, vm_size: STANDARD_D2_V2}")
        lesson.monkeypatch = monkeypatch
        lesson.client = azureml.connect(str(lesson.root), sdk="v2")
        yield lesson


def kind_of(request: Request) -> str:
    """Return a request without the ids in its route, which differ from one publish to the next."""
    route = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|\bv[0-9a-f]{12}\b|[0-9a-f]{16}", "*", request.route)
    return f"{request.method} {route}"


@dataclass
class Trial:
    """A project whose publish is tried again and again from the same state of the workspace."""

    lesson: Published
    before: dict[str, Any]
    wanted: dict[str, Any]
    asked: list[Request]

    def reset(self) -> None:
        """Put the workspace back."""
        self.lesson.service.faults.ordered.clear()
        vars(self.lesson.service.state).update(deepcopy(self.before))

    def converges(self) -> None:
        """Publish, which does the rest; then again, which writes nothing."""
        self.lesson.service.faults.ordered.clear()
        self.lesson.publish()
        assert what_counts(self.lesson) == self.wanted
        assert {change.action for change in self.lesson.publish()} == {"unchanged"}
        assert self.lesson.service.writes() == []


def stored(lesson: Published) -> dict[str, Any]:
    """Return a copy of what the workspace has."""
    return deepcopy({name: kept for name, kept in vars(lesson.service.state).items() if name != "ids"})


def what_counts(lesson: Published) -> dict[str, Any]:
    """Return what publishing is about; the steps' own components get another id each time that their code is sent."""
    state = lesson.service.state
    bodies = {known: json.dumps(body) for known, body in state.components.items() if known[0] != "azureml_anonymous"}
    components = {
        known: re.sub(r"(azureml_anonymous/versions/)[0-9a-f-]+", r"\1*", body) for known, body in bodies.items()
    }
    return deepcopy({
        "components": components, "schedules": state.schedules, "endpoints": state.endpoints,
        "deployments": state.deployments, "environments": state.environments, "computes": state.computes,
    })  # fmt: skip


def a_trial(lesson: Published) -> Trial:
    """Publish undisturbed, note what comes of it, and put the workspace back."""
    before = stored(lesson)
    lesson.publish()
    vars(lesson.service.state).update(deepcopy(before))
    lesson.publish()  # this client knows by now what it asks once
    trial = Trial(lesson, before, what_counts(lesson), lesson.service.requests)
    trial.reset()
    return trial


def from_nothing(_: Published) -> None:
    """Nothing is published."""


def over_older_ones(lesson: Published) -> None:
    """Six versions are published, of which the oldest deployment goes; one schedule goes, and one is changed."""
    for number in range(5):
        lesson.publish()
        lesson.change("train", f"{number} train", "steps/train.py")
    lesson.service.pause("lesson_nightly")
    lesson.change("0 2 * * *", "0 3 * * *")
    lesson.change("  weekly: {cron: 0 5 * * 0}\n", "")
