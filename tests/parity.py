"""The table in ``docs/how-to/v1-to-v2.md`` of what each command does with either SDK, as the command line does it.

``make checks`` (``python -m tests.parity``) writes it; a test compares. Each command runs as a process, with the
loopback service of SDK v1 and with that of SDK v2: what it prints at its end, and what it writes in Azure ML.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

from tests.loopback.lesson import PIPELINE, Done, Lesson, a_lesson
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "v1-to-v2.md"
HEAD = "| command | ends with | writes with SDK v1 | writes with SDK v2 |\n|---|---|---|---|\n"
_TABLE = re.compile(rf"(?<={re.escape(HEAD)})(?:\|.*\n)*")
Either = Lesson | LessonV2

SCHEDULES = 'schedules: {nightly: {cron: "0 2 * * *"}}\n'
EDIT = {"steps/train.py": "print('train better')\n"}
# RUN is the run that was submitted last; a step that stays runs until it is cancelled.
COMMANDS = (
    "validate",
    "submit --dry-run",
    "submit",
    "wait RUN",
    "submit prepare",
    "submit --wait",
    "logs --remote RUN train",
    "plan --remote",
    "submit --force",
    "cancel RUN",
    "runs --remote --columns run,state",
    "publish --dry-run",
    "publish",
    "publish (again)",
    "publish (after an edit)",
    "schedules --remote",
    "publish --version previous",
    "pause",
    "resume",
    "export v2",
)
OFFLINE = {"export"}  # commands without --sdk

# What writes are for, in the order of the table. Steps and their code are not shown: SDK v1 does not send all of them
# each time. Nor is a write that another one of the same command stands for.
_V1 = {
    r"PUT /environment/": "environment",
    r"POST /content/|POST /pipelines/v1.0/Modules": "",
    r"POST /pipelines/v1.0/PipelineRuns/Submit/|POST /execution/": "run",
    r"DELETE /pipelines/v1.0/PipelineRuns/": "cancellation",
    r"POST /pipelines/v1.0/Pipelines/Create": "published pipeline",
    r"(POST|PUT) /pipelines/v1.0/PipelineEndpoints/": "endpoint",
    r"(POST|PUT) /pipelines/v1.0/Schedules/": "schedule",
    r"(POST|PATCH|PUT) /(history|pipelines/v1.0/PipelineRuns)/": "",
}
_V2 = {
    r"PUT /environments/": "environment",
    r"PUT /components/azureml_anonymous/|PUT /codes/|POST /codes|PUT /blob": "",
    r"PUT /jobs/": "run",
    r"POST /jobs/.*/cancel": "cancellation",
    r"PUT /components/": "published pipeline",
    r"PUT /schedules/": "schedule",
}


class Row(NamedTuple):
    """What a command printed last, and what it wrote."""

    said: str
    wrote: str


def written() -> str:
    """Return the table as the page has it."""
    place = _TABLE.search(PAGE.read_text(encoding="utf-8"))
    return place[0] if place else ""


def current(folder: Path, patch: pytest.MonkeyPatch) -> str:
    """Return the table of the command line as it is; the projects are in ``folder``."""
    with a_lesson(folder / "v1", patch) as lesson:
        v1 = list(_rows(lesson, "v1", _V1))
    with a_lesson_v2(folder / "v2", patch) as lesson_v2:
        v2 = list(_rows(lesson_v2, "v2", _V2))
    return "".join(_line(*row) for row in zip(COMMANDS, v1, v2, strict=True))


def _rows(lesson: Either, sdk: str, nouns: dict[str, str]) -> Iterator[Row]:
    lesson.write({"pipeline.yaml": dedent(PIPELINE) + SCHEDULES})
    lesson.service.prints("train", "loss 0.5\n")
    runs: list[str] = []
    for command in COMMANDS:
        words, _, remark = command.partition(" (")
        if remark == "after an edit)":
            lesson.write(EDIT)
        lesson.service.forget()
        given = [runs[-1] if word == "RUN" else word for word in words.split()]
        done = lesson.azure(*given, *([] if given[0] in OFFLINE else ["--sdk", sdk]))
        assert done.status == 0, done
        runs += re.findall(r"^run (\S+)$", done.out, re.MULTILINE)
        yield Row(_last(done, runs), _wrote(lesson, nouns))


def _last(done: Done, runs: list[str]) -> str:
    """Return the last line that was printed which is no address, with what differs from run to run replaced."""
    lines = [line for line in done.out.splitlines() if line and "http" not in line and not line.endswith(" everywhere")]
    text = re.sub("|".join([r"\b[0-9a-f]{12}\b", *map(re.escape, runs)]), _named, lines[-1])
    return re.sub(r"\d+\.\d s\b", "… s", " ".join(text.split()))


def _named(found: re.Match[str]) -> str:
    return "VERSION" if len(found[0]) == len("78f45c8b3081") else "RUN"


def _wrote(lesson: Either, nouns: dict[str, str]) -> str:
    """Return what was written, in words."""
    written = {_noun(f"{write.method} {write.route}", nouns) for write in lesson.service.writes()}
    return ", ".join(noun for noun in nouns.values() if noun in written and noun) or "nothing"


def _noun(write: str, nouns: dict[str, str]) -> str:
    found = [noun for pattern, noun in nouns.items() if re.match(pattern, write)]
    assert found, write
    return found[0]


def _line(command: str, v1: Row, v2: Row) -> str:
    words, _, remark = command.partition(" (")
    said = v1.said if v1.said == v2.said else f"v1: {v1.said}<br>v2: {v2.said}"
    return f"| `{words}`{f' ({remark}' if remark else ''} | {said} | {v1.wrote} | {v2.wrote} |\n"


def main() -> None:
    """Write the table into its page."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        table = current(Path(folder), patch)
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(_TABLE.sub(lambda _: table, text, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
