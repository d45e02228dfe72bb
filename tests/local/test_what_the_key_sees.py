"""The table "What the key sees" of docs/reference/local-runs.md: each row, between two runs and while a step runs.

So the table stays true, also of what is not noticed: such a change is a real one, which a step that is forced to run
shows.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_pipeline import cli
from tests.conftest import ROOT, Project, states
from tests.key.place import FILES, GATE, NO, SCRIPT, YES, Environment, Place, Row
from tests.key.rows import ROWS
from tests.patience import until


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("environment"))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, shared: Environment) -> Project:
    """A project whose first step ran, to be copied."""
    project = Project(tmp_path_factory.mktemp("begun") / "project")
    project.write({**FILES, "src/only.py": SCRIPT.replace("{look}", "value = 0")})
    (project.root / "current").symlink_to("versions/0")
    project.cli("run", "first", "--python", shared.python)
    return project


@pytest.fixture
def place(tmp_path: Path, shared: Environment, begun: Project, monkeypatch: pytest.MonkeyPatch) -> Place:
    project = Project(tmp_path / "project")
    shutil.copytree(begun.root, project.root, symlinks=True, dirs_exist_ok=True)
    tools = tmp_path / "tools"
    tools.mkdir()
    environ = {**project.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    monkeypatch.chdir(project.root)
    return Place(project, shared, environ, shared.python)


def _run(place: Place, capfd: pytest.CaptureFixture[str], *words: str, gate: Path | None = None) -> tuple[str, str]:
    """Run the pipeline; return how the step ended (and `first`, if not in the same way) and what was said."""
    capfd.readouterr()
    environ = {**place.environ, "ADDRESS": place.address, "PWD": str(place.root), **({GATE: str(gate)} if gate else {})}
    cli.run(["run", *words, "--python", place.python], environ)
    told = capfd.readouterr()
    ended = states(told.out)
    assert ended, told.err
    return ended["only"] if ended["first"] == "up to date" else f"{ended['first']} first", told.err


def _value(place: Place) -> str:
    return (place.project.output("only", "seen") / "value").read_text()


_MARKS = [[], [pytest.mark.more], [pytest.mark.more]]  # of three rows in turn


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=name, marks=_MARKS[at % 3]) for at, (name, row) in enumerate(ROWS.items())]
)
def test_a_row_of_the_table(place: Place, row: Row, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    look = row.look.replace("\n", "\n    ")
    place.project.write({"src/only.py": SCRIPT.replace("{look}", look)})
    with _serving(place):
        row.before(place, 0)
        _run(place, capfd)
        before = _value(place)
        row.change(place, 1)
        ended, _ = _run(place, capfd)
        assert ended == ("up to date" if row.between == NO else ended)
        assert row.between == NO or "done" in ended
        if row.between == NO:
            _run(place, capfd, "only", "--force")
        assert (_value(place) != before) is row.differs
        before = _value(place)
        ended, told = _meanwhile(place, row, capfd, tmp_path / "gate")
        assert ended == ("FAILED" if row.meanwhile == YES else "done"), told
        if row.meanwhile == YES:
            assert "changed" in told
        else:
            assert (_value(place) != before) is (row.meanwhile == NO)


def _meanwhile(place: Place, row: Row, capfd: pytest.CaptureFixture[str], gate: Path) -> tuple[str, str]:
    gate.mkdir()

    def change() -> None:
        until((gate / "started").exists)
        try:
            row.change(place, 2)
        finally:
            (gate / "go").touch()

    other = threading.Thread(target=change)
    other.start()
    try:
        return _run(place, capfd, "only", "--force", gate=gate)
    finally:
        other.join()


@contextlib.contextmanager
def _serving(place: Place) -> Iterator[None]:
    """Answer what a place says, on a port of this machine, for the row that asks."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(place.answers[self.path].encode())

        def log_message(self, *_words: object) -> None:
            """Print nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        place.address = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_the_table_has_these_rows() -> None:
    text = (ROOT / "docs/reference/local-runs.md").read_text(encoding="utf-8")
    table = text.partition("## What the key sees\n")[2].partition("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
    told = {row[0]: (row[1].partition(",")[0], row[2].partition(",")[0]) for row in cells[2:]}
    assert told == {name: (row.between, row.meanwhile) for name, row in ROWS.items()}
