"""``python -m tests.release``: builds the distributions of the commit into ``dist``, checks them, adds an SBOM.

They are built twice, in folders, time zones and umasks that differ, once from the working tree with all its litter and
once from the files of the commit: the bytes must be equal.
"""

# ruff: noqa: T201 - printing is its job
from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from tests.release import ROOT, FailedError, bill, building, called, tool

_DIST = ROOT / "dist"


def _distributions(folder: Path) -> list[Path]:
    """Return wheel and sdist, built twice and checked."""
    tree = building.exported(folder / "another place é")
    here = building.built(ROOT, folder / "here", umask=0o022, zone="UTC", seed="0")
    there = building.built(tree, folder / "there", "--sdist", "--wheel", umask=0o077, zone="Asia/Tokyo", seed="1")
    building.require_equal(here, there)
    print("built twice: equal bytes, and the wheel of the sdist is that of the tree")
    wheel, sdist = sorted(here, key=lambda path: path.suffix, reverse=True)
    building.require_tracked_files(sdist)
    called(tool("twine"), "check", "--strict", *here)
    called(tool("check-wheel-contents"), wheel)
    print("twine check --strict, check-wheel-contents, files of the sdist: OK")
    return [sdist, wheel]


def _bill(folder: Path, wheel: Path) -> Path:
    """Return the bill of the wheel, written twice with equal bytes."""
    place = folder / f"{wheel.name.partition('-py3')[0]}.cdx.json"
    texts = [bill.written(wheel, folder / name, place, building.epoch()) for name in ("one", "other")]
    if texts[0] != texts[1]:
        raise FailedError("Two environments of one wheel have different SBOMs.")
    print("SBOM written twice: equal bytes")
    return place


def main() -> int:
    """Write the files of a release into ``dist``; return 1 if a check fails."""
    try:
        building.require_commit()
        with tempfile.TemporaryDirectory() as name:
            sdist, wheel = _distributions(Path(name))
            paths = [sdist, wheel, _bill(Path(name), wheel)]
            shutil.rmtree(_DIST, ignore_errors=True)
            _DIST.mkdir()
            for path in paths:
                shutil.copyfile(path, _DIST / path.name)
    except FailedError as error:
        print(error, file=sys.stderr)
        return 1
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in sorted(_DIST.iterdir())]
    (_DIST / "SHA256SUMS").write_text("\n".join([*sums, ""]))
    print("\n".join(["dist/SHA256SUMS:", *sums]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
