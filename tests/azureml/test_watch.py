"""What is told of a run in Azure ML, by runs that answer as the SDK's do; with the SDK itself: test_submit.py."""

from __future__ import annotations

import itertools
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aml_pipeline.azureml.v1.sdk import doing
from aml_pipeline.azureml.v1.watched import Watched
from aml_pipeline.azureml.workspace import waiting, watch
from aml_pipeline.cli.screen.progress import Progress
from aml_pipeline.core.errors import AzureError
from aml_pipeline.report import timeline
from aml_pipeline.report.story import ShownAttempt, ShownStep
from aml_pipeline.runs.events import Event, MetricLogged, RunEnded, State, StepEnded, StepStarted, as_data
from tests.patience import PATIENCE, no_hang, until


class HttpError(Exception):
    """An error as the SDK's are: with the status of the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status_code = status


class Run:
    """A run, or a step's, that answers with one status after the other, and the last one for ever."""

    id = "run-id"

    def __init__(
        self,
        name: str,
        *statuses: str | Exception,
        steps: Sequence[Run] = (),
        before: Iterable[str] = (),
        **about: Any,  # noqa: ANN401
    ) -> None:
        self.name = name
        self._statuses = itertools.chain(before, statuses, itertools.repeat(statuses[-1]))
        self._about = about
        if steps:
            self.get_steps = lambda: steps

    def get_status(self) -> str:
        said = next(self._statuses)
        sys.stdout.write("the SDK prints\n")
        if isinstance(said, Exception):
            raise said
        return said

    def get_properties(self) -> dict[str, str]:
        return {"azureml.isreused": "true"} if self._about.get("reused") else {}

    def get_metrics(self) -> dict[str, Any]:
        return dict(self._about.get("metrics", {}))

    def get_details(self) -> dict[str, Any]:
        said = self._about.get("error")
        times = self._about.get("times", {})
        return {**times, **({"error": {"error": {"message": said}}} if said else {})}

    def get_file_names(self) -> list[str]:
        return list(self._about.get("files", {}))

    def download_file(self, name: str, output_file_path: str) -> None:
        if self._about.get("unreadable"):
            raise self._about["unreadable"].pop()
        Path(output_file_path).write_text(self._about["files"][name], encoding="utf-8")


class Told(list[Event]):
    """The events that were told; each is printed too, as the command line does."""

    def __call__(self, event: Event) -> None:
        self.append(event)
        if not type(event).__name__.endswith("Ticked"):
            sys.stdout.write(f"{type(event).__name__}\n")

    @property
    def ends(self) -> dict[str, str]:
        return {one.step: one.state for one in self if isinstance(one, StepEnded)}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PATIENCE_SECONDS", 0.2)


@pytest.fixture
def told() -> Told:
    return Told()


def watched(run: Run, steps: Sequence[str]) -> Watched:
    return Watched(run, None if hasattr(run, "get_steps") else steps[0])


def wait(run: Run, steps: Sequence[str], told: Told, folder: Path) -> watch.Outcome:
    return watch.wait(
        watched(run, steps), steps, told, lambda step: str(folder / f"{step}.log"), lambda _: time.sleep(0.005)
    )


def test_steps_from_their_beginning_to_their_end(tmp_path: Path, told: Told) -> None:
    first = Run("first", "Queued", "Running", "Finished", metrics={"loss": [2.0, 1.0], "row": {"a": 1}})
    second = Run("second", "NotStarted", "Queued", "Running", "Completed", files={"user_logs/std_log.txt": "hello\n"})
    run = Run("all", "NotStarted", "Running", "Running", "Running", "Finished", steps=[first, second])
    assert wait(run, ["first", "second"], told, tmp_path) == ("done", "")
    rows = [(type(one).__name__, getattr(one, "step", "")) for one in told if not type(one).__name__.endswith("Ticked")]
    assert rows == [
        ("RunStarted", ""),
        ("StepStarted", "first"),
        ("MetricLogged", "first"),
        ("MetricLogged", "first"),
        ("MetricLogged", "first"),
        ("StepEnded", "first"),
        ("StepStarted", "second"),
        ("StepEnded", "second"),
        ("RunEnded", ""),
    ]
    assert [(one.name, one.kind, one.value) for one in told if isinstance(one, MetricLogged)] == [
        ("loss", "scalar", 2.0),
        ("loss", "scalar", 1.0),
        ("row", "row", {"a": 1}),
    ]
    assert (tmp_path / "second.log").read_text() == "hello\n"


