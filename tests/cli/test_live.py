from __future__ import annotations

import io
import os
import pty
import re
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_pipeline.cli.screen.live import Live
from tests.conftest import Project
from tests.patience import no_hang

# Of the work that is done, or a block that moves.
BAR = "[█░]{10,20}"


def _screen(text: str, width: int) -> list[str]:
    """Return what a terminal shows of ``text``: the few sequences that are used here, and no line may wrap."""
    rows, row, column, index = [""], 0, 0, 0
    while index < len(text):
        if colour := re.match(r"\x1b\[[\d;]*m", text[index:]):
            index += colour.end()
        elif text.startswith("\x1b[J", index):
            rows = [*rows[:row], rows[row][:column]]
            index += 3
        elif text.startswith("\x1b[", index):
            end = text.index("A", index)
            row -= int(text[index + 2 : end])
            index = end + 1
        else:
            char = text[index]
            if char == "\r":
                column = 0
            elif char == "\n":
                row, column = row + 1, 0
                rows += [""] * (row + 1 - len(rows))
            else:
                rows[row] = rows[row][:column].ljust(column) + char + rows[row][column + 1 :]
                column += 1
                assert column <= width, "a line wrapped"
            index += 1
    return rows


def _live() -> tuple[io.StringIO, Live]:
    stream = io.StringIO()
    return stream, Live(stream, moving=True)


def test_lines_move_below_what_is_printed() -> None:
    stream, live = _live()
    live.show("a 1 s", "b 1 s")
    live.above(["hello"], stream)
    live.show("a 2 s")
    live.above(["bye"], stream)
    assert _screen(stream.getvalue(), 80) == ["hello", "bye", "a 2 s"]
    live.show()
    assert _screen(stream.getvalue(), 80) == ["hello", "bye", ""]


def test_what_is_typed_meanwhile_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal shows Ctrl-C as ^C where the cursor is; at the end of a full line that would begin another one."""
    monkeypatch.setenv("COLUMNS", "20")
    stream, live = _live()
    live.show("a" * 40)
    stream.write("^C^C")
    live.show()
    live.above(["bye"], stream)
    assert _screen(stream.getvalue(), 20) == ["bye", ""]


def test_the_cursor_waits_where_the_block_begins() -> None:
    """From there all below is erased, however many rows a terminal that was made narrower has made of the block."""
    stream, live = _live()
    live.above(["hello"], stream)
    live.show("first", "second")
    assert _screen(stream.getvalue() + "@", 80) == ["hello", "@irst", "second"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("loss 12345", "loss 12345"),
        ("accuracy 12345", "accuracy …"),  # not "accuracy 1", which is another number
        ("损失 0.25 or", "损失 0.25…"),  # each of the two takes two cells
        ("e\u0301" * 10, "e\u0301" * 10),
        ("\x1b[2Jc\t", r"\x1b[2Jc\t"),
    ],
)
def test_a_line_that_moves_is_cut_to_the_cells_of_the_terminal(
    line: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "11")
    stream, live = _live()
    live.show(line)
    assert stream.getvalue() == f"{shown}\r"


def test_in_a_pipe_nothing_moves() -> None:
    stream = io.StringIO()
    live = Live(stream, moving=False)
    live.show("a 1 s")
    live.above(["hello"], stream)
    live.show()
    assert stream.getvalue() == "hello\n"


class Gate:
    """A file that steps wait for, made once the terminal shows all of some patterns."""

    def __init__(self, file: Path, *patterns: str) -> None:
        self._file, self._patterns = file, patterns
        self.wait = f"while not __import__('os').path.exists({str(file)!r}): __import__('time').sleep(0.01)"

    def look(self, text: str) -> None:
        """Look at what the terminal got."""
        if all(re.search(pattern, text) for pattern in self._patterns):
            self.open()

    def open(self) -> None:
        """Let the steps go on."""
        self._file.touch()

    def close(self) -> None:
        """Let the steps wait again."""
        self._file.unlink()


def _on_a_terminal(
    project: Project,
    width: int,
    *words: str,
    kind: str = "xterm",
    stdout: int | None = None,
    gate: Gate | None = None,
) -> str:
    """Run the command line on a pseudo-terminal of ``width`` columns; return all that it wrote there.

    Its standard output goes there too, or to ``stdout``. Steps that wait at the gate go on once it has opened.
    """
    master, slave = pty.openpty()
    environ = {**project.environ, "COLUMNS": str(width), "TERM": kind}
    with subprocess.Popen(
        project.command(*words),
        cwd=project.root,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=slave if stdout is None else stdout,
        stderr=slave,
    ) as child:
        os.close(slave)
        try:
            with no_hang():
                said = "".join(_read(master, child, gate))
        finally:
            if gate:
                gate.open()
    os.close(master)
    return said


def _read(master: int, child: subprocess.Popen[bytes], gate: Gate | None) -> Iterator[str]:
    """Give what is written to a terminal until its process has ended."""
    said = b""
    while child.poll() is None or select.select([master], [], [], 0)[0]:
        if select.select([master], [], [], 0.2)[0]:
            try:
                said += os.read(master, 65536)
            except OSError:  # the other end is closed
                break
        if gate:
            gate.look(said.decode(errors="replace"))
    yield said.decode().replace("\r\n", "\n")


def test_a_terminal_of_60_columns_shows_each_running_step_on_a_line(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    gate = Gate(tmp_path / "gate", *(f"step-{letter}  {BAR}  +\\d+\\.\\d s  a_name" for letter in "ab"))
    steps = "".join(
        f"""
                  step-{letter}:
                    script: work.py
                    arguments:
                      --name: {letter}
                      --output: ${{{{ outputs.o }}}}
                    outputs: {{o: {{may_be_empty: true}}}}"""
        for letter in "ab"
    )
    project.write(
        {
            "pipeline.yaml": f"""
                name: p
                steps:{steps}
            """,
            "work.py": """
                for number in range(4):
                    print(f"Attempted to log scalar metric a_name_that_fills_it:\\n0.{number}1234567")
                    GATE
            """.replace("GATE", gate.wait),
        }
    )
    text = _on_a_terminal(project, 60, "run", "--jobs", "2", gate=gate)
    rows = _screen(text, 200)
    assert "\x1b[1A" in text, "two steps moved at a time"
    drawn = [line.partition("\r")[0] for piece in text.split("\x1b[J") for line in piece.split("\n")]
    moving = [line for line in drawn if " s  a_name" in line and "done" not in line]
    assert moving
    assert all(len(line) < 60 for line in moving)
    assert sum("done in" in row for row in rows) == 2
    assert not [row for row in rows if " s  a_name" in row and "done" not in row], "nothing that moved is left"


ONE_STEP = """
    name: p
    steps:
      train:
        script: train.py
