"""The real command line as a process of its own, which the environment alone points at a loopback service.

``python -m tests.loopback_v2.command_line submit --wait`` is ``aml-pipeline submit --wait``, with short sleeps, and
with nothing let out of this machine. It is told where to go by the variables of ``ServiceV2.environ``.
"""

import os
import sys
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType

from tests.loopback.command_line import SILENCE, sleep_short
from tests.loopback.guard import Guard, refuse_all

PROCESS = "LOOPBACK_PROCESS"  # names a file in which the process writes its id


def main() -> int:
    """Run the command line; what wanted out of this machine is told in standard error, and fails the command."""
    if PROCESS in os.environ:
        Path(os.environ[PROCESS]).write_text(str(os.getpid()), encoding="utf-8")
    guard = Guard()
    refuse_all(guard)
    time.sleep = sleep_short  # azure-ai-ml's pauses between its tries too
    from aml_pipeline.cli import main as command_line

    for name, constant, value in (
        ("waiting", "SILENCE_SECONDS", os.environ.get(SILENCE)),
        ("watch", "PATIENCE_SECONDS", "0.2"),
    ):
        module = _module(f"aml_pipeline.azureml.workspace.{name}")
        if module is not None and value is not None:
            setattr(module, constant, float(value))
    status = command_line()
    sys.stderr.writelines(f"wanted out: {one}\n" for one in guard.caught)
    return 99 if guard.caught else status


def _module(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ModuleNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
