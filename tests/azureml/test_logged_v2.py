"""The metrics of a run that v2 sent: read by the run-history client that azure-ai-ml carries along."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_pipeline.azureml.v2 import logged
from aml_pipeline.azureml.workspace import ending, waiting
from aml_pipeline.core.errors import AzureError
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2
from tests.loopback_v2.serving import quiet

pytestmark = quiet

SUBMIT = ("submit", "--sdk", "v2", "--wait")
TOKEN = "hf_" + "a1B2" * 8 + "c3"


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LessonV2]:
    with a_lesson_v2(tmp_path, monkeypatch) as lesson:
        yield lesson


def values(lesson: LessonV2, name: str) -> list[object]:
    """Return what the record has of a metric, in order."""
    (events,) = (lesson.root / ".aml_pipeline").rglob("events.jsonl")
    found = map(json.loads, events.read_text(encoding="utf-8").splitlines())
    return [one["value"] for one in found if one["event"] == "MetricLogged" and one["name"] == name]


def test_metrics_are_shown_and_recorded_as_those_of_v1(lesson: LessonV2, capsys: pytest.CaptureFixture[str]) -> None:
    lesson.service.logs("train", loss=[0.75, 0.5, 0.25], epochs=[3], who=["me", TOKEN])
    lesson.service.logs("train", scores=[{"class": "cat", "recall": 0.5}, {"class": TOKEN, "recall": 1}], last=["NaN"])
    done = lesson.here(capsys, *SUBMIT)
    assert done.status == 0, done.err
    assert "loss 0.25" in done.out
    assert values(lesson, "loss") == [0.75, 0.5, 0.25]
    assert values(lesson, "scores") == [{"class": "cat", "recall": 0.5}, {"class": "***", "recall": 1}]
    assert values(lesson, "who") == ["me", "***"]
    recorded = lesson.record()["steps"]
    assert (recorded["train"]["metrics"]["epochs"], recorded["train"]["metrics"]["last"]) == (3, "NaN")
    assert not recorded["prepare"].get("metrics")
    page = Path(lesson.cli("report").stdout.split()[-1])
    assert "recall" in (lesson.root / page).read_text(encoding="utf-8")


def test_the_step_and_the_time_of_a_value_are_recorded(lesson: LessonV2, capsys: pytest.CaptureFixture[str]) -> None:
    lesson.service.logs("train", loss=[0.75, 0.5])
    assert lesson.here(capsys, *SUBMIT).status == 0
    (events,) = (lesson.root / ".aml_pipeline").rglob("events.jsonl")
    rows = [row for row in map(json.loads, events.read_text().splitlines()) if row["event"] == "MetricLogged"]
    assert [(row["value"], row["at"], row["time"]) for row in rows] == [(0.75, 0, 1767600000), (0.5, 1, 1767600000)]


def test_what_a_later_wait_records_of_metrics(lesson: LessonV2, capsys: pytest.CaptureFixture[str]) -> None:
    """Names of any form, values on several pages, tables with gaps, and images, of which there is only the place."""
    image = "aml://artifactId/ExperimentRun/dcid.run/confusion_1.png"  # as SDK v1 logs one (ArtifactBackedMetric)
    logged: dict[str, list[object]] = {
        "val/loss": [0.5, 0.25, 0.125, 0.0625, 0.03125],
        "top 5": [1],
        "läuft.gut": ["yes"],
        "per class": [{"class": "cat", "recall": 0.5}, {"class": "dog"}, {"recall": 1.0, "note": None}],
        "confusion": [image],
    }
    lesson.service.logs("train", **logged)
    lesson.here(capsys, "submit", "--sdk", "v2")
    done = lesson.here(capsys, "wait")
    assert (done.status, [line for line in done.err.splitlines() if "could not" in line]) == (0, []), done.err
    assert {name: values(lesson, name) for name in logged} == logged
    page = lesson.root / lesson.cli("report").stdout.split()[-1]
    assert all(name in page.read_text(encoding="utf-8") for name in ("val/loss", "läuft.gut", "per class"))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "You are not allowed to do that in this workspace."),
        (400, "Azure ML says: a fault on order: 400"),
    ],
)
def test_metrics_that_are_refused_fail_no_run(
    lesson: LessonV2, capsys: pytest.CaptureFixture[str], status: int, words: str
) -> None:
    lesson.service.logs("train", loss=[1])
    lesson.service.fail("/metric/", status, times=10**6)
    done = lesson.here(capsys, *SUBMIT)
    assert done.status == 0, done.err
    assert f"The metrics of step train could not be read. {words}" in done.err
    assert "invalid status" not in done.err


def test_metrics_that_do_not_come_at_once_are_asked_for_again(
    lesson: LessonV2, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson.service.logs("train", loss=[1, 2, 3])
    lesson.service.fail("/full$", 503, times=3)  # which the client itself outlives
    lesson.service.drop("/list$", times=1)  # after a lost POST it does not
    done = lesson.here(capsys, *SUBMIT)
    assert done.status == 0, done.err
    assert values(lesson, "loss") == [1, 2, 3]


def test_a_fault_that_stays_is_told_after_three_tries(capsys: pytest.CaptureFixture[str]) -> None:
    def read() -> list[ending.Metric]:
        raise ConnectionError

    failed: Counter[str] = Counter()
    with waiting.heard_by(print):
        for _ in range(2):
            with pytest.raises(ConnectionError):
                ending.metrics_of("train", read, failed)
        assert ending.metrics_of("train", read, failed) == ()
    told = "The metrics of step train could not be read. Azure ML cannot be reached. Check the network and "
    assert capsys.readouterr().out == f"{told}HTTPS_PROXY, then try again.\n"


def test_another_azure_ai_ml_is_told_and_fails_no_run(
    lesson: LessonV2, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.ai.ml._restclient import runhistory

    lesson.service.logs("train", loss=[1])
    monkeypatch.delattr(runhistory, "RunHistoryClient")
    done = lesson.here(capsys, *SUBMIT)
    assert done.status == 0, done.err
    told = "The metrics of step train could not be read. This version of azure-ai-ml cannot read metrics. See them in"
    assert f"{told} the studio.\n" in done.err


def test_the_client_of_run_history_is_the_one_that_is_known() -> None:
    """Nothing of it is public: a new azure-ai-ml may be without it; then look at ``azureml_v2/logged.py``."""
    pytest.importorskip("azure.ai.ml")
    from azure.ai.ml import operations
    from azure.ai.ml._restclient.runhistory import RunHistoryClient
    from azure.ai.ml._restclient.runhistory import operations as inner

    made = inspect.signature(RunHistoryClient.__init__).parameters
    assert {"credential", "base_url"} <= set(made), "RunHistoryClient is made in another way"
    jobs = inspect.getsource(operations.JobOperations)
    for name in ("_credential", "_api_url", "_service_client_kwargs"):
        assert f"self.{name}" in jobs, f"JobOperations has no {name}"
    wanted = ["self", "subscription_id", "resource_group_name", "workspace_name", "run_id", "body"]
    for name in ("list_metric", "get_full_fidelity_metric"):
        taken = list(inspect.signature(getattr(inner.MetricsOperations, name)).parameters)
        assert taken[: len(wanted)] == wanted, f"MetricsOperations.{name} takes {taken}"


def test_a_client_that_is_another_raises_our_error() -> None:
    with pytest.raises(AzureError, match=r"^This version of azure-ai-ml cannot read metrics"):
        list(logged.metrics(object(), "run"))
