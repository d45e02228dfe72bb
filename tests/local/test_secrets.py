"""Secrets of steps in local runs: read from the caller's variable, in no key, record, event or log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.local.secrets import MaskedLog, to_mask
from tests.conftest import Project

TEXT = """
    name: guarded
    steps:
      before:
        script: before.py
        arguments: {--out: "${{ outputs.out }}"}
      load:
        script: load.py
        environment_variables:
          TOKEN: {secret: my-token}
          MODE: fast
        arguments: {--in: "${{ steps.before.outputs.out }}", --out: "${{ outputs.out }}"}
    """
BEFORE = "import sys\nopen(sys.argv[-1] + '/a', 'w').write('a')\n"
LOAD = """\
import os, sys
token = os.environ["TOKEN"]
print("token", token, "mode", os.environ["MODE"])
print(token, file=sys.stderr)
open(sys.argv[-1] + "/length", "w").write(str(len(token)))
"""
VALUE = "s3cr3t-valüe"
GIVEN = {"TOKEN": VALUE}


@pytest.fixture
def guarded(project: Project) -> Project:
    project.write({"pipeline.yaml": TEXT, "before.py": BEFORE, "load.py": LOAD})
    return project


def stored(project: Project, text: str) -> list[str]:
    """Return the files below the state folder that contain a text."""
    files = [path for path in (project.root / ".aml_pipeline").rglob("*") if path.is_file()]
    return [path.name for path in files if text.encode() in path.read_bytes()]


def test_debug_says_that_it_masks_no_secret(guarded: Project) -> None:
    said = "--debug masks no secrets (TOKEN): the terminal shows what the step prints."
    guarded.run("before")
    debugged = guarded.cli("run", "--debug", "load", environ=GIVEN)
    assert debugged.stderr == f"{said}\n{VALUE}\n"
    assert said not in guarded.cli("run", "--debug", "before").stderr


def test_a_secret_reaches_the_script_and_nothing_else(guarded: Project) -> None:
    done = guarded.cli("run", "--verbose", environ=GIVEN)
    assert (guarded.output("load", "out") / "length").read_text() == str(len(VALUE))
    assert "token *** mode fast" in done.stdout + done.stderr
    assert VALUE not in done.stdout + done.stderr
    assert guarded.cli("logs", "load").stdout.splitlines() == ["token *** mode fast", "***"]
    assert stored(guarded, VALUE) == []
    record = json.loads((guarded.runs()[-1] / "run.json").read_text())
    (step,) = [step for step in record["plan"]["steps"] if step["name"] == "load"]
    assert step["environment_variables"] == {"MODE": "fast", "TOKEN": "secret my-token"}


def test_a_failure_shows_no_secret(guarded: Project) -> None:
    guarded.write({"load.py": f"{LOAD}raise SystemExit('wrong: ' + token)\n"})
    failed = guarded.cli("run", environ=GIVEN, status=1)
    assert "wrong: ***" in failed.stdout + failed.stderr
    assert VALUE not in failed.stdout + failed.stderr
    assert stored(guarded, VALUE) == []


def test_a_step_that_declares_no_secret_shows_none_either(guarded: Project) -> None:
    """It inherits the variables of the caller like any step."""
    guarded.write({"before.py": "import os\nraise SystemExit('inherited ' + os.environ['TOKEN'])\n"})
    failed = guarded.cli("run", environ=GIVEN, status=1)
    assert "inherited ***" in failed.stdout + failed.stderr
    assert VALUE not in failed.stdout + failed.stderr
    assert stored(guarded, VALUE) == []


def test_what_is_very_short_is_not_masked() -> None:
    """The lines of a JSON file are, and not its braces; a digit would spoil each number."""
    assert to_mask(["5", "", "abc", "abcd\n"]) == {b"abcd"}
    text = '{\n  "key": "value"\n}'
    assert to_mask([text]) == {text.encode(), b'"key": "value"'}


def test_a_missing_secret_is_told_before_anything_runs(guarded: Project) -> None:
    told = (
        'pipeline.yaml:9:7: step "load" needs the secret "my-token", but TOKEN is not set. Set that environment '
        "variable: `read -rs TOKEN && export TOKEN` keeps it off the screen. [missing-secret]"
    )
    for environ in ({}, {"TOKEN": ""}):
        assert told in guarded.cli("run", environ=environ, status=2).stderr
        assert guarded.runs() == []
    assert guarded.run("before") == {"before": "done"}
    assert told in guarded.cli("run", "load", "--debug", status=2).stderr
    guarded.cli("plan")


def test_a_run_with_nothing_to_do_needs_no_secret(guarded: Project) -> None:
    """Also if another step runs: the value is not part of a key, as in Azure ML, whose graph does not have it."""
    guarded.cli("run", environ=GIVEN)
    assert guarded.run() == {"before": "up to date", "load": "up to date"}
    assert guarded.run("before", "--force") == {"before": "done"}
    assert guarded.cli("run", environ={"TOKEN": "another"}).stdout.count("up to date") == 2
    guarded.replace("pipeline.yaml", "secret: my-token", "secret: other-token")
    assert guarded.plan()["load"] == "will run  variable TOKEN changed"
    guarded.cli("run", status=2)


def test_the_secret_of_a_step_may_replace_a_variable_and_the_other_way_round(project: Project) -> None:
    project.write(
        {
            "pipeline.yaml": """
                name: both
                environment_variables:
                  ONE: text
                  TWO: {secret: two}
                steps:
                  only:
                    script: only.py
                    environment_variables:
                      ONE: {secret: one}
                      TWO: text
                    arguments: {--out: "${{ outputs.out }}"}
                """,
            "only.py": "import os, sys\nopen(sys.argv[-1] + '/a', 'w').write(os.environ['ONE'] + os.environ['TWO'])\n",
        }
    )
    project.cli("run", environ={"ONE": "first", "TWO": "second"})
    assert (project.output("only", "out") / "a").read_text() == "firsttext"


def test_the_logs_of_all_ranks_have_no_secret(project: Project) -> None:
    project.write(
        {
            "pipeline.yaml": """
                name: ranks
                steps:
                  train:
                    script: train.py
                    distribution: {type: pytorch, processes_per_node: 2}
                    environment_variables: {TOKEN: {secret: my-token}}
                    arguments: {--out: "${{ outputs.out }}"}
                """,
            "train.py": "import os, sys\nprint(os.environ['TOKEN'], flush=True)\n"
            "open(sys.argv[-1] + '/' + os.environ['RANK'], 'w').write('a')\n",
        }
    )
    project.cli("run", environ=GIVEN)
    assert stored(project, VALUE) == []
    assert len(stored(project, "***\n")) == 2


def test_nothing_is_left_of_a_run_that_is_killed(guarded: Project) -> None:
    """What a process printed lies in a file without a name."""
    guarded.write({"load.py": f"{LOAD}import time\nsys.stdout.flush()\nos.kill(os.getppid(), 9)\ntime.sleep(60)\n"})
    environ = {**guarded.environ, **GIVEN}
    killed = subprocess.run(
        [sys.executable, "-m", "aml_pipeline", "run"], cwd=guarded.root, env=environ, capture_output=True, check=False
    )
    assert killed.returncode == -9
    assert stored(guarded, VALUE) == []


@given(
    st.lists(st.sampled_from([b"a", b"ab", b"abc", b"\n", b"x", b"bc", b"cab"]), max_size=12),
    st.sets(st.sampled_from([b"abc", b"ab", b"bca", b"aab", b"c\na"]), min_size=1, max_size=2),
)
def test_pieces_are_masked_like_the_whole(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], secrets: set[bytes]
) -> None:
    log = tmp_path_factory.mktemp("masked") / "log"
    masked = MaskedLog(str(log), secrets)
    for piece in pieces:
        os.write(masked.descriptor, piece)
        masked.copy()
    masked.copy(end=True)
    written = Path(log).read_bytes()
    assert not [secret for secret in secrets if secret in written]
    if not [secret for secret in secrets if secret in b"".join(pieces)]:
        assert written == b"".join(pieces)
