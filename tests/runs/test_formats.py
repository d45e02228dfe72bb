"""The state of other versions: that of an older one is read, that of a newer one is put aside and never changed."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from pathlib import Path

import pytest

import aml_pipeline
from aml_pipeline import cli
from aml_pipeline.core import files
from aml_pipeline.core.errors import MachineError
from aml_pipeline.runs import formats, locks
from tests.conftest import ROOT, Project

# Two runs as the first version with records wrote them, by Python 3.11 on Linux: with the parameter's default, and bye.
OLD = ROOT / "tests" / "data" / "state" / "version-0.1.0"
LINE = "was written by a newer version of aml-pipeline (format 2; this version reads 1)"


@pytest.fixture
def old(project: Project) -> Project:
    """Return a project with the state of version 0.1.0."""
    shutil.copytree(OLD, project.root, dirs_exist_ok=True, symlinks=True)
    (project.root / ".aml_pipeline").mkdir()
    (project.root / "state").rename(project.root / ".aml_pipeline" / "small")
    return project


@pytest.fixture
def newer(old: Project) -> Path:
    """Return the state folder of a project, of a format that is not known yet."""
    folder = old.root / ".aml_pipeline" / "small"
    (folder / "format").write_text("2\n")
    return folder


def _content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_runs_of_an_older_version_are_read(old: Project) -> None:
    runs = json.loads(old.cli("runs", "--format", "json").stdout)
    assert [(run["state"], run["parameters"]["word"]) for run in runs] == [("done", "bye"), ("done", "hello")]
    assert old.cli("logs", "greet").stdout == "said bye\n"
    assert "Verified 4 results and 2 run records" in old.cli("verify").stdout
    assert Path(old.cli("report").stdout.strip()).is_file()


def test_results_of_an_older_version_are_reused(old: Project) -> None:
    is_same = (sys.version_info[:2], sys.platform, platform.machine()) == ((3, 11), "linux", "x86_64")
    wanted = "up to date" if is_same else "→"
    assert wanted in old.plan()["greet"]
    assert wanted in old.plan("--param", "word=bye")["greet"]
    old.run()
    assert (old.root / ".aml_pipeline/small/format").read_text() == "1\n"


def test_a_newer_state_is_put_aside_by_a_run(old: Project, newer: Path) -> None:
    before = _content(newer)
    done = old.cli("run")
    line, *others = done.stderr.splitlines()
    assert line.startswith(
        f"The state in {newer} {LINE}. It is now in {newer}.format-2, unchanged, and this run starts"
    )
    assert "never ran" in others[1]
    assert _content(newer.with_name("small.format-2")) == before
    assert len(old.runs()) == 3
    (newer / "format").write_text("2\n")
    old.cli("run")
    assert sorted(os.listdir(newer.parent))[-3:] == ["small", "small.format-2", "small.format-2.2"]


@pytest.mark.parametrize("words", ["plan", "runs", "logs", "report", "verify", "clean --all", "run -n"])
def test_other_commands_leave_a_newer_state_alone(
    old: Project, newer: Path, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(old.root)
    before = _content(newer)
    assert cli.run(words.split(), {}) == 6
    said = capsys.readouterr().err
    assert said.startswith(f"The state in {newer} {LINE}. Update aml-pipeline, or start afresh with `aml-pipeline run`")
    assert said.count("\n") == 1
    assert _content(newer) == before


def test_the_library_leaves_a_newer_state_alone(old: Project, newer: Path) -> None:
    plan = aml_pipeline.load(old.root / "pipeline.yaml")
    before = _content(newer)
    with pytest.raises(MachineError, match="written by a newer version"):
        aml_pipeline.run(plan)
    with pytest.raises(MachineError, match="written by a newer version"):
        aml_pipeline.history(old.root / "pipeline.yaml")
    assert _content(newer) == before


def test_a_cached_answer_is_one_for_this_format(tmp_path: Path) -> None:
    """What a command looked at decides whether its answer still holds, and a missing file was looked at, too."""
    for _ in range(2):
        files.seen.looks.clear()
        formats.newer(str(tmp_path))
        assert str(tmp_path / "format") in files.seen.looks
        (tmp_path / "format").write_text("1\n")


@pytest.mark.parametrize(
    ("text", "newer"),
    [("1\n", ""), ("0", ""), ("2\n", "2"), ("12", "12"), ("", ""), ("../x\n", ""), ("²", ""), ("9" * 99, "9" * 21)],
)
def test_only_a_higher_number_is_a_newer_format(tmp_path: Path, text: str, newer: str) -> None:
    (tmp_path / "format").write_text(text)
    assert formats.newer(str(tmp_path)) == newer


def test_a_run_that_works_in_a_newer_state_is_not_disturbed(old: Project, newer: Path) -> None:
    with locks.locked(str(newer), "aml-pipeline run of tomorrow"):
        said = old.cli("run", status=6).stderr
    assert "Another run of this pipeline is in progress" in said
    assert newer.is_dir()
