"""A publish by SDK v2 in a process of its own that is stopped between any two of its requests."""

from __future__ import annotations

import itertools
import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.azureml.test_publish_v2 import Published
from tests.azureml.trials import Trial, a_trial, from_nothing, over_older_ones, publishing_everything
from tests.loopback.lesson import Done
from tests.loopback.wire import Request
from tests.loopback_v2.command_line import PROCESS
from tests.loopback_v2.serving import quiet
from tests.patience import until

pytestmark = quiet

STOPPED = "Stopped. Completed changes stay; `aml-pipeline publish` will do the rest."
PUBLISH = ("publish", "--sdk", "v2")


@pytest.fixture
def everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    with publishing_everything(tmp_path, monkeypatch) as lesson:
        lesson.azure("--version")  # SDK v2 is imported, which asks the service something
        yield lesson


def stopped(trial: Trial, folder: Path, place: int, stop: Callable[[Request, int], None]) -> Done:
    """Publish, and call ``stop`` with the process when its request number ``place`` has arrived; that is still done."""
    numbers, process = itertools.count(1), folder / "process"
    failed: list[BaseException] = []

    def meet(request: Request) -> None:
        if next(numbers) == place:
            try:
                stop(request, int(process.read_text(encoding="utf-8")))
            except BaseException as error:  # for the thread that waits
                failed.append(error)
                raise

    trial.reset()
    with trial.lesson.service.meeting(meet):
        done = trial.lesson.azure(*PUBLISH, environ={PROCESS: str(process)})
    assert failed == [], place
    return done


def kill(_: Request, process: int) -> None:
    os.kill(process, signal.SIGKILL)


def interrupt(request: Request, process: int) -> None:
    """Press Ctrl-C, and answer only when the process has ended; while code is sent, it is to be pressed again."""
    os.kill(process, signal.SIGINT)
    is_code = re.search(r"^/blob/|^/codes/|azureml_anonymous", request.route)
    until(lambda: not is_there(process, signal.SIGINT if is_code else 0))


def is_there(process: int, number: int) -> bool:
    """Send a signal, or none; return whether there was such a process."""
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return False
    return True


def writes_of(trial: Trial) -> list[int]:
    """Return where some of the writes are among the requests: each of what is not a file."""
    kept = r"^/(components/lesson|batchEndpoints|schedules|environments)/"
    return [place for place, one in enumerate(trial.asked, 1) if one.write and re.search(kept, one.route)]


Places = Callable[[Trial], Sequence[int]]
SOME = [(from_nothing, lambda trial: writes_of(trial)[::4])]
ALL = [
    pytest.param(situation, lambda trial: range(1, len(trial.asked) + 8), marks=pytest.mark.more)
    for situation in (from_nothing, over_older_ones)
]


@pytest.mark.parametrize(("situation", "places"), [*SOME, *ALL])
def test_after_a_kill_the_next_publish_does_the_rest(
    everything: Published, tmp_path: Path, situation: Callable[[Published], None], places: Places
) -> None:
    situation(everything)
    trial = a_trial(everything)
    for place in places(trial):
        done = stopped(trial, tmp_path, place, kill)
        trial.converges()
        if place > len(trial.asked) and done.status == 0:
            break  # there are no more requests
        assert done.status == -signal.SIGKILL, place


@pytest.mark.parametrize(("situation", "places"), [(from_nothing, lambda trial: writes_of(trial)[1:2]), *ALL])
def test_an_answer_that_does_not_come_can_be_interrupted(
    everything: Published, tmp_path: Path, situation: Callable[[Published], None], places: Places
) -> None:
    situation(everything)
    trial = a_trial(everything)
    for place in places(trial):
        done = stopped(trial, tmp_path, place, interrupt)
        if place > len(trial.asked) and done.status == 0:
            break  # there are no more requests
        assert done.status == -signal.SIGINT, place
        assert done.err.splitlines()[-1] in {STOPPED, "Stopped."}, (place, done.err)
        trial.converges()
