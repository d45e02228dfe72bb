"""Runs one step for debugging: one process in its source folder with the terminal, no timeout, nothing accepted."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping

from aml_pipeline.core import removal
from aml_pipeline.core.errors import MachineError
from aml_pipeline.local import ranks, secrets
from aml_pipeline.local.attempt import command, environ
from aml_pipeline.local.evaluate import Context, left_out


def debug(context: Context, name: str) -> tuple[int, Mapping[str, str]]:
    """Run the step called ``name``; return its exit status and its outputs, which are kept until the next call.

    It reads the latest results of the steps before it. Raises UsageError when one of them has none, and
    MachineError when the previous outputs cannot be removed.
    """
    step = context.plan.step(name)
    secrets.require_set(context, [step])
    results = left_out(context, [step.name])
    outputs = {output: context.store.scratch(step.name, output) for output in step.outputs}
    for output, place in outputs.items():
        if refused := removal.remove(place):
            raise MachineError(removal.in_words(refused))
        os.makedirs(os.path.dirname(place) if step.outputs[output].is_file else place, exist_ok=True)
    folder = context.project.source(step).path
    alone = ranks.variables(step.distribution, 1)[0]
    words = command(context, step, outputs, results)
    child = subprocess.Popen(words, cwd=folder, env={**environ(context, step, folder, outputs, results), **alone})
    return _waited(child), outputs


def _waited(child: subprocess.Popen[bytes]) -> int:
    """Return the exit status of a script. Raises KeyboardInterrupt when it died of the INT that was sent here too."""
    interrupted = False
    while True:
        try:
            status = child.wait()
        except KeyboardInterrupt as error:
            if type(error) is not KeyboardInterrupt:  # TERM or HUP was sent to this process alone
                child.terminate()
                child.wait()
                raise
            interrupted = True  # the terminal sent INT to the script too, which handles it
        else:
            if interrupted and status == -signal.SIGINT:
                raise KeyboardInterrupt
            return status
