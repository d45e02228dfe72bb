"""Several values of parameters: a run of each combination, in one process and under one lock."""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.core.digests import Digests
from aml_pipeline.core.errors import UsageError
from aml_pipeline.local.store import Store
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.combinations import combined, labels, rest, words
from tests.conftest import Project, reasons
from tests.patience import PATIENCE

# `prepare` is what all combinations share; `train` fails if its rate is 9.
SWEEP = {
    "pipeline.yaml": """
        name: sweep
        parameters:
          epochs: 1
          rate: 0.5
          note: none
          loss: {default: l1, choices: [l1, l2, "l1,l2"]}
          fast: false
        steps:
          prepare:
            script: prepare.py
            arguments: [--output, "${{ outputs.data }}"]
          train:
            script: train.py
            arguments:
              - ${{ parameters.note }}
              - ${{ parameters.loss }}
              - ${{ parameters.fast }}
              - ${{ parameters.epochs }}
              - ${{ parameters.rate }}
              - ${{ steps.prepare.outputs.data }}
              - ${{ outputs.model }}
        """,
    "prepare.py": """
        import os, pathlib, sys
        pathlib.Path(sys.argv[-1], "data.txt").write_text("data")
        """,
    "train.py": """
        import pathlib, sys
        *_, epochs, rate, data, model = sys.argv
        if rate == "9":
            sys.exit("much too fast")
        print(pathlib.Path(data, "data.txt").read_text())
        print("Attempted to log scalar metric loss:", rate, sep="\\n")
        pathlib.Path(model, "model.txt").write_text(f"{epochs} {rate}")
        """,
}


@pytest.fixture
def sweep(project: Project) -> Project:
    project.write(SWEEP)
    return project


def headers(project: Project) -> list[dict[str, Any]]:
    """Return the records, oldest first."""
    return [json.loads((run / "run.json").read_text()) for run in project.runs()]


def attempts(project: Project) -> Counter[str]:
    """Return how often each step was started."""
    lines = [line for run in project.runs() for line in (run / "events.jsonl").read_text().splitlines()]
    events = map(json.loads, lines)
    return Counter(event["step"] for event in events if event["event"] == "StepStarted")


def table(stdout: str) -> list[list[str]]:
    """Return the rows of the table at the end, without seconds and names of runs; the last row has the counts."""
    *rows, counts = stdout.partition("\n\n")[2].splitlines()
    return [row.split()[:3] for row in rows] + [[counts]]


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_each_combination_is_a_run_and_what_they_share_is_made_once(sweep: Project, jobs: str) -> None:
    done = sweep.cli("run", "--param", "epochs=1,2", "--param", "rate=0.5,0.1", "--jobs", jobs)
    assert attempts(sweep) == {"prepare": 1, "train": 4}
    records = headers(sweep)
    first = records[0]["run"]
    assert {record["group"]["id"] for record in records} == {first}
    assert records[0]["group"]["varies"] == ["epochs", "rate"]
    given = {(record["parameters"]["epochs"], record["parameters"]["rate"]) for record in records}
    assert given == {("1", "0.5"), ("1", "0.1"), ("2", "0.5"), ("2", "0.1")}
    assert {record["state"] for record in records} == {"done"}
    assert (sweep.output("train", "model") / "model.txt").read_text() == "2 0.1", "the last in order is in use"
    assert table(done.stdout) == [
        ["epochs", "rate", "state"],
        ["1", "0.5", "done"],
        ["1", "0.1", "done"],
        ["2", "0.5", "done"],
        ["2", "0.1", "done"],
        ["4 runs: 4 done."],
    ]
    assert "epochs=2 rate=0.1  train" in reasons(done.stderr)
    assert " loss 0.1\n" in done.stdout, "values are not compared with those of a sibling"
    assert " (" not in done.stdout


