"""What changed while a step ran and changed back: no digest tells, looks do. And what touches a file harmlessly."""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline import cli
from aml_pipeline.local import witness
from aml_pipeline.project.environment import interpreter
from tests.conftest import Project
from tests.key.place import write_package
from tests.work import grows_in_step

GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A dataset behind two links, with a folder in it, and links to a file and to a folder."""
    place = tmp_path / "versions" / "one"
    (place / "inner").mkdir(parents=True)
    (place / "a.csv").write_text("a")
    (place / "inner" / "b.csv").write_text("b")
    shutil.copytree(place, tmp_path / "versions" / "two")
    (place / "file").symlink_to("a.csv")
    (place / "folder").symlink_to("../two")
    (tmp_path / "latest").symlink_to("versions/one")
    (tmp_path / "current").symlink_to("latest")
    return tmp_path


def _edited(data: Path) -> None:
    file = data / "current" / "a.csv"
    times = file.stat()
    file.write_text("x")
    file.write_text("a")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def _moved(data: Path) -> None:
    (data / "versions/one/a.csv").rename(data / "away")
    (data / "away").rename(data / "versions/one/a.csv")


def _swapped(data: Path) -> None:
    one, two, aside = data / "versions/one", data / "versions/two", data / "aside"
    for names in ((one, aside), (two, one), (one, two), (aside, one)):
        names[0].rename(names[1])


def _retargeted(link: str, other: str) -> Callable[[Path], None]:
    def change(data: Path) -> None:
        place = data / link
        target = os.readlink(place)
        for leads in (other, target):
            place.unlink()
            place.symlink_to(leads)

    return change


def _came_and_went(data: Path) -> None:
    (data / "versions/one/inner/c.csv").write_text("c")
    (data / "versions/one/inner/c.csv").unlink()


# What was done to the dataset and undone → what was touched.
TOUCHED: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "edited in place, with the time set back": (_edited, ["fa.csv", "ffile"]),
    "a file moved away and back": (_moved, ["fa.csv", "ffile"]),
    "swapped for another folder": (_swapped, ["d", "dfolder"]),
    "a link to it retargeted": (_retargeted("current", "versions/two"), ["l{}/current"]),
    "a link behind that link retargeted": (_retargeted("latest", "versions/two"), ["l{}/latest"]),
    "a link to a file in it retargeted": (_retargeted("versions/one/file", "inner/b.csv"), ["lfile"]),
    "a link to a folder in it retargeted": (_retargeted("versions/one/folder", "inner"), ["lfolder"]),
    "a file came and went": (_came_and_went, ["dinner"]),
}


@pytest.mark.parametrize(("change", "names"), TOUCHED.values(), ids=TOUCHED)
def test_what_changed_back_is_told(data: Path, change: Callable[[Path], None], names: list[str]) -> None:
    before = witness.of_dataset(str(data / "current"))
    change(data)
    touched = witness.differences(before, witness.of_dataset(str(data / "current")))
    assert touched == [name.format(data) for name in names]


def _linked(data: Path) -> None:
    os.link(data / "current/a.csv", data / "backup")


def _closed(data: Path) -> None:
    for place in (data / "versions/one/a.csv", data / "versions/one/inner"):
        place.chmod(0o500)


# What touches a dataset, or what is beside it, and leaves its content as it was all the time.
HARMLESS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "read": lambda data: [path.read_text() for path in data.rglob("*.csv")],
    "hard links to its files": _linked,
    "other rights": _closed,
    "a file beside it": lambda data: (data / "versions/c.csv").write_text("c"),
    "another link to it": lambda data: (data / "newest").symlink_to("latest"),
}


@pytest.mark.parametrize("touch", HARMLESS.values(), ids=HARMLESS)
def test_what_changes_no_content_is_not_told(data: Path, touch: Callable[[Path], object]) -> None:
    before = witness.of_dataset(str(data / "current"))
    touch(data)
    assert witness.differences(before, witness.of_dataset(str(data / "current"))) == []


def test_times_of_folders_tell_nothing_where_a_store_of_blobs_is_mounted() -> None:
    mounts = ["36 35 98:0 / / rw shared:1 - ext4 /dev/a rw", "37 35 0:52 / /data rw - fuse.blobfuse2 blobfuse2 rw"]
    assert [witness.is_fuse(iter(mounts), device) for device in ("98:0", "0:52", "0:53")] == [False, True, False]


def test_links_in_circles_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert witness.of_dataset(str(tmp_path / "a"))


def test_looking_grows_with_the_number_of_files(tmp_path: Path) -> None:
    def look(count: int) -> None:
        place = tmp_path / str(count)
        for number in range(count if not place.exists() else 0):
            (place / f"{number % 7}").mkdir(parents=True, exist_ok=True)
            (place / f"{number % 7}" / f"{number}").write_text("")
        text = witness.of_dataset(str(place))
        witness.differences(text, f"{text}fmore\0a b c\0")

    assert grows_in_step(look, 100)


# In a run.

PIPELINE = """
    name: two
    datasets: {raw: {local: raw}, more: {local: more.csv, optional: true}}
    steps:
      first:
        script: first.py
        arguments: {--more: "${{ datasets.more }}", --output: "${{ outputs.o }}"}
      train:
        script: train.py
        arguments: {--raw: "${{ datasets.raw }}", --from: "${{ steps.first.outputs.o }}", --output: "${{ outputs.o }}"}
      other:
        script: other.py
        arguments: {--raw: "${{ datasets.raw }}", --from: "${{ steps.first.outputs.o }}", --output: "${{ outputs.o }}"}
    """
READS = """
    import os, shutil, subprocess, sys
    raw, first, out = sys.argv[2::2]
    open(out + "/o", "w").write(open(raw + "/s.csv").read())
    """


@pytest.fixture
def pair(project: Project) -> Project:
    """A project whose steps `train` and `other` read a dataset and what `first` made."""
    first = "import sys\nfor name in 'ab':\n    open(f'{sys.argv[-1]}/{name}.csv', 'w').write('x')\n"
    project.write({"pipeline.yaml": PIPELINE, "first.py": first, "train.py": READS, "other.py": READS})
    project.write({"raw/r.csv": "x", "raw/s.csv": "x"})
    return project


def _told(project: Project) -> str:
    text = project.cli("run", "train", status=1).stderr
    return text[text.index("\ntrain: ") + 1 :].partition("Log: ")[0].rstrip()


def _does(project: Project, *lines: str) -> None:
    project.write({"train.py": "\n".join([textwrap.dedent(READS), *lines])})


RUN_AGAIN = "so its result may match neither version. Run again. If the script itself writes there, copy"


def test_a_script_that_writes_into_its_dataset_and_undoes_it(pair: Project) -> None:
    _does(
        pair,
        "times = os.stat(raw + '/s.csv')",
        "for text in 'yx': open(raw + '/s.csv', 'w').write(text)",
        "os.utime(raw + '/s.csv', ns=(times.st_atime_ns, times.st_mtime_ns))",
    )
    assert _told(pair) == (
        f"train: Dataset raw was changed and changed back while the step ran (s.csv), {RUN_AGAIN} s.csv into the "
        "working folder first."
    )
    assert pair.plan()["train"] == "will run  last attempt failed"


def test_a_script_that_writes_into_its_input_and_undoes_it(pair: Project) -> None:
    _does(pair, "for name in 'ab': open(f'{first}/{name}.csv', 'w').write('x')")
    assert _told(pair) == (
        "train: Its input --from (output o of step first) was changed and changed back while the step ran (a.csv and "
        f"1 more), {RUN_AGAIN} a.csv into the working folder first."
    )


def test_a_file_that_came_and_went(pair: Project) -> None:
    _does(pair, "open(raw + '/t.csv', 'w').close()", "os.remove(raw + '/t.csv')")
    assert _told(pair) == (
        "train: Dataset raw was changed and changed back while the step ran (a file was created and removed in it), "
        f"{RUN_AGAIN} the files into the working folder first."
    )


def test_another_branch_that_is_checked_out_meanwhile(pair: Project) -> None:
    def git(*words: str) -> None:
        subprocess.run([*GIT, *words], cwd=pair.root, check=True, capture_output=True)

    git("init")
    git("add", "raw")
    git("commit", "-m", "a")
    git("checkout", "-b", "other")
    pair.write({"raw/s.csv": "y"})
    git("commit", "-am", "b")
    git("checkout", "main")
    _does(pair, *(f"subprocess.run(['git', '-C', raw, 'checkout', {name!r}], check=True)" for name in ("other", "-")))
    assert "Dataset raw was changed and changed back while the step ran (s.csv), " in _told(pair)


@pytest.mark.parametrize(("text", "status"), [("y", 1), ("x", 0)], ids=["changed", "written again"])
def test_what_changes_before_the_process_starts(
    pair: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], text: str, status: int
) -> None:
    take = witness.take

    def late(*words: Any) -> Any:  # noqa: ANN401 - as what it stands for
        if not changed:
            changed.append((pair.root / "raw/s.csv").write_text(text))
        return take(*words)

    pair.run("first")
    changed: list[int] = []
    monkeypatch.setattr(witness, "take", late)
    monkeypatch.chdir(pair.root)
    assert cli.run(["run", "train"], pair.environ) == status
    assert ("Dataset raw changed while the step ran (" in capfd.readouterr().err) is bool(status)


def test_steps_side_by_side_that_read_the_same_files(pair: Project) -> None:
    assert pair.run("--jobs", "2") == {"first": "done", "train": "done", "other": "done"}
    assert pair.run("--jobs", "2") == {"first": "up to date", "train": "up to date", "other": "up to date"}


# Packages.

TWO = """
    name: packages
    steps:
      first: {script: first.py, arguments: ["${{ outputs.o }}"]}
      second: {script: second.py, arguments: ["${{ outputs.o }}"], after: [first]}
    """
WRITES = "import sys\nopen(sys.argv[-1] + '/o', 'w').write('x')\n"


@pytest.fixture
def packages(project: Project, tmp_path: Path) -> Path:
    """The folder of packages of an environment, `venv`, that a project of two steps may spoil."""
    venv.create(tmp_path / "venv", symlinks=True)
    (place,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    write_package(place, "helper", "1.0", 1)
    second = f"try:\n    import late\nexcept ImportError:\n    pass\n{WRITES}"
    project.write({"pipeline.yaml": TWO, "first.py": f"import helper\n{WRITES}", "second.py": second})
    return place


def _adds(packages: Path, name: str) -> str:
    """Return a line of a script that installs a package meanwhile."""
    made = (f"import os; os.makedirs({str(packages / folder)!r})" for folder in (name, f"{name}-1.0.dist-info"))
    files = {f"{name}/__init__.py": "", f"{name}-1.0.dist-info/METADATA": f"Name: {name}\nVersion: 1.0\n"}
    files[f"{name}-1.0.dist-info/RECORD"] = f"{name}/__init__.py,,\n"
    return "; ".join([*made, *(f"open({str(packages / file)!r}, 'w').write({text!r})" for file, text in files.items())])


def _run(project: Project, packages: Path, status: int = 0) -> str:
    python = packages.parents[2] / "bin/python"
    return project.cli("run", "--python", str(python), status=status).stderr


def test_a_package_that_is_installed_for_a_later_step_fails_none(project: Project, packages: Path) -> None:
    project.write({"first.py": f"import helper\n{_adds(packages, 'late')}\n{WRITES}"})
    _run(project, packages)
    assert _run(project, packages) == "", "both are up to date: the second step was keyed with the package"


def test_a_package_that_a_step_imports_is_upgraded(project: Project, packages: Path) -> None:
    upgrade = f"import os; os.rename({str(packages / 'helper-1.0.dist-info')!r}, {str(packages / 'helper')!r} + '-2')"
    edit = f"path = {str(packages / 'helper-2.0.dist-info')!r}\nos.rename({str(packages / 'helper')!r} + '-2', path)"
    text = "text = open(path + '/METADATA').read().replace('1.0', '2.0')\nopen(path + '/METADATA', 'w').write(text)\n"
    project.write({"first.py": f"import helper\n{upgrade}\n{edit}\n{text}{WRITES}"})
    assert (
        "first: The installed packages changed while the step ran: helper 1.0 → 2.0. Its result may match neither "
        "version. Run again, and do not install or edit packages while a step runs."
    ) in _run(project, packages, status=1)


def test_a_python_that_is_removed_while_a_step_runs(project: Project, packages: Path) -> None:
    python = packages.parents[2] / "bin/python"
    project.write({"first.py": f"import os; os.unlink({str(python)!r})\n{WRITES}"})
    words = f"first: The Python that runs the steps, {python}, was removed or broken while the step ran. Repair it"
    assert words in _run(project, packages, status=1)


@pytest.mark.parametrize(("shim", "asked"), [(False, 1), (True, 3)], ids=["itself", "a shim"])
def test_python_is_asked_again_only_where_no_look_tells(
    project: Project,
    packages: Path,
    monkeypatch: pytest.MonkeyPatch,
    shim: bool,  # noqa: FBT001
    asked: int,
) -> None:
    python = packages.parents[2] / "bin/python"
    if shim:
        (project.root / "shim").write_text(f'#!/bin/sh\nexec {python} "$@"\n')
        (project.root / "shim").chmod(0o755)
    starts, count = interpreter._started, []

    def started(*words: Any) -> Any:  # noqa: ANN401 - as what it counts
        count.append(words)
        return starts(*words)

    monkeypatch.setattr(interpreter, "_started", started)
    monkeypatch.chdir(project.root)
    assert cli.run(["run", "--python", str(project.root / "shim" if shim else python)], project.environ) == 0
    assert len(count) == asked
