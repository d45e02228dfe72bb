"""The shipped pipeline, its scripts and the README's commands, run for real on the real digits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import forking

ROOT = Path(__file__).parents[1]
# A port of this machine where nobody listens: whoever tries to download fails at once, as without a network.
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
QUICK = ("--profile", "quickstart", "--param", "epochs=1")


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """The shipped pipeline in a folder of its own, whose name holds a space and an é."""
    folder = tmp_path / "mon projet é"
    folder.mkdir()
    shutil.copy(ROOT / "pipeline.yaml", folder)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "steps", folder / "steps", ignore=ignore)
    shutil.copytree(ROOT / ".azureml", folder / ".azureml")
    return folder


def _cli(folder: Path, *words: str, status: int = 0) -> str:
    """Run the command line in ``folder``; return what it printed, both streams."""
    answer = forking.run(words, folder, {**forking.environ(), **NO_NETWORK})
    assert answer.returncode == status, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


def _states(printed: str) -> dict[str, str]:
    """Return how each step ended, by the lines of ``run``: ``done``, ``up to date``, ``FAILED``, ``not run``."""
    states = {}
    for line in printed.splitlines():
        name, _, rest = line.partition(" ")
        for state in ("done", "up to date", "FAILED", "not run"):
            if rest.strip().startswith(state):
                states[name] = state
    return states


ALL_DONE = {"prepare-data": "done", "train": "done", "register-environment": "done"}
ALL_FRESH = dict.fromkeys(ALL_DONE, "up to date")


def _last_record(folder: Path) -> dict[str, object]:
    runs = sorted((folder / ".aml_pipeline" / "cifar10" / "runs").iterdir())
    return dict(json.loads((runs[-1] / "run.json").read_text()))


@pytest.mark.more
def test_epochs_there_and_back_run_only_what_they_change(shipped: Path) -> None:
    assert _states(_cli(shipped, "run", *QUICK)) == ALL_DONE
    other = ("--profile", "quickstart", "--param", "epochs=2")
    planned = _cli(shipped, "plan", *other)
    assert "train                 will run  parameter epochs 1 → 2" in planned
    assert "prepare-data          up to date" in planned
    assert _states(_cli(shipped, "run", *other)) == {**ALL_DONE, "prepare-data": "up to date"}
    assert _states(_cli(shipped, "run", *QUICK)) == ALL_FRESH

    with (shipped / "steps" / "prepare_data.py").open("a") as script:
        script.write("# a comment\n")
    assert _states(_cli(shipped, "run", *QUICK)) == {**ALL_FRESH, "prepare-data": "done"}

    with (shipped / "steps" / "model.py").open("a") as script:
        script.write("# a comment\n")
    planned = _cli(shipped, "plan", *QUICK)
    assert "prepare-data          up to date" in planned
    assert "train                 will run  model.py changed" in planned


def test_a_fourth_step_needs_only_yaml_and_a_script(shipped: Path) -> None:
    (shipped / "steps" / "count.py").write_text(
        "import argparse, pathlib\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--images', type=pathlib.Path)\n"
        "parser.add_argument('--output', type=pathlib.Path)\n"
        "given = parser.parse_args()\n"
        "(given.output / 'files.txt').write_text('\\n'.join(sorted(p.name for p in given.images.iterdir())))\n"
    )
    text = (shipped / "pipeline.yaml").read_text()
    step = (
        "  count:\n    script: count.py\n    arguments:\n"
        "      --images: ${{ steps.prepare-data.outputs.images }}\n      --output: ${{ outputs.files }}\n\n"
    )
    (shipped / "pipeline.yaml").write_text(text.replace("profiles:\n", step + "profiles:\n"))
    words = ("run", "count", "--profile", "quickstart")
    assert _states(_cli(shipped, *words)) == {"prepare-data": "done", "count": "done"}
    assert "dataset.json" in (shipped / ".aml_pipeline/cifar10/outputs/count/files/files.txt").read_text()
    assert _states(_cli(shipped, *words)) == {"prepare-data": "up to date", "count": "up to date"}


def test_cifar10_without_a_copy_and_without_a_network_fails_soon_with_the_cures(shipped: Path) -> None:
    printed = _cli(shipped, "run", status=1)
    assert _states(printed) == {"prepare-data": "FAILED", "train": "not run", "register-environment": "not run"}
    record = _last_record(shipped)
    steps = record["steps"]
    assert isinstance(steps, dict)
    told = "\n".join(steps["prepare-data"]["tail"])
    assert "archive" in told
    assert "digits" in told
    assert told in "\n".join(line.removeprefix("    ") for line in printed.splitlines())
    assert record["state"] == "failed"


def test_cifar10_over_synthetic_files_fails_and_names_the_file(shipped: Path) -> None:
    subprocess.run(
        [sys.executable, "synthetic_cifar.py", "--output", str(shipped / "data"), "--images-per-batch", "20"],
        cwd=shipped / "steps",
        check=True,
        capture_output=True,
    )
    printed = _cli(shipped, "run", "prepare-data", status=1)
    assert "batches" in printed


@pytest.mark.parametrize("words", [["PARAMS=epochs=2"], pytest.param([], marks=pytest.mark.more)], ids=" ".join)
def test_the_readmes_commands_run_the_pipeline(shipped: Path, words: list[str]) -> None:
    """``make pipeline-run``, with this test's own environment for .venv, since setting up one takes minutes."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, shipped)
    programs = shipped / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (programs / "aml-pipeline").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aml_pipeline "$@"\n')
    (programs / "aml-pipeline").chmod(0o755)
    (shipped / ".venv" / "ready").write_text(f"{shipped}\npython3\n")
    for stamp in ("steps", "dev"):
        (shipped / ".venv" / stamp).touch()

    def make(target: str) -> str:
        # Not what the make that runs these tests was called with, such as PYTHON=.
        environ = {
            name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
        }
        command = ["make", target, *words]
        answer = subprocess.run(command, cwd=shipped, env=environ, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr

    printed = make("pipeline-run")
    assert _states(printed) == ALL_DONE
    losses = [
        line for line in printed.splitlines() if line.startswith("train") and "  loss " in line and "done" not in line
    ]
    assert len(losses) == (2 if words else 10)
    steps = _last_record(shipped)["steps"]
    assert isinstance(steps, dict)
    assert steps["train"]["metrics"]["accuracy"] >= (0.5 if words else 0.97)
    for final in ("train/model", "register-environment/record"):
        assert f".aml_pipeline/cifar10/outputs/{final}" in printed
        assert os.listdir(shipped / ".aml_pipeline" / "cifar10" / "outputs" / final)
    assert ".aml_pipeline/cifar10/models/cifar-net/1\n" in printed
    assert (shipped / ".aml_pipeline/cifar10/models/cifar-net/1/model.pt").is_file()
    again = make("pipeline-run")
    assert _states(again) == ALL_FRESH
    assert os.listdir(shipped / ".aml_pipeline/cifar10/models") == ["cifar-net"]
    assert not (shipped / ".aml_pipeline/cifar10/models/cifar-net/2").exists()
    assert len(list((shipped / ".aml_pipeline" / "cifar10" / "runs").iterdir())) == 1
    assert _states(make("pipeline-plan").replace("will run", "done")) == ALL_FRESH
