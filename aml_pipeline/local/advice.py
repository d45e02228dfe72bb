"""The error lines of a failed script → what to write in pipeline.yaml or to install, if that is clear."""

from __future__ import annotations

import os
import posixpath
import re
import sys
from collections.abc import Iterator, Sequence

from aml_pipeline.local.evaluate import Context
from aml_pipeline.local.store import Attempt
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.tokens import Dataset, Output
from aml_pipeline.project import import_check, local_data
from aml_pipeline.project.environment.providers import Providers
from aml_pipeline.project.folder import STATE
from aml_pipeline.project.snapshot import program
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
    opened = {os.path.realpath(place) for line in failure for place in _IS_A_FOLDER.findall(line)}
    name = next((name for name, place in attempt.outputs.items() if os.path.realpath(place) in opened), None)
    if name is None:
        return ""
    given = step.option_of(Output(name))
    what = f"{given} is a folder that" if given else f"The folder of output {name}"
    cure = f"Write a file inside it, or declare a file: `outputs: {{{name}: {{type: file}}}}`."
    return f"{what} already exists when the script starts. {cure}"


def _of_files(context: Context, step: Step, failure: Sequence[str], attempt: Attempt) -> str:
    source, snapshot = context.project.source(step), context.project.snapshot(step)
    for name in filter(None, _missed(failure, context, attempt)):
        inside, outside = os.path.join(source.path, name), os.path.join(context.project.folder, name)
        for place in dict.fromkeys(map(os.path.normpath, (inside, outside))):
            relative = os.path.relpath(place, source.path)
            if not snapshot.has(relative) and _is_of_project(context, step, place):
                return _cure_of(context, step, place, relative)
    return ""


def _cure_of(context: Context, step: Step, place: str, relative: str) -> str:
    """Return how to give a step a file or folder: as a dataset if it is data, else in its snapshot."""
    source = context.project.source(step)
    if relative.startswith("..") or local_data.is_data(context.plan, context.project, place):
        return _dataset_cure(context, step, place)
    return _snapshot_cure(relative + ("/" if os.path.isdir(place) else ""), source, step)


def _is_of_project(context: Context, step: Step, place: str) -> bool:
    """Whether a file or folder exists in the project, and is neither our own state nor a folder with the scripts."""
    if not os.path.exists(place):
        return False
    project = context.project
    inside = project.holds(project.folder, place) and not project.holds(place, project.source(step).path)
    return inside and STATE not in os.path.relpath(place, project.folder).split(os.sep)


def _dataset_cure(context: Context, step: Step, place: str) -> str:
    """Return how to give a script the data at ``place``: as a dataset, with its declaration if there is none."""
    here = os.path.relpath(place, context.project.folder)
    why = f"{here} is in the project, but not in the step's snapshot, and a step sees only its snapshot."
    plan, project = context.plan, context.project
    given = local_data.option_with(step, project, place)
    option = given or local_data.free_option(step)
    name = local_data.holder(plan, project, place)
    if name:
        rest, why = os.path.relpath(place, project.path(str(plan.datasets[name].local))), f"{why} Dataset {name}"
        passed = step.option_of(Dataset(name))
        if passed:
            return f"{why} contains it, and {passed} passes its path: let the script {_read(rest, passed)}."
        lines = _dataset_lines(step, option, name)
        return f"{why} contains it. Pass its path, and let the script {_read(rest, option)}:\n{lines}"
    local = here if given else local_data.to_declare(plan, project, step, place)
    name = local_data.free_name(plan, local)
    read = _read(os.path.relpath(place, project.path(local)), option)
    declared = f"    datasets:\n      {name}:\n        local: {local_data.as_yaml(local)}"
    what = f"{why} Declare it in {os.path.basename(plan.file)}, and let the script {read}:"
    return f"{what}\n{declared}\n{_dataset_lines(step, option, name)}"