def test_values_logged_in_one_loop_stand_together(tmp_path: Path, told: Told) -> None:
    first = Run("first", "Finished", metrics={"loss": [2.0, 1.0], "seed": 7, "epoch": [1, 2]})
    wait(Run("all", "Finished", steps=[first]), ["first"], told, tmp_path)
    logged = [(one.name, one.value) for one in told if isinstance(one, MetricLogged)]
    assert logged == [("loss", 2.0), ("epoch", 1), ("loss", 1.0), ("epoch", 2), ("seed", 7)]


@pytest.mark.parametrize(
    ("status", "statuses", "ends", "message"),
    [
        ("Finished", ["Queued", "Queued", "Finished"], {"one": "done"}, ""),
        ("Failed", ["Queued", "Queued", "Failed"], {"one": "failed"}, ""),
        ("Failed", ["Queued"], {"one": "not run"}, "Azure ML gives no reason."),
        ("Finished", ["Running", "PartiallyExecuted"], {"one": "interrupted"}, ""),
    ],
)
def test_a_step_whose_end_comes_late(  # noqa: PLR0913, PLR0917 - fixtures and a table's columns
    tmp_path: Path, told: Told, status: str, statuses: list[str], ends: dict[str, str], message: str
) -> None:
    run = Run("all", "Running", status, steps=[Run("one", *statuses)])
    assert wait(run, ["one"], told, tmp_path).message == message
    assert told.ends == ends
    if statuses == ["Queued"]:
        assert "Azure ML does not report how it ended" in [one.reason for one in told if isinstance(one, StepEnded)]


def test_how_long_a_step_ran_is_told_by_the_clock_of_azure(tmp_path: Path, told: Told) -> None:
    times = {"startTimeUtc": "2026-11-24T10:00:00.5Z", "endTimeUtc": "2026-11-24T11:00:01Z"}
    run = Run("all", "Finished", steps=[Run("one", "Finished", times=times)])
    wait(run, ["one"], told, tmp_path)
    assert [one.seconds for one in told if isinstance(one, StepEnded)] == [3600.5]


def test_a_log_that_cannot_be_had(tmp_path: Path, told: Told) -> None:
    files = {"user_logs/std_log.txt": "hello, AccountKey=abc\n"}
    passes = Run("passes", "Finished", files=files, unreadable=[HttpError(503)])
    stays = Run("stays", "Failed", files=files, unreadable=[HttpError(403)])
    wait(Run("all", "Finished", steps=[passes, stays]), ["passes", "stays"], told, tmp_path)
    assert (tmp_path / "passes.log").read_text() == "hello, AccountKey=***\n"
    said = (tmp_path / "stays.log").read_text()
    assert said.startswith(
        "The log could not be downloaded. You are not allowed to do that in this workspace. Ask its owner for"
    )


def test_numbers_that_json_does_not_have(tmp_path: Path, told: Told) -> None:
    metrics = {"loss": [float("nan"), 1.0], "row": {"a": float("inf")}, "text": "password=hunter2"}
    wait(Run("all", "Finished", steps=[Run("one", "Finished", metrics=metrics)]), ["one"], told, tmp_path)
    assert [one.value for one in told if isinstance(one, MetricLogged)] == ["nan", 1.0, {"a": "inf"}, "password=***"]


