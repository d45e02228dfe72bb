"""What a step starts: its Python file if that is certain, where its imports are searched, files that it names."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.project.snapshot.source import SourceFolder

# Programs that start the file after their options, and the options of which that is certain.
_FLAGS = {
    **dict.fromkeys(("python", "python3"), re.compile(r"-[uBEIOsSqv]+")),
    **dict.fromkeys(("bash", "sh"), re.compile(r"-[euxv]+")),
    "Rscript": re.compile(r"--[a-z-]+"),
}
# Options of torchrun that start no file.
_NO_FILE = frozenset({"-m", "--module", "--no-python", "--no_python"})
PYTHONS = ("python", "python3")


class Program(NamedTuple):
    """What a step starts.

    ``script`` is the Python file, None if the step may start any; ``folders`` are those in which its imports are
    searched first. ``more`` are other files that it surely needs, and ``named`` those that it probably reads. ``open``:
    it may read any file of the source folder.
    """

    script: str | None
    folders: tuple[str, ...]
    more: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    open: bool = False


def of(step: Step, source: SourceFolder) -> Program:
    """Return what ``step`` starts in ``source``."""
    if step.script is not None:
        return of_script(step.script)
    return of_module(step.module, source) if step.module is not None else _of_command(step.words, source)


def of_script(script: str) -> Program:
    """Return a script as what a step starts.

    Python searches its folder for modules first. Then the root: the launcher of Azure ML's SDK v1 adds it to the search
    path (azure-sdk-for-python#29724), local runs add it through PYTHONPATH, and v2 through the command of the step.
    """
    name = posixpath.normpath(script)
    return Program(name, tuple(dict.fromkeys([posixpath.dirname(name), ""])))


def of_module(module: str, source: SourceFolder) -> Program:
    """Return a module as what a step starts: its file, or ``__main__.py`` of a package, as `python -m` finds it."""
    place = module.replace(".", "/")
    inside = source.is_file(f"{place}/__main__.py") and not source.is_file(f"{place}.py")
    script = f"{place}/__main__.py" if inside or source.is_file(f"{place}/__init__.py") else f"{place}.py"
    folders = [script]
    while folders[-1]:
        folders.append(posixpath.dirname(folders[-1]))
    packages = (posixpath.join(folder, "__init__.py") for folder in reversed(folders[1:]) if folder)
    return Program(script, ("",), tuple(filter(source.is_file, packages)))


def _of_command(words: tuple[str, ...], source: SourceFolder) -> Program:
    started = started_file(words)
    script = started if started and is_python(words) and words[-1] == started else None
    folder = posixpath.dirname(script or "")
    names = (posixpath.normpath(word) for word in words[1:] if not word.startswith(("/", "..")))
    return Program(
        posixpath.normpath(script) if script else None,
        tuple(dict.fromkeys([folder, ""])),
        (posixpath.normpath(started),) if started and not script else (),
        tuple(name for name in names if source.may_name(name) and not source.ignores(name)),
        open=True,
    )


def is_python(words: tuple[str, ...]) -> bool:
    """Whether a command starts a Python file, if it starts a file."""
    return words[0] in {*PYTHONS, "torchrun"}


def started_file(words: tuple[str, ...]) -> str | None:
    """Return the file of the project that a command surely starts (`bash -e prepare.sh`, `torchrun train.py`)."""
    name = next(_started(words), None)
    return name if name and not name.startswith(("-", "/", "~")) else None


def _started(words: tuple[str, ...]) -> Iterator[str]:
    program, *rest = words
    if program == "torchrun":
        yield from _after_options(rest)
    for word in rest if program in _FLAGS else ():
        if not _FLAGS[program].fullmatch(word):
            yield word
            return


def _after_options(words: list[str]) -> Iterator[str]:
    """Yield the script after the options of torchrun, each of which may have a value."""
    before = ""
    for word in words:
        is_option = word.startswith("-")
        if word.endswith(".py") and not is_option:
            yield word
            return
        if word in _NO_FILE or not (is_option or (before.startswith("-") and "=" not in before)):
            return
        before = word
