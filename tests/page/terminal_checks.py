"""What a person sees of a run: in a real terminal (tmux) of 60, 100 and 200 columns, a dumb one, and behind a pipe.

``make check`` runs this; ``make test`` does not, because it needs tmux. docs/reference/terminal.md is compared, too.
"""

from __future__ import annotations

import re
import textwrap
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.page import shipped, terminal
from tests.page.terminal import PROMPT, Terminal

if not terminal.is_here():
    pytest.skip("tmux is not installed", allow_module_level=True)

QUICKSTART = "aml-pipeline run --profile quickstart"
DURATION = r"\d+ min \d+ s|\d+ min|\d+(?:\.\d)? s"
MOVES = r"^(train|register-environment|prepare-data|left|right) +[█░]+ "
RUNS = r"^train  [█░]+ .* s, (about|expected) .*  loss \d"
STOPPED = ["Stopped. The next run will continue from here.", PROMPT]


def plain(rows: list[str]) -> str:
    """Return what is said, whatever the numbers (and whether one is as it was), and wherever a row ends."""
    text = re.sub(rf", (about|expected) ({DURATION})( left)?|[█░]", "", " ".join(rows))
    text = re.sub(r"\([+-][^)]*\)|\s", "", re.sub(DURATION, "T", text))
    return re.sub(r"\d+(\.\d+)?(e[-+]\d+)?", "N", text)


def told(title: str) -> list[str]:
    """Return the excerpt below that heading of the docs."""
    text = (shipped.ROOT / "docs" / "reference" / "terminal.md").read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(title)}$.*?^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1].splitlines()


def moving(rows: list[str]) -> list[str]:
    return [row for row in rows if re.search(MOVES, row)]


def holds_one_line_at_the_end(rows: list[str], columns: int) -> bool:
    """Whether one line at most moves, below all others, and ends before the edge, where the terminal would wrap it."""
    return not moving(rows) or (moving(rows) == rows[-1:] and len(rows[-1]) < columns)


