"""A run or plan with nothing to do, answered without being worked out again: through the real command line."""

from __future__ import annotations

import json
import marshal
import os
import shutil
import subprocess
import sys
import time

import pytest

from tests.conftest import Project

PIPELINE = """\
    name: p
    source_directory: steps
    environment:
      name: e
      pip_requirements: requirements.txt
    datasets:
      words: {local: words}
      extra: {local: extra, optional: true}
    steps:
      one:
        script: one.py
        arguments:
          --words: ${{ datasets.words }}
          --extra: ${{ datasets.extra }}
          --output: ${{ outputs.a }}
      two:
        script: two.py
        arguments:
          --input: ${{ steps.one.outputs.a }}
          --output: ${{ outputs.b }}
"""
SCRIPT = """\
    import sys
    import helper
    open(sys.argv[-1] + "/a.txt", "w").write("1")
"""


def _settle() -> None:
    """Wait until what was written just now is old enough for its looks to be trusted."""
    time.sleep(2.1)


@pytest.fixture
def settled(project: Project) -> Project:
    """A project whose answers to ``run`` and ``plan`` are kept."""
    project.write(
        {
            "pipeline.yaml": PIPELINE,
            "requirements.txt": "torch\n",
            "words/a.txt": "a",
            "steps/helper.py": "",
            "steps/one.py": SCRIPT,
            "steps/two.py": SCRIPT,
        }
    )
    project.cli("run")
    kept = project.root / ".aml_pipeline" / ".memo"
    for _ in range(5):  # other tests may write into the folder of this repository, which Python imports from
        _settle()
        for command in ("run", "run", "plan"):
            project.cli(command)
        if kept.is_dir() and len(list(kept.iterdir())) == len(("run", "plan")):
            return project
    pytest.fail("no answer is kept")


def _imports(project: Project, *words: str) -> set[str]:
    """Return the modules that a command line imports."""
    code = f"import sys; from aml_pipeline import cli; import os; status = cli.run({list(words)!r}, os.environ); "
    code += "print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=project.root, env=project.environ, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def _asked_by(project: Project, *words: str) -> str:
    """Run a command line in this way and in no other, since how Python was started is part of the question."""
    return project.cli(*words).stdout


def test_an_answer_that_holds_needs_no_import(settled: Project) -> None:
    for command in ("run", "plan"):
        _imports(settled, command)
        _imports(settled, command)
        assert not _imports(settled, command) & {"pydantic", "yaml", "json", "dataclasses", "typing", "re", "hashlib"}


def test_the_answer_is_the_same_text(settled: Project) -> None:
    kept = _asked_by(settled, "run")
    for path in (settled.root / ".aml_pipeline" / ".memo").iterdir():
        path.unlink()
    assert _asked_by(settled, "run") == kept


# What is done to the project → what ``plan`` says then of the steps.
CHANGES = {
    "an edit of the same size with its time put back": "one",
    "a file more in a dataset": "one",
    "the optional dataset appears": "one",
    "a module that shadows another": "one",
    "another definition of the environment": "one",
    "an output edited by hand": "one",
    "an output deleted by hand": "one",
    "the pipeline file": "",
}


@pytest.mark.parametrize(("change", "runs"), CHANGES.items(), ids=CHANGES)
def test_every_change_is_noticed_at_once(settled: Project, change: str, runs: str) -> None:
    root = settled.root
    if change.startswith("an edit"):
        path = root / "steps" / "one.py"
        status = path.stat()
        path.write_text(path.read_text().replace('"1"', '"2"'))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif change.startswith("a file more"):
        (root / "words" / "b.txt").write_text("b")
    elif change.startswith("the optional"):
        (root / "extra").mkdir()
    elif change.startswith("a module"):
        (root / "steps" / "sys.py").write_text("")
        (root / "steps" / "helper").mkdir()
        (root / "steps" / "helper" / "__init__.py").write_text("")
    elif change.startswith("another"):
        (root / "requirements.txt").write_text("torch==2\n")
    elif change.endswith("edited by hand"):
        (settled.output("one", "a") / "a.txt").write_text("2")
    elif change.endswith("deleted by hand"):
        (settled.output("one", "a") / "a.txt").unlink()
    else:
        settled.replace("pipeline.yaml", "name: p", "name: p\n    # a comment")
    planned = settled.plan()
    assert planned["one"].startswith("will run" if runs else "up to date"), planned


