"""Shared by ``report`` and ``compare``: the story of a run, and the file of a page."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from aml_pipeline.cli.options import Options
from aml_pipeline.cli.recorded import state_of
from aml_pipeline.cli.screen.printing import raw
from aml_pipeline.core import files
from aml_pipeline.core.errors import MachineError, UsageError
from aml_pipeline.project.opening import Opened
from aml_pipeline.report.reading import read
from aml_pipeline.report.story import ShownRun
from aml_pipeline.runs import locks
from aml_pipeline.runs.record import RunRecord

_ELSEWHERE = "another file with -o FILE"


def read_run(opened: Opened, run: RunRecord) -> ShownRun:
    """Return the story of a run."""
    return read(run, state_of(run, busy=locks.is_locked(opened.state)))


def compared_page(first: RunRecord, second: RunRecord) -> str:
    """Return the usual place of the page of two runs: in the record of the second."""
    return os.path.join(second.folder, f"compared-with-{first.id}.html")


def written(options: Options, text: str, place: str) -> int:
    """Write a page and print its path; ``-o -`` prints the page itself."""
    place = options.text("output") or place
    if place == "-":
        raw(sys.stdout).write(text)
        return 0
    _check(place)
    _write(place, text.encode())
    print(place)
    if options.flag("open"):
        import webbrowser

        if not webbrowser.open(Path(place).resolve().as_uri()):
            print("No browser could be started. Open the file manually.", file=sys.stderr)
    return 0


def _check(place: str) -> None:
    """Raise UsageError if no file can be written there."""
    folder = os.path.dirname(place) or os.curdir
    if not os.path.exists(folder):
        raise UsageError(f"Folder {folder} was not found. Create it, or name {_ELSEWHERE}.")
    if not os.path.isdir(folder):
        raise UsageError(f"{folder} is not a folder. Name {_ELSEWHERE}.")
    if os.path.isdir(place):
        raise UsageError(f"{place} is a folder. Name a file in it: -o {os.path.join(place, 'page.html')}")


def _write(place: str, page: bytes) -> None:
    """Write a page; a pipe or a device, such as /dev/stdout, is not replaced by a file."""
    try:
        if os.path.exists(place) and not os.path.isfile(place):
            with open(place, "wb") as stream:
                stream.write(page)
        else:
            files.write(place, page)
    except OSError as error:
        if error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise
        folder = os.path.dirname(place) or os.curdir
        raise MachineError(f"You cannot write to {folder}. Name {_ELSEWHERE}.") from None
