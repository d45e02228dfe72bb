"""The format of a pipeline's state folder, a number in its file ``format``: a newer one is not misread, but put aside.

The number is increased when a version writes what earlier ones would misread, not for what they merely do not know,
such as a new entry of a record. Without the file the format is 1: versions before 1.0.0 wrote none.
"""

from __future__ import annotations

import os

from aml_pipeline.core import files
from aml_pipeline.core.errors import MachineError

FORMAT = 1
NAME = "format"
_LONGEST = 20


def note(folder: str) -> None:
    """Write the format into a state folder, unless it has one."""
    place = os.path.join(folder, NAME)
    if not os.path.lexists(place):
        files.write(place, f"{FORMAT}\n".encode())


def newer(folder: str) -> str:
    """Return the format of a state folder if it is a higher number; else "", also for a file that is damaged."""
    place = os.path.join(folder, NAME)
    text = files.read(place, _LONGEST).strip() if files.is_file(place) else b""
    return text.decode() if text.isdigit() and int(text) > FORMAT else ""


def require(folder: str) -> None:
    """Raise MachineError if a state folder has a newer format."""
    if unknown := newer(folder):
        cure = "Update aml-pipeline, or start afresh with `aml-pipeline run`, which puts that folder aside"
        raise MachineError(f"{_what(folder, unknown)}. {cure}.")


def put_aside(folder: str) -> str:
    """Rename a state folder of a newer format, in which no run works; return what happened, in one line."""
    unknown = newer(folder)
    places = [f"{folder}.format-{unknown}", *(f"{folder}.format-{unknown}.{number}" for number in range(2, 1000))]
    place = next(place for place in places if not os.path.lexists(place))
    os.rename(folder, place)
    cure = "To use it again, update aml-pipeline and rename that folder back"
    return f"{_what(folder, unknown)}. It is now in {place}, unchanged, and this run starts afresh. {cure}."


def _what(folder: str, unknown: str) -> str:
    versions = f"format {unknown}; this version reads {FORMAT}"
    return f"The state in {folder} was written by a newer version of aml-pipeline ({versions})"
