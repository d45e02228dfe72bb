"""Read-only files are removed; what cannot be removed is reported, and the rest is removed."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_pipeline.core import removal
from tests.conftest import Project

# Whatever it writes is read-only, its folders too, as what is copied from a read-only input.
SCRIPT = """
    import os, sys
    fails, out = sys.argv[2], sys.argv[4]
    tops = (out, "outputs", "scratch") if os.path.exists("outputs") else (out,)  # --debug runs it in place
    for top in tops:
        os.makedirs(top + "/a/b")
        open(top + "/a/b/x", "w").write("text")
        for folder, _, names in os.walk(top, topdown=False):
            for name in names:
                os.chmod(os.path.join(folder, name), 0o444)
            os.chmod(folder, 0o555)
    sys.exit(fails == "true")
    """
PIPELINE = """
    name: fixed
    parameters: {fails: false}
    steps:
      copy:
        script: copy_all.py
        arguments: {--fails: "${{ parameters.fails }}", --output: "${{ outputs.out }}"}
    """
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(project: Project, unprivileged: list[str]) -> Command:
    """The command line in a project whose step leaves read-only files, run by whom permissions stop."""
    project.write({"pipeline.yaml": PIPELINE, "copy_all.py": SCRIPT})

    def run(*words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        line = [*unprivileged, *project.command(*words)]
        done = subprocess.run(
            line, cwd=project.root, env=project.environ, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return run


def _attempts(project: Project) -> list[Path]:
    return sorted(project.root.glob(".aml_pipeline/fixed/steps/copy/attempt.*"))


def test_what_is_read_only_is_removed_by_whoever_removes_it(project: Project, command: Command) -> None:
    command("run")
    assert [path.name for path in _attempts(project)[0].iterdir()] == ["out"], "the working copy is gone"
    assert (project.runs()[0] / "steps/copy/outputs/a/b/x").read_text() == "text"
    command("run", "--force")
    command("run", "--param", "fails=true", status=1)
    failed = set(_attempts(project))
    command("run", "--force")
    assert len(_attempts(project)) == 3
    assert len(failed & set(_attempts(project))) == 2, "the attempt that failed is gone"
    command("clean")
    assert len(_attempts(project)) == 1
    command("run", "--debug", "copy")
    command("run", "--debug", "copy")
    command("clean", "--all")
    assert not list(project.root.glob(".aml_pipeline/fixed/steps/*"))


def _given_to(user: int, folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, user, -1)


@pytest.fixture
def another() -> int:
    """A user who is not the one who runs the tests, to whom files can be given."""
    if os.getuid() != 0:
        pytest.skip("only root can give files to another user")
    return pwd.getpwnam("nobody").pw_uid


def test_clean_goes_on_past_what_cannot_be_removed(project: Project, command: Command, another: int) -> None:
    command("run")
    command("run", "--force")
    accepted = _attempts(project)
    command("run", "--param", "fails=true", status=1)
    (stubborn,) = set(_attempts(project)) - set(accepted)
    _given_to(another, stubborn / "out/a")
    told = command("clean", status=6)
    inside = stubborn / "out/a/b/x"
    assert told.stderr == (
        f"{inside} cannot be removed: its parent folder belongs to user nobody. Remove it as that user.\n"
        "Then run `aml-pipeline clean`.\n"
    )
    assert "1 attempt without a result." in told.stdout
    assert len(_attempts(project)) == 2, "the result that is not in use is gone"
    _given_to(0, stubborn)
    assert "1 attempt without a result." in command("clean").stdout


def test_a_run_goes_on_past_what_cannot_be_removed(project: Project, command: Command, another: int) -> None:
    command("run", "--param", "fails=true", status=1)
    stubborn = _attempts(project)[0]
    _given_to(another, stubborn / "out/a")
    done = command("run")
    assert "copy  done" in done.stdout
    assert done.stderr.endswith("belongs to user nobody. Remove it as that user.\nThen run `aml-pipeline clean`.\n")


def test_links_are_removed_and_what_they_lead_to_stays(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    outside.chmod(0o555)
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/link").symlink_to(outside)
    (tmp_path / "link").symlink_to(outside)
    removal.permit(str(tmp_path / "inside"))
    assert outside.stat().st_mode & 0o777 == 0o555
    for name in ("inside", "link", "nothing"):
        assert removal.remove(str(tmp_path / name)) == []
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (30, "its file system is read-only. Remount it with write access."),
        (16, "it is in use, for example as a mount point. Unmount it, or stop the program that uses it."),
        (39, "a program is still writing to it. Stop that program."),
        (5, "Input/output error. Remove it manually."),
        (1, "it is write-protected. Remove the protection from it and its parent folder (`chattr -i`, `chmod u+w`)."),
    ],
)
def test_why_something_cannot_be_removed(tmp_path: Path, number: int, words: str) -> None:
    place = str(tmp_path / "x")
    told = removal.in_words([removal.Refusal(place, number)])
    assert told == f"{place} cannot be removed: {words}\nThen run `aml-pipeline clean`."


def test_of_many_that_cannot_be_removed_some_are_named() -> None:
    told = removal.in_words([removal.Refusal(f"/x/{number}", 5) for number in range(4)]).splitlines()
    assert len(told) == 4
    assert told[-1] == "1 more path could not be removed. Then run `aml-pipeline clean`."
