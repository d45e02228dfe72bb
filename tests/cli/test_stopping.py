"""A signal that a finalizer swallows takes effect a moment later, and counts once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.patience import PATIENCE

BEGIN = """
import os, signal, sys, time
from aml_pipeline import cli
from aml_pipeline.cli import stopping

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.{number})

sys.unraisablehook = cli._raise_again
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
"""
IN_ANY_COMMAND = """
    Finalized()
    time.sleep({patience})
"""
WHILE_AN_SDK_IS_BUSY = """
    with stopping.heard("stopping") as raise_what_was_heard:
        Finalized()
        raise_what_was_heard()
"""
END = """
except KeyboardInterrupt:
    print("stopped in order")
"""


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(
    ("body", "notice"), [(IN_ANY_COMMAND, ""), (WHILE_AN_SDK_IS_BUSY, "stopping\n")], ids=["command", "sdk"]
)
def test_a_signal_that_a_finalizer_swallows(number: str, body: str, notice: str) -> None:
    script = f"{BEGIN}{body}{END}".replace("{number}", number).replace("{patience}", str(PATIENCE))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", timeout=PATIENCE / 2, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "stopped in order\n", notice)
