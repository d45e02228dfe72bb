"""The real command line as a process of its own, logged in at a loopback service.

``python -m tests.loopback.command_line URL submit --wait`` is ``aml-pipeline submit --wait`` with
``LoopbackAuth(URL)`` in place of a login, with short sleeps, and with nothing let out of this machine.
"""

import os
import sys
import time

from .guard import Guard, refuse_all
from .state import Sdk

# How long the command line may be silent in a test, in seconds; how long anybody sleeps, the SDK between its tries too.
SILENCE = "LOOPBACK_SILENCE"
SLEEP = "LOOPBACK_SLEEP"
SHORT = 0.02
_sleep = time.sleep


def sleep_short(seconds: float) -> None:
    """Sleep, but not long."""
    _sleep(min(seconds, float(os.environ.get(SLEEP, SHORT))))


def main() -> int:
    """Run the command line; what wanted out of this machine is told in standard error, and fails the command."""
    guard = Guard()
    refuse_all(guard)
    time.sleep = sleep_short
    _log_in(sys.argv.pop(1))
    _move_cache()
    from aml_pipeline.azureml.workspace import waiting, watch
    from aml_pipeline.cli import main as command_line

    waiting.SILENCE_SECONDS = float(os.environ.get(SILENCE, waiting.SILENCE_SECONDS))
    watch.PATIENCE_SECONDS = 0.2
    status = command_line()
    sys.stderr.writelines(f"wanted out: {one}\n" for one in guard.caught)
    return 99 if guard.caught else status


def _log_in(url: str) -> None:
    from aml_pipeline.azureml.v1 import login
    from aml_pipeline.azureml.workspace.login import Login

    def auth(login: Login) -> Sdk:  # noqa: ARG001 - the loopback service takes everybody
        from .client import LoopbackAuth  # imports the SDK: only where a command does

        return LoopbackAuth(url)

    login.auth = auth


def _move_cache() -> None:
    """Keep what the SDK notes of services in the home of this process: it may have been imported in another one."""
    if discovery := sys.modules.get("azureml._base_sdk_common.service_discovery"):
        place = os.path.join(os.environ["HOME"], ".azureml", ".discovery")
        discovery.CachedServiceDiscovery.__init__.__defaults__ = (place,)


if __name__ == "__main__":
    sys.exit(main())
