"""The error lines of a failed script → what to write in pipeline.yaml or to install, if that is clear."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence

from aml_pipeline.local import data_advice
from aml_pipeline.local.evaluate import Context
from aml_pipeline.local.module_advice import missing_module
from aml_pipeline.local.store import Attempt
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.tokens import Output
from aml_pipeline.project import local_data
from aml_pipeline.project.snapshot.snapshot import module_folders
from aml_pipeline.project.snapshot.source import SourceFolder

_IS_A_FOLDER = re.compile(r"Is a directory: '([^'\n]+)'")
# Messages of Python and HDF5 about a missing file; and messages of others that may mean that or something else.
_MISSING = re.compile(r"No such file or directory|FileNotFoundError|errno = 2")
_PERHAPS = re.compile(r"NotFoundError|[Dd]oes not exist|not found|[Uu]nable to open|[Cc]an(?:'|no)t open")
_PATHS = re.compile(r"""'([^'\n]+)'|"([^"\n]+)"|([^\s'"(),;:=\[\]]*[./][^\s'"(),;:=\[\]]*)""")
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")


def advice(context: Context, step: Step, failure: Sequence[str], attempt: Attempt) -> str:
    """Return the cure for a missing file or module, or a folder opened as a file, or ""; ``failure``: error lines."""
    return (
        _of_output(step, failure, attempt)
        or _of_files(context, step, failure, attempt)
        or _of_modules(context, step, failure)
    )


def _of_output(step: Step, failure: Sequence[str], attempt: Attempt) -> str:
    """Return the cure if the folder of an output was opened as a file."""
    opened = {os.path.realpath(found[1]) for line in failure for found in _IS_A_FOLDER.finditer(line)}
    name = next((name for name, place in attempt.outputs.items() if os.path.realpath(place) in opened), None)
    if name is None:
        return ""
    given = step.option_of(Output(name))
    what = f"{given} is a folder that" if given else f"The folder of output {name}"
    return f"{what} already exists when the script starts. Write a file inside it."


def _of_files(context: Context, step: Step, failure: Sequence[str], attempt: Attempt) -> str:
    source, snapshot = context.project.source(step), context.project.snapshot(step)
    for name in filter(None, _missed(failure, context, attempt)):
        inside, outside = os.path.join(source.path, name), os.path.join(context.project.folder, name)
        for place in dict.fromkeys(map(os.path.normpath, (inside, outside))):
            relative = os.path.relpath(place, source.path)
            if not snapshot.has(relative) and data_advice.is_of_project(context, step, place):
                return _cure_of(context, step, place, relative)
    return ""


def _cure_of(context: Context, step: Step, place: str, relative: str) -> str:
    """Return how to give a step a file or folder: as a dataset if it is data, else in its snapshot."""
    source = context.project.source(step)
    if relative.startswith("..") or local_data.is_data(context.plan, context.project, place):
        return data_advice.cure(context, step, place)
    return _snapshot_cure(relative + ("/" if os.path.isdir(place) else ""), source, step)


def _missed(failure: Sequence[str], context: Context, attempt: Attempt) -> Iterator[str]:
    """Yield the missing paths that the lines name, relative to the folder in which the script ran.

    Source lines in a traceback do not count.
    """
    for line in failure:
        certain = _MISSING.search(line)
        if line.startswith("    ") or not (certain or _PERHAPS.search(line)):
            continue
        for found in _PATHS.finditer(line):
            path = found[1] or found[2] or found[3].rstrip(".")
            if certain or "/" in path or "." in path:
                yield _relative(path, context, attempt)


def _relative(path: str, context: Context, attempt: Attempt) -> str:
    if not os.path.isabs(path):
        return posixpath.normpath(path) if path else ""
    for state, work in (
        (context.store.folder, attempt.working_copy),
        (os.path.realpath(context.store.folder), os.path.realpath(attempt.working_copy)),
    ):
        if path.startswith(f"{state}/"):
            return os.path.relpath(path, work)
    return ""


def _snapshot_cure(name: str, source: SourceFolder, step: Step) -> str:
    """Return how to get ``name``, which ends in a slash if it is a folder, into the snapshot."""
    if source.ignores(name):
        why = f"{name} is in the source folder, but {source.ignore_file} excludes it from the step's snapshot."
        return f"{why} Remove its pattern from {source.ignore_file}."
    if not source.lists(name):
        why = f"{name} is in the source folder, but snapshots omit the pipeline file, caches and virtual environments."
        return f"{why} Pass its path to the script as an argument, for example `--data: ${{{{ datasets.NAME }}}}`."
    why = f"{name} is in the source folder, but not in the step's snapshot."
    return f"{why} Add under the step: {local_data.snapshot_line(step, name)}."


def _of_modules(context: Context, step: Step, failure: Sequence[str]) -> str:
    source, snapshot = context.project.source(step), context.project.snapshot(step)
    for module in dict.fromkeys(found[1] for line in failure for found in _NO_MODULE.finditer(line)):
        bases = [posixpath.join(folder, module.replace(".", "/")) for folder in module_folders(snapshot.script)]
        for name in (name for base in bases for name in (f"{base}.py", base)):
            place = os.path.join(source.path, name)
            if not snapshot.has(name) and os.path.exists(place):
                return _snapshot_cure(name + ("/" if os.path.isdir(place) else ""), source, step)
        cure = missing_module(context, step, module)
        if cure:
            return cure
    return ""