def test_a_group_with_nothing_to_do_does_nothing(sweep: Project) -> None:
    sweep.cli("run", "--param", "epochs=1,2")
    before = {path: path.stat().st_mtime_ns for path in sweep.root.glob(".aml_pipeline/sweep/steps/*/*")}
    again = sweep.cli("run", "--param", "epochs=1,2", "--jobs", "2")
    assert (len(sweep.runs()), again.stderr) == (2, "")
    assert table(again.stdout)[-1] == ["2 runs: 2 up to date."]
    assert {path: path.stat().st_mtime_ns for path in sweep.root.glob(".aml_pipeline/sweep/steps/*/*")} == before
    assert sweep.cli("plan", "--param", "epochs=1,2").stdout.splitlines()[-1] == "2 combinations: 2 up to date."
    one_more = sweep.cli("run", "--param", "epochs=1,2,3")
    assert table(one_more.stdout)[-1] == ["3 runs: 2 up to date, 1 done."]
    assert sweep.run() == {"prepare": "up to date", "train": "up to date"}


def test_after_a_failure_nothing_else_begins(sweep: Project) -> None:
    done = sweep.cli("run", "--param", "epochs=1,2", "--param", "rate=0.5,9", status=1)
    assert table(done.stdout)[1:] == [
        ["1", "0.5", "done"],
        ["1", "9", "failed"],
        ["2", "0.5", "not"],
        ["2", "9", "not"],
        ["4 runs: 1 done, 1 failed, 2 not run."],
    ]
    assert [record["state"] for record in headers(sweep)] == ["done", "failed"]


def test_keep_going_carries_out_the_others(sweep: Project) -> None:
    done = sweep.cli("run", "--param", "rate=9,0.5", "--param", "epochs=1,2", "-k", "--jobs", "2", status=1)
    assert table(done.stdout)[-1] == ["4 runs: 2 failed, 2 done."]
    assert attempts(sweep) == {"prepare": 1, "train": 4}
    folders = [path.name for path in sweep.root.glob(".aml_pipeline/sweep/steps/train/attempt.*")]
    assert len(folders) <= 3, "of the failed attempts only the last is kept"


def test_after_two_that_fail_together_the_reason_of_each_is_its_own_failure(sweep: Project, tmp_path: Path) -> None:
    meets = """
        import os, pathlib, sys, time
        *_, epochs, rate, data, model = sys.argv
        pathlib.Path(os.environ["MEET"], epochs).touch()
        for _ in range(1000):
            if len(os.listdir(os.environ["MEET"])) == 2:
                sys.exit("failed")
            time.sleep(0.01)
        """
    sweep.write({"train.py": meets})
    (tmp_path / "meet").mkdir()
    environ = {"MEET": str(tmp_path / "meet")}
    sweep.cli("run", "--param", "epochs=1,2", "-k", "--jobs", "2", status=1, environ=environ)
    plans = [sweep.cli("plan", "--param", f"epochs={epochs}").stdout.splitlines()[1] for epochs in (1, 2)]
    assert [" ".join(plan.split()) for plan in plans] == ["train will run last attempt failed"] * 2


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_shared_step_that_fails_is_tried_once(sweep: Project, jobs: str) -> None:
    sweep.write({"prepare.py": "raise SystemExit('no data')\n"})
    done = sweep.cli("run", "--param", "epochs=1,2,3", "-k", "--jobs", jobs, status=1)
    assert attempts(sweep) == {"prepare": 1}
    assert table(done.stdout)[-1] == ["3 runs: 3 failed."]
    assert len(sweep.runs()) == 1


def test_force_makes_what_is_shared_once_more(sweep: Project) -> None:
    sweep.cli("run", "--param", "epochs=1,2")
    plan = sweep.cli("plan", "--force", "--param", "epochs=1,2").stdout
    assert plan.splitlines()[:2] == ["epochs=1  will run prepare, train", "epochs=2  will run train"]
    sweep.cli("run", "--force", "--param", "epochs=1,2", "--jobs", "2")
    assert attempts(sweep) == {"prepare": 2, "train": 4}


