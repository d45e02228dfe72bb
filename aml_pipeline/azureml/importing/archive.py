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
from aml_pipeline.core.wording import counted, printable, size_in_words

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
        self._bytes = 0

    def left_out(self) -> list[str]:
        """Extract everything; return what was left out, each with the reason, a folder of ours as one."""
        entries = self._opened.infolist()
        if len(entries) > MOST_FILES:
            raise self._too_large(f"more than {MOST_FILES:,} files")
        os.makedirs(self._target, exist_ok=True)
        faults: dict[str, int] = {}
        for entry in entries:
            if fault := self._extract(entry):
                faults[fault] = faults.get(fault, 0) + 1
        return [fault + (f" ({counted(times, 'file')})" if times > 1 else "") for fault, times in faults.items()]

    def _extract(self, entry: zipfile.ZipInfo) -> str:
        """Extract an entry; return why it was left out, if so."""
        name = entry.filename.removesuffix("/")
        fault = _fault(name, entry) or self._fault_of_place(name)
        if fault:
            return fault
        if entry.flag_bits & _LOCKED:
            raise AzureError(f"{_shown(name)} is encrypted, and nobody gave its password. Upload the code anew.")
        path = os.path.join(self._target, *name.split("/"))
        try:
            self._write(entry, path)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            return f"{_shown(name)}: another file of the archive is in its place"
        return ""

    def _fault_of_place(self, name: str) -> str:
        """Return why an entry cannot have its place: on some disks, another one has it."""
        way = ""
        for part in name.split("/"):
            way = f"{way}/{part}" if way else part
            known = self._folded.setdefault(way.casefold(), way)
            if known != way:
                return f"{_shown(name)}: it differs from {_shown(known)} only by case"
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


def _fault(name: str, entry: zipfile.ZipInfo) -> str:
    """Return why an entry must not be written, from its name and type alone."""
    parts = name.split("/")
    for index, part in enumerate(parts):
        if part.casefold() in _OURS:
            return f"{_shown('/'.join(parts[: index + 1]))}: not code, and it would change how git or aml-pipeline work"
    kind = stat.S_IFMT(entry.external_attr >> 16)
    reasons = {
        "its path is outside the folder": ".." in parts or parts[0] == "" or _DRIVE.match(name) is not None,
        "its path has empty parts": any(part in {"", "."} for part in parts),
        "its name has a backslash or a control character": "\\" in name or not name.isprintable(),
        "its name is too long": any(len(os.fsencode(part)) > _LONGEST_NAME for part in parts),
        "it is a link": kind == stat.S_IFLNK,
        "it is neither a file nor a folder": kind not in {0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK},
    }
    return next((f"{_shown(name)}: {reason}" for reason, holds in reasons.items() if holds), "")


def _shown(name: str) -> str:
    short = name if len(name) <= _LONGEST_NAME else f"{name[:100]}…"
    return printable(short) or "an entry without a name"
