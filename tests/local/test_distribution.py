"""Steps of several processes: what each receives, their logs, and that they end together."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

import aml_pipeline
from aml_pipeline.local import process, ranks
from aml_pipeline.local.process import Ended, Process, Processes, Rank
from aml_pipeline.pipeline.plan.settings import Distribution
from aml_pipeline.pipeline.plan.variables import OF_DISTRIBUTION
from tests.conftest import Project
from tests.patience import PATIENCE, until

PIPELINE = """
    name: together
    steps:
      only:
        script: only.py
        distribution: {type: pytorch, nodes: 2, processes_per_node: 2}
        arguments: {--output: "${{ outputs.out }}"}
    """
TELLS = """
    import os, sys
    rank, size = os.environ["RANK"], os.environ["WORLD_SIZE"]
    print(f"rank {rank} of {size}")
    print(f"Attempted to log scalar metric rank:\\n{rank}")
    open(f"{sys.argv[-1]}/{rank}", "w").write(rank)
    """


Kind = Literal["pytorch", "mpi", "tensorflow"]


def of(kind: Kind, processes: int = 1, nodes: int = 1) -> list[dict[str, str]]:
    return ranks.variables(Distribution.model_construct(type=kind, nodes=nodes, processes_per_node=processes))


@pytest.mark.parametrize("kind", ["pytorch", "mpi", "tensorflow"])
def test_the_variables_of_processes_are_known_to_the_plan(kind: Kind) -> None:
    assert {*of(kind)[0]} == {*OF_DISTRIBUTION[kind]}


def test_each_process_has_the_variables_that_azure_ml_documents() -> None:
    """Of azure-docs, articles/machine-learning/how-to-train-distributed-gpu.md."""
    documented = {"MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK", "LOCAL_RANK", "NODE_RANK"}
    pytorch = of("pytorch", 3, nodes=2)
    assert {frozenset(one) for one in pytorch} == {frozenset(documented)}
    assert [(one["RANK"], one["LOCAL_RANK"], one["WORLD_SIZE"], one["NODE_RANK"]) for one in pytorch] == [
        (str(rank), str(rank), "3", "0") for rank in range(3)
    ]
    assert {(one["MASTER_ADDR"], one["MASTER_PORT"].isdecimal()) for one in pytorch} == {("127.0.0.1", True)}
    mpi = of("mpi", 2)
    port = mpi[0].pop("AZ_BATCH_MASTER_NODE")
    assert mpi[1].pop("AZ_BATCH_MASTER_NODE") == port
    assert port.startswith("127.0.0.1:")
    own = "OMPI_COMM_WORLD_"
    assert mpi == [
        {f"{own}SIZE": "2", f"{own}RANK": rank, f"{own}LOCAL_SIZE": "2", f"{own}LOCAL_RANK": rank} for rank in "01"
    ]
    tensorflow = [json.loads(one["TF_CONFIG"]) for one in of("tensorflow", 2)]
    workers = tensorflow[0]["cluster"]["worker"]
    assert len(set(workers)) == 2
    assert tensorflow == [
        {"cluster": {"worker": workers}, "task": {"type": "worker", "index": rank}, "environment": "cloud"}
        for rank in range(2)
    ]


def test_a_process_for_each_rank_of_one_node(project: Project) -> None:
    project.write({"pipeline.yaml": PIPELINE, "only.py": TELLS})
    assert project.plan() == {"only": "will run as 2 processes, one of 2 nodes  never ran"}
    done = project.cli("run")
    assert "only  runs as 2 processes, one of 2 nodes: never ran\n" in done.stderr
    assert sorted(path.name for path in project.output("only", "out").iterdir()) == ["0", "1"]
    said = [project.cli("logs", *words).stdout.splitlines()[0] for words in ((), ("--rank", "0"), ("--rank", "1"))]
    assert said == ["rank 0 of 2", "rank 0 of 2", "rank 1 of 2"]
    assert project.cli("logs", "--rank", "2", status=2).stderr.endswith("Ranks with a log: 0 and 1.\n")
    [record] = aml_pipeline.history(project.root / "pipeline.yaml")
    assert record.metrics == {"only": {"rank": 0}}  # those of rank 0 count
    assert (record.logged_steps, record.ranks) == (["only"], {"only": [1]})
    page = (project.root / project.cli("report").stdout.split()[-1]).read_text(encoding="utf-8")
    assert "pytorch, 2 processes on each node" in page
    assert f"{record.id}/steps/only.rank-1.log" in page


def test_another_number_of_processes_is_another_result(project: Project) -> None:
    project.write({"pipeline.yaml": PIPELINE, "only.py": TELLS})
    assert project.run() == {"only": "done"}
    assert project.run() == {"only": "up to date"}
    assert project.plan("--processes", "3") == {"only": "will run as 3 processes, one of 2 nodes  processes 2 → 3"}
    assert project.run("--processes", "3") == {"only": "done"}
    assert sorted(path.name for path in project.output("only", "out").iterdir()) == ["0", "1", "2"]
    assert project.run() == {"only": "up to date"}
    project.replace("pipeline.yaml", "nodes: 2", "nodes: 4")  # elsewhere
    assert project.run() == {"only": "up to date"}
    project.replace("pipeline.yaml", "        distribution: {type: pytorch, nodes: 4, processes_per_node: 2}\n"[4:], "")
    assert project.plan() == {"only": "will run  distribution is gone, and 1 more change"}
    too_many = project.cli("run", "--processes", "100000", status=2).stderr
    assert too_many == "--processes expects at most 1000, got 100000.\n"
    assert "No step has `distribution:`" in project.cli("run", "--processes", "2", status=2).stderr


def test_the_library_sets_the_number_of_processes_too(project: Project) -> None:
    project.write({"pipeline.yaml": PIPELINE, "only.py": TELLS})
    done = aml_pipeline.run(aml_pipeline.load(project.root / "pipeline.yaml"), processes=1)
    assert [path.name for path in done.outputs["only"]["out"].iterdir()] == ["0"]


def test_a_step_is_debugged_as_one_process(project: Project) -> None:
    project.write({"pipeline.yaml": PIPELINE, "only.py": TELLS})
    assert "rank 0 of 1\n" in project.cli("run", "--debug", "only").stdout


FAILS_ONCE = """
    import os, sys
    mark = os.environ["MARK"]
    if os.environ["RANK"] == "1" and not os.path.exists(mark):
        open(mark, "w").close()
        raise SystemExit("rank 1 gives up")
    open(f"{sys.argv[-1]}/{os.environ['RANK']}", "w").write("x")
    """


def test_what_failed_is_told_by_its_rank_and_may_be_tried_again(project: Project, tmp_path: Path) -> None:
    project.write({"pipeline.yaml": PIPELINE, "only.py": FAILS_ONCE})
    mark = {"MARK": str(tmp_path / "mark")}
    failed = project.cli("run", status=1, environ=mark).stderr
    assert "    rank 1 gives up\nonly: Rank 1 of its 2 processes failed (exit status 1). Show its log with" in failed
    (tmp_path / "mark").unlink()
    project.replace("pipeline.yaml", "script: only.py", "script: only.py\n    retries: 1")
    assert project.cli("run", environ=mark).stderr.count("rank 1 gives up") == 1
    assert [row["state"] for row in _ended(project)] == ["failed", "done"]


def _ended(project: Project) -> list[dict[str, object]]:
    events = (project.runs()[-1] / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, events) if event["event"] == "StepEnded"]


HOLDS = """
    import os, subprocess, time
    pipe = os.open(os.environ["PIPE"], os.O_WRONLY)
    subprocess.Popen(["sleep", "60"], pass_fds=[pipe], start_new_session=os.environ["RANK"] == "1")
    os.write(pipe, f"{os.environ['RANK']} {os.getpid()}\\n".encode())
    time.sleep(60)
    """


@pytest.fixture
def held(project: Project, tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", dict[str, int], int]]:
    """A run with two ranks under way, their process ids by rank, and a pipe that ends when no process is left."""
    project.write({"pipeline.yaml": PIPELINE, "only.py": HOLDS})
    path = tmp_path / "pipe"
    os.mkfifo(path)
    run = project.start("run", env={**project.environ, "PIPE": str(path)})
    pipe = os.open(path, os.O_RDONLY)
    text = b""
    while text.count(b"\n") < 2:
        text += os.read(pipe, 100)
    yield run, {rank: int(pid) for rank, pid in (row.split() for row in text.decode().splitlines())}, pipe
    run.kill()
    run.communicate()
    os.close(pipe)


def test_a_killed_rank_ends_all(held: tuple["subprocess.Popen[str]", dict[str, int], int]) -> None:
    run, pids, pipe = held
    os.kill(pids["1"], signal.SIGKILL)
    _, said = run.communicate(timeout=PATIENCE)
    assert run.returncode == 1
    assert "only: Rank 1 of its 2 processes was killed (SIGKILL), perhaps out of memory." in said
    assert os.read(pipe, 1) == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_run_leaves_no_rank(
    held: tuple["subprocess.Popen[str]", dict[str, int], int], project: Project, number: signal.Signals
) -> None:
    run, pids, pipe = held
    run.send_signal(number)
    run.communicate(timeout=PATIENCE)
    assert run.returncode == -number
    if number == signal.SIGKILL:  # a process outside the groups is found by the next run
        until(lambda: all(map(_is_over, pids.values())))
        project.write({"only.py": TELLS})
        assert project.run() == {"only": "done"}
    assert os.read(pipe, 1) == b""


def _is_over(pid: int) -> bool:
    """Whether a process has ended, though nobody may have asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z"
    except FileNotFoundError:
        return True


STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"


@pytest.fixture
def together(tmp_path: Path) -> Iterator[tuple[Processes, "list[Path]"]]:
    with Processes(shared=True) as processes:
        yield processes, [tmp_path / "0", tmp_path / "1"]


def start(processes: Processes, logs: list[Path], code: str, seconds: float | None = None) -> Process:
    """Start two ranks; what only one of them does, ``code`` tells by the variable RANK."""
    opened = [log.open("ab") for log in logs]
    given = [Rank({**os.environ, "RANK": str(rank)}, log.fileno()) for rank, log in enumerate(opened)]
    made = processes.start(
        [sys.executable, "-c", code], folder="/", ranks=given, mark=f"together-{os.getpid()}", timeout=seconds
    )
    for log in opened:
        log.close()
    return made


def test_the_others_of_a_failed_rank_are_killed_if_they_do_not_end(
    together: tuple[Processes, list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.05)
    processes, logs = together
    made = start(processes, logs, STUBBORN)
    until(lambda: all(log.read_text() == "on\n" for log in logs))
    assert processes.look(made) is None
    os.kill(made.children[1].pid, signal.SIGSEGV)
    assert until(lambda: processes.look(made)) == Ended(-signal.SIGSEGV, rank=1)
    assert made.statuses == [-signal.SIGKILL, -signal.SIGSEGV]
    process.close(made)


def test_of_two_that_failed_the_one_that_a_signal_ended_failed_first(together: tuple[Processes, list[Path]]) -> None:
    processes, logs = together
    made = start(processes, logs, "import os; os.kill(os.getpid(), 9) if os.environ['RANK'] == '1' else exit(3)")
    for child in made.children:
        child.wait()
    assert processes.look(made) == Ended(-signal.SIGKILL, rank=1)
    process.close(made)


ONE_ENDS = "import os, time; os.environ['RANK'] == '0' or print('on', flush=True) or time.sleep(60)"


def test_a_rank_that_has_ended_is_waited_for_no_more(together: tuple[Processes, list[Path]]) -> None:
    processes, logs = together
    made = start(processes, logs, ONE_ENDS)
    until(lambda: logs[1].read_text() == "on\n")
    made.children[0].wait()
    assert processes.look(made) is None
    assert [child for child, _ in made.watched] == [made.children[1]]
    assert made.children[0].pid not in processes._groups, "another process may get this id"
    processes.end([made])
    assert made.statuses == [0, -signal.SIGINT]
    process.close(made)


def test_ranks_that_take_too_long_have_timed_out(together: tuple[Processes, list[Path]]) -> None:
    processes, logs = together
    made = start(processes, logs, ONE_ENDS, seconds=0)
    until(lambda: logs[1].read_text() == "on\n")
    made.children[0].wait()
    assert until(lambda: processes.look(made)) == Ended(-signal.SIGINT, timed_out=True, rank=1)
    process.close(made)