def test_a_step_that_is_never_reused_runs_in_each(sweep: Project) -> None:
    sweep.replace("pipeline.yaml", "script: prepare.py", "script: prepare.py\n    allow_reuse: false")
    sweep.cli("run", "--param", "epochs=1,2", "--jobs", "2")
    assert attempts(sweep) == {"prepare": 2, "train": 2}


def test_plan_says_what_each_would_do(sweep: Project) -> None:
    sweep.cli("run", "prepare")
    said = sweep.cli("run", "-n", "--param", "epochs=1,2", "--exit-code", status=5).stdout
    assert said.splitlines() == [
        "epochs=1  will run train",
        "epochs=2  will run train",
        "2 combinations: 2 with something to do.",
    ]
    sweep.write({"prepare.py": "import sys\nopen(sys.argv[-1] + '/data.txt', 'w').write('other')\n"})
    verbose = sweep.cli("plan", "-v", "--param", "epochs=1,2").stdout.splitlines()
    assert "epochs=2  prepare  shared with an earlier combination" in verbose


def test_a_warning_about_a_step_that_is_left_out_names_the_combination(sweep: Project) -> None:
    two = """

  more:
    script: prepare.py
    after: [train]
    arguments: [--epochs, "${{ parameters.epochs }}", "${{ outputs.data }}"]
"""
    text = (sweep.root / "pipeline.yaml").read_text()
    sweep.write({"pipeline.yaml": text.rstrip() + two})
    sweep.run()
    said = sweep.cli("plan", "more", "--only", "--param", "epochs=1,2").stderr
    changed = "train is not part of this run, but out of date: parameter epochs 1 → 2"
    assert said == f"epochs=2  {changed}\n"


@pytest.mark.parametrize("command", ["plan", "run"])
def test_values_that_no_selected_step_uses_are_refused(sweep: Project, command: str) -> None:
    what = "Parameter rate has 2 values, but no step to run uses it, so its runs would be the same."
    refused = sweep.cli(command, "prepare", "--param", "rate=1,2", status=2).stderr
    assert refused == f"{what} Give it one value, or also run train.\n"
    assert sweep.runs() == []


def test_what_takes_one_combination_refuses_several(sweep: Project) -> None:
    refused = sweep.cli("run", "--debug", "train", "--param", "epochs=1,2", status=2).stderr
    assert refused == ("run --debug takes one value of each parameter, but epochs has 2. Give one value of each.\n")


# Which values a word has


def loaded(**given: list[str]) -> loader.Loaded:
    text = textwrap.dedent(SWEEP["pipeline.yaml"])
    return loader.load(text.encode(), "pipeline.yaml", parameters=given)


def test_a_comma_separates_values_except_in_a_free_string_and_in_a_choice() -> None:
    read = loaded(epochs=["1, 2", "3"], note=["a,b", "c"], loss=["l1,l2"], fast=["true,false"])
    assert read.problems == []
    assert read.several == {"epochs": ["1", "2", "3"], "note": ["a,b", "c"], "fast": ["true", "false"]}
    assert loaded(loss=["l1,l2", "l2,l1"]).several == {"loss": ["l1,l2", "l2", "l1"]}


SIX = {"epochs": ["1,2"], "rate": ["1,2,3"]}


@pytest.mark.parametrize(
    ("given", "count", "said"),
    [
        ({"epochs": ["1,2,3"]}, 1, ["--param epochs=2,3"]),
        ({"note": ["a,b", "c d", "e"]}, 1, ["--param 'note=c d' --param note=e"]),
        ({"loss": ["l2", "l1", "l1,l2"]}, 1, ["--param loss=l1 --param loss=l1,l2"]),
        (SIX, 2, ["--param epochs=1 --param rate=3", "--param epochs=2 --param rate=1,2,3"]),
        (SIX, 3, ["--param epochs=2 --param rate=1,2,3"]),
        (SIX, 6, []),
    ],
)
def test_the_rest_of_the_combinations_takes_few_commands(
    given: dict[str, list[str]], count: int, said: list[str]
) -> None:
    whole = loaded(**given)
    assert whole.plan
    assert [words(whole.plan, product) for product in rest(whole.several, count)] == said
    names = list(given)
    assert [label for line in said for label in _combinations(names, line)] == _labels(whole, names)[count:]