def test_what_is_told_reaches_standard_output_and_what_the_sdk_prints_does_not(
    tmp_path: Path, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    wait(Run("all", "Finished", steps=[Run("one", "Finished")]), ["one"], told, tmp_path)
    assert capsys.readouterr().out.split() == ["RunStarted", "StepStarted", "StepEnded", "RunEnded"]


def test_a_step_whose_end_is_known_late(tmp_path: Path, told: Told) -> None:
    step = Run("one", "Running", "Finalizing", "Finished")
    assert wait(Run("all", "Finished", steps=[step]), ["one"], told, tmp_path).state == "done"
    assert told.ends == {"one": "done"}


def test_a_step_whose_end_is_never_known(tmp_path: Path, told: Told) -> None:
    wait(Run("all", "Failed", steps=[Run("one", "Running")]), ["one", "two"], told, tmp_path)
    assert told.ends == {"one": "not run", "two": "not run"}
    assert isinstance(told[-1], RunEnded)


def test_a_reused_step_never_began(tmp_path: Path, told: Told) -> None:
    wait(
        Run("all", "Finished", steps=[Run("one", "Finished", reused=True, metrics={"best": 1.0})]),
        ["one"],
        told,
        tmp_path,
    )
    assert told.ends == {"one": "up to date"}
    assert not [one for one in told if isinstance(one, StepStarted)]
    assert [one.value for one in told if isinstance(one, MetricLogged)] == [1.0]


def test_a_script_alone_is_its_one_step(tmp_path: Path, told: Told) -> None:
    assert wait(Run("script", "Queued", "Running", "Completed"), ["train"], told, tmp_path).state == "done"
    assert told.ends == {"train": "done"}


@pytest.mark.parametrize(
    ("error", "message"), [("no  quota\n", "Azure ML says: no quota"), (None, "Azure ML gives no reason.")]
)
def test_a_run_that_fails_before_any_step(tmp_path: Path, told: Told, error: str | None, message: str) -> None:
    run = Run("all", "Failed", steps=[Run("one", "NotStarted")], error=error)
    assert wait(run, ["one"], told, tmp_path) == ("failed", message)


def test_a_failed_step_tells_why(tmp_path: Path, told: Told) -> None:
    files = {"azureml-logs/70_driver_log.txt": "".join(f"{number}\n" for number in range(25)), "system_logs/x.txt": ""}
    step = Run("one", "Failed", error="boom, password=hunter2", files=files)
    assert wait(Run("all", "Failed", steps=[step]), ["one"], told, tmp_path) == ("failed", "")
    end = next(one for one in told if isinstance(one, StepEnded))
    assert end.message == "Azure ML says: boom, password=***"
    assert end.tail == tuple(str(number) for number in range(5, 25))


def test_a_failed_step_without_a_log_has_a_log_that_says_so(tmp_path: Path, told: Told) -> None:
    wait(Run("all", "Failed", steps=[Run("one", "Failed")]), ["one"], told, tmp_path)
    assert (tmp_path / "one.log").read_text() == "Azure ML has no log of this step.\n"


@pytest.mark.parametrize(("status", "state"), [("Canceled", "interrupted"), ("Failed", "failed"), ("Finished", "done")])
def test_the_states_of_a_run(tmp_path: Path, told: Told, status: str, state: str) -> None:
    assert wait(Run("all", "Running", status, steps=[Run("one", status)]), ["one"], told, tmp_path).state == state
    assert as_data(told[-1])["state"] == state


def faults(*errors: Exception) -> Run:
    return Run("all", "Running", *errors, "Finished", steps=[Run("one", "Finished")])


@pytest.mark.parametrize("error", [HttpError(503), HttpError(429), ConnectionError(), TimeoutError()], ids=repr)
def test_a_service_that_is_gone_for_a_while(
    tmp_path: Path, told: Told, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PATIENCE_SECONDS", PATIENCE)
    heard: list[str] = []
    with waiting.heard_by(heard.append):
        assert wait(faults(*[error] * 6), ["one"], told, tmp_path).state == "done"
    assert heard == [f"Azure ML does not answer properly; retrying in {number} s" for number in (5, 10, 20, 20, 20, 20)]
    assert told.ends == {"one": "done"}


def test_a_service_that_is_gone_for_long(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(watch, "PATIENCE_SECONDS", 100.0)
    monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=lambda: 1 + sum(pauses), time=time.time))
    with pytest.raises(AzureError, match="cannot be reached"):
        watch.wait(watched(Run("all", ConnectionError()), ["one"]), ["one"], told, str, pauses.append)
    assert pauses == [5, 10, 20, 20, 20, 20, 20]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_asked_about_a_few_times(tmp_path: Path, told: Told, status: int) -> None:
    assert wait(faults(*[HttpError(status)] * 3), ["one"], told, tmp_path).state == "done"
    with pytest.raises(AzureError):
        wait(faults(*[HttpError(status)] * 4), ["one"], told, tmp_path)


def test_a_reader_that_went_away_is_no_fault_of_azure() -> None:
    def tell(_: Event) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        watch.wait(watched(Run("all", "Finished"), ["one"]), ["one"], tell, str)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    monkeypatch.setattr(waiting, "SILENCE_SECONDS", 0.05)
    heard: list[str] = []
    with waiting.heard_by(heard.append):
        yield heard


def test_a_long_wait_says_what_for(tmp_path: Path, told: Told, impatient: list[str]) -> None:
    def until_heard(status: str) -> Iterator[str]:
        yield status
        while not any(f"({status})" in line for line in impatient):
            yield status

    first = Run("first", "Finished", before=until_heard("Queued"))
    run = Run("all", "Finished", before=until_heard("Running"), steps=[first])
    with no_hang():
        wait(run, ["first", "second"], told, tmp_path)
    words = {line.rpartition(" (")[0] for line in impatient}
    assert {"still waiting for first (Queued)", "still waiting for its next step (Running)"} <= words


def test_a_long_call_says_what_it_does(impatient: list[str]) -> None:
    with doing("registering environment x"):
        until(lambda: len(impatient) >= 2)
    before = list(impatient)
    assert all(re.fullmatch(r"still registering environment x \(\d+ s\)", line) for line in before)
    time.sleep(0.1)
    assert impatient == before


def test_many_short_calls_say_what_they_are_for(impatient: list[str]) -> None:
    with no_hang(), waiting.reminding("preparing"):
        while not impatient:
            with doing("asking"):
                time.sleep(0.03)
    assert {line.rpartition(" (")[0] for line in impatient} == {"still preparing"}


def test_nobody_has_to_listen(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(waiting, "SILENCE_SECONDS", 0.01)
    with doing("registering environment x"):
        sys.stdout.write("of the SDK\n")
        time.sleep(0.05)
    assert capfd.readouterr() == ("", "")


TIMES = {"startTimeUtc": "2020-01-01T10:00:00.5Z"}


@pytest.mark.parametrize(
    ("statuses", "times"), [(("Finished",), {}), (("Finished",), TIMES), (("Failed",), TIMES)], ids=str
)
def test_how_long_a_step_took_that_nobody_saw_run_is_not_made_up(
    tmp_path: Path, told: Told, statuses: tuple[str], times: dict[str, str]
) -> None:
    wait(Run("all", "Finished", steps=[Run("one", *statuses, times=times)]), ["one"], told, tmp_path)
    assert [event.seconds for event in told if isinstance(event, StepEnded)] == [None]


def test_how_long_a_step_took_is_measured_where_azure_does_not_say_when_it_ended(tmp_path: Path, told: Told) -> None:
    step = Run("one", "Running", "Finished", times=TIMES)
    wait(Run("all", "Running", "Finished", steps=[step]), ["one"], told, tmp_path)
    (seconds,) = (event.seconds for event in told if isinstance(event, StepEnded))
    assert seconds is not None


def test_an_unknown_duration_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("", ["one", "two"])
    for step, state in (("one", "done"), ("two", "failed")):
        progress(StepStarted(0.0, step, "in Azure ML", "id", "log"))
        progress(StepEnded(0.0, step, cast("State", state), "", None))
    assert capsys.readouterr().out == "one  done\ntwo  FAILED\n"


def test_an_unknown_duration_is_not_on_the_page() -> None:
    step = ShownStep("one", {}, {"state": "done", "seconds": None}, (), (ShownAttempt(0.0, 0.0, "done"),))
    assert "duration unknown" in timeline.row(0, step, 0.0, 1.0)
