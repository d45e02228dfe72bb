"""docs/tutorials/from-endpoint-to-v2.md: each command in its order, on an endpoint of SDK v1 alone."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.azureml.raw_v1.basics import configuration, step
from tests.conftest import ROOT, Project
from tests.loopback.lesson import Lesson, a_lesson
from tests.loopback.published import ACTIVE
from tests.loopback.serving import quiet
from tests.loopback.storage import KEY, storing
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2

if TYPE_CHECKING:
    from tests.loopback.state import Sdk

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
GUIDE = (ROOT / "docs" / "tutorials" / "from-endpoint-to-v2.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", "".join(BLOCKS), re.MULTILINE)  # with the lines that it prints
SCRIPTS = {
    "prepare.py": """
        import argparse, pathlib
        parser = argparse.ArgumentParser()
        parser.add_argument("--taxi")
        parser.add_argument("--out")
        given = parser.parse_args()
        out = pathlib.Path(given.out)
        out.mkdir(parents=True, exist_ok=True)
        rows = [path.read_text() for path in sorted(pathlib.Path(given.taxi).iterdir())]
        (out / "rows.csv").write_text("".join(rows))
        """,
    "score.py": """
        import argparse, pathlib
        parser = argparse.ArgumentParser()
        parser.add_argument("--in", dest="data")
        parser.add_argument("--limit", type=int)
        given = parser.parse_args()
        rows = (pathlib.Path(given.data) / "rows.csv").read_text().splitlines()
        print("scored", len(rows[: given.limit]))
        """,
}


def publish(workspace: Sdk, folder: Path) -> Sdk:
    """Publish what the guide speaks of, as a notebook did: an endpoint and its schedule; return the endpoint."""
    from azureml.core import Dataset
    from azureml.data import OutputFileDatasetConfig
    from azureml.pipeline.core import Pipeline, PipelineEndpoint, PipelineParameter, Schedule, ScheduleRecurrence

    taxi = Dataset.get_by_name(workspace, "taxi").as_named_input("taxi").as_mount()
    limit, clean = PipelineParameter("limit", default_value=1000), OutputFileDatasetConfig("clean").as_upload()
    shared = {"source_directory": str(folder), "runconfig": configuration()}
    prepare = step("prepare.py", "Prepare Data", ["--taxi", taxi, "--out", clean], **shared)
    score = step("score.py", "Score", ["--in", clean.as_input("clean"), "--limit", limit], **shared)
    published = Pipeline(workspace, [prepare, score]).publish("taxi-scoring", description="Scores trips", version="7")
    endpoint = PipelineEndpoint.publish(workspace, "taxi-scoring", "Called by Data Factory", published)
    nightly = ScheduleRecurrence("Day", 1, "2026-01-05T00:00:00", hours=[2], minutes=[30])
    Schedule.create_for_pipeline_endpoint(workspace, "nightly", endpoint.id, "taxi-scoring", nightly)
    return endpoint


class Afternoon:
    """A folder with a sample, the two services of one workspace, and the command line in either."""

    def __init__(self, v1: Lesson, v2: LessonV2, capsys: Capture) -> None:
        self.v1, self.v2, self._capsys = v1, v2, capsys

    def run(self, command: str) -> str:
        """Run a command of the guide; return all that it prints."""
        name, *words = shlex.split(command)
        if name == "cd":
            self.v1.root = self.v2.root = self.v1.root / words[0]
            return ""
        lesson = self.v2 if words[-1] == "v2" or "v2" in words else self.v1
        done = lesson.here(self._capsys, *words)
        assert done.status == 0, f"{command}\n{done.out}{done.err}"
        return done.out + done.err

    def follow(self, command: str, lines: str) -> None:
        """Run a command of the guide; it must print the lines that the guide has of it."""
        said = _plain(self.run(command)).splitlines()
        assert [line for line in _plain(lines).splitlines() if line not in said] == [], f"{command}\n{said}"

    @property
    def firing(self) -> str:
        """The SDKs with a schedule that fires, each as often as it has one."""
        of_v1 = ["v1" for one in self.v1.service.schedules.values() if one["EntityStatus"] in ACTIVE]
        of_v2 = ["v2" for one in self.v2.service.schedules.values() if one["properties"]["isEnabled"]]
        return " ".join(of_v1 + of_v2)


def _plain(text: str) -> str:
    """Return a text without ids, digests, times, and the width of columns."""
    return re.sub(r"[0-9a-f-]{36}|[\d.]+ s|(?<=version )[0-9a-f]{12}|(?<=\S)  +", " ", text)


@pytest.fixture
def afternoon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Iterator[Afternoon]:
    with a_lesson(tmp_path, monkeypatch) as v1, a_lesson_v2(tmp_path, monkeypatch) as v2:
        for name in ("pipeline.yaml", "conda.yml"):
            (v1.root / name).unlink()
        shutil.rmtree(v1.root / "steps")
        v1.write({"sample/trips.csv": "1,2\n3,4\n"})
        notebook = Project(tmp_path / "notebook")
        notebook.write(SCRIPTS)
        with storing(v1.service.guard, tmp_path, monkeypatch) as storage:
            v1.service.unlock("AccountKey", KEY)
            v1.service.store_snapshots(storage)
            v1.service.add_dataset("taxi", "trips")
            v2.service.add_data("taxi", "1")
            from tests.loopback.client import connect

            publish(connect(v1.service, v1.root), notebook.root)
            yield Afternoon(v1, v2, capsys)


def test_the_morning_is_an_import_and_a_run_on_a_sample(afternoon: Afternoon) -> None:
    before = len(afternoon.v1.service.writes())
    morning = COMMANDS[: next(n for n, (command, _) in enumerate(COMMANDS) if " submit " in command)]
    assert [command.split()[1] for command, _ in morning] == ["import", "import", "scoring", "validate", "run"]
    for command, lines in morning:
        afternoon.follow(command, lines)
    assert "scored 2" in afternoon.run("aml-pipeline logs score")
    assert len(afternoon.v1.service.writes()) == before


@pytest.mark.more
def test_every_command_of_the_guide(afternoon: Afternoon) -> None:
    """At any time one schedule fires, by one of the SDKs; but for the minute of the switch, when none does."""
    endpoints = list(afternoon.v1.service.state.endpoints)
    firing = []
    for command, lines in COMMANDS:
        afternoon.follow(command, lines)
        firing.append(afternoon.firing)
    assert list(afternoon.v1.service.state.endpoints) == endpoints
    switch = ["", "v2", "v2", "", "v1"]  # from the pause of v1 to the way back
    assert firing == ["v1"] * (len(COMMANDS) - len(switch)) + switch
