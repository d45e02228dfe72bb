"""The programs of commands, found here as the processes of steps find them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from aml_pipeline.core import files
from aml_pipeline.core.problems import Problem, nearest
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.snapshot.program import PYTHONS

_USUAL = ("python", "python3", "bash", "sh", "Rscript", "torchrun", "accelerate", "deepspeed", "mpirun")
# Programs that start the Python they are installed with. Not pip, of which a user often has a second, newer one.
_LAUNCHERS = ("torchrun", "accelerate", "deepspeed")
# Words that only a shell knows.
_OF_A_SHELL = frozenset({"cd", "eval", "exec", "export", "if", "for", "set", "source", "ulimit", "while"})


def search_path(python: Interpreter, environ: Mapping[str, str]) -> str:
    """Return the value of PATH for a command: ``python`` and its programs come first, as in an image of Azure ML.

    A PATH that finds that Python and its launchers stays as it is: other folders may come first for other programs.
    """
    folder, search = os.path.dirname(python.path), environ.get("PATH", os.defpath)
    names = [name for name in (*PYTHONS, *_LAUNCHERS) if place(name, folder)]
    found = all(place(name, search) == os.path.join(folder, name) for name in names)
    return search if found and folder in search.split(os.pathsep) else os.pathsep.join([folder, search])


def place(program: str, search: str) -> str | None:
    """Return the path of a program, None if it was not found; ``search`` is a value of PATH."""
    folders = [""] if "/" in program else filter(None, search.split(os.pathsep))
    return next((path for path in (os.path.join(folder, program) for folder in folders) if _starts(path)), None)


def _starts(path: str) -> bool:
    """Whether there is a program; asked of ``files``, so that cached answers depend on it."""
    try:
        look = files.look(path)
    except OSError:  # a folder that nobody may enter
        return False
    return look is not None and look.mode & 0o111 != 0 and files.is_file(path)


def missing(step: Step, python: Interpreter, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the program that ``step`` starts if this machine does not have it; only an image may have it."""
    program = step.words[0]
    search = search_path(python, {**environ, **step.environment_variables})
    if step.command is None or program in PYTHONS or place(program, search):
        return
    meant = None if program in _USUAL else nearest(program, _USUAL)
    cure = "Install it, or run the step in Azure ML: `aml-pipeline submit`."
    if meant:
        cure = f'Did you mean "{meant}"? Otherwise, install it.'
    if program in _OF_A_SHELL:
        cure = 'Only a shell knows it: write `command: [bash, -c, "..."]`, or a script, `command: [bash, run.sh]`.'
    message = f'the program "{program}" of step "{step.declared}" was not found on this machine.'
    yield Problem("missing-program", message, cure, (*step.place, 0))
