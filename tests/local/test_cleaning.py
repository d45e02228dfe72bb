"""``clean``, ``runs --pin`` and ``--unpin``: what is freed, what stays, and why."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from pathlib import Path

import pytest

from aml_pipeline import cli
from aml_pipeline.azureml.submission import Request
from aml_pipeline.cli.commands import clean
from aml_pipeline.cli.recorded import records_of
from aml_pipeline.project.opening import Opened, open_pipeline
from aml_pipeline.runs.contents import Contents, content
from aml_pipeline.runs.record import RunRecord, records
from tests.conftest import Project
from tests.patience import PATIENCE

# Two steps, of which the first does not read the parameter: its result is that of the first run.
FILES = {
    "pipeline.yaml": """
        name: small
        parameters: {size: 1}
        steps:
          make:
            script: make.py
            arguments:
              --output: ${{ outputs.table }}
          train:
            script: train.py
            arguments:
              --data: ${{ steps.make.outputs.table }}
              --size: ${{ parameters.size }}
              --output: ${{ outputs.model }}
        """,
    "make.py": """
        import sys
        print("Attempted to log scalar metric rows:\\n7")
        open(sys.argv[-1] + "/table", "w").write("made")
        """,
    "train.py": """
        import sys
        print("size", sys.argv[4])
        sys.exit("too large") if sys.argv[4] == "9" else open(sys.argv[-1] + "/model", "w").write("x" * 5000)
        """,
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that ran four times, the last time in vain; nothing may change it."""
    project = Project(tmp_path_factory.mktemp("ran"))
    project.write(FILES)
    for size, status in (("1", 0), ("2", 0), ("3", 0), ("9", 1)):
        project.cli("run", "--param", f"size={size}", status=status)
    return project


@pytest.fixture
def project(ran: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of that project, in which the command line works in this process."""
    shutil.copytree(ran.root, tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(tmp_path / "copy")
    return Project(tmp_path / "copy")


class Command:
    """The command line, run in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str, status: int = 0) -> str:
        """Run it; return what it printed, or what it complained of."""
        self._capsys.readouterr()
        ended = cli.run(words, {})
        said = self._capsys.readouterr()
        assert ended == status, said.out + said.err
        return said.err if status else said.out


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def tree(root: Path) -> dict[str, tuple[int, int]]:
    """Return every path below ``root`` with its size and time."""
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in sorted(root.rglob("*"))}


def names(project: Project) -> list[str]:
    return [run.name for run in project.runs()]


def test_clean_frees_results_and_no_record(project: Project, command: Command) -> None:
    before = names(project)
    records = tree(project.root / ".aml_pipeline/small/runs")
    freed, kept = command("clean").splitlines(keepends=True)
    assert freed.startswith("Freed 1")
    assert freed.endswith(" kB: 2 results and 1 attempt without a result.\n")
    assert kept == "Kept the latest result of 2 steps and 4 run records.\n"
    assert tree(project.root / ".aml_pipeline/small/runs") == records
    assert command("logs", "--run", before[0], "train") == "size 1\n"
    assert command("plan", "--param", "size=3") == "make   up to date\ntrain  up to date\n"
    again = command("clean")
    assert again == f"Nothing to free.\n{kept}"


def test_the_folder_of_a_run_that_was_killed_at_once_goes(project: Project, command: Command) -> None:
    runs = project.runs()
    place = runs[0].parent / "2026-11-27T10-00-00-000-dead"
    (place / "steps").mkdir(parents=True)
    damaged = runs[0].parent / "2026-11-27T11-00-00-000-beef"
    (damaged / "steps").mkdir(parents=True)
    (damaged / "steps" / "make.log").touch()
    done = command("clean")
    assert "1 empty run record" in done
    assert project.runs() == sorted([*runs, damaged])


def test_runs_that_are_not_among_the_newest_go_when_that_is_asked_for(project: Project, command: Command) -> None:
    first, _, third, last = names(project)
    freed, kept = command("clean", "--runs", "1").splitlines()
    assert freed.endswith(" kB: 2 results, 1 attempt without a result, 1 run record and 1 code text.")
    assert kept == (
        "Kept the latest result of 2 steps and 3 run records: the newest 1, 2 whose results are still in use."
    )
    assert names(project) == [first, third, last]  # the first made the table, the third the model
    heading, *rows = (line.split() for line in command("runs").splitlines())
    assert heading[-1] == "make.rows"
    assert {row[-1] for row in rows} == {"7"}, "also where the table was reused"


def test_records_younger_than_an_age_stay(project: Project, command: Command) -> None:
    runs = project.root / ".aml_pipeline/small/runs"
    old = runs / "2020-01-02T03-04-05-678-ab12"
    shutil.copytree(project.runs()[1], old)
    assert command("clean", "--runs", "30d").splitlines()[1] == (
        "Kept the latest result of 2 steps and 4 run records: 4 younger than 30d."
    )
    assert not old.exists()
    assert len(names(project)) == 4
    assert command("clean", "--runs", "0h").splitlines()[1].endswith(": 2 whose results are still in use.")


@pytest.mark.parametrize("given", ["3m", "-1", "all", "1.5d", ""])
def test_what_runs_to_keep_cannot_be(project: Project, command: Command, given: str) -> None:
    assert command("clean", f"--runs={given}", status=2) == (
        f'--runs does not accept "{given}". Write how many of the newest run records to keep (--runs 10), or their '
        "maximum age in hours, days or weeks (--runs 30d).\n"
    )
    assert command("clean", "--runs", "1", "--all", status=2) == (
        "--all removes all run records, but --runs keeps some. Use only one of them.\n"
    )
    assert len(names(project)) == 4


