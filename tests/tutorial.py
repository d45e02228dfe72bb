"""A page of docs that is walked: its files are written, its commands run in a real shell, and their output compared.

Only blocks directly under ``<!-- run: tests/test_tutorial.py -->`` count. A ``console`` block has commands, after
``$ ``, and what they print; any other block is the file that the line above the mark names at its end: "Write `a.py`:".
A line with "add to the end" appends to that file. A command must exit with 0, or with N if it ends with
``# exits with N``.

What is compared: all lines of standard output and standard error, but for times, ids of runs and the width of columns;
``…`` stands for any lines, or for any text in a line. The folder of the walk is `/home/you`, and `~` in
commands. An id of a run that the page shows stands in later commands for the one that came in its place.

This module needs nothing but Python: a release is walked with its own program on PATH, and no package of ours.
"""

from __future__ import annotations

import difflib
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

MARK = "<!-- run: tests/test_tutorial.py -->"
ANY = "…"
_BLOCK = re.compile(
    rf"^(?P<above>.*)\n\n?{re.escape(MARK)}\n```(?P<language>\w+)\n(?P<text>(?:(?!```$).*\n)*)```$", re.MULTILINE
)
_COMMAND = re.compile(r"^\$ (?P<command>.*(?:\\\n.*)*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)
_RUN = re.compile(r"\d{4}-\d\d-\d\dT[\d-]+-([0-9a-f]{4})\b|(?<=  )([0-9a-f]{4})$")
_TIME = re.compile(r"\b\d+(\.\d+)? (s|min|h)\b|(?<=done)  +[\d.]+(?=  )")


def walk(page: str, folder: Path, environ: Mapping[str, str]) -> list[str]:
    """Follow the text of a page in an empty folder; return what differs from the page, each with its command."""
    failures: list[str] = []
    ids: dict[str, str] = {}
    here = folder
    for block in _BLOCK.finditer(page):
        if block["language"] != "console":
            _write(block["above"], block["text"], here)
            continue
        for command, output in _COMMAND.findall(block["text"]):
            if command.startswith("cd "):
                here = here / command[3:].replace("~", str(folder))
                continue
            status, printed = _run(_with_ids(command, ids), here, {**environ, "HOME": str(folder)})
            said = printed.replace(str(folder.resolve()), "/home/you")
            failures += _wrong(command, status, output, said)
            ids.update(_ids_in_place(output, said))
    return failures


def files(page: str) -> dict[str, str]:
    """Return the files of a page by the names that it gives them, as they are at its end."""
    written: dict[str, str] = {}
    for block in _BLOCK.finditer(page):
        if block["language"] != "console":
            name, appended = _file(block["above"])
            written[name] = (written[name] if appended else "") + block["text"]
    return written


def _write(above: str, text: str, here: Path) -> None:
    name, appended = _file(above)
    path = here / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text(encoding="utf-8") if appended else "") + text, encoding="utf-8")


def _file(above: str) -> tuple[str, bool]:
    """Return the file that a line names at its end, and whether something is added to it."""
    name = re.search(r"`([^`]+)`:$", above)
    assert name, f"which file is this? The line above the mark must name it at its end: {above}"
    return name[1], "add to the end" in above.lower()


def _run(command: str, here: Path, environ: Mapping[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=here,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout


def _wrong(command: str, status: int, expected: str, said: str) -> Iterator[str]:
    """Return what is wrong with a command, if anything."""
    wanted = int(found[1]) if (found := re.search(r"# exits with (\d+)$", command)) else 0
    if status != wanted:
        yield f"$ {command}\nexited with {status}, not {wanted}:\n{said}"
    elif _pairs(expected.splitlines(), said.splitlines()) is None:
        page, printed = ([*map(_plain, text.splitlines())] for text in (expected, said))
        yield "\n".join([f"$ {command}", *difflib.unified_diff(page, printed, "page", "printed", lineterm="")])


def _ids_in_place(expected: str, said: str) -> Iterator[tuple[str, str]]:
    """Return the ids of runs that the page shows, each with the one that was printed."""
    for line, real in _pairs(expected.splitlines(), said.splitlines()) or []:
        yield from zip(_ids(line), _ids(real), strict=False)


def _pairs(expected: list[str], said: list[str]) -> list[tuple[str, str]] | None:
    """Return each line of the page with the printed line that it stands for; None if they differ."""
    if not expected:
        return None if said else []
    if expected[0] == ANY:
        tails = (_pairs(expected[1:], said[skipped:]) for skipped in range(len(said) + 1))
        return next((tail for tail in tails if tail is not None), None)
    if not said or not _same(expected[0], said[0]):
        return None
    tail = _pairs(expected[1:], said[1:])
    return None if tail is None else [(expected[0], said[0]), *tail]


def _same(expected: str, said: str) -> bool:
    pattern = ".*".join(map(re.escape, _plain(expected).split(ANY)))
    return re.fullmatch(pattern, _plain(said)) is not None


def _plain(line: str) -> str:
    return re.sub(r" +", " ", _TIME.sub(" TIME", _RUN.sub("RUN", line))).strip()


def _ids(line: str) -> list[str]:
    """Return the last part of the id of each run in a line."""
    return [long or short for long, short in _RUN.findall(line)]


def _with_ids(command: str, ids: Mapping[str, str]) -> str:
    return re.sub(r"\b[0-9a-f]{4}\b", lambda word: ids.get(word[0], word[0]), command)
