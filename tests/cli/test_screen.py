"""No text of a user's, a step's or a service's steers a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.cli.screen.logged import for_terminal
from aml_pipeline.cli.screen.printing import Screen, as_json, raw, visible
from aml_pipeline.core.problems import Problem, as_github
from tests.conftest import Project

# A title, the clipboard, a cleared screen, a link, C1's own way to begin them, a rubout, a turned direction.
TITLE, CLIPBOARD, CLEAR, LINK = (
    "\x1b]0;owned\x07",
    "\x1b]52;c;b3duZWQ=\x07",
    "\x1b[2J\x1b[1;1H",
    "\x1b]8;;http://x\x1b\\",
)
C1, RUBOUT, TURNED = "\x9b2J\x9d0;owned\x9c", "a\x08\x7f", "\u202egnp.exe\u2066"
HOSTILE = TITLE + CLIPBOARD + CLEAR + LINK + C1 + RUBOUT + TURNED
ALLOWED = "\n\t"


def steers(text: str) -> list[str]:
    """Return what of a text a terminal would obey."""
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return [
        char
        for char in text
        if (unicodedata.category(char) in {"Cc", "Zl", "Zp", "Cs"} and char not in ALLOWED)
        or unicodedata.bidirectional(char) in bidi
    ]


@given(st.text() | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_what_steers_is_shown_as_python_writes_it(text: str) -> None:
    shown = visible(text)
    assert steers(shown) == []
    assert visible(shown) == shown
    stream = io.StringIO()
    assert Screen(stream).write(text) == len(text)
    assert stream.getvalue() == shown


def test_what_people_write_stays() -> None:
    text = "é 漢字\u3000x\xa0y 👩\u200d💻 →\tz\n"
    assert visible(text) == text
    assert visible("\x1b\r\x7f\x9b\u202e\u2028") == r"\x1b\r\x7f\x9b\u202e\u2028"


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_stays_what_it_is(data: object) -> None:
    text = as_json(json.dumps(data, indent=2, ensure_ascii=False))
    assert json.loads(text) == data
    assert steers(text) == []


RED, PLAIN = "\x1b[31m", "\x1b[0m"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"a {RED}red{PLAIN} b\n", f"a {RED}red{PLAIN} b{PLAIN}\n"),
        (f"{RED}red to the end\n", f"{RED}red to the end{PLAIN}\n"),
        ("\x1b[1;38;5;208mx\x1b[m", f"\x1b[1;38;5;208mx\x1b[m{PLAIN}"),
        ("\x1b[8mhidden\n", r"\x1b[8mhidden" + "\n"),
        ("\x1b[2J\x1b[31", r"\x1b[2J\x1b[31"),
        (TITLE, r"\x1b]0;owned\x07"),
        ("10 %\r50 %\r100 %\r\nnext\r\n", "100 %\nnext\n"),
        ("\r100 %", "\n100 %"),
        ("a\tb\n\n", "a\tb\n\n"),
    ],
)
def test_a_log_on_a_terminal_has_its_colours_and_no_more(text: str, shown: str) -> None:
    assert for_terminal(text, coloured=True) == shown
    assert "\x1b" not in for_terminal(text, coloured=False)


@given(st.text(st.sampled_from("\x1b[]0;31m8\r\n\x9bK\x07ab")))
def test_no_log_steers_a_terminal(text: str) -> None:
    assert steers(for_terminal(text, coloured=False)) == []


PIPELINE = """\
    name: p
    parameters: {word: "x"}
    steps:
      one:
        script: one.py
        environment_variables: {NOTE: "fine"}
        arguments: [--word, "${{ parameters.word }}", "${{ outputs.a }}"]
"""
SCRIPT = f"""\
    import pathlib, sys
    HOSTILE = {HOSTILE!r}
    print(HOSTILE)
    print("Attempted to log scalar metric " + HOSTILE + ":\\n1.0")
    print(HOSTILE, file=sys.stderr)
    pathlib.Path("helper" + HOSTILE.replace("/", "") + ".txt").write_text("")
    if len(sys.argv[2]) > 1:
        raise SystemExit("refused " + HOSTILE)
    pathlib.Path(sys.argv[-1], "a.txt").write_text("")
