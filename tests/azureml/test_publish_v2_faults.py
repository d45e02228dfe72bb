"""Publishing by SDK v2 when something goes wrong at any of its requests: our words, and the next publish converges."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline import azureml
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.core.errors import AzureError
from tests.azureml.test_publish_v2 import Published
from tests.loopback.command_line import sleep_short
from tests.loopback.wire import Request
from tests.loopback_v2.lesson import a_lesson_v2
from tests.loopback_v2.serving import quiet
from tests.patience import PATIENCE

pytestmark = quiet

EVERYTHING = """
publish: {endpoint: lesson-api}
schedules:
  nightly: {cron: 0 2 * * *, parameters: {epochs: 7}}
  weekly: {cron: 0 5 * * 0}
steps:
"""
DROPPED = 0
FAULTS = {
    DROPPED: "Azure ML cannot be reached. Check the network and HTTPS_PROXY, then try again.",
    401: "You are not logged in to Azure ML, or the login has expired. Log in: `az login`; ",
    403: "You are not allowed to ",
    404: "Azure ML cannot find it. Check the names ",
    409: "Something with that name exists with different content, or is being changed right now. Try again in a ",
    429: "Azure ML is throttling requests; wait a few minutes, and try again.",
    500: "Azure ML had an internal error (HTTP 500). Try again in a while.",
}
OF_THE_CLOUD = "The addresses of this Azure cloud could not be retrieved. Check the network, and ARM_CLOUD_METADATA_URL"
OF_THE_SDK = re.compile(
    r"invalid status|Asset .* does not exist|Client Error|Server Error|ConnectionPool|Error occurred|azure\.|Traceback"
)


def kind_of(request: Request) -> str:
    """Return a request without the ids in its route, which differ from one publish to the next."""
    route = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|\bv[0-9a-f]{12}\b|[0-9a-f]{16}", "*", request.route)
    return f"{request.method} {route}"


def pattern_of(kind: str) -> str:
    """Return the pattern of the routes of a kind of request."""
    parts = kind.partition(" ")[2].split("*")
    return f"^{'[^/]+'.join(map(re.escape, parts))}$"


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


@pytest.fixture
def everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    """A project that publishes all that there is; its endpoint and schedules stand beside those of others."""
    monkeypatch.setattr(time, "sleep", sleep_short)
    with a_lesson_v2(tmp_path, monkeypatch) as plain:
        lesson = Published(plain.root, plain.service, monkeypatch)
        lesson.change("steps:\n", EVERYTHING)
        lesson.change("compute: cpu-cluster", "compute: {name: new, vm_size: STANDARD_D2_V2}")
        lesson.monkeypatch = monkeypatch
        lesson.client = azureml.connect(str(lesson.root), sdk="v2")
        yield lesson


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


# A write whose answer got lost is looked for, and is found.
LOOKED_FOR = {"PUT /components/lesson/versions/*", "PUT /batchEndpoints/lesson-api", "PUT /schedules/lesson_nightly"}
# Where a publish begins, and of how many of its requests one is tried.
ALL = [pytest.param(situation, 1, marks=pytest.mark.more) for situation in (from_nothing, over_older_ones)]


def trials(everything: Published, situation: Callable[[Published], None]) -> Iterator[tuple[Trial, Request, int]]:
    """Yield for each request of a publish the trial, and the number of the request among those of its kind."""
    situation(everything)
    trial = a_trial(everything)
    kinds = [kind_of(request) for request in trial.asked]
    for place, request in enumerate(trial.asked):
        yield trial, request, kinds[: place + 1].count(kinds[place])


def refused(trial: Trial, request: Request, nth: int, status: int, *, late: bool = False) -> str:
    """Publish while the requests of a kind are refused from the ``nth`` on; return what is said, "" if nothing is."""
    trial.reset()
    kind = kind_of(request)
    order = trial.lesson.service.lose if late else trial.lesson.service.fail
    order(pattern_of(kind), status, method=request.method, first=nth, times=1000)
    try:
        trial.lesson.publish()
    except AzureError as error:
        said = str(error)
        where = (kind, nth, status, said)
        assert re.match(r"[A-Z][\w .-]+ failed\. ", said), where
        assert f" failed. {FAULTS[status]}" in said or f" failed. {OF_THE_CLOUD}" in said, where
        assert not OF_THE_SDK.search(said), where
        return said
    return ""


@pytest.mark.parametrize(("situation", "every"), [(from_nothing, 7), *ALL])
def test_a_refusal_at_any_request_is_told_and_the_next_publish_converges(
    everything: Published, situation: Callable[[Published], None], every: int
) -> None:
    for number, (trial, request, nth) in enumerate(trials(everything, situation)):
        in_turn = [] if number % every else [[*FAULTS][number // every % len(FAULTS)]]
        for status in FAULTS if every == 1 else in_turn:
            said = refused(trial, request, nth, status)
            assert said or what_counts(everything) == trial.wanted, (kind_of(request), nth, status)
            trial.converges()


@pytest.mark.parametrize(("situation", "every"), [(over_older_ones, 4), *ALL])
def test_an_answer_that_gets_lost_after_any_write(
    everything: Published, situation: Callable[[Published], None], every: int
) -> None:
    writes = [tried for tried in trials(everything, situation) if tried[1].write]
    for number, (trial, request, nth) in enumerate(writes[::every]):
        for status in [DROPPED, 500] if every == 1 else [[DROPPED, 500][number % 2]]:
            said = refused(trial, request, nth, status, late=True)
            assert not (said and kind_of(request) in LOOKED_FOR), (kind_of(request), nth, said)
            trial.converges()


def test_each_answer_that_takes_long_is_waited_for(everything: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request is answered only after the user was told what is being waited for."""
    monkeypatch.setattr(waiting, "SILENCE_SECONDS", 0.02)
    told, lines = threading.Event(), []

    def hear(line: str) -> None:
        lines.append(line)
        if line.startswith("still "):
            told.set()

    def hold(_: Request) -> None:
        told.clear()
        assert told.wait(PATIENCE)

    from_nothing(everything)
    trial = a_trial(everything)
    with everything.service.meeting(hold), waiting.heard_by(hear), waiting.reminding("determining what to publish"):
        everything.publish()
    assert what_counts(everything) == trial.wanted
    doing = {re.sub(r" \(\d+ s\)$", "", line) for line in lines if line.startswith("still ")}
    assert doing >= {"still publishing pipeline lesson", "still publishing schedule lesson.nightly"}
    trial.converges()


def test_the_command_says_what_is_done_and_exits_with_4(
    everything: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    everything.service.fail("/deployments/", 403, method="PUT", times=1000)
    done = everything.here(capsys, "publish", "--sdk", "v2")
    assert (done.status, done.out) == (4, "")
    *_, made, failed = done.err.splitlines()
    assert made == (
        "Done before the failure: environment training, compute target new, published pipeline lesson, endpoint "
        "lesson-api. `aml-pipeline publish` will do the rest."
    )
    assert re.match(rf"Publishing deployment v[0-9a-f]{{12}} failed\. {FAULTS[403]}", failed)
