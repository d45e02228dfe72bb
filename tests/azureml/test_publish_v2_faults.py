"""Publishing by SDK v2 when something goes wrong at any of its requests: our words, and the next publish converges."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.core.errors import AzureError
from tests.azureml.test_publish_v2 import Published
from tests.azureml.trials import (
    Trial,
    a_trial,
    from_nothing,
    kind_of,
    over_older_ones,
    publishing_everything,
    what_counts,
)
from tests.loopback.wire import Request
from tests.loopback_v2.serving import quiet
from tests.patience import PATIENCE

pytestmark = quiet

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


def pattern_of(kind: str) -> str:
    """Return the pattern of the routes of a kind of request."""
    parts = kind.partition(" ")[2].split("*")
    return f"^{'[^/]+'.join(map(re.escape, parts))}$"


@pytest.fixture
def everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    with publishing_everything(tmp_path, monkeypatch) as lesson:
        yield lesson


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


@pytest.mark.parametrize(("situation", "every"), [(from_nothing, 11), *ALL])
def test_a_refusal_at_any_request_is_told_and_the_next_publish_converges(
    everything: Published, situation: Callable[[Published], None], every: int
) -> None:
    for number, (trial, request, nth) in enumerate(trials(everything, situation)):
        in_turn = [] if number % every else [[*FAULTS][number // every % len(FAULTS)]]
        for status in FAULTS if every == 1 else in_turn:
            said = refused(trial, request, nth, status)
            assert said or what_counts(everything) == trial.wanted, (kind_of(request), nth, status)
            trial.converges()


@pytest.mark.parametrize(("situation", "every"), [(from_nothing, 5), *ALL])
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
    """The answer to each request comes only after the user has seen what the command waits for."""
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


HANG = 100  # seconds that an answer may take


def test_the_sdk_waits_longer_than_an_answer_takes_or_asks_again(
    everything: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    """azure-ai-ml waits for 300 s; azure-storage-blob for 60 s, and then sends the file again."""
    from requests.adapters import HTTPAdapter
    from requests.exceptions import ReadTimeout

    send, waits, gave_up = HTTPAdapter.send, [], []

    def patient(adapter: HTTPAdapter, request: Any, *, timeout: tuple[float, float], **given: Any) -> Any:  # noqa: ANN401
        answer = send(adapter, request, timeout=timeout, **given)
        waits.append((request.method, urlsplit(request.url).path, min(timeout)))
        if timeout[1] < HANG and request.method == "PUT" and request.url not in gave_up:
            gave_up.append(request.url)
            raise ReadTimeout
        return answer

    monkeypatch.setattr(HTTPAdapter, "send", patient)
    everything.publish()
    assert len(gave_up) > 1
    assert [row for row in waits if row[2] < HANG and not row[1].startswith("/blob/")] == []
    assert {change.action for change in everything.publish()} == {"unchanged"}


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
