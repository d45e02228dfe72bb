"""Two publishers at once by SDK v2: whatever the moment at which the second one comes, what is left fits together."""

from __future__ import annotations

import itertools
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline import azureml, load
from aml_pipeline.azureml.publication import Change
from aml_pipeline.azureml.workspace import waiting
from tests.azureml.meeting import Gate
from tests.azureml.trials import EVERYTHING
from tests.loopback.command_line import sleep_short
from tests.loopback.wire import Request
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2
from tests.loopback_v2.serving import quiet

pytestmark = quiet

LOOKS = ("/schedules", "/batchEndpoints", "/components/lesson/versions")


def matters(request: Request) -> bool:
    """Whether a request is one after which the workspace, or what is known of it, may be another."""
    return request.route in LOOKS if request.method == "GET" else request.write and "/blob/" not in request.route


@dataclass
class Pair:
    """Two clones of one project at one workspace; the second publishes in a process of its own."""

    first: LessonV2
    second: LessonV2
    client: Any
    told: list[str] = field(default_factory=list)

    def publish(self, lesson: LessonV2) -> list[Change]:
        """Publish a clone within this process, from nothing but files."""
        with waiting.heard_by(self.told.append):
            return azureml.publish(load(str(lesson.root / "pipeline.yaml")), self.client)

    def meet(self, place: int, matters: Callable[[Request], bool] = matters) -> int:
        """Have the first publish; before its request number ``place`` of those that matter, the second publishes.

        Returns how many requests of the first there were.
        """
        gate = Gate(place, None, self.publish_second, matters)
        with self.first.service.meeting(gate):
            self.publish(self.first)
            gate.finish()
        return gate.counts[0]

    def publish_second(self) -> None:
        """Publish the second clone."""
        done = self.second.azure("publish", "--sdk", "v2")
        assert done.status == 0, done.err


@contextmanager
def a_pair(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr(time, "sleep", sleep_short)
    with a_lesson_v2(folder, monkeypatch) as lesson:
        lesson.replace("pipeline.yaml", "steps:\n", EVERYTHING)
        lesson.write({".aml-pipeline-origin": "id-0123456789abcdef\n"})
        shutil.copytree(lesson.root, folder / "clone")
        clone = LessonV2(folder / "clone", lesson.service, monkeypatch)
        yield Pair(lesson, clone, azureml.connect(str(lesson.root), sdk="v2"))


def from_nothing(_: Pair) -> None:
    """Nothing is published."""


def over_an_older_one(pair: Pair) -> None:
    """All is published; both have new code and a new time."""
    pair.publish(pair.first)
    for lesson in (pair.first, pair.second):
        lesson.replace("steps/train.py", "'train'", "'trained'")
        lesson.replace("pipeline.yaml", "0 2 * * *", "0 3 * * *")


def with_other_contents(pair: Pair) -> None:
    """Each wants something else."""
    pair.second.replace("steps/train.py", "'train'", "'trained'")
    pair.second.replace("pipeline.yaml", "  weekly: {cron: 0 5 * * 0}\n", "")


SITUATIONS = [from_nothing, over_an_older_one, with_other_contents]


def require_agreement(pair: Pair, prepare: Callable[[Pair], None]) -> None:
    """Nothing is left to do, unless the two want something else; then the next publish of either does it."""
    service = pair.first.service
    for number, lesson in enumerate((pair.first, pair.second)):
        if prepare is with_other_contents:
            pair.publish(lesson)
        service.forget()
        assert {change.action for change in pair.publish(lesson)} == {"unchanged"}, number
        assert service.writes() == []


@pytest.mark.more
@pytest.mark.parametrize("prepare", SITUATIONS)
def test_a_second_one_that_comes_between_any_two_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[Pair], None]
) -> None:
    for place in itertools.count(1):
        with a_pair(tmp_path / str(place), monkeypatch) as pair:
            prepare(pair)
            seen = pair.meet(place)
            require_agreement(pair, prepare)
        if seen < place:
            break
    assert place > 4, "it was never held up where it matters"


@pytest.mark.parametrize("route", ["/startPendingUpload$", "^/schedules/"])
def test_a_second_one_that_comes_right_before_a_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    with a_pair(tmp_path, monkeypatch) as pair:
        pair.meet(1, lambda request: request.write and re.search(route, request.route) is not None)
        require_agreement(pair, from_nothing)
        if "Upload" in route:  # its code got another id, so its component is refused
            assert "Another publish changed pipeline lesson at the same time." in pair.told
