"""A working tree → sdist and wheel; what an sdist must hold; whether two builds have the same bytes."""

from __future__ import annotations

import tarfile
from pathlib import Path

from tests.release import NAME, ROOT, FailedError, called, environ, tool


def epoch() -> str:
    """Return the time of the commit, in seconds since 1970: the time of all that is built."""
    return called("git", "log", "-1", "--format=%ct").stdout.strip()


def require_commit() -> None:
    """Raise FailedError if the tree differs from its commit."""
    changed = called("git", "status", "--porcelain").stdout.rstrip()
    if changed:
        raise FailedError(f"The working tree differs from its commit:\n{changed}\nCommit or remove these first.")


def exported(folder: Path) -> Path:
    """Write the files of the commit into a new folder; return it."""
    archive = folder.with_suffix(".tar")
    called("git", "archive", "--output", archive, "HEAD")
    folder.mkdir()
    called("tar", "-x", "-f", archive, "-C", folder)
    return folder


def built(tree: Path, to: Path, *kinds: str, umask: int, zone: str, seed: str) -> list[Path]:
    """Build the distributions of ``tree``, each of ``kinds`` from the tree itself; without, the wheel from the sdist.

    Return their paths in ``to``, by name.
    """
    to.mkdir()
    settings = {
        "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        "PYTHONHASHSEED": seed,
        "SOURCE_DATE_EPOCH": epoch(),
        "TZ": zone,
    }
    called(tool("python"), "-m", "build", "--outdir", to, *kinds, cwd=tree, env=environ(**settings), umask=umask)
    return sorted(to.iterdir())


def require_equal(first: list[Path], second: list[Path]) -> None:
    """Raise FailedError unless both builds have files of the same names and bytes."""
    names = [[path.name for path in paths] for paths in (first, second)]
    if names[0] != names[1]:
        raise FailedError(f"Two builds of one commit have different files: {names[0]} and {names[1]}.")
    differing = [one.name for one, other in zip(first, second, strict=True) if one.read_bytes() != other.read_bytes()]
    if differing:
        raise FailedError(f"Two builds of one commit differ in {', '.join(differing)}. Compare them with diffoscope.")


def require_tracked_files(sdist: Path) -> None:
    """Raise FailedError unless an sdist holds what git tracks, with all that tests and docs need, and its metadata."""
    wanted = {*called("git", "-c", "core.quotePath=false", "ls-files").stdout.splitlines(), "PKG-INFO"}
    top = sdist.name.removesuffix(".tar.gz")
    if not top.startswith(f"{NAME}-"):
        raise FailedError(f"{sdist.name} is not called {NAME}-VERSION.tar.gz.")
    with tarfile.open(sdist) as archive:
        held = {name.removeprefix(f"{top}/") for name in archive.getnames()}
    if held != wanted:
        more, fewer = sorted(held - wanted), sorted(wanted - held)
        raise FailedError(f"{sdist.name} should hold what git tracks. It has also {more}, and lacks {fewer}.")
