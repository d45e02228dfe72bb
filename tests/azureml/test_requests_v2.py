"""What a submission and a publication by SDK v2 ask of Azure ML: how often, and for what again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback_v2.lesson import LessonV2, a_lesson_v2
from tests.loopback_v2.serving import quiet

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
FEW, MORE = 1, 3
HEAD = """\
name: lesson
compute: cpu-cluster
environment: {name: training, conda_file: conda.yml}
source_directory: steps
schedules: {nightly: {cron: "0 2 * * *"}}
steps:
"""


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LessonV2]:
    with a_lesson_v2(tmp_path, monkeypatch) as lesson:
        yield lesson


def _write(lesson: LessonV2, count: int) -> None:
    """Write a chain of ``count`` steps, each with a script of its own."""
    lines = [HEAD]
    for number in range(count):
        lesson.write({f"steps/s{number}.py": f"print({number}, {count})\n"})
        read = f'"--in": "${{{{ steps.s{number - 1}.outputs.o }}}}", ' if number else ""
        lines.append(f'  s{number}: {{script: s{number}.py, arguments: {{{read}"--out": "${{{{ outputs.o }}}}"}}}}\n')
    lesson.write({"pipeline.yaml": "".join(lines)})


def _asked(lesson: LessonV2, capsys: Capture, *words: str) -> Counter[str]:
    """Return how often each kind of thing was asked for by a command; files count by what is done with them."""
    lesson.service.forget()
    assert lesson.here(capsys, *words, "--sdk", "v2").status == 0
    return Counter(f"{one.method} {one.route.split('/')[1]}" for one in lesson.service.requests)


def test_a_submission_asks_for_each_step_by_itself_alone(lesson: LessonV2, capsys: Capture) -> None:
    first, again = {}, {}
    for count in (FEW, MORE):
        _write(lesson, count)
        first[count], again[count] = _asked(lesson, capsys, "submit"), _asked(lesson, capsys, "submit")
    # Of the code of a step: look-up, place, files (one, and that the folder is done); of the step itself: one.
    of_a_step = Counter({"GET codes": 1, "POST codes": 1, "HEAD blob": 1, "PUT blob": 2, "PUT codes": 1})
    of_a_step["PUT components"] = 1
    assert _growth(first) == {kind: number * (MORE - FEW) for kind, number in of_a_step.items()}
    assert _growth(again) == {"GET codes": 2 * (MORE - FEW), "PUT components": MORE - FEW}
    assert not [kind for kind in again[MORE] if kind.endswith("blob")]


def _growth(asked: dict[int, Counter[str]]) -> dict[str, int]:
    fewer, more = asked[FEW], asked[MORE]
    kinds = [kind for kind in more if kind not in ("PUT environments", "GET metadata")]
    return {kind: more[kind] - fewer[kind] for kind in kinds if more[kind] != fewer[kind]}


def test_a_cloud_is_asked_for_only_when_the_client_is_made(lesson: LessonV2, capsys: Capture) -> None:
    _write(lesson, FEW)
    _asked(lesson, capsys, "submit")
    places = [one.route.startswith("/metadata") for one in lesson.service.requests]
    assert not any(places[places.index(False) :])


def test_a_publication_with_nothing_to_do_asks_little(lesson: LessonV2, capsys: Capture) -> None:
    _write(lesson, MORE)
    _asked(lesson, capsys, "publish")
    again = _asked(lesson, capsys, "publish")
    del again["GET metadata"]  # of a cloud that azure-ai-ml does not know by itself
    assert again.total() <= 10
    assert lesson.service.writes() == []
