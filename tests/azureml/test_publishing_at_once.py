"""Two publishers at once: whatever the moment at which the second one comes, one of each thing is left.

Both are real: ``azureml.publish`` with the real SDK against the loopback service, each from a clone of its own.
"""

from __future__ import annotations

import itertools
import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline import azureml, load
from aml_pipeline.azureml.publication import as_text
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.core.errors import AzureError
from tests.azureml.meeting import Gate
from tests.azureml.test_publish import scheduled
from tests.loopback.lesson import Lesson, a_lesson
from tests.loopback.serving import quiet
from tests.loopback.wire import Request

pytestmark = quiet

ACTIVE = {"0", "Active"}


def publish(lesson: Lesson) -> list[str]:
    """Publish as another process would, from nothing but files; return what is told."""
    from tests.loopback.client import connect

    said: list[str] = []
    with waiting.heard_by(said.append):
        changes = azureml.publish(load(lesson.root / "pipeline.yaml"), connect(lesson.service, lesson.root))
    return [*said, *as_text(changes).splitlines()]


def matters(request: Request) -> bool:
    """Whether a request is one after which the workspace, or what is known of it, may be another."""
    looks = request.method == "GET" and request.route.endswith("/v1.0/Pipelines")
    kinds = re.search(r"/v1\.0/(Pipelines|PipelineEndpoints|Schedules)/", request.route)
    return looks or (request.write and kinds is not None)


@dataclass
class Pair:
    """Two clones of one project at one workspace."""

    first: Lesson
    second: Lesson
    told: tuple[list[str], list[str]]

    def meet(self, place: int, until: int | None = None) -> list[int]:
        """Have the first publish; before its request number ``place`` of those that matter, the second publishes.

        With ``until`` the second is held up before its own request of that number until the first is done. Returns
        how many requests of each there were.
        """
        gate = Gate(place, until, lambda: self.told[1].extend(publish(self.second)), matters)
        with self.first.service.meeting(gate):
            self.told[0].extend(publish(self.first))
            gate.finish()
        return gate.counts


@contextmanager
def a_pair(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    # Two threads that keep the SDK quiet put back what the other one has put there.
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(logging, "lastResort", logging.lastResort)
    with a_lesson(folder, monkeypatch) as lesson:
        scheduled(lesson)
        yield Pair(lesson, lesson.clone(folder / "clone"), ([], []))


def active(things: Mapping[str, Any]) -> list[Any]:
    return [one for one in things.values() if one["EntityStatus"] in ACTIVE]


def require_one_of_each(pair: Pair, schedules: int = 1) -> None:
    """What two publishers left: one of each thing, which fit together; and a publish that finds nothing to do."""
    state = pair.first.service.state
    (endpoint,) = active(state.endpoints)
    default = next(
        one["PipelineId"] for one in endpoint["PipelineVersionList"] if one["Version"] == endpoint["DefaultVersion"]
    )
    assert state.pipelines[default]["EntityStatus"] in ACTIVE
    marks = [one["Description"] for one in active(state.pipelines)]
    assert len(marks) == len(set(marks))
    firing = active(state.schedules)
    assert len(firing) == schedules, [one["PipelineSubmissionInfo"]["Description"] for one in firing]
    assert {one["PipelineEndpointId"] for one in firing} == {endpoint["Id"]}


def require_agreement(lesson: Lesson) -> None:
    """The next publish finds nothing to do."""
    assert {line.split()[0] for line in publish(lesson)} == {"="}


def from_nothing(_: Pair) -> None:
    """Nothing is published."""


def with_another_schedule(pair: Pair) -> None:
    """All is published but a schedule that both add; and both have new code."""
    publish(pair.first)
    for lesson in (pair.first, pair.second):
        lesson.replace("steps/train.py", "'train'", "'trained'")
        lesson.replace("pipeline.yaml", "nightly:", "weekly:\n    cron: 0 5 * * sun\n  nightly:")


def with_another_experiment(pair: Pair) -> None:
    """All is published, and both replace the schedule."""
    publish(pair.first)
    for lesson in (pair.first, pair.second):
        lesson.replace("pipeline.yaml", "experiment: lesson", "experiment: other")


SITUATIONS = [
    (from_nothing, 1, 4),
    pytest.param(from_nothing, 1, 1, marks=pytest.mark.more),
    pytest.param(with_another_schedule, 2, 1, marks=pytest.mark.more),
    pytest.param(with_another_experiment, 1, 1, marks=pytest.mark.more),
]


@pytest.mark.parametrize(("prepare", "schedules", "every"), SITUATIONS, ids=lambda one: getattr(one, "__name__", ""))
def test_a_second_one_that_comes_between_any_two_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepare: Callable[[Pair], None], schedules: int, every: int
) -> None:
    for place in itertools.count(1, every):
        with a_pair(tmp_path / str(place), monkeypatch) as pair:
            prepare(pair)
            seen, _ = pair.meet(place)
            require_one_of_each(pair, schedules)
            require_agreement(pair.first)
        if seen < place:
            break
    assert place > 4, "it was never held up where it matters"


