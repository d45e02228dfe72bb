"""What is no regular file where one belongs: no command hangs, and each says what is wrong, or goes on without it."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aml_pipeline import cli
from aml_pipeline.core import digests, files, memo
from tests.patience import no_hang

PIPELINE = """\
name: p
source_directory: steps
environment: {name: e, conda_file: env.yml}
datasets:
  words: {local: words.txt}
steps:
  one:
    script: one.py
    arguments: {--words: "${{ datasets.words }}", --output: "${{ outputs.a }}"}
    environment_variables: {DB_PASSWORD: s3cret-w0rd}
"""
SCRIPT = """\
import sys
print("hello")
open(sys.argv[-1] + "/a.txt", "w").write("1")
"""


def _fifo(place: Path) -> None:
    os.mkfifo(place)


def _socket(place: Path) -> None:
    here = os.getcwd()
    os.chdir(place.parent)  # the path of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(place.name)
    finally:
        os.chdir(here)


def _endless(place: Path) -> None:
    place.symlink_to("/dev/zero")


def _circle(place: Path) -> None:
    place.symlink_to(place.name)


def _nowhere(place: Path) -> None:
    place.symlink_to("nowhere")


def _folder(place: Path) -> None:
    place.mkdir()
    (place / "inside").write_text("x")


MAKERS = {
    "a pipe": _fifo,
    "a socket": _socket,
    "a link to a device": _endless,
    "a link in a circle": _circle,
    "a link to nowhere": _nowhere,
    "a folder": _folder,
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose step ran."""
    root = tmp_path_factory.mktemp("ran")
    (root / "steps").mkdir()
    for name, text in {
        "pipeline.yaml": PIPELINE,
        "steps/one.py": SCRIPT,
        "env.yml": "dependencies: [python]\n",
        "words.txt": "w",
        "steps/.amlignore": "*.csv\n",
    }.items():
        (root / name).write_text(textwrap.dedent(text))
    here = os.getcwd()
    os.chdir(root)
    try:
        assert cli.run(["run"], dict(os.environ)) == 0
        assert cli.run(["run", "--force"], dict(os.environ)) == 0
    finally:
        os.chdir(here)
    return root


