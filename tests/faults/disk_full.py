"""A disk that is full while a run writes to it: ``python -m tests.faults.disk_full``; needs the right to mount."""

# ruff: noqa: T201 - printing is its job
from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.faults.place import Place

_KILOBYTES = 2000
# Where the disk fills up: the breaker's moment, by a part of its name. None: the step itself fills it.
_MOMENTS = {
    "the step writes": None,
    "preparing the state": "mkdir .aml_pipeline",
    "making the attempt": "/attempt.",
    "copying the snapshot": "/working-copy/make.py",
    "opening the log": "make.log",
    "recording the run": "run.json",
    "recording an event": "events.jsonl",
    "accepting": "/result.",
    "noting the attempt": "/last",
    "keeping outputs/": "/working-copy/outputs",
    "linking": "small/outputs",
}


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int = _KILOBYTES) -> Iterator[bool]:
    """Mount a small disk at ``folder``; give False where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)]
    try:
        allowed = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        allowed = False
    try:
        yield allowed
    finally:
        if allowed:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def trial(place: Place, part: str | None, *, earlier: bool) -> int:
    """Let the disk fill up at a moment of a run; return its exit status, and complain of what is wrong from then on."""
    place.write()
    right = {}
    for factor in (3, 5):
        if place.state.exists():
            shutil.rmtree(place.state)
        place.run("run", "--param", f"factor={factor}")
        right[factor] = place.outputs()
    if not earlier:
        shutil.rmtree(place.state)
    filler = place.folder / "filler"
    environ = {"FILL": str(filler), "FILL_AT": part or ""}
    if part is None:
        environ["MISCHIEF"] = "fills"
        told = place.end(place.start("run", environ=environ), 6)
    else:
        told = place.end(place.start("run", broken=["0", "fill"], environ=environ), 6, 0)
        if not filler.exists():
            place.complaints.append("the moment never came")
    lines = [line for line in told.text.splitlines() if "disk is full" in line]
    if told.status == 6 and len(lines) != 1:
        place.complaints.append(f"not one clear line: {told.text}")
    with contextlib.suppress(FileNotFoundError):
        filler.unlink()
    for left in place.state.rglob("fill"):
        left.unlink()
    if earlier and place.recovers(right[5], "--param", "factor=5").text.count("up to date") != 2:
        place.complaints.append("the earlier result is gone")
    place.recovers(right[3])
    place.recovers(right[5], "--param", "factor=5")
    return told.status


def main() -> int:
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="disk-full-") as name:
        for moment, part in _MOMENTS.items():
            for earlier in (False, True):
                with small_disk(Path(name)) as allowed:
                    if not allowed:
                        print("skipped: mounting is not allowed (run it as root)")
                        return 0
                    place = Place(Path(name).resolve() / "project")
                    os.mkdir(place.folder)
                    status = trial(place, part, earlier=earlier)
                wrong += bool(place.complaints)
                outcome = "WRONG" if place.complaints else "right"
                print(f"{moment:<24}  {'later run' if earlier else 'first run'}  exit {status}  {outcome}")
                for one in place.complaints:
                    print(f"    {one}")
    print(f"{2 * len(_MOMENTS)} trials, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
