"""Tab: what is offered, in real shells too; and nothing, where something is wrong."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aml_pipeline import cli
from aml_pipeline.cli import completion
from aml_pipeline.cli.table import COMMANDS
from tests.patience import PATIENCE

PIPELINE = """\
name: demo
source_directory: .
datasets:
  images: {local: data, optional: true}
parameters:
  epochs: 2
  fast: false
  loss:
    default: l1
    choices: [l1, l2]
    description: "How wrong:\\ta number."
steps:
  prepare-data:
    script: work.py
    arguments: [--epochs, "${{ parameters.epochs }}"]
  train:
    script: work.py
    matrix:
      rate: [0.1, 0.01]
      size: [4, 8]
      exclude: [{rate: 0.01, size: 8}]
    arguments: [--rate, "${{ matrix.rate }}", --size, "${{ matrix.size }}"]
profiles:
  quick:
    parameters: {epochs: 1}
    schedules:
      hourly: {cron: "0 * * * *"}
schedules:
  nightly: {cron: "0 2 * * *"}
  weekly: {cron: "0 2 * * 1"}
"""
ROOT = Path(__file__).parents[2]
RUNS = ("2026-11-27T20-39-23-702-7ff9", "2026-11-28T08-00-00-001-0a1b")
VARIANTS = ["train[rate=0.1,size=4]", "train[rate=0.1,size=8]", "train[rate=0.01,size=4]"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    for run in RUNS:
        (folder / ".aml_pipeline" / "demo" / "runs" / run).mkdir(parents=True)
    short = folder / ".aml_pipeline" / "demo" / "runs" / RUNS[1] / "short.json"
    short.write_text('{"metrics": {"train": {"loss": 0.5}}}')
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "some folder").mkdir()
    (folder / "some.csv").touch()
    monkeypatch.chdir(folder)
    return folder


def offered(*words: str) -> list[str]:
    """Return the words that are offered for the last of ``words``."""
    return [line.partition("\t")[0] for line in completion.answer(words).splitlines()]


CASES = [
    (["publ"], ["publish"]),
    (["--"], ["--help", "--version"]),
    (["help", "ver"], ["verify"]),
    (["run", ""], ["prepare-data", "train"]),
    (["run", "train"], ["train", *VARIANTS]),
    (["run", "train[rate=0.01"], ["train[rate=0.01,size=4]"]),
    (["run", "prepare-data", ""], ["train"]),
    (["run", "--k"], ["--keep-going"]),
    (["run", "--keep-going", "--k"], []),
    (["run", "--param", "a=1", "--pa"], ["--param"]),
    (["run", "--from", "pr"], ["prepare-data"]),
    (["run", "--from=pr"], ["--from=prepare-data"]),
    (["run", "--param", ""], ["epochs=", "fast=", "loss="]),
    (["run", "--param", "loss="], ["loss=l1", "loss=l2"]),
    (["run", "--param", "fast=t"], ["fast=true"]),
    (["run", "--param", "epochs="], []),
    (["run", "--param=lo"], ["--param=loss="]),
    (["run", "--profile", ""], ["quick"]),
    (["run", "--data", "im"], ["images="]),
    (["run", "--data", "images=da"], [":files"]),
    (["run", "--jobs", ""], []),
    (["pause", ""], ["nightly", "weekly"]),
    (["pause", "--profile", "quick", "nightly", ""], ["weekly", "hourly"]),
    (["report", ""], [RUNS[1], RUNS[0]]),
    (["report", RUNS[0], ""], []),
    (["compare", RUNS[0], ""], [RUNS[1]]),
    (["logs", "--run", "2026-11-27"], [RUNS[0]]),
    (["logs", "--run", RUNS[0], "tr"], ["train"]),
    (["runs", "--best", ""], ["epochs", "fast", "loss", "train.loss"]),
    (["runs", "--format", "c"], ["csv"]),
    (["validate", "--format=g"], ["--format=github"]),
    (["submit", "--wait", "--workspace", ""], [":files"]),
    (["submit", "--tag", ""], []),
    (["schema", ""], ["--help"]),
    (["init", ""], [":folders"]),
    (["import", ""], ["v1", "v2"]),
    (["import", "v2", ""], [":files"]),
    (["import", "v2", "job.yaml", ""], [":folders"]),
    (["completion", "f"], ["fish"]),
    (["-f", ""], [":files"]),
    (["-f", "run", "run", "--only", "pr"], []),
    (["-f", "pipeline.yaml", "run", "pr"], ["prepare-data"]),
    (["run", "--unknown", "pr"], ["prepare-data"]),
    (["nonsense", "x"], []),
    (["help", "run", ""], []),
]


@pytest.mark.parametrize(("words", "expected"), CASES, ids=" ".join)
@pytest.mark.usefixtures("project")
def test_a_word_is_completed_by_what_it_may_be(words: list[str], expected: list[str]) -> None:
    assert offered(*words) == expected


@pytest.mark.usefixtures("project")
def test_each_word_says_what_it_is_on_one_line() -> None:
    assert "run\tRun the steps on this machine, in order." in completion.answer(["run"])
    assert completion.answer(["run", "--param", "l"]) == "loss=\tHow wrong: a number."


# Values and operands that nothing can know: free text, numbers, and names in Azure ML.
FREE = {
    *("A,B,C", "CONDITION", "DIGEST", "ENDPOINT", "ID", "KEEP", "N", "NAME", "NAME=VALUE", "SECONDS", "TEXT", "URI"),
    "NAME=PLACE",
}


def test_it_is_decided_how_each_value_is_completed() -> None:
    """A new kind of value is a new entry in the table of kinds, or above."""
    kinds = {
        option.value
        for command in COMMANDS.values()
        for option in command.options
        if option.value and not option.choices
    }
    operands = {part.strip("[]…") for command in COMMANDS.values() if command.operands
                for part in command.operands[0].split()}  # fmt: skip
    assert (kinds | operands) - completion._KINDS.keys() - FREE == set()


@pytest.mark.parametrize(
    "text",
    [None, b"", b"\xff\xfe\x00", b"steps: [", b"- a\n- b\n", b"steps: 7\nparameters: []\n", b"name: [x]\n",
     b"steps: {train: 7, [a]: {}}\n", b"a: " + b"[" * 100_000],
)  # fmt: skip
def test_a_broken_project_completes_nothing_and_nothing_is_written(
    text: bytes | None, project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "pipeline.yaml").unlink()
    if text is not None:
        (project / "pipeline.yaml").write_bytes(text)
    before = sorted(project.rglob("*"))
    for words in (["run", ""], ["run", "--param", ""], ["report", ""], ["runs", "--best", ""], ["run", "train["]):
        cli.run(["completion", "--words", "--", *words], {})
    said = capfd.readouterr()
    assert said.out.replace("train", "").strip() == ""
    assert said.err == ""
    assert sorted(project.rglob("*")) == before


def test_a_pipe_in_the_place_of_the_file_does_not_hang(project: Path) -> None:
    (project / "pipeline.yaml").unlink()
    os.mkfifo(project / "pipeline.yaml")
    assert offered("run", "") == []


@pytest.mark.parametrize(
    ("words", "forbidden"),
    [
        (["run", "--"], {"yaml", "json", "typing", "dataclasses", "pydantic"}),
        (["run", ""], {"json", "pydantic", "aml_pipeline.core.problems"}),
        (["report", ""], {"json", "pydantic", "aml_pipeline.core.problems"}),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_tab_imports_next_to_nothing(words: list[str], forbidden: set[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "aml_pipeline", "completion", "--words", "--", *words]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()}
    assert "aml_pipeline.cli.completion" in loaded
    assert answer.stdout.strip()
    assert loaded & forbidden == set()


def test_there_is_a_script_for_each_shell(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in offered("completion", ""):
        assert cli.run(["completion", shell], {}) == 0
        assert "completion --words" in capsys.readouterr().out
    assert cli.run(["completion", "tcsh"], {}) == 2
    assert 'There is no completion for "tcsh". Write `aml-pipeline completion bash`' in capsys.readouterr().err
    assert cli.run(["completion"], {}) == 2
    assert capsys.readouterr().err.startswith("No shell is named.")


SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(aml-pipeline completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -Uz compinit; compinit -D; eval "$(aml-pipeline completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], "aml-pipeline completion fish | source"),
}
# What is typed before Tab, or before and between two, and the words that the shell then has.
QUICK = [
    ("aml-pipeline run prep", "aml-pipeline run prepare-data"),
    ("aml-pipeline plan --param loss=l1 --param fa\tt", "aml-pipeline plan --param loss=l1 --param fast=true"),
]
MORE = [
    *QUICK,
    ("aml-pipeline publ", "aml-pipeline publish"),
    ("aml-pipeline run --keep", "aml-pipeline run --keep-going"),
    ("aml-pipeline run --param=fast=t", "aml-pipeline run --param=fast=true"),
    ("aml-pipeline run --param fast=f", "aml-pipeline run --param fast=false"),
    ("aml-pipeline run 'train[rate=0.01", "aml-pipeline run train[rate=0.01,size=4]"),
    ("aml-pipeline run 'train[rate=0.1,size=8", "aml-pipeline run train[rate=0.1,size=8]"),
    ("aml-pipeline run --profile=", "aml-pipeline run --profile=quick"),
    ("aml-pipeline run --until=prep", "aml-pipeline run --until=prepare-data"),
    ("aml-pipeline run --data images=some.", "aml-pipeline run --data images=some.csv"),
    ("aml-pipeline report -o some.", "aml-pipeline report -o some.csv"),
    ("aml-pipeline report --output=some.", "aml-pipeline report --output=some.csv"),
    ("aml-pipeline init some", "aml-pipeline init some folder"),
    ("aml-pipeline compare 2026-11-27", f"aml-pipeline compare {RUNS[0]}"),
    ("aml-pipeline pause nightly w", "aml-pipeline pause nightly weekly"),
    ("aml-pipeline -f pipeline.y", "aml-pipeline -f pipeline.yaml"),
    ("aml-pipeline -f pipeline.yaml run prep", "aml-pipeline -f pipeline.yaml run prepare-data"),
    ("../bin/aml-pipeline run prep", "../bin/aml-pipeline run prepare-data"),
    ("~/bin/aml-pipeline run prep", None),
    ("../nowhere/aml-pipeline run prep", "../nowhere/aml-pipeline run prep"),
    ("aml-pipeline run --jobs ", "aml-pipeline run --jobs"),
    ("aml-pipeline -f none.yaml run prep", "aml-pipeline -f none.yaml run prep"),
]


def typed(shell: str, lines: list[str], project: Path, *, load: str = "") -> list[str]:
    """Type each line and Tab in a real shell; return the words that it then has, as the shell itself says them.

    With ``load``, those lines are run in one shell, and the others are typed in a new one, with its usual start.
    """
    start, loads = SHELLS[shell]
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    program = project.parent / "bin" / "aml-pipeline"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m aml_pipeline "$@"\n')
    program.chmod(0o755)
    environ = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "HOME": str(project.parent),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
    }
    keys = "".join(f"{line}\t\x01echo \x05 >> ../typed\n" for line in lines)  # Ctrl-A, Ctrl-E: to its begin, to its end
    if load:
        _said(start, f"{load}\nexit\n", project, environ)
        start, loads = [shell, "-i"], ""
    said = _said(start, f"{loads}\n{keys}exit\n", project, environ)
    assert "Traceback" not in said
    return [line.rstrip(" /") for line in (project.parent / "typed").read_text().splitlines()]


def _said(command: list[str], keys: str, folder: Path, environ: dict[str, str]) -> str:
    """Press keys in a terminal in which a program runs until it ends; return all that it shows."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, environ)  # noqa: S606 - a shell
    os.write(terminal, keys.encode())
    said, end = b"", time.monotonic() + PATIENCE
    while time.monotonic() < end and select.select([terminal], [], [], end - time.monotonic())[0]:
        try:
            said += os.read(terminal, 1 << 16)
        except OSError:  # the shell has ended
            break
    os.close(terminal)
    os.waitpid(process, 0)
    return said.decode(errors="replace")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes(shell: str, project: Path) -> None:
    assert typed(shell, [line for line, _ in QUICK], project) == [whole for _, whole in QUICK]


