"""Trials of what changes while a step runs, and is put back before it ends: data, inputs, packages, files.

The step stops at moments that the trial waits for; so it reads what was there for a while only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.faults.place import Place, wait_until
from tests.faults.trials import Bench, Trial

_PIPELINE = """\
name: small
source_directory: src
datasets:
  numbers: {local: data}
steps:
  copy:
    script: copied.py
    arguments:
      --data: ${{ datasets.numbers }}
      --output: ${{ outputs.copied }}
  add:
    script: added.py
    arguments:
      --numbers: ${{ steps.copy.outputs.copied }}
      --output: ${{ outputs.total }}
"""
_MOMENTS = """\
import os
import pathlib
import time


def come(name):
    place = pathlib.Path(os.environ.get("MOMENTS", "nowhere"))
    if (place / f"{name}.wanted").exists():
        (place / f"{name}.come").touch()
        while not (place / f"{name}.over").exists():
            time.sleep(0.002)
"""
_COPIED = """\
import pathlib
import sys

import moments

moments.come("before")
text = " ".join(one.read_text() for one in sorted(pathlib.Path(sys.argv[2]).glob("*.txt")))
moments.come("after")
pathlib.Path(sys.argv[4], "all.txt").write_text(text)
"""
_ADDED = """\
import pathlib
import sys

import moments

moments.come("before adding")
total = sum(map(int, pathlib.Path(sys.argv[2], "all.txt").read_text().split()))
moments.come("after adding")
pathlib.Path(sys.argv[4], "total.txt").write_text(str(total))
"""
_RIGHT = {"copy/copied/all.txt": b"1", "add/total/total.txt": b"1"}
_COPIED_TEXT = Path("small/outputs/copy/copied/all.txt")


def trials() -> Iterator[Trial]:
    """Return the trials of this kind."""
    for fault, (change, back) in _DATA.items():
        yield Trial(f"data {fault}", "first run", partial(_data, change, back))
        yield Trial(f"data {fault}", "later run", partial(_later, change, back))
    yield Trial("data by git checkout", "step running", checkout)
    for fault in ("rewritten, restored", "replaced, restored", "moved away, moved back"):
        yield Trial(f"input {fault}", "step running", partial(_input, *_DATA[fault]))
    for fault, put in _PACKAGES.items():
        for when in ("while it runs", "later"):
            yield Trial(f"package {fault}", f"put back {when}", partial(package, put, when))


def write(place: Place, texts: Mapping[str, str]) -> None:
    """Write files of the project, by their names in it."""
    for name, text in texts.items():
        file = place.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@contextmanager
def between(
    place: Place, first: str, last: str, *words: str, statuses: tuple[int, ...] = (0, 1)
) -> Iterator[Callable[[], None]]:
    """Hold a run at the moment ``first`` for the block, which calls what is given to let it go on to ``last``."""
    moments = place.folder.parent / f"{place.folder.name}moments"
    moments.mkdir(exist_ok=True)
    for name in (first, last):
        (moments / f"{name}.wanted").touch()
    run = place.start("run", *words, environ={"MOMENTS": str(moments)})

    def come(name: str) -> None:
        if not wait_until(lambda: (moments / f"{name}.come").exists() or run.poll() is not None):
            place.complaints.append(f"the step did not come to the moment {name}")

    def go_on() -> None:
        (moments / f"{first}.over").touch()
        come(last)

    try:
        come(first)
        yield go_on
    finally:
        for name in (first, last):
            (moments / f"{name}.over").touch()
        place.end(run, *statuses)
        shutil.rmtree(moments)


# The file or folder of data → another, and back.


def _rewritten(file: Path) -> None:
    file.write_text("2")


def _rewritten_back(file: Path) -> None:
    file.write_text("1")


def _same_time(file: Path) -> None:
    old = file.stat()
    file.write_text("2")
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))


def _same_time_back(file: Path) -> None:
    old = file.stat()
    file.write_text("1")
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))


def _renamed_over(text: str, file: Path) -> None:
    file.with_suffix(".new").write_text(text)
    file.with_suffix(".new").rename(file)


def _aside(file: Path) -> None:
    file.rename(file.with_suffix(".aside"))
    file.write_text("2")


def _aside_back(file: Path) -> None:
    file.with_suffix(".aside").rename(file)


def _folder_aside(file: Path) -> None:
    file.parent.rename(file.parent.with_suffix(".aside"))
    file.parent.mkdir()
    file.write_text("2")


def _folder_aside_back(file: Path) -> None:
    shutil.rmtree(file.parent)
    file.parent.with_suffix(".aside").rename(file.parent)


def _linked(file: Path) -> None:
    (file.parent / "2.other").write_text("2")
    file.unlink()
    file.symlink_to("2.other")


def _linked_back(file: Path) -> None:
    file.unlink()
    file.write_text("1")
    (file.parent / "2.other").unlink()


def _one_more(file: Path) -> None:
    file.with_name("more.txt").write_text("5")


def _one_more_back(file: Path) -> None:
    file.with_name("more.txt").unlink()


_Change = Callable[[Path], None]
_DATA: dict[str, tuple[_Change, _Change]] = {
    "rewritten, restored": (_rewritten, _rewritten_back),
    "rewritten, restored, same time": (_same_time, _same_time_back),
    "replaced, restored": (partial(_renamed_over, "2"), partial(_renamed_over, "1")),
    "moved away, moved back": (_aside, _aside_back),
    "in a folder moved away and back": (_folder_aside, _folder_aside_back),
    "replaced by a link, restored": (_linked, _linked_back),
    "beside a file that came and went": (_one_more, _one_more_back),
}


def _written(place: Place) -> Path:
    write(place, {"pipeline.yaml": _PIPELINE, "src/moments.py": _MOMENTS, "src/copied.py": _COPIED,
                  "src/added.py": _ADDED, "data/a.txt": "1"})  # fmt: skip
    return place.folder / "data" / "a.txt"


def _later(change: _Change, back: _Change, place: Place, bench: Bench) -> None:
    _written(place)
    place.run("run")
    _data(change, back, place, bench, "copy", "--force")


def _data(change: _Change, back: _Change, place: Place, _: Bench, *words: str) -> None:
    file = _written(place)
    with between(place, "before", "after", *words) as go_on:
        change(file)
        go_on()
        back(file)
    place.recovers(_RIGHT)


def checkout(place: Place, _: Bench) -> None:
    file = _written(place)

    def git(*words: str) -> None:
        settings = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *settings, *words], cwd=place.folder, check=True, capture_output=True)

    git("init", "--initial-branch", "first")
    git("add", "data")
    git("commit", "--message", "one")
    git("checkout", "-b", "other")
    file.write_text("2")
    git("commit", "--all", "--message", "two")
    git("checkout", "first")
    with between(place, "before", "after") as go_on:
        git("checkout", "other")
        go_on()
        git("checkout", "-")
    place.recovers(_RIGHT)


def _input(change: _Change, back: _Change, place: Place, _: Bench) -> None:
    _written(place)
    with between(place, "before adding", "after adding") as go_on:
        file = (place.state / _COPIED_TEXT.parent).resolve() / _COPIED_TEXT.name
        change(file)
        go_on()
        back(file)
    place.recovers(_RIGHT)


# A package in the middle of a step.

_USING = """\
import pathlib
import sys

