"""A signal that a finalizer swallowed while an SDK is busy: it is raised later, and is no second one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.patience import PATIENCE

SCRIPT = """
import os, signal, sys
from aml_pipeline import cli
from aml_pipeline.cli import stopping

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.{number})

sys.unraisablehook = cli._raise_again
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    with stopping.heard("stopping") as raise_what_was_heard:
        Finalized()
        raise_what_was_heard()
except KeyboardInterrupt:
    print("stopped in order")
"""


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_signal_that_a_finalizer_swallowed_counts_once(number: str) -> None:
    words = [sys.executable, "-c", SCRIPT.replace("{number}", number)]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (0, "stopped in order\n"), done.stderr
    assert done.stderr == "stopping\n"