def after(line: str, lines: list[str]) -> list[str]:
    """Return the lines that follow the one that was typed, up to where the shell asks again."""
    begin = lines.index(f"{PROMPT} {line}") + 1
    return lines[begin : lines.index(PROMPT, begin)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped project, of whose environment all is here: else a line says what is missing."""
    place = shipped.copy(tmp_path_factory.mktemp("terminal é"))
    environment = place / ".azureml" / "pytorch-env.yml"
    lines = environment.read_text(encoding="utf-8").splitlines(keepends=True)
    environment.write_text("".join(line for line in lines if "azureml-mlflow" not in line), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def piped(project: Path) -> tuple[list[list[str]], list[str]]:
    """A first run behind a pipe: all screens that were seen, and all lines."""
    with Terminal(project, 200) as screen:  # no line of standard error is wrapped
        screen.enter(f"{QUICKSTART} | cat")
        return screen.until_over(), after(f"{QUICKSTART} | cat", screen.lines())


@pytest.fixture(scope="module")
def before(piped: tuple[list[list[str]], list[str]], project: Path) -> Path:
    """The project after a first run."""
    assert piped
    return project


def test_behind_a_pipe_nothing_moves(piped: tuple[list[list[str]], list[str]]) -> None:
    screens, lines = piped
    assert [row for rows in screens for row in moving(rows)] == []
    metric = r"train +(loss|accuracy) [\d.e-]+"
    assert [found[1] for line in lines if (found := re.fullmatch(metric, line))] == ["loss"] * 10 + ["accuracy"]
    # Sorted, for what goes to standard error overtakes what goes through the pipe, or does not.
    rest, excerpt = (
        sorted(plain([line]) for line in some if line != "..." and not re.fullmatch(metric, line))
        for some in (lines, told("## In a pipe")[1:])
    )
    assert rest == excerpt


@pytest.mark.parametrize(("columns", "rate"), [(60, "0.0005"), (200, "0.002")])
def test_a_terminal_shows_what_runs_on_a_line_that_moves(before: Path, columns: int, rate: str) -> None:
    words = f"{QUICKSTART} --param learning_rate={rate}"
    with Terminal(before, columns) as screen:
        screen.enter(words)
        during = screen.until(RUNS)
        screens = [during, *screen.until_over()]
        lines = after(words, screen.lines())
    assert [rows for rows in screens if not holds_one_line_at_the_end(rows, columns)] == []
    assert len({row for rows in screens for row in moving(rows)}) > 10, "it moved"
    assert max(len(row) for rows in screens for row in rows) <= columns
    assert moving(lines) == []
    assert not [line for line in lines if re.search(r"train +loss", line)], "metrics that a pipe would get"
    said = " ".join(" ".join(lines).split())  # a narrow screen wraps the metrics
    assert re.search(r"done in .* loss [\d.e-]+ \([-+][\d.e-]+\)", said)
    assert plain(during) == plain(told("## In 60 columns"))
    assert plain([f"{PROMPT} {words}", *lines]) == plain(told("## In 200 columns"))


def test_a_terminal_that_changes_its_width_and_ctrl_c_leave_nothing(before: Path) -> None:
    words = f"{QUICKSTART} --param epochs=100000"
    with Terminal(before, 200) as screen:
        screen.enter(f"for number in 1 2 3; do {words}; done")
        screen.until(RUNS)
        for columns in (90, 34, 40):
            screen.resize(columns)
            time.sleep(0.5)  # it is drawn anew within 0.1 s, or a little later
            screen.until_it(partial(holds_one_line_at_the_end, columns=columns))
            screen.until_it(lambda _: len(moving(screen.lines())) == 1)
            assert sum(line.startswith("train ") for line in screen.lines()) == 2, "\n".join(screen.lines())
        screen.press("C-c")
        screen.until_over()
        lines = [line for line in screen.lines() if line]  # the shell adds an empty one
        assert re.match(r"train +runs: parameter epochs 10 → 100000", lines[-4])
        assert re.fullmatch(r"train +interrupted", lines[-3])
        assert lines[-2:] == STOPPED, "the loop is over too"
        screen.enter("echo status $?")
        screen.until("^status 130$")


@pytest.fixture
def two_at_a_time(tmp_path: Path) -> Iterator[Terminal]:
    """Two steps that run side by side, on a screen so low that it scrolls."""
    steps = "".join(f"  {name}: {{script: work.py, arguments: [{name}]}}\n" for name in ("left", "right"))
    (tmp_path / "pipeline.yaml").write_text(f"name: two\nsteps:\n{steps}")
    (tmp_path / "work.py").write_text(
        textwrap.dedent("""
            import time
            for number in range(30):
                print(f"Attempted to log scalar metric how far by now:\\n{number}")
                time.sleep(0.1)
        """)
    )
    with Terminal(tmp_path, 70, rows=6) as screen:
        screen.enter("clear; aml-pipeline run --jobs 2")
        yield screen


def test_two_lines_that_move_leave_nothing_either(two_at_a_time: Terminal) -> None:
    screen = two_at_a_time
    screen.until(r"^right +[█░]+ +\d+\.\d s")
    for columns in (25, 70):
        screen.resize(columns)
        time.sleep(0.5)
        screen.until_it(lambda rows: rows[-2:] == moving(rows))
        assert [row.split()[0] for row in moving(screen.lines())] == ["left", "right"]
    screen.until_over()
    assert moving(screen.lines()) == []
    assert sum("done in" in line for line in screen.lines()) == 2


DEMO = """
    name: demo
    parameters: {rate: 0.5}
    steps:
      prepare: {script: work.py, arguments: ["1", {--output: "${{ outputs.data }}"}]}
      train-large: {script: work.py, arguments: ["50", *values]}
      train-small: {script: work.py, arguments: ["20", *values]}
      choose: {script: work.py, arguments: ["1"], after: [train-large, train-small]}
"""
VALUES = '"${{ parameters.rate }}", {--data: "${{ steps.prepare.outputs.data }}"}'


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    (tmp_path / "pipeline.yaml").write_text(textwrap.dedent(DEMO).replace("*values", VALUES))
    (tmp_path / "work.py").write_text(
        textwrap.dedent("""
            import sys, time
            for number in range(int(sys.argv[1])):
                for name in ("loss", "accuracy"):
                    print(f"Attempted to log scalar metric {name}:\\n0.{number}1234", flush=True)
                time.sleep(0.1)
        """).replace("import sys, time", "import sys, time, pathlib\n"
                     "[(pathlib.Path(sys.argv[-1]) / 'data').touch() for option in sys.argv if option == '--output']")
    )  # fmt: skip
    shipped.command(tmp_path, "run", "--jobs", "2")
    return tmp_path


def test_several_steps_have_lines_and_all_together_one(demo: Path) -> None:
    words = "aml-pipeline run --jobs 2 --param rate=0.25"
    with Terminal(demo, 100) as screen:
        screen.enter(words)
        during = screen.until_it(lambda rows: any(re.search(r"^1 of 4 .* left", row) for row in rows)
                                 and sum(" loss " in row for row in rows) == 2)  # fmt: skip
        screen.until_over()
    excerpt = [line.replace("--jobs 2", "--jobs 2 --param rate=0.25") for line in told("## In 100 columns")]
    assert plain(during) == plain(excerpt)


@pytest.mark.parametrize(
    ("variable", "is_coloured"), [("", True), ("NO_COLOR=1 ", False), ("TERM=dumb ", False)]
)  # fmt: skip
def test_colours_are_where_they_are_wanted(variable: str, is_coloured: bool, demo: Path) -> None:  # noqa: FBT001
    with Terminal(demo, 100) as screen:
        screen.enter(f"{variable}aml-pipeline run prepare --force")
        screen.until_over()
        rows = [row for row in screen.coloured() if "done" in row]
    assert [("\x1b[32m" in row) for row in rows] == [is_coloured]
    assert ("\x1b" in "".join(rows)) == is_coloured