"""


def on_terminal(project: Project, *words: str) -> str:
    """Run a command with its output on a pseudo-terminal; return what it wrote there."""
    master, slave = pty.openpty()
    environ = {**project.environ, "TERM": "xterm"}
    environ.pop("NO_COLOR", None)
    child = subprocess.Popen(
        project.command(*words), cwd=project.root, env=environ, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave
    )
    os.close(slave)
    with child, os.fdopen(master, "rb", buffering=0) as terminal:
        return b"".join(_pieces(terminal)).decode().replace("\r\n", "\n")


def _pieces(terminal: io.RawIOBase) -> Iterator[bytes]:
    try:
        while piece := terminal.read(65536):
            yield piece
    except OSError:  # how Linux says that the other end is closed
        return


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with two runs: one that ended well, and one that failed."""
    project = Project(tmp_path_factory.mktemp("hostile"))
    project.write({"pipeline.yaml": PIPELINE, "one.py": SCRIPT})
    for words in (("init", "-q"), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")):
        subprocess.run(["git", *words], cwd=project.root, check=True, capture_output=True)
    project.cli("run")
    project.cli("run", "--param", f"word={HOSTILE}", status=1)
    return project


COMMANDS = [
    ("plan", "--param", f"word={HOSTILE}"),
    ("run", "--force"),
    ("run", "--force", "--verbose"),
    ("run", "--param", f"word={HOSTILE}x"),
    ("runs",),
    ("runs", "--format", "json"),
    ("logs",),
    ("compare",),
    ("graph",),
    ("validate", "--param", f"no={HOSTILE}"),
    ("validate", "-f", f"{HOSTILE.replace('/', '')}.yaml"),
    ("validate", "--param", f"{HOSTILE}=1", "--format", "json"),
    ("validate", "--param", f"{HOSTILE}=1", "--format", "github"),
    ("validate", "--param", f"{HOSTILE}=1", "--format", "sarif"),
    ("report", f"{HOSTILE}"),
    ("report", "-o", f"{HOSTILE}/x.html"),
    ("environment", "--python", HOSTILE),
    ("clean", "--dry-run"),
    (HOSTILE,),
    ("run", f"--{HOSTILE}"),
]


@pytest.mark.parametrize(
    "words", COMMANDS, ids=[f"{at} {words[0]}" if words[0].isalpha() else str(at) for at, words in enumerate(COMMANDS)]
)
def test_no_command_lets_a_text_steer_the_terminal(hostile: Project, words: tuple[str, ...]) -> None:
    text = on_terminal(hostile, *words)
    assert text
    for ours in (
        "\r\x1b[J",
        "\x1b[31m",
        "\x1b[32m",
        "\x1b[33m",
        "\x1b[1m",
        "\x1b[1;31m",
        "\x1b[0m",
    ):  # lines that move, and colours
        text = text.replace(ours, "")
    assert steers(text.replace("\r", "")) == []
    assert "owned" not in text or r"\x1b]0;owned" in text or r"\u001b]0;owned" in text


def test_a_log_in_a_pipe_is_what_the_step_wrote(hostile: Project) -> None:
    done = subprocess.run(
        hostile.command("logs"), cwd=hostile.root, env=hostile.environ, capture_output=True, check=True
    )
    (log,) = [run / "steps/one.log" for run in hostile.runs()[-1:]]
    assert done.stdout == log.read_bytes()
    assert HOSTILE.encode() in done.stdout


def test_a_page_on_standard_output_is_raw() -> None:
    stream = io.StringIO()
    assert raw(Screen(Screen(stream))) is stream  # type: ignore[arg-type]


def test_one_annotation_is_one_line_and_one_command() -> None:
    """What GitHub takes for a command begins a line."""
    bad = "x\n::error::owned\r\n##[add-path]/tmp%0A::stop-commands::x"
    problem = Problem("code", f"a {bad}", f"b {bad}", file=f"f,{bad}", origin="")
    (line,) = as_github([problem]).splitlines()
    assert line.startswith("::error file=f%2Cx%0A%3A%3Aerror%3A%3Aowned%0D%0A##[add-path]/tmp%250A")
    (line,) = as_github([Problem("code", "a", "b", origin=f"--param {bad}")]).splitlines()
    assert line.startswith("::error title=code::--param x")


def test_a_hostile_branch_and_folder_reach_no_page_as_markup(hostile: Project, tmp_path: Path) -> None:
    hostile.cli("report", "-o", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text()
    assert "\x1b" not in page
    assert "owned" in page
