"""Code differences between two runs → unified diffs of the stored texts, which ``read`` returns."""

from __future__ import annotations

import difflib
import io
from collections.abc import Callable, Iterator
from typing import NamedTuple

from aml_pipeline.core.secrets import by_name
from aml_pipeline.report.causes import FileChange, changed_files, environments
from aml_pipeline.report.story import ShownRun
from aml_pipeline.runs import environment_changes
from aml_pipeline.runs.contents import content

Read = Callable[[str], bytes | None]
NOT_KEPT = "no text recorded: the file is binary, larger than 256 kB or looks like a secret, or the record is damaged"


class Diff(NamedTuple):
    """A changed file or environment: ``title`` says how it changed, ``lines`` are its unified diff."""

    title: str
    lines: tuple[str, ...]


def diffs(first: ShownRun, second: ShownRun, read: Read) -> Iterator[Diff]:
    """Yield the diff of each file and environment that differs between two runs."""
    for change in changed_files(first, second):
        yield Diff(f"{change.words} ({', '.join(change.steps)})", tuple(_of_file(change, read)))
    for name, old, new in environments(first, second):
        lines = ([f"{line}\n" for line in environment_changes.lines(definition)] for definition in (old, new))
        yield Diff(f"{name} changed", tuple(_unified(name, name, *lines)))


def _of_file(change: FileChange, read: Read) -> Iterator[str]:
    texts = [_text(digest, read) for digest in (change.before, change.now)]
    if by_name(change.path) or None in texts:
        yield NOT_KEPT
        return
    old, new = (io.StringIO(text, newline="\n").readlines() for text in texts)
    before, now = ("/dev/null" if digest is None else change.path for digest in (change.before, change.now))
    lines = list(_unified(before, now, old, new))
    if lines:
        yield from lines
    elif change.before and change.now:
        yield f"now {'' if change.now.endswith('+x') else 'not '}executable"


def _text(digest: str | None, read: Read) -> str | None:
    """Return the text of a file, "" if there is no such file, None if its text is not stored."""
    if digest is None:
        return ""
    data = read(content(digest))
    return None if data is None else data.decode("utf-8", "replace")


def _unified(before: str, now: str, old: list[str], new: list[str]) -> Iterator[str]:
    """Yield the lines of a unified diff without line ends."""
    names = (f"A/{before}" if before != "/dev/null" else before, f"B/{now}" if now != "/dev/null" else now)
    for line in difflib.unified_diff(old, new, *names):
        yield line.removesuffix("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"
