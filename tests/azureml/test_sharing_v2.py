"""Many steps with one script: it is written, uploaded and registered once. With the real azure-ai-ml."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback_v2.lesson import LessonV2, a_lesson_v2
from tests.loopback_v2.serving import quiet

pytestmark = quiet
HEAD = "name: lesson\ncompute: cpu-cluster\nenvironment: {name: training, docker_image: x}\nsteps:\n"


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LessonV2]:
    with a_lesson_v2(tmp_path, monkeypatch) as lesson:
        yield lesson


def submitted(lesson: LessonV2, capsys: pytest.CaptureFixture[str], steps: int) -> Counter[str]:
    """Submit a pipeline of many steps; return how often each kind of thing was asked for or written."""
    rates = [f"0.{number + 1:03}9" for number in range(steps)]
    rows = (f"  s-{n}: {{script: train.py, arguments: {{--rate: {rate}}}}}\n" for n, rate in enumerate(rates))
    lesson.write({"pipeline.yaml": HEAD + "".join(rows), "train.py": f"steps = {steps}\n"})
    lesson.service.forget()
    assert lesson.here(capsys, "submit", "--sdk", "v2").status == 0
    job = list(lesson.service.jobs.values())[-1]["properties"]
    assert len({node["componentId"] for node in job["jobs"].values()}) == 1
    assert [node["inputs"]["rate"]["value"] for node in job["jobs"].values()] == rates
    return Counter(f"{request.method} {request.route.split('/')[1]}" for request in lesson.service.requests)


@pytest.mark.parametrize("steps", [20, pytest.param(100, marks=pytest.mark.more)])
def test_many_steps_of_one_script_cost_what_two_cost(
    lesson: LessonV2, capsys: pytest.CaptureFixture[str], steps: int
) -> None:
    submitted(lesson, capsys, 3)  # registers the environment
    few, many = submitted(lesson, capsys, 2), submitted(lesson, capsys, steps)
    assert many == few
    assert (many["PUT components"], many["PUT codes"], many["PUT jobs"]) == (1, 1, 1)
    again = submitted(lesson, capsys, steps)
    assert sum(again.values()) < sum(many.values()) <= 13
    assert not again["PUT codes"]
    lesson.cli("export", "v2")
    files = sorted(path.relative_to(lesson.root / "v2").as_posix() for path in (lesson.root / "v2").rglob("*.*"))
    assert files == [
        *("README.md", "code/train/train.py", "components/train.yml", "environments/training.yml"),
        *("export.json", "pipeline.yml"),
    ]
