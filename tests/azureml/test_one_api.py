"""Every public function of ``aml_pipeline.azureml`` takes the workspace of either SDK."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import aml_pipeline
from aml_pipeline import UsageError, azureml
from aml_pipeline.azureml import sdks
from tests.azureml.side import Side, a_side
from tests.loopback.serving import quiet

pytestmark = quiet
ROOT = Path(__file__).parents[2]
SCHEDULE = "schedules: {nightly: {cron: 0 2 * * *}}\nparameters:"


@pytest.fixture(params=["v1", "v2"])
def side(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    with a_side(request.param, tmp_path, monkeypatch) as side:
        side.lesson.replace("pipeline.yaml", "parameters:", SCHEDULE)
        yield side


class Used:
    """The public names, and which of them were used."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it is
        self.names.add(name)
        return getattr(azureml, name)


def test_every_public_function_takes_either_workspace(side: Side, tmp_path: Path) -> None:
    api = Used()
    heard: list[str] = []
    plan = aml_pipeline.load(side.file)
    with api.heard_by(heard.append):
        workspace = api.connect(str(side.lesson.root), side.auth, sdk=side.sdk, login=api.Login())
        api.check(plan, sdk=side.sdk)
        assert api.export(plan, str(tmp_path / "exported")) > 0
        assert [verdict.action for _, verdict in api.forecast(plan, workspace)] == ["run", "run"]
        submission = api.submit(plan, workspace)
        assert isinstance(submission, api.Submission)
        assert api.wait(plan, workspace, submission.id).state == "done"
        assert [run.run for run in api.runs(plan, workspace)] == [submission.id]
        assert api.save_log(plan, workspace, submission.id, str(tmp_path / "log"), step="prepare") == "prepare"
        assert api.cancel(workspace, submission.id) in {"Finished", "Completed"}
        _publish(api, side, workspace)
        _compile(api, side, workspace)
        _import(api, side, workspace, str(tmp_path / "imported"))
    assert set(azureml.__all__) - api.names == {"ServicePrincipal"}, "public, but not shown with both SDKs"


def _publish(api: Used, side: Side, workspace: object) -> None:
    plan = aml_pipeline.load(side.file)
    foreseen = [(change.action, change.kind) for change in api.publish(plan, workspace, dry_run=True)]
    assert [(change.action, change.kind) for change in api.publish(plan, workspace)] == foreseen
    assert {change.action for change in api.publish(plan, workspace)} == {"unchanged"}
    side.lesson.replace("steps/train.py", "'train'", "'trained'")
    changed = aml_pipeline.load(side.file)
    assert "create" in {change.action for change in api.publish(changed, workspace)}
    assert "update" in {change.action for change in api.go_back(changed, workspace, "previous")}
    actual, _, changes = api.schedules(changed, workspace)
    assert [schedule.active for schedule in actual.schedules] == [True]
    assert [change.kind for change in changes] == ["schedule"]
    assert {change.kind for change in api.pause(changed, workspace)} == {"schedule"}
    assert [schedule.active for schedule in api.schedules(changed, workspace)[0].schedules] == [False]
    api.resume(changed, workspace)
    assert [schedule.active for schedule in api.schedules(changed, workspace)[0].schedules] == [True]


def _compile(api: Used, side: Side, workspace: object) -> None:
    plan = aml_pipeline.load(side.file)
    if side.sdk == "v1":
        assert type(api.compile(plan, workspace)).__name__ == "Pipeline"
        return
    with pytest.raises(UsageError, match=NEEDS_V1):
        api.compile(plan, workspace)


NEEDS_V1 = r'needs SDK v1, but got an MLClient of SDK v2\. Connect with `connect\(sdk="v1"\)`\.'


def _import(api: Used, side: Side, workspace: object, folder: str) -> None:
    if side.sdk == "v1":
        assert api.import_pipeline(workspace, folder, endpoint="lesson").folder == folder
        return
    with pytest.raises(UsageError, match=NEEDS_V1):
        api.import_pipeline(workspace, folder, endpoint="lesson")


def test_the_examples_of_the_docs_run_with_both(
    side: Side, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page connects to the SDK that is installed, so one of them is the installed one here."""
    monkeypatch.setattr(sdks, "installed", lambda: side.sdk)
    monkeypatch.chdir(side.lesson.root)
    _, _, page = (ROOT / "docs/reference/python.md").read_text(encoding="utf-8").partition("\n## In Azure ML\n")
    known = {"my_authentication": side.auth, "plan": aml_pipeline.load()}
    for example in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(example, known)  # noqa: S102 - our own
    (sent,) = side.lesson.service.sent
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "prepare run environment training is not registered yet"
    assert said[2].startswith(f"{sent} http")
    assert said[3:6] == ["done", "done", "Completed" if side.sdk == "v2" else "Finished"]
    assert said[6].startswith(f"{sent} ")
    endpoint = [] if side.sdk == "v2" else ["create endpoint lesson"]
    schedule = ["create schedule lesson.nightly", "['lesson.nightly']"]
    assert said[7:] == ["create published pipeline lesson", *endpoint, *schedule]