VALUES = """\
name: demo
parameters:
  mode: {default: a, choices: ["a  b", "x$(touch pwned)", "it's", "a\\tb", "a\\nb"]}
steps:
  s: {script: s.py, arguments: [--mode, "${{ parameters.mode }}"]}
"""
QUOTED = [
    ("aml-pipeline run --param mode=a", "aml-pipeline run --param mode=a  b"),
    ("aml-pipeline run --param 'mode=a", "aml-pipeline run --param mode=a  b"),
    ('aml-pipeline run --param mode="a', "aml-pipeline run --param mode=a  b"),
    ("aml-pipeline run --param=mode=x", "aml-pipeline run --param=mode=x$(touch pwned)"),
    ("aml-pipeline run --param mode=i", "aml-pipeline run --param mode=it's"),
]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_stays_one_word_and_is_not_run(shell: str, project: Path) -> None:
    (project / "pipeline.yaml").write_text(VALUES)
    assert typed(shell, [line for line, _ in QUOTED], project) == [whole for _, whole in QUOTED]
    assert not (project / "pwned").exists()


@pytest.mark.more
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_everything(shell: str, project: Path) -> None:
    home = str(project.parent)
    expected = [whole or line.replace("~", home).replace("prep", "prepare-data") for line, whole in MORE]
    assert typed(shell, [line for line, _ in MORE], project) == expected


@pytest.mark.more
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_after_what_its_page_says(shell: str, project: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "completion.md").read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{shell}\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        for file in (".bashrc", ".zshrc", "typed"):
            (project.parent / file).unlink(missing_ok=True)
        assert typed(shell, [QUICK[0][0]], project, load=block) == [QUICK[0][1]]
