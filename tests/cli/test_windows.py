r"""Windows: commands that start no step do there what they do here; paths with backslashes and drives are understood.

Simulated on Linux by ``tests.windows``: nothing here was ever run on Windows.
"""

from __future__ import annotations

import json
import ntpath
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline import cli
from aml_pipeline.core import paths
from aml_pipeline.pipeline.spec import places
from tests import windows
from tests.conftest import ROOT, Project

COMMANDS = [
    line.split()
    for line in """\
validate
validate --sdk v1
validate --sdk v2 --format json
validate --format sarif
validate --snapshot
plan
plan --verbose --param rows=5
graph
graph --format dot
schedules
export v2
submit --dry-run --sdk v1
submit --dry-run --sdk v2
runs
runs --best rows
report
logs merge
models
environment
verify
schema
init new --template images
help plan
completion bash
completion --words -- run --profile
""".splitlines()
]


def test_commands_that_start_no_step_do_there_what_they_do_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["init", "here", "--template", "scoring"], {}) == 0
    monkeypatch.chdir(tmp_path / "here")
    assert cli.run(["run", "--profile", "quick"], dict(os.environ)) == 0
    shutil.copytree(tmp_path / "here", tmp_path / "there", symlinks=True)
    *there, cleaned, doctor = pretended(
        tmp_path / "there", [*COMMANDS, ["clean", "--all"], ["doctor", "--offline", "--sdk", "v2"]]
    )
    assert cleaned["status"] == 6
    assert "in WSL or a dev container" in str(doctor["out"])
    assert (tmp_path / "there" / ".aml_pipeline" / "here" / "runs").is_dir()
    for words, answer in zip(COMMANDS, there, strict=True):
        told = windows.told(words)
        assert told["status"] == 0, told
        assert _timeless(answer).replace("/there", "/here") == _timeless(told), words
    for folder in ("v2", "new"):  # what was exported, and begun
        assert _files(tmp_path / "there" / folder) == _files(tmp_path / "here" / folder)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _timeless(answer: dict[str, object]) -> str:
    """Return an answer as text, without ages and widths of columns; paths have no drive, and / between folders."""
    text = json.dumps(answer).replace("\\\\", "/").replace("C:/", "/")
    return " ".join(re.sub(r"\d+ (s|min)\b", "", text).split())


def test_what_is_not_a_terminal_gets_utf_8_there(tmp_path: Path) -> None:
    """Python would write the old encoding of the system, in which a SARIF log or a page is broken."""
    (tmp_path / "pipeline.yaml").write_text('name: "żółw"\nsteps: {}\n', encoding="utf-8")
    code = "from tests import windows; windows.pretend(with_paths=False); from aml_pipeline.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "validate", "--format", "sarif"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=True,
    )
    assert "żółw" in done.stdout.decode()


def test_steps_do_not_run_there(project: Project) -> None:
    project.write({"pipeline.yaml": "name: x\nsteps: {a: {script: a.py}}\n", "a.py": "print(1)\n"})
    for answer in pretended(project.root, [["run"], ["run", "--debug", "a"]]):
        assert answer["status"] == 6
        assert str(answer["err"]).startswith("`run` and `clean` do not work on Windows: use WSL or a dev container. ")
    assert sorted(os.listdir(project.root)) == ["a.py", "pipeline.yaml"]


