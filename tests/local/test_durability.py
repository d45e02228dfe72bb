"""``run --fsync``: what is accepted and recorded is on the disk before anything names it."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from aml_pipeline import cli
from aml_pipeline.cli import exits
from aml_pipeline.core import durability, files
from aml_pipeline.core.digests import Digests
from aml_pipeline.local.store import Store
from aml_pipeline.runs import reuse

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/fd")

PIPELINE = """\
name: p
steps:
  make:
    script: make.py
    arguments: {--output: "${{ outputs.table }}"}
"""
SCRIPT = """\
import os, sys
os.mkdir(f"{sys.argv[-1]}/inner")
for name in ("a", "inner/b"):
    open(f"{sys.argv[-1]}/{name}", "w").write(name)
os.symlink("a", f"{sys.argv[-1]}/link")
print("hello")
"""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give what is flushed and renamed, in order."""
    told: list[str] = []
    fsync, replace = os.fsync, os.replace

    def flushed(descriptor: int) -> None:
        told.append(f"flush {os.readlink(f'/proc/self/fd/{descriptor}')}")
        fsync(descriptor)

    def renamed(source: str, target: str) -> None:
        told.append(f"name {target}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    return told


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    (tmp_path / "make.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_output_is_on_the_disk_before_its_manifest_is_named(tmp_path: Path, told: list[str]) -> None:
    state = tmp_path / ".aml_pipeline" / "p"
    key = reuse.key({})
    store = Store(str(state), Digests(), durable=True)
    attempt = store.begin("make", key, {}, ["table"])
    (Path(attempt.outputs["table"]) / "a").write_text("a")
    told.clear()
    store.accept(attempt, {}, store.contents(attempt))
    step = state / "steps" / "make"
    manifest = step / f"result.{key}"
    assert told == [
        *(f"flush {attempt.outputs['table']}{name}" for name in ("/a", "")),
        *(f"flush {place}" for place in (attempt.folder, step, state / "steps", state, state.parent, tmp_path)),
        f"flush {manifest}.{os.getpid()}.tmp",
        f"name {manifest}",
        f"flush {step}",
    ]


def test_a_run_leaves_nothing_to_be_written_later(project: Path, told: list[str]) -> None:
    """Each file of results and records, and each folder on the way to it, is flushed after it was last written."""
    assert cli.run(["run", "--fsync"], dict(os.environ)) == 0
    state = project / ".aml_pipeline" / "p"
    (run,) = (state / "runs").iterdir()
    (attempt,) = (state / "steps" / "make").glob("attempt.*")
    kept = [place for top in (run, attempt, state / "code") for place in top.rglob("*") if not place.is_symlink()]
    named = [*(state / "steps" / "make").glob("result.*"), state / "steps" / "make" / "last"]
    ways = [
        project,
        state.parent,
        state,
        state / "steps",
        state / "steps/make",
        state / "runs",
        run,
        attempt,
        state / "code",
    ]
    assert {f"flush {place}" for place in [*kept, *ways]} <= set(told)
    for place in named:
        at = len(told) - told[::-1].index(f"name {place}")
        assert told[at - 2] == f"flush {place}.{os.getpid()}.tmp"
        assert told[at] == f"flush {place.parent}"
    assert told.index(f"flush {attempt}/table/inner/b") < told.index(f"flush {attempt}/table/inner")
    assert told.index(f"flush {run}/run.json") < told.index(f"flush {run}") < told.index(f"flush {state / 'runs'}")


def test_a_run_without_it_waits_for_no_disk(project: Path, told: list[str]) -> None:
    assert cli.run(["run"], dict(os.environ)) == 0
    assert (project / ".aml_pipeline").is_dir()
    assert [line for line in told if line.startswith("flush")] == []


def test_what_a_file_system_cannot_flush_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    durability.settle(str(tmp_path), str(tmp_path.parent))

    def refused(_descriptor: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "fsync", refused)
    files.flush(str(tmp_path))


def test_a_disk_that_fails_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What could not be flushed is not accepted."""

    def failed(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", failed)
    assert cli.run(["run", "--fsync"], dict(os.environ)) == exits.EXIT_MACHINE
    assert "The disk reported an I/O error: " in capsys.readouterr().err
    assert list((project / ".aml_pipeline/p/steps/make").glob("result.*")) == []
