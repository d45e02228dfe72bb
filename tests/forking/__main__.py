"""The helper: ``python -m tests.forking DESCRIPTOR PROGRAM`` reads requests from a socket until its end."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from typing import Any

import aml_pipeline
from aml_pipeline.cli.importing import imported
from tests.forking import COMMAND_LINE, PID, SCRIPTS, SIZE, asked

# What a program imports beside the package, and what of ours calls it: it keeps quiet what an SDK says meanwhile. The
# modules with a _ are those that an SDK imports later, in most commands.
SDKS = {
    "tests.loopback.command_line": (
        "v1",
        (
            *("azureml.core", "azureml.pipeline.core", "azureml.pipeline.steps"),
            *("azureml._run_impl.run_history_facade", "tests.loopback.client"),
        ),
    ),
    "tests.loopback_v2.command_line": (
        "v2",
        ("azure.ai.ml", "azure.identity", "azure.ai.ml.entities._job.pipeline._load_component"),
    ),
}
OF_SCRIPTS = ("numpy", "sklearn.datasets", "torch", "torch.distributed", "torch.nn.parallel", "torchvision.datasets")


def main() -> None:
    """Import what the program needs; fork for each request, and run the program in the fork."""
    descriptor, program = int(sys.argv[1]), sys.argv[2]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, whose end is the end of this process
    _import(program)
    with socket.socket(fileno=descriptor) as requests:
        while request := _next(requests):
            said, pipes = request
            if os.fork() == 0:
                requests.close()
                _watch(program, said, pipes)
            for pipe in pipes:
                os.close(pipe)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass


def _import(program: str) -> None:
    if program == SCRIPTS:
        for name in OF_SCRIPTS:
            importlib.import_module(name)
    else:
        _import_package(program)
    gc.collect()
    gc.freeze()  # else each fork would copy all of it, to look for garbage


def _import_package(program: str) -> None:
    for module in pkgutil.walk_packages(aml_pipeline.__path__, "aml_pipeline."):
        if not module.name.endswith("__main__"):
            imported(module.name)
    if program in SDKS:
        version, names = SDKS[program]
        with importlib.import_module(f"aml_pipeline.azureml.{version}.sdk").doing("importing the SDK"):
            for name in names:
                importlib.import_module(name)
    if program == COMMAND_LINE:
        asked.answer_once()


def _next(requests: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return a request and the pipes that are given with it; None when there will be no more."""
    head, pipes, _, _ = socket.recv_fds(requests, SIZE.size, 3)
    if not head:
        return None
    (size,) = SIZE.unpack(head)
    return json.loads(requests.recv(size, socket.MSG_WAITALL)), list(pipes)


def _watch(program: str, said: dict[str, Any], pipes: Sequence[int]) -> None:
    """Run the program in a child of this fork, which tells its id and how it ended."""
    ends, *streams = pipes
    child = os.fork()
    if child == 0:
        os.close(ends)
        _become(program, said, streams)
    for stream in streams:
        os.close(stream)
    os.write(ends, str(child).ljust(PID).encode())
    _, status = os.waitpid(child, 0)
    os.write(ends, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(program: str, said: dict[str, Any], streams: Sequence[int]) -> None:
    """Run the program as if Python had just been started for it, and end."""
    for place, stream in enumerate(streams, 1):
        os.dup2(stream, place)
        os.close(stream)
    os.chdir(said["cwd"])
    os.environ.clear()
    os.environ.update(said["environ"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    status = 1
    try:
        _run(program, said)
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - as Python ends
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _run(program: str, said: dict[str, Any]) -> None:
    """Run the program in the place of this one: its words, and where it finds modules."""
    words = said["words"]
    if program == SCRIPTS:
        script = os.path.abspath(words[0])
        given = os.environ.get("PYTHONPATH", "")
        sys.argv[:] = words
        sys.path[:2] = [os.path.dirname(script), *given.split(os.pathsep)] if given else [os.path.dirname(script)]
        runpy.run_path(script, run_name="__main__")
    else:
        sys.argv = [program, *words]
        sys.path[0] = said["cwd"]
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