@pytest.fixture
def root(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of that project, in which commands are given."""
    root = tmp_path / "project"
    shutil.copytree(ran, root, symlinks=True)
    monkeypatch.chdir(root)
    yield root
    for folder, _, _ in os.walk(root):
        os.chmod(folder, 0o700)


def _state(root: Path) -> list[Path]:
    """Return every file, link and folder of the state but what steps left: those of one run stand for all."""
    places = sorted((root / ".aml_pipeline").rglob("*"))
    runs = sorted({place.name for place in places if place.parent.name == "runs"})
    return [place for place in places if not set(place.parts) & set(runs[:1])]


def _replaced(place: Path, make: Callable[[Path], None]) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink()
    make(place)


COMMANDS = (["plan"], ["runs"], ["logs"], ["report"], ["verify"], ["clean", "-n"], ["run", "--force"])


STATE_KINDS = ("a pipe", "a link to a device", "a link in a circle", "a folder")


@pytest.mark.parametrize(
    ("kind", "share"),
    [*((kind, 4) for kind in STATE_KINDS), *(pytest.param(kind, 1, marks=pytest.mark.more) for kind in STATE_KINDS)],
)
def test_nothing_in_the_state_hangs_a_command(
    root: Path, kind: str, share: int, capsys: pytest.CaptureFixture[str]
) -> None:
    template = root.parent / "template"
    shutil.copytree(root, template, symlinks=True)
    for place in _state(root)[STATE_KINDS.index(kind) % share :: share]:  # each place by some kind
        shutil.rmtree(root / ".aml_pipeline")
        shutil.copytree(template / ".aml_pipeline", root / ".aml_pipeline", symlinks=True)
        _replaced(place, MAKERS[kind])
        for words in COMMANDS if kind in {"a pipe", "a folder"} else (["plan"], ["run", "--force"]):
            with no_hang():
                status = cli.run(words, dict(os.environ))
            told = capsys.readouterr().err
            about = f"{kind} at {place.relative_to(root)}: {' '.join(words)} → {status}: {told}"
            assert "Fix the cause" not in told, about
            assert status in {0, 1, 2, 6}, about


@pytest.mark.parametrize("share", [8, pytest.param(1, marks=pytest.mark.more)], ids=["some", "all"])
def test_no_file_of_the_state_is_believed_under_the_name_of_another(
    root: Path, capsys: pytest.CaptureFixture[str], share: int
) -> None:
    """The step is up to date or runs, and no command ends with a bug of ours."""
    there = [place for place in _state(root) if place.is_file() and "attempt." not in str(place)]
    ours = list(
        {place.parent if "code" in place.parts else place: place for place in there}.values()
    )  # one of each kind
    for target, source in list(itertools.permutations(ours, 2))[::share]:
        kept = target.read_bytes()
        target.write_bytes(source.read_bytes())
        for words in (["plan"], ["runs"], ["verify"], ["clean", "-n"]):
            status = cli.run(words, dict(os.environ))
            told = capsys.readouterr().err
            assert status in {0, 1, 2}, f"{source.name} as {target.name}: {' '.join(words)} → {status}: {told}"
        target.write_bytes(kept)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("name", ["pipeline.yaml", "env.yml", "steps/one.py", "steps/.amlignore", "words.txt", "steps"])
def test_nothing_in_the_project_hangs_a_command(
    root: Path, name: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _replaced(root / name, MAKERS[kind])
    for words in (["validate"], ["plan"], ["run"]):
        with no_hang():
            status = cli.run(words, dict(os.environ))
        told = capsys.readouterr()
        about = f"{' '.join(words)} → {status}: {told}"
        assert "Fix the cause" not in told.err, about
        assert status in {0, 2, 6}, about


def test_a_pipeline_file_that_is_a_pipe_is_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _replaced(root / "pipeline.yaml", _fifo)
    with no_hang():
        assert cli.run(["validate"], {}) == 2
    told = capsys.readouterr().err
    assert told == (
        "pipeline.yaml is a pipe, a socket or a device, not a pipeline file. "
        "Name the pipeline file with -f, or create one "
        "with `aml-pipeline init`.\n"
    )


def test_a_pipeline_file_on_standard_input_is_read(root: Path) -> None:
    before = os.dup(0)
    descriptor = os.open(root / "pipeline.yaml", os.O_RDONLY)
    try:
        os.dup2(descriptor, 0)
        assert files.read("/dev/stdin") == (root / "pipeline.yaml").read_bytes()
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(descriptor)


@pytest.mark.parametrize("kind", MAKERS)
def test_no_answer_is_read_from_what_is_no_file(tmp_path: Path, kind: str) -> None:
    MAKERS[kind](tmp_path / "answer")
    with no_hang():
        assert memo.recall(str(tmp_path / "answer"), ()) is None


_HUGE = 1 << 36


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pipeline.yaml", "is larger than 1,048,576 bytes, the maximum for a pipeline file"),
        ("env.yml", "env.yml: the file is larger than 1,048,576 bytes."),
        ("requirements.txt", "requirements.txt:1:1: the file is larger than 8,388,608 bytes."),
        ("steps/.amlignore", "steps/.amlignore is larger than 1,048,576 bytes. Write patterns instead of names."),
        ("steps/one.py", 'step "one" runs one.py, which is a binary file, not a Python file'),
    ],
)
def test_no_file_is_read_to_its_end_that_is_larger_than_any_of_its_kind(
    root: Path, name: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file has 64 GiB on no disk: to read it whole is refused for memory."""
    if name == "requirements.txt":
        text = (root / "pipeline.yaml").read_text().replace("conda_file: env.yml", f"pip_requirements: {name}")
        (root / "pipeline.yaml").write_text(text)
    with open(root / name, "wb") as stream:
        stream.truncate(_HUGE)
    monkeypatch.setattr(digests.Digests, "file", lambda *_: "a digest")  # which takes its time, and no memory
    with no_hang():
        assert cli.run(["validate"], {}) in {2, 6}
    told = capsys.readouterr()
    assert words in told.out + told.err


@pytest.mark.usefixtures("root")
def test_no_syntax_tree_is_made_of_a_huge_script(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aml_pipeline.project.snapshot.source.MOST_CODE", 10)
    assert cli.run(["validate"], {}) == 2
    told = (
        'steps/one.py:1:1: Python cannot parse this file, so step "one" cannot run: it is larger than 10 bytes. '
        "Move its data"
    )
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("name", ["last", "result"])
def test_a_huge_file_in_the_state_is_not_read_to_its_end(root: Path, name: str) -> None:
    place = next((root / ".aml_pipeline/p/steps/one").glob(f"{name}*"))
    with open(place, "wb") as stream:
        stream.truncate(_HUGE)
    assert cli.run(["run"], dict(os.environ)) == 0