def _combinations(names: list[str], line: str) -> list[str]:
    """Return the combinations that a command line with these words means."""
    values: dict[str, list[str]] = {}
    for word in shlex.split(line)[1::2]:
        name, _, text = word.partition("=")
        values.setdefault(name, []).append(text)
    return _labels(loaded(**values), names)


def _labels(read: loader.Loaded, names: list[str]) -> list[str]:
    assert read.plan
    return labels(combined(read.plan, read.several), names)


def test_a_comma_that_separates_nothing_is_said() -> None:
    assert loaded(note=["a,b"], loss=["l1,l2"]).remarks == [
        '"a,b" is one value, because parameter note is a string. To give several, repeat the option: --param note=….',
        '"l1,l2" is one value, because it is a choice. To give several, repeat the option: --param loss=….',
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"epochs": ["5,,10"]}, "--param epochs=5,,10: parameter epochs: a value between commas is empty."),
        ({"epochs": ["5,"]}, "--param epochs=5,: parameter epochs: a value between commas is empty."),
        ({"epochs": ["5", "6,5"]}, "--param epochs=6,5: parameter epochs: the value 5 is given 2 times."),
        ({"loss": ["l1,l3"]}, '--param loss=l1,l3: parameter loss: "l3" is not one of the choices.'),
        ({"epochs": ["5,x"]}, '--param epochs=5,x: parameter epochs: expected an integer, got "x".'),
        ({"epoch": ["5,6"]}, '--param epoch=5,6: unknown parameter "epoch".'),
        ({"epochs": [""]}, "--param epochs=: parameter epochs: Azure ML does not support empty values."),
    ],
)
def test_the_value_that_is_wrong_is_named(given: dict[str, list[str]], said: str) -> None:
    problem, *others = [problem for problem in loaded(**given).problems if problem.severity == "error"]
    assert (f"{problem.origin}: {problem.message}", others) == (said, [])


def test_a_value_that_the_script_refuses_is_named_before_anything_runs(sweep: Project) -> None:
    sweep.replace("pipeline.yaml", "- ${{ parameters.epochs }}", "- --epochs\n      - ${{ parameters.epochs }}")
    parser = "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('words', nargs='*')\n"
    sweep.write({"train.py": parser + "parser.add_argument('--epochs', choices=['1', '2'])\nparser.parse_args()\n"})
    refused = sweep.cli("run", "--param", "epochs=1,2,3", status=2).stderr
    of_the_parameter = [line for line in refused.splitlines() if line.startswith("--param epochs=1,2,3: ")]
    assert ['"3"' in line for line in of_the_parameter] == [True]


def test_a_thousand_combinations_are_the_most() -> None:
    numbers = [str(number) for number in range(1, 41)]
    read = loaded(epochs=numbers, rate=numbers)
    assert read.plan
    with pytest.raises(UsageError) as error:
        combined(read.plan, read.several)
    assert str(error.value) == "40 of epochs × 40 of rate = 1,600 combinations; the most is 1,000. Give fewer values."
    plans = combined(read.plan, {"epochs": numbers, "rate": numbers[:2]})
    assert labels(plans, ["epochs", "rate"])[:3] == ["epochs=1 rate=1", "epochs=1 rate=2", "epochs=2 rate=1"]


# Runs that are stopped, killed or have to wait

# Each step holds a pipe of its own open, and waits.
HOLDS = """
    import os, sys, time
    *_, epochs, rate, data, model = sys.argv
    open(os.path.join(model, "part.txt"), "w").write("half")
    pipe = os.open(os.environ["PIPE"] + epochs, os.O_WRONLY)
    os.write(pipe, b".")
    time.sleep(60)
    """


