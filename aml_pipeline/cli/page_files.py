"""What ``report`` and ``compare`` share: a run as it is told, and the file of a page."""

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
from aml_pipeline.report.story import RunTold
from aml_pipeline.runs import locks
from aml_pipeline.runs.record import RunRecord

_ELSEWHERE = "another place with -o FILE"


def read_run(opened: Opened, run: RunRecord) -> RunTold:
    """Return what a page tells of a run."""
    return read(run, state_of(run, busy=locks.is_locked(opened.state)))


def written(options: Options, text: str, place: str) -> int:
    """Write a page, and print where it is; ``-o -`` prints the page itself."""
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
            print("No browser could be started here. Open the file by hand.", file=sys.stderr)
    return 0


def _check(place: str) -> None:
    """Raise UsageError where no file can be."""
    folder = os.path.dirname(place) or os.curdir
    if not os.path.exists(folder):
        raise UsageError(f"There is no folder {folder}. Make it, or name {_ELSEWHERE}.")
    if not os.path.isdir(folder):
        raise UsageError(f"{folder} is no folder. Name {_ELSEWHERE}.")
    if os.path.isdir(place):
        raise UsageError(f"{place} is a folder. Name a file in it: -o {os.path.join(place, 'page.html')}")


def _write(place: str, page: bytes) -> None:
    """Write a page; into a pipe or a device, such as /dev/stdout, without a file taking its place."""
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
        raise MachineError(f"No page may be written in {folder}. Name {_ELSEWHERE}.") from None
