"""A zip archive → files in a folder, and nowhere else, whatever the archive says."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.wording import printable, size_in_words

# Azure ML accepts snapshots of 300 MB and 2,000 files; more is no snapshot, but it may have raised that limit.
MOST_BYTES = 4 << 30
MOST_FILES = 100_000
_BLOCK = 1 << 20
_LONGEST_NAME = 255
_OURS = frozenset({".git", ".aml_pipeline"})
_DRIVE = re.compile(r"[A-Za-z]:")
_LOCKED = 0x1  # the flag of an encrypted file


def extract(archive: str, target: str) -> list[str]:
    """Extract the zip file ``archive`` into the folder ``target``; return what was left out, in words.

    Left out are entries that would not become a plain file below ``target``, and those named ``.git`` or
    ``.aml_pipeline``. Raises AzureError for an archive that is damaged, encrypted or too large.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            return _Extraction(opened, target).left_out()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError, ValueError) as error:
        raise AzureError(f"The archive {os.path.basename(archive)} is damaged. Try the import again.") from error


class _Extraction:
    """One archive that is being extracted: what was written so far, and how much."""

    def __init__(self, opened: zipfile.ZipFile, target: str) -> None:
        self._opened = opened
        self._target = target
        self._folded: dict[str, str] = {}  # paths that differ from others by more than case
        self._links: set[str] = set()
        self._bytes = 0

    def left_out(self) -> list[str]:
        """Extract everything; return what was left out, each with the reason, but the files of a folder as one."""
        entries = self._opened.infolist()
        if len(entries) > MOST_FILES:
            raise self._too_large(f"more than {MOST_FILES:,} files")
        os.makedirs(self._target, exist_ok=True)
        self._links = {entry.filename for entry in entries if _kind(entry) == stat.S_IFLNK}
        faults: dict[tuple[str, str], list[str]] = {}
        for entry in entries:
            name = entry.filename.removesuffix("/")
            if fault := self._extract(name, entry):
                faults.setdefault(fault, []).append(_shown(name))
        return [
            f"{names[0]}{f' and {len(names) - 1:,} more in {_shown(folder)}' if names[1:] else ''}: {reason}"
            for (folder, reason), names in faults.items()
        ]

    def _extract(self, name: str, entry: zipfile.ZipInfo) -> tuple[str, str] | None:
        """Extract an entry; if it was left out, return the folder to which that applies, else its name, and why."""
        parts = name.split("/")
        for index, part in enumerate(parts):
            way = "/".join(parts[: index + 1])
            if part.casefold() in _OURS:
                return way, "not code, and it would change how git or aml-pipeline work"
            if way in self._links and way != name:
                return way, "its folder is a link"
        fault = _fault(name, entry) or self._fault_of_place(name)
        if fault:
            return name, fault
        if entry.flag_bits & _LOCKED:
            raise AzureError(f"{_shown(name)} is encrypted. Upload the code again, without a password.")
        try:
            self._write(entry, os.path.join(self._target, *parts))
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            return name, "another file of the archive is in its place"
        return None

    def _fault_of_place(self, name: str) -> str:
        """Return why an entry cannot have its place: on some disks, another one has it."""
        way = ""
        for part in name.split("/"):
            way = f"{way}/{part}" if way else part
            known = self._folded.setdefault(way.casefold(), way)
            if known != way:
                return f"it differs from {_shown(known)} only by case"
        return ""

    def _write(self, entry: zipfile.ZipInfo, path: str) -> None:
        if entry.is_dir():
            os.makedirs(path, exist_ok=True)
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb") as written, self._opened.open(entry) as stream:
            for block in _blocks(stream):
                self._bytes += len(block)
                if self._bytes > MOST_BYTES:
                    raise self._too_large(f"more than {size_in_words(MOST_BYTES)}")
                written.write(block)
            if (entry.external_attr >> 16) & stat.S_IXUSR:
                os.chmod(written.fileno(), 0o755)  # noqa: S103 - a program, as it was

    def _too_large(self, what: str) -> AzureError:
        name = os.path.basename(self._opened.filename or "")
        return AzureError(f"The archive {name} contains {what}, which no snapshot has. Nothing of it was kept.")


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block


def _kind(entry: zipfile.ZipInfo) -> int:
    """Return the type of a file as in ``stat``; 0 if the archive has none."""
    return stat.S_IFMT(entry.external_attr >> 16)


def _fault(name: str, entry: zipfile.ZipInfo) -> str:
    """Return why an entry must not be written, from its name and type alone."""
    parts = name.split("/")
    reasons = {
        "its path is outside the folder": ".." in parts or parts[0] == "" or _DRIVE.match(name) is not None,
        "its path has empty parts": any(part in {"", "."} for part in parts),
        "its name has a backslash or a control character": "\\" in name or not name.isprintable(),
        "its name is too long": any(len(os.fsencode(part)) > _LONGEST_NAME for part in parts),
        "it is a link": _kind(entry) == stat.S_IFLNK,
        "it is neither a file nor a folder": _kind(entry) not in {0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK},
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _shown(name: str) -> str:
    short = name if len(name) <= _LONGEST_NAME else f"{name[:100]}…"
    return printable(short) or "an entry without a name"