class Held:
    """A run of two combinations, both with a step under way."""

    def __init__(self, project: Project, folder: Path) -> None:
        for number in "12":
            os.mkfifo(folder / f"pipe{number}")
        environ = {**project.environ, "PIPE": str(folder / "pipe")}
        words = ("run", "--param", "epochs=1,2,3", "--jobs", "2")
        self.run = project.start(*words, env=environ, start_new_session=True)
        self.pipes = [os.open(folder / f"pipe{number}", os.O_RDONLY) for number in "12"]
        assert [self.read(pipe) for pipe in self.pipes] == [b".", b"."]

    @staticmethod
    def read(pipe: int) -> bytes:
        assert select.select([pipe], [], [], PATIENCE)[0], "nothing happens"
        return os.read(pipe, 1)

    def ended(self) -> int:
        """Wait for the run and its steps; return how the run ended."""
        _, self.said = self.run.communicate(timeout=PATIENCE)
        assert [self.read(pipe) for pipe in self.pipes] == [b"", b""], self.said
        for pipe in self.pipes:
            os.close(pipe)
        return self.run.returncode


@pytest.fixture
def held(sweep: Project, tmp_path: Path) -> Held:
    ready = SWEEP["train.py"]
    sweep.run("prepare")
    sweep.write({"train.py": HOLDS})
    run = Held(sweep, tmp_path)
    sweep.write({"train.py": ready})
    return run


def test_ctrl_c_ends_all_of_them(sweep: Project, held: Held) -> None:
    held.run.send_signal(signal.SIGINT)
    assert held.ended() == -signal.SIGINT
    assert "\n3 runs: 2 interrupted, 1 not run.\n" in held.said
    states = [record["state"] for record in headers(sweep)]
    assert states == ["done", "interrupted", "interrupted"]
    assert table(sweep.cli("run", "--param", "epochs=1,2,3").stdout)[-1] == ["3 runs: 3 done."]


def test_after_kill_9_the_next_run_goes_on_and_removes_what_is_left_of_each(sweep: Project, held: Held) -> None:
    steps = sweep.root / ".aml_pipeline" / "sweep" / "steps"
    halves = list(steps.glob("train/attempt.*/model/part.txt"))
    os.killpg(held.run.pid, signal.SIGKILL)
    assert held.ended() == -signal.SIGKILL
    assert len(halves) == 2
    left = Store(str(steps.parent), Digests()).survivors("train")
    assert len(left) == 2, "both attempts are known"
    assert table(sweep.cli("run", "--param", "epochs=1,2,3", "--jobs", "2").stdout)[-1] == ["3 runs: 3 done."]
    assert not [half for half in halves if half.exists()]
    assert sweep.cli("verify").returncode == 0


def test_a_run_waits_for_the_lock_if_it_is_told_to(sweep: Project, held: Held) -> None:
    refused = sweep.cli("run", status=6).stderr
    assert refused == sweep.cli("run", "--wait-for-lock=0", status=6).stderr
    waiting = sweep.start("run", "--wait-for-lock")
    assert waiting.stderr
    assert waiting.stderr.readline().startswith(f"Waiting for another run of this pipeline (process {held.run.pid} on ")
    sweep.replace("pipeline.yaml", "epochs: 1", "epochs: 7")  # seen by the run that waits
    held.run.send_signal(signal.SIGINT)
    held.ended()
    waiting.communicate(timeout=PATIENCE)
    assert waiting.returncode == 0
    assert (sweep.output("train", "model") / "model.txt").read_text() == "7 0.5"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--wait-for-lock=soon"],
            '--wait-for-lock expects seconds, got "soon". For example, write --wait-for-lock=60.',
        ),
        (["--wait-for-lock", "60"], 'The value "60" needs an equals sign. Write --wait-for-lock=60.'),
    ],
)
def test_seconds_follow_an_equals_sign(sweep: Project, words: list[str], said: str) -> None:
    assert sweep.cli("run", *words, status=2).stderr.startswith(said)
