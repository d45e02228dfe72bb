"""Records, metrics and logs of local runs."""

import json
import subprocess
import sys

from tests.conftest import Project
from tests.local.projects import FAILS, STEPS, one_step
from tests.v1 import needs_v1


def metrics(project: Project) -> list[tuple[str, str, object]]:
    """Return the metrics of the last run in order: name, kind, value."""
    rows = [json.loads(line) for line in (project.runs()[-1] / "events.jsonl").read_text().splitlines()]
    return [(row["name"], row["kind"], row["value"]) for row in rows if row["event"] == "MetricLogged"]


def test_metrics_that_a_script_prints_as_the_sdk_does(project: Project) -> None:
    script = """
        for epoch, loss in enumerate((0.5, 0.25), 1):
            print("epoch", epoch)
            print("Attempted to log scalar metric loss:")
            print(loss)
        print("Attempted to log list metric losses:")
        print([0.5, 0.25])
        print("Attempted to log row metric point:")
        print({"x": 1, "y": float("nan")})
        print("Attempted to log table metric grid:")
        print({"x": [1, 2], "y": ["a", "b"]})
        """
    project.write(one_step(script))
    done = project.cli("run")
    expected = [
        ("loss", "scalar", 0.5),
        ("loss", "scalar", 0.25),
        ("losses", "list", [0.5, 0.25]),
        ("point", "row", {"x": 1, "y": "nan"}),
        ("grid", "table", {"x": [1, 2], "y": ["a", "b"]}),
    ]
    assert metrics(project) == expected
    assert "only    loss 0.5\nonly    loss 0.25\n" in done.stderr
    assert "loss 0.25" in done.stdout
    last = {name: value for name, _, value in expected}
    assert json.loads((project.runs()[-1] / "run.json").read_text())["steps"]["only"]["metrics"] == last
    assert json.loads(project.cli("runs", "--format", "json").stdout)[0]["metrics"] == {"only": last}


@needs_v1
def test_metrics_of_the_real_sdk(project: Project) -> None:
    script = """
        from azureml.core import Run
        run = Run.get_context()
        run.log("loss", 0.5)
        run.log("loss", 1e-9)
        run.log_list("losses", [0.5, 1])
        run.log_row("point", x=1, y=2.5)
        run.log_table("grid", {"x": [1, 2], "y": ["a", "b"]})
        """
    project.write(one_step(script))
    project.cli("run")
    assert metrics(project) == [
        ("loss", "scalar", 0.5),
        ("loss", "scalar", 1e-9),
        ("losses", "list", [0.5, 1]),
        ("point", "row", {"x": 1, "y": 2.5}),
        ("grid", "table", {"x": [1, 2], "y": ["a", "b"]}),
    ]
    packages = json.loads((project.runs()[-1] / "run.json").read_text())["distributions"]
    assert "azureml-core" in packages


def test_the_record_of_a_run(chain: Project) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(chain.root)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    chain.write({"src/add.py": FAILS})
    chain.cli("run", "--param", "factor=5", status=1)

    record = json.loads((chain.runs()[-1] / "run.json").read_text())
    assert record["git"] == {"commit": commit, "branch": record["git"]["branch"], "dirty": ["src/add.py"]}
    assert record["command"] == "aml-pipeline run --param factor=5"
    assert record["parameters"] == {"factor": "5", "offset": "1"}
    assert [step["name"] for step in record["plan"]["steps"]] == list(STEPS)
    assert record["plan"]["steps"][1]["arguments"][0] == [
        {"literal": {"text": "--table"}},
        {"input": {"step": "load", "name": "table"}},
    ]
    assert record["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert "pydantic" in record["distributions"]
    assert record["state"] == "failed"
    told = {
        step: (row["state"], row["reason"], row["exit_status"], row["seconds"] > 0)
        for step, row in record["steps"].items()
    }
    assert told == {
        "load": ("done", "parameter factor 2 → 5", 0, True),
        "add": ("failed", "add.py changed, and 2 more changes", 1, True),
        "report": ("not run", "an earlier step failed", None, False),
    }
    events = [json.loads(line) for line in (chain.runs()[-1] / "events.jsonl").read_text().splitlines()]
    assert [(row["event"], row.get("step")) for row in events] == [
        ("RunStarted", None),
        *(("StepStarted", "load"), ("StepEnded", "load"), ("StepStarted", "add"), ("StepEnded", "add")),
        *(("StepEnded", "report"), ("RunEnded", None)),
    ]
    assert [row["changes"] for row in events if row["event"] == "StepStarted"] == [
        ["parameter factor 2 → 5"],
        ["add.py changed", "command.py is gone", "input load.table changed"],
    ]
    times = [row["time"] for row in events]
    assert times == sorted(times)


def test_runs_logs_and_clean(project: Project) -> None:
    project.write(one_step("import sys\nprint('size', sys.argv[2])\nopen(sys.argv[-1] + '/a', 'w').write('x' * 1000)"))
    project.replace("pipeline.yaml", "    arguments:\n", "    arguments:\n      --size: ${{ parameters.size }}\n")
    project.replace("pipeline.yaml", "name: one\n", "name: one\nparameters: {size: 1}\n")
    assert project.cli("runs").stdout == "There are no runs yet. Start one with `aml-pipeline run`.\n"
    assert project.cli("logs", status=2).stderr == (
        "There are no logs yet: no step has run. Start with `aml-pipeline run`.\n"
    )
    assert project.cli("clean").stdout == "Nothing to free.\n"
    for size in ("1", "2", "3"):
        assert project.run("--param", f"size={size}") == {"only": "done"}

    names = [run.name for run in project.runs()]
    heading, *listed = project.cli("runs").stdout.splitlines()[:4]
    assert heading.split()[:2] == ["run", "state"]
    assert [row.split()[:2] for row in listed] == [[name, "done"] for name in names[::-1]]
    told = json.loads(project.cli("runs", "--format", "json").stdout)
    assert [row["parameters"]["size"] for row in told] == [3, 2, 1]
    assert project.cli("logs").stdout == "size 3\n"
    assert project.cli("logs", "only", "--run", names[0]).stdout == "size 1\n"
    assert project.cli("logs", "--run", names[0][-4:]).stdout == "size 1\n"
    refused = project.cli("logs", "other", "--run", names[0], status=2).stderr
    assert refused == f'There is no log of step "other" in run {names[0]}. Known: only.\n'

    assert project.run("--param", "size=2") == {"only": "up to date"}
    assert project.cli("clean").stdout.startswith("Freed ")
    assert [run.name for run in project.runs()] == names
    assert project.run("--param", "size=2") == {"only": "up to date"}
    assert (project.output("only", "out") / "a").exists()
    assert project.plan("--param", "size=3") == {"only": "will run  parameter size 2 → 3"}

    project.cli("clean", "--all")
    assert project.runs() == []
    assert project.plan() == {"only": "will run  never ran"}


def test_what_ran_can_be_looked_at_while_the_file_has_a_mistake(project: Project) -> None:
    project.write(one_step("print('hello')\n"))
    project.cli("run")
    project.replace("pipeline.yaml", "name:", "nmae: x\nname:")
    assert "hello" in project.cli("logs").stdout
    assert "done" in project.cli("runs").stdout
    assert project.cli("clean").stdout == ("Nothing to free.\nKept the latest result of 1 step and 1 run record.\n")
