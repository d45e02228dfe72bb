"""The library, as a notebook uses it: it does what the command line does, and prints nothing."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import aml_pipeline
from aml_pipeline import PipelineError, Run, UsageError, azureml
from aml_pipeline.azureml import sdks
from aml_pipeline.project.opening import project_of
from aml_pipeline.runs.events import Event, OutputWritten, StepEnded, StepStarted
from tests.conftest import ROOT, Project

PIPELINE = """\
    name: small
    compute: cpu
    environment: {name: e, pip_requirements: r.txt}
    parameters: {epochs: 2}
    datasets: {images: {local: data}}
    steps:
      make:
        script: make.py
        arguments:
          --output: ${{ outputs.rows }}
      train:
        script: train.py
        arguments:
          --data: ${{ steps.make.outputs.rows }}
          --epochs: ${{ parameters.epochs }}
          --output: ${{ outputs.model }}
      look:
        script: look.py
        arguments:
          --images: ${{ datasets.images }}
    """
WRITE = "import pathlib, sys\npathlib.Path(sys.argv[-1], 'a.txt').write_text('a')\n"
METRIC = "print('Attempted to log scalar metric loss:\\n0.5')\n"


@pytest.fixture
def small(project: Project) -> Project:
    scripts = {"make.py": WRITE, "train.py": WRITE + METRIC, "look.py": ""}
    project.write({"pipeline.yaml": PIPELINE, "r.txt": "", "data/a.txt": "a", **scripts})
    return project


def run(project: Project, *steps: str, **options: object) -> Run:
    return aml_pipeline.run(aml_pipeline.load(project.root / "pipeline.yaml"), steps, **options)  # type: ignore[arg-type]


def test_a_run_has_its_outputs_metrics_and_states(small: Project, capfd: pytest.CaptureFixture[str]) -> None:
    signals = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    events: list[Event] = []
    first = run(small, jobs=2, on_event=events.append)
    assert (first.state, first.states) == ("done", {"make": "done", "train": "done", "look": "done"})
    assert first.metrics == {"make": {}, "train": {"loss": 0.5}, "look": {}}
    assert (first.outputs["train"]["model"] / "a.txt").read_text() == "a"
    assert {event.step for event in events if isinstance(event, StepEnded)} == set(first.steps)
    again = run(small)
    assert set(again.states.values()) == {"up to date"}
    assert (again.outputs, again.metrics, again.id) == (first.outputs, first.metrics, "")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == signals
    assert capfd.readouterr() == ("", "")
    (record,) = aml_pipeline.history(small.root / "pipeline.yaml")
    assert (record.id, record.state, record.parameters) == (first.id, "done", {"epochs": "2"})
    assert (record.states, record.metrics) == (first.states, {"train": {"loss": 0.5}})
    assert record.seconds is not None
    assert record.started is not None
    assert record.header["command"] == "aml_pipeline.run"


def test_the_command_line_and_the_library_share_results(small: Project) -> None:
    small.cli("run")
    assert set(run(small).states.values()) == {"up to date"}
    assert set(run(small, "train", force=True).states.values()) == {"up to date", "done"}
    assert len(aml_pipeline.history(small.root / "pipeline.yaml")) == 2


def test_a_step_that_fails_raises_nothing(small: Project) -> None:
    small.write({"make.py": "raise SystemExit(3)\n"})
    failed = run(small, keep_going=True)
    assert (failed.state, failed.states) == ("failed", {"make": "failed", "train": "not run", "look": "done"})
    assert failed.steps["make"].exit_status == 3
    assert "make" not in failed.outputs


def test_a_notebook_shows_how_the_steps_ended(small: Project) -> None:
    text = run(small)._repr_html_()
    assert "<td>train</td><td>done</td>" in text
    assert "<td>loss 0.5</td>" in text
    hostile = Run(steps={"a": StepEnded(0.0, "a", "failed", "")}, metrics={"a": {"<script>": "</td>"}})
    assert "<td>&lt;script&gt; &lt;/td&gt;</td>" in hostile._repr_html_()


def test_what_changes_after_the_plan_was_loaded_is_seen(small: Project) -> None:
    plan = aml_pipeline.load(small.root / "pipeline.yaml")
    aml_pipeline.run(plan, ["make"])
    small.write({"make.py": WRITE + "import late\n", "late.py": ""})
    assert aml_pipeline.run(plan, ["make"]).states == {"make": "done"}
    (small.root / "train.py").unlink()
    with pytest.raises(PipelineError, match=r"pipeline.yaml:12:13: .*\[missing-script\]"):
        aml_pipeline.run(plan)
    small.write({"train.py": ""})
    (small.root / "data" / "a.txt").unlink()
    (small.root / "data").rmdir()
    with pytest.raises(PipelineError, match=r"pipeline.yaml:5:28: .*\[missing-dataset\]\n +5 \| datasets:"):
        aml_pipeline.run(plan)


def test_an_interrupt_ends_the_steps_and_leaves_no_lock(small: Project) -> None:
    """As a notebook's *interrupt* does, which sends INT to the process that calls."""
    small.write({"make.py": "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(1000)\n"})
    printed: list[str] = []

    def interrupt(event: Event) -> None:
        if isinstance(event, OutputWritten) and not printed:
            printed.append(event.text)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(small, "make", on_event=interrupt)
    with pytest.raises(ProcessLookupError):
        _signal_unless_over(int(printed[0]))
    (record,) = aml_pipeline.history(small.root / "pipeline.yaml")
    assert (record.state, record.states) == ("interrupted", {"make": "interrupted"})
    small.write({"make.py": WRITE})
    assert run(small, "make").state == "done"


