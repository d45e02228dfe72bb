"""The benchmarks work; what they measure is no test's business."""

import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.conftest import ROOT


@pytest.mark.skipif(find_spec("doit") is None, reason="doit, which they measure against, is not installed")
def test_the_benchmarks_work() -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("|").split("|") for line in done.stdout.splitlines() if line.startswith("|")]
    assert {len(row) for row in rows} == {6}
    assert [row[0].strip() for row in rows[2:]] == [
        "nothing to do, 2 steps",
        "its peak memory, 2 steps",
        rows[4][0].strip(),
        rows[5][0].strip(),
        "its peak memory, 3 steps",
        "`validate`, 3 steps",
        "`--version`",
        "`--help`",
    ]
    assert rows[4][0].startswith(" cold run, 3 steps: a step above the shell loop's ")
    assert all(re.fullmatch(r" (–|-?\d+(\.\d+)?( ms| MiB)?) ", cell) for row in rows[2:] for cell in row[1:]), (
        done.stdout
    )
