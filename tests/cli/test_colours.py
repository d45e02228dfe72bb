"""Problems have colours on a terminal, and nowhere else."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Mapping

import pytest

from tests.conftest import Project
from tests.corpus import ERR

COLOUR = re.compile(r"\x1b\[\d+m")


def printed(project: Project, environ: Mapping[str, str], command: str = "graph") -> str:
    """Run a command that refuses a file, with its output on a pseudo-terminal; return what it wrote there."""
    given = {key: value for key, value in project.environ.items() if key not in {"NO_COLOR", "TERM"}}
    master, slave = pty.openpty()
    child = subprocess.Popen(
        project.command(command, "-f", "everything-elsewhere.yaml"), cwd=ERR, env={**given, **environ},
        stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    pieces = []
    with child, os.fdopen(master, "rb", buffering=0) as terminal:
        try:
            while piece := terminal.read(65536):
                pieces.append(piece)
        except OSError:  # how Linux says that the other end is closed
            pass
    assert child.returncode == 2
    return b"".join(pieces).decode().replace("\r\n", "\n")


def test_a_terminal_gets_colours_and_the_same_words(project: Project) -> None:
    plain = project.cli("graph", "-f", "everything-elsewhere.yaml", cwd=ERR, status=2).stderr
    assert not COLOUR.search(plain)
    coloured = printed(project, {"TERM": "xterm"})
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
    assert "\x1b[33mwarning:\x1b[0m" in coloured
    assert "\x1b[31m^" in coloured
    assert printed(project, {"TERM": "xterm", "NO_COLOR": ""}) == coloured
    assert "\x1b[33mwarning:\x1b[0m" in printed(project, {"TERM": "xterm"}, "validate")


@pytest.mark.parametrize("environ", [{"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
def test_a_terminal_without_colours_gets_none(project: Project, environ: dict[str, str]) -> None:
    text = printed(project, environ)
    assert "everything-elsewhere.yaml:" in text
    assert not COLOUR.search(text)