def test_a_run_in_a_thread_leaves_other_children_alone(small: Project) -> None:
    """A notebook starts programs of its own, in sessions of their own, while a run goes on in a thread."""
    others: list[subprocess.Popen[bytes]] = []
    done: list[Run] = []
    main = threading.Event()

    def begin(event: Event) -> None:
        if isinstance(event, StepStarted) and not others:
            main.set()
            started.wait()

    started = threading.Event()
    thread = threading.Thread(target=lambda: done.append(run(small, on_event=begin)))
    thread.start()
    main.wait()
    others.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True))
    started.set()
    thread.join()
    assert done[0].state == "done"
    others[0].communicate(b"\n")
    assert others[0].returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="found through /proc")
def test_what_leaves_the_tree_of_its_step_is_ended_all_the_same(small: Project) -> None:
    daemon = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'], start_new_session=True)\n"
        "open(sys.argv[-1] + '/pid', 'w').write(str(child.pid))\n"
    )
    small.write({"make.py": daemon})
    pid = int((run(small, "make").outputs["make"]["rows"] / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        _signal_unless_over(pid)


def _signal_unless_over(pid: int) -> None:
    """Raise ProcessLookupError for a process that has ended, though nobody may have asked how."""
    if Path(f"/proc/{pid}/stat").is_file() and Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z":
        raise ProcessLookupError
    os.kill(pid, 0)


@pytest.mark.parametrize(
    ("steps", "options", "told"),
    [
        (("trian",), {}, 'Unknown step "trian". Did you mean "train"?'),
        ((), {"jobs": 0}, "jobs must be 1 or more, got 0."),
        ((), {"python": "nowhere"}, 'The Python "nowhere" was not found'),
    ],
)
def test_a_call_that_cannot_be_meant(
    small: Project, steps: tuple[str, ...], options: dict[str, object], told: str
) -> None:
    with pytest.raises(UsageError) as raised:
        run(small, *steps, **options)
    assert str(raised.value).startswith(told)


def test_history_reads_records_of_a_file_with_mistakes(small: Project) -> None:
    run(small, "make")
    small.replace("pipeline.yaml", "script: train.py", "script: gone.py")
    assert len(aml_pipeline.history(small.root / "pipeline.yaml")) == 1
    small.write({"pipeline.yaml": "name: [\n"})
    with pytest.raises(PipelineError):
        aml_pipeline.history(small.root / "pipeline.yaml")


# Azure ML, as far as no SDK is needed.


def test_errors_of_azure_ml_have_their_line(small: Project) -> None:
    plan = aml_pipeline.load(small.root / "pipeline.yaml")
    for sdk in ("v1", "v2"):
        with pytest.raises(PipelineError, match=r"pipeline.yaml:5:12: .*\[local-dataset\]") as raised:
            azureml.check(plan, sdk=sdk)
        assert [problem.code for problem in raised.value.problems] == ["local-dataset"]
        azureml.check(plan, sdk=sdk, step="make")
        with pytest.raises(PipelineError, match="cannot run alone"):
            azureml.check(plan, sdk=sdk, step="train")
    with pytest.raises(PipelineError, match=r"pipeline.yaml:5:12"):
        azureml.export(plan, str(small.root / "v2"))
    with pytest.raises(UsageError, match=r'Unknown step "trian"\. Did you mean "train"\?'):
        azureml.check(plan, step="trian")


def test_warnings_are_for_whoever_listens(small: Project, capfd: pytest.CaptureFixture[str]) -> None:
    small.write({"make.py": WRITE + "import os\nos.environ['TOKEN_OF_MINE']\n"})
    plan = aml_pipeline.load(small.root / "pipeline.yaml")
    heard: list[str] = []
    with azureml.heard_by(heard.append):
        azureml.check(plan, sdk="v1", step="make")
    azureml.check(plan, sdk="v1", step="make")
    assert len(heard) == 1
    assert "TOKEN_OF_MINE" in heard[0]
    assert capfd.readouterr() == ("", "")


def test_the_sdk_is_that_of_the_workspace() -> None:
    workspace = type("Workspace", (), {"__module__": "azureml.core.workspace"})()
    client = type("MLClient", (), {"__module__": "azure.ai.ml._ml_client"})()
    assert [sdks.of(workspace), sdks.of(client)] == ["v1", "v2"]
    assert sdks.of(type("Mine", (type(client),), {"__module__": "mine"})()) == "v2"
    with pytest.raises(UsageError, match=r"Expected a Workspace .* or an MLClient .*, got str\."):
        azureml.cancel("workspace", "run")
    with pytest.raises(UsageError, match=r"This needs SDK v1, but got an MLClient"):
        azureml.compile(aml_pipeline.load(str(ROOT / "pipeline.yaml")), client)
    with pytest.raises(UsageError, match=r'Unknown SDK "v3"'):
        azureml.connect(sdk="v3")


def test_every_name_that_azureml_offers_is_there() -> None:
    assert [name for name in azureml.__all__ if not callable(getattr(azureml, name))] == []
    assert set(azureml._MODULES) == set(azureml.__all__)
    assert not hasattr(azureml, "nothing_like_it")


def test_a_plan_can_be_copied_and_pickled(small: Project) -> None:
    plan = aml_pipeline.load(small.root / "pipeline.yaml")
    assert dataclasses.asdict(plan)["name"] == copy.deepcopy(plan).name == pickle.loads(pickle.dumps(plan)).name  # noqa: S301 - ours


def test_a_single_step_may_be_a_string(small: Project) -> None:
    assert aml_pipeline.run(aml_pipeline.load(small.root / "pipeline.yaml"), "make").states == {"make": "done"}


def test_a_plan_that_was_changed_is_checked_again(small: Project) -> None:
    plan = aml_pipeline.load(small.root / "pipeline.yaml")
    project = project_of(plan)
    steps = [step for step in plan.steps if step.name != "look"]
    azureml.check(replaced := dataclasses.replace(plan, steps=tuple(steps)), project, sdk="v1")
    without = tuple(dataclasses.replace(step, compute=None) for step in replaced.steps)
    with pytest.raises(PipelineError):
        azureml.check(dataclasses.replace(replaced, steps=without), project, sdk="v1")