import moments

moments.come("before")
import gauge

moments.come("after")
pathlib.Path(sys.argv[2], "value.txt").write_text(str(gauge.VALUE))
"""
_USING_PIPELINE = """\
name: small
source_directory: src
steps:
  use:
    script: using.py
    arguments:
      --output: ${{ outputs.value }}
"""


def upgraded(site: Path, version: int) -> None:
    """Put a version of a distribution in the place of another, as pip does."""
    for old in site.glob("gauge*"):
        shutil.rmtree(old)
    info = site / f"gauge-{version}.0.dist-info"
    for folder in (site / "gauge", info):
        folder.mkdir()
    (site / "gauge" / "__init__.py").write_text(f"VALUE = {version}\n")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: gauge\nVersion: {version}.0\n")
    (info / "RECORD").write_text(f"gauge/__init__.py,,\ngauge-{version}.0.dist-info/METADATA,,\n")
    (info / "INSTALLER").write_text("pip\n")


def _edited(site: Path, version: int) -> None:
    """Edit the code that a ``.pth`` leads to, as after ``pip install --editable``."""
    code = site.parent / "developed"
    code.mkdir(exist_ok=True)
    (site / "gauge.pth").write_text(f"{code}\n")
    (code / "gauge.py").write_text(f"VALUE = {version}\n")


def _led_elsewhere(site: Path, version: int) -> None:
    """Let a ``.pth`` lead to another folder of code."""
    code = site.parent / f"developed-{version}"
    code.mkdir(exist_ok=True)
    (code / "gauge.py").write_text(f"VALUE = {version}\n")
    (site / "gauge.pth").write_text(f"{code}\n")


def _without_distribution(site: Path, version: int) -> None:
    """Edit a module that no distribution brought."""
    (site / "gauge.py").write_text(f"VALUE = {version}\n")


_PACKAGES: dict[str, Callable[[Path, int], None]] = {
    "upgraded": upgraded,
    "edited by a .pth": _edited,
    "led elsewhere by a .pth": _led_elsewhere,
    "that pip does not know": _without_distribution,
}


def _python(place: Place) -> tuple[str, Path]:
    """Make an environment with nothing in it; return its Python and the folder of its packages."""
    home = place.folder / "env"
    site = home / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    site.mkdir(parents=True)
    (home / "bin").mkdir()
    base = Path(sysconfig.get_config_var("BINDIR") or sys.base_prefix)
    (home / "pyvenv.cfg").write_text(f"home = {base}\ninclude-system-site-packages = false\n")
    python = home / "bin" / "python"
    python.symlink_to(Path(sys.executable).resolve())
    return str(python), site


def package(put: Callable[[Path, int], None], when: str, place: Place, _: Bench) -> None:
    """Change a package before the step imports it; put it back while it runs, or after a run with the other one."""
    write(place, {"pipeline.yaml": _USING_PIPELINE, "src/moments.py": _MOMENTS, "src/using.py": _USING})
    python, site = _python(place)
    put(site, 1)
    words = ("--python", python)
    with between(place, "before", "after", *words) as go_on:
        put(site, 2)
        go_on()
        if when != "later":
            put(site, 1)
    if when == "later":
        place.recovers({"use/value/value.txt": b"2"}, *words)
        put(site, 1)
    place.recovers({"use/value/value.txt": b"1"}, *words)