def test_a_dry_run_lists_what_would_go_and_changes_nothing(project: Project, command: Command) -> None:
    before = tree(project.root)
    *rows, freed, kept = command("clean", "--dry-run", "--runs", "1").splitlines()
    assert tree(project.root) == before
    state = ".aml_pipeline/small"
    kinds = [re.split("  +", row.strip())[1:] for row in rows]
    assert [kind for kind, _ in kinds] == ["result", "result", "attempt without a result", "run record", "code text"]
    assert all(place.startswith(f"{state}/steps/train/attempt.") for _, place in kinds[:3])
    assert kinds[3][1] == f"{state}/runs/{names(project)[1]}"
    assert re.match(" +5.[0-9] kB  result +[.]", rows[0])
    assert freed.startswith("Would free ")
    assert kept.startswith("Would keep the latest result of 2 steps and 3 run records: ")
    assert command("clean", "-n", "--all").splitlines()[-1] == "Would keep nothing."
    assert tree(project.root) == before
    real = command("clean", "--runs", "1").splitlines()
    assert [line.replace("Would free", "Freed").replace("Would keep", "Kept") for line in (freed, kept)] == real
    assert not any((project.root / place).exists() for _, place in kinds)


def test_a_pinned_run_stays(project: Project, command: Command) -> None:
    first, second, *_ = names(project)
    assert command("runs", "--pin", second) == f"Pinned {second}: `clean` will keep its record.\n"
    assert command("runs", "--pin", second[-4:]) == f"Pinned {second}: `clean` will keep its record.\n"
    shown = [line.split()[-1] for line in command("runs", "--columns", "run,pinned").splitlines()]
    assert shown == ["pinned", "-", "-", "yes", "-"]
    assert [row["pinned"] for row in json.loads(command("runs", "--format", "json"))] == [False, False, True, False]
    _, kept, lost = command("clean", "--runs", "0").splitlines()
    assert kept.endswith("and 3 run records: 1 pinned, 2 whose results are still in use.")
    assert lost == "Freed 1 result of pinned runs: a pin keeps the record of a run, not its results."
    assert command("logs", "--run", second) == "size 2\n"

    kept = command("clean", "--all").splitlines()[1]
    assert kept == (
        "Kept 2 run records: 1 pinned, 1 whose results are still in use. To unpin one, use "
        "`aml-pipeline runs --unpin RUN`."
    )
    assert names(project) == [first, second]  # the second used a result of the first, whose metrics its page shows
    assert sorted(os.listdir(".aml_pipeline/small")) == ["code", "format", "lock", "recording", "runs"]
    assert command("runs", "--unpin", second) == f"Unpinned {second}: `clean --runs` may remove its record.\n"
    assert command("clean", "--all").endswith("Kept nothing.\n")
    assert names(project) == []


def test_pins_take_runs_that_are_there(project: Project, command: Command) -> None:
    assert command("runs", "--pin", "nowhere", status=2).startswith('Unknown run "nowhere".')
    assert command("runs", "--remote", "--pin", names(project)[0], status=2) == (
        "Only runs recorded on this machine can be pinned, noted or tagged. Delete --remote.\n"
    )


def test_a_record_that_is_gone_breaks_nothing_that_refers_to_it(project: Project, command: Command) -> None:
    first, second, third, _ = names(project)
    shutil.rmtree(project.runs()[0])
    header = json.loads((project.runs()[0] / "run.json").read_text())
    assert header["steps"]["make"]["made_by"] == first
    assert len(command("runs", "--format", "csv").splitlines()) == 1 + 3
    assert command("logs", "--run", second) == "size 2\n"
    assert first in command("report", second, "-o", "-")
    assert "make" not in command("compare", second, third).partition("Durations")[0]
    assert "<html" in command("compare", second, third, "--page", "-o", "-")
    assert command("logs", "make", status=2).startswith('There is no log of step "make" here.')
    assert command("clean", "--runs", "0").startswith("Freed ")


def test_clean_of_a_project_that_never_ran_says_so(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    Project(tmp_path).write(FILES)
    monkeypatch.chdir(tmp_path)
    for words in ([], ["--all"], ["--runs", "3"], ["--dry-run"]):
        assert command("clean", *words) == "Nothing to free.\n"


A_WHILE = 0.5  # in which it is over, if it need not wait for `clean`


def test_the_texts_of_what_is_submitted_meanwhile_stay(
    project: Project, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is sent, and recorded, after `clean` has listed the records."""
    project.write({"train.py": FILES["train.py"].replace("too large", "much too large")})
    opened = open_pipeline("pipeline.yaml")
    plan, kept_project = opened.require()
    run = "run-in-azure"
    recorded = threading.Thread(target=Request(plan, kept_project, None, None, "", "", {}).record, args=(run, "", "v1"))

    def list_and_record(opened: Opened) -> list[RunRecord]:
        known = records_of(opened)
        recorded.start()
        recorded.join(A_WHILE)
        return known

    monkeypatch.setattr(clean, "records_of", list_and_record)
    command("clean")
    recorded.join(PATIENCE)
    (record,) = [one for one in records(os.path.join(opened.state, "runs")) if "azureml" in one.header]
    contents = Contents(opened.state)
    for step in plan.steps:
        digests = map(content, kept_project.snapshot(step).digests.values())
        assert all(contents.has(digest) for digest in digests), f"of {record.id}, {step.name}"
