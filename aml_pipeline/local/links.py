"""Finds symbolic links of a step that will be broken once its working folder, or an attempt, is removed.

Each is followed path by path: a link that leads out of the working folder through a link inside it breaks too. Hard
links do not break: a file exists until its last name is removed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aml_pipeline.core import folders
from aml_pipeline.core.wording import printable, shortened
from aml_pipeline.local.leftovers import KEPT
from aml_pipeline.local.store import Attempt
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.tokens import Output

# The kernel follows at most this many links in a row.
_MOST_LINKS = 40
_MOST_NAMED = 3


class _Going(NamedTuple):
    """What will be removed or moved: the working copy, and the folder ``state`` except the attempt's own outputs."""

    copy: str
    state: str
    own: Sequence[str]

    def last(self, places: Sequence[str]) -> str | None:
        """Return the last of ``places`` that will be removed or moved, if any."""
        return next((place for place in reversed(places) if self._goes(place)), None)

    def _goes(self, place: str) -> bool:
        if _is_in(self.copy, place):
            return True
        stays = any(_is_in(output, place) or _is_in(place, output) for output in self.own)
        return _is_in(self.state, place) and not stays


def of_outputs(step: Step, attempt: Attempt, state: str) -> str:
    """Return what is wrong with the first link in an output that will be broken, or "".

    ``state`` is the folder of all state: only the outputs of this attempt are certain to stay there.
    """
    folder = os.path.realpath(attempt.folder)
    own = [os.path.join(folder, name) for name in attempt.outputs]
    going = _Going(os.path.realpath(attempt.working_copy), os.path.realpath(state), own)
    for name, place in attempt.outputs.items():
        option = step.option_of(Output(name)) or f"output {name}"
        below = f"{'to the path' if name in attempt.files else 'into the folder'} of {option}"
        if os.path.islink(place):
            why, cure = _broken(place, going, below)
            if why and name in attempt.files:
                return f"Output {name} is a link to {why}. {cure}"
            if why:
                return f"The folder of output {name} is a link to {why}. Keep the folder and write {below}."
        for relative, link in _links(place):
            why, cure = _broken(link, going, below)
            if why:
                return f"Output {name} contains {printable(relative.rstrip('/'))}, a link to {why}. {cure}"
    return ""


def _broken(link: str, going: _Going, below: str) -> tuple[str, str]:
    """Return what is wrong with a link, and the cure; "" and "" if it will keep its target."""
    kind = "folder" if os.path.isdir(link) else "file"
    copied = f"Copy the {kind} itself into the output instead."
    if not os.path.exists(link):
        return f"a missing file ({printable(os.readlink(link))})", copied
    place = going.last(list(_passed(link)))
    if place is None:
        return "", ""
    if not _is_in(going.copy, place):
        inside = os.path.relpath(place, os.path.dirname(going.state))
        return f"{printable(inside)}, which `clean` or a later run will remove", copied
    inside = os.path.relpath(place, going.copy)
    what = f"{printable(inside)} in the working folder, which is not kept"
    if inside.partition("/")[0] in KEPT:
        what = f"{printable(inside)}, which is moved into the run record"
    return what, f"Write the {kind} {below} instead."


def remark(attempt: Attempt) -> str:
    """Return which links in ``outputs/`` and ``logs/`` break when these are moved into the run record, or ""."""
    links = [link for name in KEPT for _, link in _links(os.path.join(attempt.working_copy, name))]
    copy = os.path.realpath(attempt.working_copy) if links else ""
    kept = [os.path.join(copy, name) for name in KEPT]
    broken = [os.path.relpath(link, attempt.working_copy) for link in links if _strays(link, copy, kept)]
    if not broken:
        return ""
    named = shortened([printable(name) for name in broken], _MOST_NAMED)
    lead = "link {} leads" if len(broken) == 1 else "links {} lead"
    what = f"The {lead.format(named)} nowhere once outputs/ and logs/ have moved into the record of the run."
    return f"{what} Copy the {'file' if len(broken) == 1 else 'files'} there instead."


def _strays(link: str, copy: str, kept: Sequence[str]) -> bool:
    """Whether a link depends on the current place of the folders ``kept`` of the working ``copy``."""
    out = [place for place in _passed(link) if not any(_is_in(folder, place) for folder in kept)]
    return any(_is_in(copy, place) for place in out) or bool(out and not os.readlink(link).startswith("/"))


def _links(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the links in a folder as (relative path, path), in order, each once."""
    links: list[tuple[str, str]] = []
    noted: set[tuple[int, int]] = set()

    def note(relative: str, entry: os.DirEntry[str]) -> bool:
        if entry.is_symlink():
            status = entry.stat(follow_symlinks=False)
            if (status.st_dev, status.st_ino) not in noted:
                noted.add((status.st_dev, status.st_ino))
                links.append((relative, entry.path))
        return False

    for _ in folders.walk(folder, note) if os.path.isdir(folder) else ():
        yield from links
        links.clear()
    yield from links


def _passed(link: str) -> Iterator[str]:
    """Yield each resolved path on the way from ``link`` to its target, both included."""
    at, rest, followed = os.path.realpath(os.path.dirname(link)), [os.path.basename(link)], 0
    while rest:
        name = rest.pop()
        if name in {"", "."}:
            continue
        if name == "..":
            at = os.path.dirname(at)
            continue
        place = os.path.join(at, name)
        yield place
        if not os.path.islink(place):
            at = place
            continue
        followed += 1
        if followed > _MOST_LINKS:
            return
        target = os.readlink(place)
        at = "/" if target.startswith("/") else at
        rest += reversed(target.split("/"))


def _is_in(folder: str, path: str) -> bool:
    return f"{path}/".startswith(f"{folder}/")
