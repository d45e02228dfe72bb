"""The pipeline of this repository, sent by the real command line and the real SDK to the loopback service."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.loopback import evaluator
from tests.loopback.lesson import Driven, Lesson
from tests.loopback.serving import quiet
from tests.loopback_v2.lesson import a_lesson_v2

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
STEPS = ["prepare-data", "train", "register-environment", "register_cifar-net"]


@pytest.fixture
def shipped(lesson: Lesson) -> Lesson:
    ship(lesson)
    return lesson


def ship(lesson: Driven) -> None:
    """Give a project the files of this repository."""
    shutil.rmtree(lesson.root / "steps")
    shutil.copytree(ROOT / "steps", lesson.root / "steps", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pipeline.yaml", lesson.root)
    shutil.copy(ROOT / ".azureml" / "pytorch-env.yml", lesson.root / ".azureml")


def evaluated(lesson: Lesson) -> dict[str, evaluator.Step]:
    """Return what the steps of the last run are given."""
    service, run = lesson.service, list(lesson.service.runs)[-1]
    return evaluator.evaluate(service.graph_of(run), service.modules, service.assignments_of(run))


def test_from_the_environment_to_the_end(shipped: Lesson) -> None:
    done = shipped.azure("submit", "--wait", "--param", "epochs=5")
    assert done.status == 0, done.err
    rows = done.out.splitlines()[2:]
    assert [re.sub(r" done in \d+\.\d s", "", row).strip() for row in rows] == STEPS
    (run,) = shipped.service.runs
    graph = shipped.service.graph_of(run)
    assert len(graph["ModuleNodes"]) == len(shipped.service.modules) == len(STEPS)

    steps = evaluated(shipped)
    assert set(steps) == set(STEPS)
    assert {one.compute for one in steps.values()} == {"cpu-cluster"}
    ((name, version), stored) = next(iter(shipped.service.environments.items()))
    assert len(shipped.service.environments) == 1
    for one in steps.values():
        assert (one.environment.name, one.environment.version) == (name, version)
        assert one.environment.definition["python"] == stored["python"]
        assert one.environment.definition["docker"]["baseImage"] == stored["docker"]["baseImage"]
    assert name == "pytorch-env"
    assert "torch" in str(stored["python"]["condaDependencies"])

    assert [token.value for token in steps["train"].arguments if token.kind == "input"] == ["prepare-data.images"]
    assert {name: set(one.after) for name, one in steps.items() if one.after} == {"register-environment": {"train"}}
    defaults = {one["Name"]: one["DefaultValue"] for one in shipped.service.state.interfaces[graph["Id"]]["Parameters"]}
    assert defaults == {"dataset": "cifar10", "epochs": "2", "batch_size": "4", "learning_rate": "0.001", "seed": "0"}
    assert shipped.service.state.pipeline_runs[run]["ParameterAssignments"] == {"epochs": "5"}
    resolved = steps["train"].resolved
    assert resolved[resolved.index("--epochs") + 1] == "5"


def test_nothing_changed_and_one_byte_changed(shipped: Lesson, tmp_path: Path) -> None:
    assert shipped.azure("submit").status == 0
    before = evaluated(shipped)
    for place in (shipped, shipped.clone(tmp_path / "another" / "clone")):
        counts = len(place.service.modules), len(place.service.environments), len(place.service.snapshots)
        assert place.azure("submit").status == 0
        assert evaluated(place) == before
        assert counts == (len(place.service.modules), len(place.service.environments), len(place.service.snapshots))
    shipped.replace("steps/train.py", "def main(", "def  main(")
    counts = len(shipped.service.modules), len(shipped.service.environments), len(shipped.service.snapshots)
    assert shipped.azure("submit").status == 0
    modules, environments, snapshots = counts
    after = (len(shipped.service.modules), len(shipped.service.environments), len(shipped.service.snapshots))
    assert after == (modules + 1, environments, snapshots + 1)
    now = evaluated(shipped)
    assert [name for name in STEPS if now[name].module != before[name].module] == ["train"]


def test_the_walk_through_publishing(shipped: Lesson, capsys: Capture) -> None:
    """docs/how-to/publishing.md: each command, and what it prints, digests aside."""
    first, changed, _ = walks("v1")  # the last takes over an endpoint, as test_afternoon.py does
    walk(shipped, first, capsys)
    shipped.replace("steps/train.py", "def main(", "def  main(")
    walk(shipped, changed, capsys)


def test_the_walk_through_publishing_with_v2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    first, changed, endpoint = walks("v2")
    with a_lesson_v2(tmp_path, monkeypatch) as lesson:
        ship(lesson)
        walk(lesson, first, capsys)
        lesson.replace("steps/train.py", "def main(", "def  main(")
        walk(lesson, changed, capsys)
        lesson.replace("pipeline.yaml", "compute:", "publish: {endpoint: cifar10-training}\ncompute:")
        walk(lesson, endpoint, capsys)
        monkeypatch.chdir(lesson.root)
        known: dict[str, Any] = {}
        exec(python_of("v2"), known)  # noqa: S102 - our own
        assert lesson.service.jobs[known["job"].name]["properties"]["inputs"]["epochs"]["value"] == "5"
        known["client"].schedules.trigger("cifar10_nightly")
        assert list(lesson.service.state.fired.values()) == ["cifar10_nightly"]


def chapter(sdk: str) -> str:
    """Return what docs/how-to/publishing.md says of an SDK."""
    page = (ROOT / "docs" / "how-to" / "publishing.md").read_text(encoding="utf-8")
    return page.partition(f"\n## With SDK {sdk}\n")[2].partition("\n## ")[0]


def walks(sdk: str) -> list[str]:
    """Return the commands for an SDK, with what they print, block by block."""
    return re.findall(r"```console\n(\$ .*?)```", chapter(sdk), re.DOTALL)


def python_of(sdk: str) -> str:
    """Return the lines of Python for an SDK."""
    return "".join(re.findall(r"```python\n(.*?)```", chapter(sdk), re.DOTALL)).replace("DefaultAzure", "AzureCli")


def walk(lesson: Driven, block: str, capsys: Capture) -> None:
    for command, expected in re.findall(r"\$ aml-pipeline (.*)\n((?:[^$].*\n)*)", block):
        done = lesson.here(capsys, *command.split())
        assert done.status == 0, done.err
        said = {line for line in done.err.splitlines() if "experimental class" not in line}  # while it is imported
        assert said <= {
            'Azure ML has no dataset archive, so --archive of step "prepare-data" is omitted.',
            (
                "This project has no git remote, so what it publishes is marked with the id in "
                ".aml-pipeline-origin. Keep that file with the project, and commit it."
            ),
        }
        assert _plain(done.out) == _plain(expected)


def _plain(text: str) -> list[str]:
    text = re.sub(r"https://\S+/schedule/(\w+)\S*", r"SCHEDULE \1", text)
    text = re.sub(r"https://\S+/jobs\n", "BATCH\n", text)
    text = re.sub(r"https?://\S+?/(\w+)/(Id/)?[0-9a-f-]{36}\S*", r"ADDRESS \1 \2", text)
    return [re.sub(r"\s+", " ", re.sub(r"[0-9a-f]{12,16}", "D", line)).strip() for line in text.splitlines()]
