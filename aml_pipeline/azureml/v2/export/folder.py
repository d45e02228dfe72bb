"""The folder of an export: written beside its final place and renamed, so that it is complete or absent.

Its manifest lists the export's own files with their digests.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.core import files, replacing
from aml_pipeline.core.digests import Digests
from aml_pipeline.core.errors import MachineError, UsageError
from aml_pipeline.project.snapshot import snapshot
from aml_pipeline.project.snapshot.snapshot import Snapshot

MANIFEST = "export.json"
_SHOWN = 3


def write(place: str, texts: Mapping[str, str], copies: Mapping[str, Snapshot], about: str, *, force: bool) -> int:
    """Write ``texts`` and ``copies`` by path, and the manifest, into the folder ``place``; return the number of files.

    ``about`` is JSON data with which the manifest begins. Other files stay with ``force``, and without it raise
    UsageError. Raises MachineError when a file of a snapshot changes meanwhile.
    """
    place = os.path.realpath(place)
    others = _others(place)
    if others and not force:
        raise UsageError(_refusal(place, others))
    with replacing.beside(place) as made:
        _fill(made, texts, copies)
        digests = _digests(made)
        manifest = {**json.loads(about), "files": digests}
        _write_text(os.path.join(made, MANIFEST), json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
        for name in others:
            replacing.keep(name, place, made, "the export")
    folders = tuple(f"{path}/" for path in copies)
    uploaded = [name for name in others if name.startswith(folders) and name not in digests]
    if uploaded:
        waiting.say(f"Kept in a folder that is uploaded: {_listed(uploaded)}. Delete what no step needs.")
    return len(digests) + 1


def _fill(made: str, texts: Mapping[str, str], copies: Mapping[str, Snapshot]) -> None:
    for name, text in texts.items():
        _write_text(os.path.join(made, name), text)
    for name, taken in copies.items():
        (write_code if name.startswith("code/") else _copy)(taken, os.path.join(made, name))


def write_code(taken: Snapshot, folder: str) -> None:
    """Write the files of a step, all of which v2 is to upload. Raises MachineError when one changes meanwhile."""
    _copy(taken, folder)
    # azure-ai-ml follows the ignore file at the root of code, and no other (``get_ignore_file``).
    if any(os.path.lexists(os.path.join(folder, name)) for name in (".amlignore", ".gitignore")):
        files.write(os.path.join(folder, ".amlignore"), snapshot.KEEP_ALL)


def _copy(taken: Snapshot, folder: str) -> None:
    changed = snapshot.write(taken, folder)
    if changed:
        cure = "Try again when it is no longer being written."
        raise MachineError(f"{changed[0]} changed while it was being copied. {cure}")


def _write_text(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    files.write(path, text.encode())


def _digests(folder: str) -> dict[str, str]:
    """Return the digest of each file in ``folder`` by relative path."""
    digests = Digests()
    return {name: digests.file(os.path.join(folder, name)) for name in sorted(replacing.names(folder))}


def _others(place: str) -> list[str]:
    """Return the files in ``place`` that were not written by an export, or were changed since."""
    if not os.path.isdir(place):
        if os.path.lexists(place):
            raise UsageError(f"{place} is not a folder. Name another one.")
        return []
    own = _own(os.path.join(place, MANIFEST))
    names = sorted(name for name in replacing.names(place) if name != MANIFEST or not own)
    return [name for name in names if not _is_own(os.path.join(place, name), own.get(name))]


def _is_own(path: str, digest: str | None) -> bool:
    return digest is not None and not os.path.islink(path) and Digests().file(path) == digest


def _own(manifest: str) -> dict[str, str]:
    if not files.is_file(manifest):
        return {}
    try:
        found = json.loads(files.read(manifest))["files"]
    except (ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(place: str, others: list[str]) -> str:
    what = f"{place} has files that the last export did not write: {_listed(others)}."
    return f"{what} Name another folder, or use --force to replace the export's files and keep the others."


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