def pretended(folder: Path, lines: list[list[str]]) -> list[dict[str, object]]:
    """Return what command lines return and print in ``folder`` where the package believes to be on Windows."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.windows", json.dumps(lines)]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, object]] = json.loads(done.stdout)
    return answers


def test_what_is_hidden_is_what_windows_lacks() -> None:
    """So that a mistake in reading the stubs hides no less."""
    assert windows.lacking("signal") >= {"SIGHUP", "SIGKILL", "SIGTSTP", "SIGWINCH", "setitimer"}
    assert windows.lacking("os") >= {"fork", "getuid", "killpg", "setsid", "fchown", "register_at_fork", "O_NONBLOCK"}
    assert windows.lacking("select") >= {"poll", "POLLIN"}
    assert windows.lacking("os").isdisjoint({"open", "stat", "replace", "link", "path", "environ", "fsync", "sep"})


@pytest.mark.more
def test_every_mistake_is_reported_there_as_it_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wrong pipelines of tests/data: some have folders, some name files that are not there."""
    folder = ROOT / "tests" / "data" / "err"
    monkeypatch.chdir(folder)
    lines = [["validate", "-f", path.name] for path in sorted(folder.glob("*.yaml"))]
    assert len(lines) > 300
    for words, answer in zip(lines, pretended(folder, lines), strict=True):
        assert _timeless(answer) == _timeless(windows.told(words)), words


@pytest.mark.more
def test_only_what_runs_steps_uses_what_windows_lacks(tmp_path: Path) -> None:
    """Mypy reads the package as on Windows."""
    command = [sys.executable, "-m", "mypy", "--platform", "win32", "--cache-dir", str(tmp_path), "aml_pipeline"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = set(re.findall(r"^aml_pipeline/([\w/]+)\.py:.*\[attr-defined\]$", done.stdout, re.MULTILINE))
    # A lock is refused before, and nobody asks who owns a file.
    assert {name for name in found if not name.startswith("local/")} == {"runs/locks", "core/removal"}


@pytest.mark.more
def test_azure_ml_is_used_there_as_it_is_here() -> None:
    """The tests of some commands, with the package as on Windows; those of two processes at once need its locks."""
    files = ["test_pausing", "test_import_command", "test_publish_v2", "test_export"]
    files = [f"tests/azureml/{name}.py" for name in files]
    files.append("tests/azureml/test_submit_v2.py::test_a_script_receives_what_it_receives_here")
    words = ["-q", "-p", "no:cacheprovider", *files]
    begin = "from tests import windows; windows.pretend(with_paths=False)"
    code = f"{begin}\nimport pytest\nraise SystemExit(pytest.main({words}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


SEGMENT = st.text(st.characters(codec="ascii", exclude_characters='/\\:*?"<>|', exclude_categories=["C"]), min_size=1)
DRIVE = st.sampled_from("CdZ")


@given(DRIVE, st.lists(SEGMENT, min_size=1, max_size=4))
def test_a_drive_is_no_scheme_and_no_name(drive: str, parts: list[str]) -> None:
    for slash in "\\/":
        text = f"{drive}:{slash}{slash.join(parts)}"
        assert places.keys_of(text) == {"local": text}


@given(DRIVE, DRIVE, st.lists(SEGMENT, min_size=1, max_size=4), st.lists(SEGMENT, max_size=4))
def test_the_way_from_one_path_to_another(drive: str, other: str, parts: list[str], more: list[str]) -> None:
    r"""With ``ntpath`` in the place of ``os.path``, as on Windows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "os", SimpleNamespace(path=ntpath, sep="\\"))
        folder = ntpath.normpath(f"{drive}:\\{ntpath.join(*parts)}")
        place = ntpath.normpath(ntpath.join(f"{other}:\\", *parts, *more))
        way = paths.relative(place, folder)
        assert "\\" not in way
        assert ntpath.normcase(ntpath.normpath(ntpath.join(folder, way))) == ntpath.normcase(place)
        assert paths.is_in(place, folder) == (drive == other)
        assert paths.of_windows(place) == ""


def test_a_path_of_windows_has_a_cure() -> None:
    assert paths.of_windows(r"data\x.csv") == "Write data/x.csv."
    assert paths.of_windows(r"C:\my data\x.csv") == "In WSL, write /mnt/c/my data/x.csv."
    assert paths.of_windows("d:/x.csv") == "In WSL, write /mnt/d/x.csv."
    assert (paths.of_windows("data/x.csv"), paths.of_windows(r"\\server\x"), paths.of_windows("/data")) == ("", "", "")