def _dataset_lines(step: Step, option: str, name: str) -> str:
    """Return the lines of YAML that pass a dataset; a step's arguments may be a list."""
    in_list = any(isinstance(words.place[3], int) for words in step.arguments if len(words.place) > 3)  # noqa: PLR2004
    argument = f"{'- ' if in_list else ''}{option}: ${{{{ datasets.{name} }}}}"
    return f"    steps:\n      {step.declared}:\n        arguments:\n          {argument}"


def _read(rest: str, option: str) -> str:
    return f"open the path in {option}" if rest == os.curdir else f"open {rest} in the folder in {option}"


def _missed(failure: Sequence[str], context: Context, attempt: Attempt) -> Iterator[str]:
    """Yield the missing paths that the lines name, relative to the folder in which the script ran.

    Source lines in a traceback do not count.
    """
    for line in failure:
        certain = _MISSING.search(line)
        if line.startswith("    ") or not (certain or _PERHAPS.search(line)):
            continue
        for single, double, bare in _PATHS.findall(line):
            path = single or double or bare.rstrip(".")
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
    there, ignore_file = f"{name} is in the source folder", source.ignore_file
    if source.ignores(name):
        return (
            f"{there}, but {ignore_file} excludes it from the step's snapshot. Remove its pattern from {ignore_file}."
        )
    if not source.lists(name):
        why = f"{there}, but snapshots omit the pipeline file, caches and virtual environments."
        return f"{why} Pass its path to the script as an argument, for example `--data: ${{{{ datasets.NAME }}}}`."
    return f"{there}, but not in the step's snapshot. Add under the step: {local_data.snapshot_line(step, name)}."


def _of_modules(context: Context, step: Step, failure: Sequence[str]) -> str:
    source, snapshot = context.project.source(step), context.project.snapshot(step)
    folders = program.of(step, source).folders
    for module in dict.fromkeys(module for line in failure for module in _NO_MODULE.findall(line)):
        bases = [posixpath.join(folder, module.replace(".", "/")) for folder in folders]
        for name in (name for base in bases for name in (f"{base}.py", base)):
            place = os.path.join(source.path, name)
            if not snapshot.has(name) and os.path.exists(place):
                return _snapshot_cure(name + ("/" if os.path.isdir(place) else ""), source, step)
        cure = _missing_module(context, step, module)
        if cure:
            return cure
    return ""


def _missing_module(context: Context, step: Step, module: str) -> str:
    """Return what to do about a module that neither the project nor the Python of the steps has, or ""."""
    top = module.partition(".")[0]
    python = context.interpreter(step)
    if top in python.standard or top in python.modules or context.project.source(step).may_hold_module(top):
        return ""
    here = import_check.cure_here(module, step, context.project)
    if here:
        return f"Module {module} is not in the step's snapshot. {here}"
    which, cure = "`python:` of the step" if step.python else "--python", "Install it"
    if python.path == sys.executable:
        which = "the Python that runs aml-pipeline, and the steps unless --python names another"
        cure = f"Install it there, or run with the Python of your project: `--python {_other(context)}`"
    return f"Module {top} is not installed for {python.path} ({which}). {cure}.{_environment(context, step, module)}"


def _other(context: Context) -> str:
    """Return the Python of an active environment or of one in the project, if any."""
    environ = context.environ
    active = [environ[name] for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if environ.get(name)]
    folders = [*active, *(os.path.join(context.project.folder, name) for name in (".venv", "venv"))]
    places = [os.path.join(folder, "bin", "python") for folder in folders]
    for place in places:
        if os.path.exists(place) and place != sys.executable:
            relative = os.path.relpath(place, context.project.folder)
            return place if relative.startswith("..") else relative
    return "PATH"


def _environment(context: Context, step: Step, module: str) -> str:
    """Return whether the files of the declared environment name the module."""
    packages = import_check.provided_packages(context.project, step.environment)
    if packages is None:
        return ""
    verdict = Providers(packages, context.interpreter(step)).of(module).verdict
    words = {
        "named": "names it, so it will be installed in Azure ML",
        "not named": "does not name it either, so the step would fail in Azure ML too: add it",
    }
    file = " or ".join(import_check.declaring_files(step.environment))
    return f" {file} {words[verdict]}." if verdict in words else ""