def test_links_that_an_answer_names_are_there(settled: Project) -> None:
    kept = _asked_by(settled, "run")
    for _ in range(3):
        shutil.rmtree(settled.root / ".aml_pipeline" / "p" / "outputs")
        assert _asked_by(settled, "run") == kept
        assert (settled.output("two", "b") / "a.txt").is_file()


def test_a_step_that_is_left_out_and_out_of_date_is_told_each_time(settled: Project) -> None:
    (settled.root / "words" / "b.txt").write_text("b")
    _settle()
    for command in ("run", "plan"):
        for _ in range(2):
            done = settled.cli(command, "--only", "two")
            assert done.stdout.startswith("two  up to date")
            assert done.stderr == "one is not part of this run, but out of date: dataset words changed\n"


_AUDIT = """
import json, os, sys
root, touched = os.path.realpath(sys.argv[1]), set()
def hook(event, args):
    if event in ("open", "os.listdir", "os.scandir") and args and isinstance(args[0], str):
        path = os.path.abspath(args[0])
        if path.startswith(root):
            touched.add(path)
sys.addaudithook(hook)
from aml_pipeline import cli
cli.run(["run"], os.environ)
print(json.dumps(sorted(touched)), file=sys.stderr)
"""


def test_whatever_the_slow_path_opens_or_lists_is_held(settled: Project) -> None:
    memos = settled.root / ".aml_pipeline" / ".memo"
    for path in memos.iterdir():
        path.unlink()
    done = subprocess.run(
        [sys.executable, "-c", _AUDIT, str(settled.root)],
        cwd=settled.root, env=settled.environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    touched = set(json.loads(done.stderr.splitlines()[-1]))
    (memo,) = memos.iterdir()
    data = memo.read_bytes()
    _, paths, _, links, _ = marshal.loads(data[data.index(b"\n") + 5 :])  # noqa: S302 - our own
    held = {*paths, *(path for path, _ in links)}
    own = {"lock", "digests", ".interpreter"}  # state that speeds an answer up, or that guards it
    missing = {path for path in touched - held if os.path.basename(path) not in own and ".memo" not in path}
    assert len(touched) > 10
    assert missing == set()


def test_what_a_shim_starts_is_asked_each_time(settled: Project) -> None:
    """A shim chooses the Python by a file of its own, which no look of ours tells of."""
    shim = settled.root / "bin" / "python"
    settled.write({"bin/python": f'#!/bin/sh\nPYTHONPATH="$(cat {settled.root}/.choice)" exec {sys.executable} "$@"\n'})
    shim.chmod(0o755)
    for choice in ("old", "new"):
        settled.write({f"{choice}/chosen.py": f"NAME = {choice!r}\n"})
    settled.write({".choice": f"{settled.root}/old", "steps/one.py": f"{SCRIPT}    import chosen\n"})
    settled.run("--python", str(shim))
    _settle()
    assert set(settled.run("--python", str(shim)).values()) == {"up to date"}
    settled.write({".choice": f"{settled.root}/new"})
    assert settled.run("--python", str(shim))["one"] == "done"


def test_a_python_of_the_file_is_looked_at(settled: Project) -> None:
    python = settled.root / "own" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(settled.root / "own")], check=True)
    settled.replace("pipeline.yaml", "name: p\n", "name: p\npython: own/bin/python\n")
    settled.run()
    _settle()
    assert set(settled.plan().values()) == {"up to date"}
    memos = len(list((settled.root / ".aml_pipeline/.memo").iterdir()))
    assert set(settled.plan().values()) == {"up to date"}
    assert len(list((settled.root / ".aml_pipeline/.memo").iterdir())) == memos > 0
    python.unlink()
    assert "[missing-python]" in settled.cli("plan", status=2).stderr
