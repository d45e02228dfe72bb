"""What takes long is done beside the loop of a run: the steps that run meanwhile are looked after in time."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_pipeline import cli
from aml_pipeline.core import digests, removal
from aml_pipeline.local import beside
from tests.conftest import Project
from tests.patience import PATIENCE, until

PIPELINE = """
    name: two
    datasets: {data: {local: data}}
    steps:
      endless:
        script: endless.py
        timeout: 1s
        arguments: {--output: "${{ outputs.out }}"}
      quick:
        script: quick.py
        arguments: {--data: "${{ datasets.data }}", --output: "${{ outputs.out }}"}
    """
ENDLESS = """
    import os, sys, time
    open(sys.argv[-1] + "/begun", "w").close()
    while True:
        time.sleep(60)
    """
# It ends once the other has begun.
QUICK = """
    import glob, sys, time
    while not glob.glob("../../../endless/attempt.*/out/begun"):
        time.sleep(0.01)
    open(sys.argv[-1] + "/large", "w").write("large")
    """


@pytest.fixture
def two(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of which one step never ends by itself; the command line works in it in this process."""
    project.write({"pipeline.yaml": PIPELINE, "endless.py": ENDLESS, "quick.py": QUICK, "data/x": "x"})
    monkeypatch.chdir(project.root)
    return project


def _record(project: Project) -> dict[str, dict[str, str]]:
    steps: dict[str, dict[str, str]] = json.loads((project.runs()[-1] / "run.json").read_text())["steps"]
    return steps


def _endless_was_ended(project: Project) -> bool:
    """Whether the run has told that the step which never ends by itself is over."""
    events = [path / "events.jsonl" for path in project.runs()]
    rows = [json.loads(line) for path in events if path.exists() for line in path.read_text().splitlines()]
    return any(row["event"] == "StepEnded" and row["step"] == "endless" for row in rows)


def _held_up(monkeypatch: pytest.MonkeyPatch, part: str, wait: Callable[[], object]) -> list[str]:
    """Let the digest of a folder take as long as ``wait``, the first time; gives the paths that were held up."""
    tree = digests.Digests.tree
    held: list[str] = []

    def slow(digests: digests.Digests, path: str) -> digests.Tree | None:
        if part in path and not held:
            held.append(path)
            wait()
        return tree(digests, path)

    monkeypatch.setattr(digests.Digests, "tree", slow)
    return held


PARTS = {"an output": "/quick/attempt.", "a dataset": "/data", "a copied model": "/models/net/new."}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_timeout_holds_while_a_large_folder_is_read(two: Project, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    two.replace("pipeline.yaml", "script: quick.py", "script: quick.py\n    outputs: {out: {model: {name: net}}}")
    held = _held_up(monkeypatch, part, lambda: until(lambda: _endless_was_ended(two)))
    assert cli.run(["run", "--jobs", "2", "--keep-going"], {}) == 1
    assert held
    steps = _record(two)
    assert steps["endless"]["message"].startswith("It exceeded its timeout of 1")
    assert steps["quick"]["state"] == "done"


def test_a_timeout_holds_while_a_working_folder_is_removed(two: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    two.write({"quick.py": QUICK.rstrip() + "\n    open('scratch', 'wb').truncate(1 << 20)\n"})
    remove, held = removal.remove, []

    def slow(path: str) -> list[removal.Refusal]:
        if "/quick/attempt." in path:
            held.append(path)
            until(lambda: _endless_was_ended(two))
        return remove(path)

    monkeypatch.setattr(removal, "remove", slow)
    assert cli.run(["run", "--jobs", "2", "--keep-going"], {}) == 1
    assert [os.path.basename(path) for path in held] == ["working-copy"]
    assert not Path(held[0]).exists()


def test_a_run_that_is_stopped_does_not_wait_for_a_large_output(
    two: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    go_on = threading.Event()
    others = {*threading.enumerate()}

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert go_on.wait(PATIENCE)

    held = _held_up(monkeypatch, "/quick/attempt.", interrupt)
    two.replace("pipeline.yaml", "timeout: 1s", "timeout: 1h")
    try:
        assert cli.run(["run", "--jobs", "2"], {}) == 130
        assert capsys.readouterr().err.endswith("Stopped. The next run will continue from here.\n")
        assert {name: row["state"] for name, row in _record(two).items()} == dict.fromkeys(
            ("endless", "quick"), "interrupted"
        )
    finally:
        go_on.set()
    for thread in {*threading.enumerate()} - others:
        thread.join(PATIENCE)
    assert held
    assert not list(two.root.glob(".aml_pipeline/two/steps/quick/result.*"))
    assert cli.run(["run", "quick"], {}) == 0
    assert "quick  runs: last attempt was interrupted" in capsys.readouterr().err


def test_what_work_raises_is_raised_where_its_outcome_is_asked_for() -> None:
    for there in (True, False):
        work = beside.Work(lambda: int("x"), beside=there)
        until(lambda: work.is_over)  # noqa: B023 - asked for at once
        with pytest.raises(ValueError, match="x"):
            work.result()


def test_where_no_thread_can_begin_the_loop_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    assert beside.Work(lambda: 1, beside=True).result() == 1


def test_a_step_is_tried_again_while_another_runs(two: Project) -> None:
    flag = two.root / "tried"
    flaky = f"""
    import os
    open("outputs/kept", "a").write("x")
    if not os.path.exists({str(flag)!r}):
        open({str(flag)!r}, "w").close()
        sys.exit(1)
    """
    two.write({"quick.py": QUICK.rstrip() + flaky})
    two.replace("pipeline.yaml", "script: quick.py", "script: quick.py\n    retries: 1")
    assert cli.run(["run", "--jobs", "2", "--keep-going"], {}) == 1
    events = [json.loads(line) for line in (two.runs()[-1] / "events.jsonl").read_text().splitlines()]
    told = [(row["event"], row.get("state")) for row in events if row.get("step") == "quick"]
    assert told == [("StepStarted", None), ("StepEnded", "failed"), ("StepStarted", None), ("StepEnded", "done")]
    assert (two.runs()[-1] / "steps/quick/outputs/kept").read_text() == "x"
    assert len(list(two.root.glob(".aml_pipeline/two/steps/quick/attempt.*"))) == 1