@pytest.mark.more
def test_two_that_hold_each_other_up_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first begins, the second comes up to a request, the first goes on to its end, and so does the second."""
    folders = map(str, itertools.count())
    for place in itertools.count(1):
        for until in itertools.count(1):
            with a_pair(tmp_path / next(folders), monkeypatch) as pair:
                first, second = pair.meet(place, until)
                require_one_of_each(pair)
                require_agreement(pair.second)
            if second < until:
                break
        if first < place:
            break
    assert place > 4, "they were never held up where it matters"


def met_before(pair: Pair, route: str) -> None:
    """Have the second publish right before the first sends a request."""
    gate = Gate(1, None, lambda: pair.told[1].extend(publish(pair.second)), lambda request: route in request.route)
    with pair.first.service.meeting(gate):
        pair.told[0].extend(publish(pair.first))
        gate.finish()


def test_who_came_later_withdraws_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_pair(tmp_path, monkeypatch) as pair:
        with_another_schedule(pair)
        met_before(pair, "/Schedules/Create")
        first, second = pair.told
        made = "  + schedule lesson.weekly     every week on sunday at 05:00, UTC"
        withdrawn = "  - schedule lesson.weekly     another publish created it at the same time; the earlier one stays"
        assert [line for line in second if "weekly" in line] == [made]
        assert [line for line in first if "weekly" in line] == [made, withdrawn]


def test_of_two_contents_the_earlier_schedule_stays_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They want other experiments, so that neither could make its own of the other's."""
    with a_pair(tmp_path, monkeypatch) as pair:
        pair.second.replace("pipeline.yaml", "experiment: lesson", "experiment: other")
        met_before(pair, "/Schedules/Create")
        require_one_of_each(pair)
        assert pair.told[0][-1].endswith(
            "another publish created it at the same time; the earlier one stays; it differs from this file, so "
            "publish again"
        )
        (firing,) = active(pair.first.service.schedules)
        assert firing["PipelineSubmissionInfo"]["ExperimentName"] == "other"
        publish(pair.first)
        require_agreement(pair.first)


def test_another_project_that_takes_the_name_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_pair(tmp_path, monkeypatch) as pair:
        pair.second.write({".aml-pipeline-origin": "id-fedcba9876543210\n"})
        with pytest.raises(AzureError, match="Endpoint lesson was published by another project, id-fedcba9876543210:"):
            met_before(pair, "/PipelineEndpoints/Create")
        require_one_of_each(pair)
        require_agreement(pair.second)


def test_azure_ml_that_takes_one_name_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That it refuses the second endpoint is not known; the one that it finds by the name stays."""
    from tests.loopback import rules

    kept = tuple(rule for rule in rules.RULES if rule.kind != "endpoint")
    monkeypatch.setattr(rules, "RULES", kept)
    with a_pair(tmp_path, monkeypatch) as pair:
        met_before(pair, "/PipelineEndpoints/Create")
        require_one_of_each(pair)
        assert "Another publish created endpoint lesson at the same time; that one stays." in pair.told[0]
        require_agreement(pair.first)