"""


@pytest.mark.parametrize("width", [60, 200])
def test_a_step_is_held_against_the_last_time(width: int, tmp_path: Path) -> None:
    """On a terminal the time it took stands beside that of now, and a metric that changed tells what it was."""
    project = Project(tmp_path / "project")
    moving = rf"train  {BAR}  +\d+\.\d s, (about 1 s left|expected \d+\.\d s)  loss 0\.25  (best 7|…)"
    gate = Gate(tmp_path / "gate", moving)
    project.write(
        {
            "pipeline.yaml": ONE_STEP,
            "train.py": "print('Attempted to log scalar metric loss:\\n0.5')\n"
            f"print('Attempted to log scalar metric best:\\n7', flush=True)\n{gate.wait}\n",
        }
    )
    gate.open()
    assert " left" not in _on_a_terminal(project, width, "run")
    gate.close()
    project.replace("train.py", "0.5')", "0.25')")
    text = _on_a_terminal(project, width, "run", gate=gate)
    assert re.search(moving, text)
    last = _screen(text, 200)[-3:]
    assert re.fullmatch(r"train  done in \d+\.\d s  loss 0\.25 \(-0\.25\)  best 7", last[0])
    assert last[1] == "`aml-pipeline report --open` shows the page of this run."
    again = _on_a_terminal(project, width, "run")
    assert again == "train  up to date\n"


@pytest.mark.parametrize(("kind", "stdout"), [("xterm", subprocess.PIPE), ("dumb", None)])
def test_nothing_moves_where_it_could_not_be_taken_back(kind: str, stdout: int | None, tmp_path: Path) -> None:
    """Behind a pipe, another program writes to the same terminal when it pleases; a dumb one cannot erase."""
    project = Project(tmp_path / "project")
    project.write(
        {
            "pipeline.yaml": ONE_STEP,
            "train.py": "import time\nprint('Attempted to log scalar metric loss:\\n0.5')\ntime.sleep(0.5)\n",
        }
    )
    text = _on_a_terminal(project, 60, "run", kind=kind, stdout=stdout)
    assert "\x1b" not in text
    assert "\r" not in text
    assert "train    loss 0.5\n" in text
