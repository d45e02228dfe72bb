"""Plan and project → problems: the script, the snapshot, the environment's files, local data.

What concerns only one file is checked by the loader; this module reads the disk. It runs nothing, and does not depend
on Azure.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import replace

from aml_pipeline.core import files, paths
from aml_pipeline.core.folders import RepeatedLinksError
from aml_pipeline.core.problems import Path, Position, Problem, nearest
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline.plan.model import OtherValue, Plan, Step, datasets_of, one_of_each
from aml_pipeline.pipeline.plan.settings import Environment
from aml_pipeline.project.folder import Project
from aml_pipeline.project.script import kinds
from aml_pipeline.project.snapshot import program
from aml_pipeline.project.snapshot.imports import Reading
from aml_pipeline.project.snapshot.patterns import is_choice, is_pattern
from aml_pipeline.project.snapshot.snapshot import Snapshot
from aml_pipeline.project.snapshot.source import MOST_CODE, SourceFolder


def check(
    plan: Plan,
    project: Project,
    untold: Collection[str] = (),
    unknown: Container[str] = (),
    others: Sequence[OtherValue] = (),
) -> list[Problem]:
    """Return the problems of the files that ``plan`` names, and of arguments that its scripts would refuse.

    The arguments of the steps in ``untold`` are not checked, nor are the values of parameters in ``unknown``. The
    values in ``others`` are those of other runs, which scripts may refuse as well.
    """
    problems: list[Problem] = []
    taken = []
    for step in one_of_each(plan.steps):
        faults = list(script_faults(step, project))
        problems += faults or _snapshot_faults(step, project)
        taken += [] if faults else [step]
    known = {step.declared for step in taken} - set(untold)
    for step in _with_new_values(step for step in plan.steps if step.declared in known):
        problems += _contract_faults(step, plan, project, unknown, others)
    problems += [*_empty_patterns(taken, project), *_environment_faults(plan, project), *_dataset_faults(plan, project)]
    return problems


def _with_new_values(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps without those variants whose every value some earlier one has: scripts judge each by itself."""
    seen: set[object] = set()
    for step in steps:
        numbers = tuple(len(argument.values) for argument in step.arguments)
        values = {(step.declared, numbers), *((step.declared, *item) for item in step.variant.items())}
        if not values <= seen:
            yield step
        seen |= values


def _contract_faults(
    step: Step, plan: Plan, project: Project, unknown: Container[str], others: Sequence[OtherValue]
) -> list[Problem]:
    found = project.contract(step)
    if found is None:
        return []
    step = replace(step, script=project.snapshot(step).script)  # the file, also of a module or a command
    from aml_pipeline.project import contract  # only if a script has options

    return [*contract.faults(found, step, plan, unknown), *contract.other_faults(found, step, plan, others)]


def _dataset_faults(plan: Plan, project: Project) -> Iterator[Problem]:
    for name, place in plan.datasets.items():
        if place.local is not None and project.holds(project.path(place.local), project.folder):
            message = f'dataset "{name}" is the folder of the whole project, which every run changes.'
            cure = "Move the data to a folder of its own."
            yield Problem("dataset-place", message, cure, ("datasets", name, "local"))
        elif place.local is not None and place.type in {"folder", "file"}:
            kind = project.kind_of(place.local)
            if kind not in {None, place.type}:
                message = f'dataset "{name}" has type {place.type}, but {place.local} is a {kind}.'
                cure = f"Write `type: {kind}`, or the path of a {place.type}."
                yield Problem("dataset-type", message, cure, ("datasets", name, "type"))


def missing_data(plan: Plan, project: Project, steps: Iterable[Step]) -> list[Problem]:
    """Return the datasets that ``steps`` need but that are not on this machine, so that these steps cannot run here."""
    problems = []
    for name in datasets_of(steps):
        place = plan.datasets[name]
        if place.local is None and not place.optional:
            message = f'dataset "{name}" exists only in Azure ML.'
            cure = f"Write `--data {name}=PATH`." if name in plan.data else "Add `local:` with a path."
            problems.append(Problem("missing-dataset", message, cure, ("datasets", name), on_key=True))
        elif place.local is not None and not place.optional and not files.look(project.path(place.local)):
            problems.append(not_found(name, place.local, given=name in plan.data))
    return problems


# Packages by which processes find each other only if mpirun started them.
_OF_MPIRUN = ("mpi4py", "horovod")


def unlaunched(project: Project, steps: Iterable[Step]) -> Iterator[Problem]:
    """Yield the steps whose processes would not find each other here, where mpirun does not start them."""
    for step in steps:
        modules = [name for name in _OF_MPIRUN if name in project.snapshot(step).external]
        if modules and step.distribution and step.distribution.processes_per_node > 1:
            message = f'{modules[0]} finds the processes of step "{step.declared}" only if mpirun starts them, '
            message += "and a local run does not use mpirun."
            cure = "Run one process here: add `--processes 1`."
            yield Problem("needs-mpirun", message, cure, ("steps", step.declared, "distribution"), on_key=True)


def not_found(name: str, local: str, *, given: bool = False) -> Problem:
    """Return the problem of a dataset that is not at its path here, which the file or the caller has ``given``."""
    message = f'dataset "{name}" was not found at {local}.'
    cure = "Put the data there, or add `optional: true` if the steps can do without it."
    cure = paths.of_windows(local) or ("Correct the path." if given else cure)
    return Problem("missing-dataset", message, cure, ("datasets", name, "local"))


def script_faults(step: Step, project: Project) -> Iterator[Problem]:
    """Yield the problems that prevent a snapshot of ``step``."""
    path: Path = _place(step)
    if step.script is not None and posixpath.normpath(step.script).startswith("-"):
        message = (
            f'step "{step.declared}" runs {step.script}, but Python takes a name that begins with "-" for an option.'
        )
        yield Problem("script-name", message, "Rename the script.", path)
        return
    folder = project.path(step.source_directory)
    script = _started_file(step, project)
    place = os.path.join(folder, script or "")
    for inner, name, outer in ((folder, step.source_directory, project.folder), (place, script, folder)):
        if not project.holds(outer, inner):
            message = f'"{name}" of step "{step.declared}" is outside {_shown(outer, project)}.'
            cure = "Move it inside: a snapshot contains only files of its source folder."
            yield Problem("outside", message, cure, path if name == script else _folder_path(step))
            return
    if not files.is_folder(folder):
        message = f'the source folder "{step.source_directory}" was not found.'
        near = _nearest_folder(step.source_directory, project)
        cure = f'Did you mean "{near}"?' if near else "Create it, or correct `source_directory:`."
        yield Problem("missing-folder", message, cure, _folder_path(step))
    elif script and files.is_folder(place):
        kind = "the path of a file" if step.command else "the path of a Python file"
        yield Problem("missing-script", f'"{script}" is a folder.', f"Write {kind} in it.", path)
    elif script and not files.is_file(place):
        yield _missing_script(step, script, folder)
    else:
        yield from _repeated_links(step, project)


def _started_file(step: Step, project: Project) -> str | None:
    """Return the file that ``step`` surely starts, whether or not it exists."""
    if step.module is not None:
        return program.of_module(step.module, project.source(step)).script
    return step.script if step.command is None else program.started_file(step.command)


def _place(step: Step) -> Path:
    """Return the place in the file of what ``step`` starts: of a command, the word that names the file."""
    started = program.started_file(step.command) if step.command else None
    return (*step.place, step.command.index(started)) if step.command and started else step.place


def _repeated_links(step: Step, project: Project) -> Iterator[Problem]:
    try:
        project.snapshot(step)
    except RepeatedLinksError as error:
        name, source = step.source_directory.rstrip("/"), project.source(step)
        place = posixpath.join(name, error.name)
        message = f'symbolic links in the source folder "{name}" lead to the same folders over and over: {place}.'
        cure = f"Remove them, or exclude them in {name}/{source.ignore_file or '.amlignore'}."
        yield Problem("repeated-links", message, cure, _folder_path(step))


_LIKE_A_FOLDER = 0.75  # "script-syntax" is not a misspelling of "scripts"


def _nearest_folder(name: str, project: Project) -> str | None:
    outer, _, inner = name.rstrip("/").rpartition("/")
    around = project.path(outer)
    if not files.is_folder(around):
        return None
    there = {entry.lower(): entry for entry in os.listdir(around) if files.is_folder(os.path.join(around, entry))}
    near = nearest(inner.lower(), there, _LIKE_A_FOLDER)
    return os.path.join(outer, there[near]) if near else None


def _folder_path(step: Step) -> Path:
    return ("steps", step.declared, "source_directory")


def _missing_script(step: Step, script: str, folder: str) -> Problem:
    from aml_pipeline.core.problems import suggest

    shown = step.source_directory.rstrip("/")
    if step.module is not None:
        message = f'step "{step.declared}" runs the module {step.module}, but {script} was not found in {shown}/.'
        cure = f"Create it, or write `command: [python, -m, {step.module}]` for a module of an installed package."
        return Problem("missing-script", message, cure, step.place)
    suffix = posixpath.splitext(script)[1] if step.command else ".py"
    scripts = [name for name in sorted(os.listdir(folder)) if name.endswith(suffix)]
    message = f'step "{step.declared}" runs {script}, which was not found in {shown}/.'
    return Problem("missing-script", message, suggest(script, scripts, noun="script"), _place(step))


def _shown(path: str, project: Project) -> str:
    relative = paths.relative(path, project.folder)
    return "the project's folder" if relative == "." else f"{relative}/"


def _snapshot_faults(step: Step, project: Project) -> Iterator[Problem]:
    for index, pattern in enumerate(step.snapshot or ()):
        if not is_pattern(pattern):
            message = f'"{pattern}" is not a valid file pattern.'
            cure = "Write it as in .gitignore, for example `data/*.csv`."
            yield Problem("bad-pattern", message, cure, ("steps", step.declared, "snapshot", index))
    snapshot = project.snapshot(step)
    folder = os.path.relpath(snapshot.folder, project.folder)
    for name in snapshot.ignored:
        message = f'step "{step.declared}" needs {name}, but the ignore file of {step.source_directory}/ excludes it.'
        cure = "Remove its pattern from .amlignore (or from .gitignore, which is used if there is no .amlignore)."
        yield Problem("ignored-file", message, cure, step.place)
    kind = _other_kind(snapshot, project.source(step))
    if kind:
        script = str(snapshot.script)
        message = f'step "{step.declared}" runs {step.script or script}, which is {kind}, not a Python file.'
        yield Problem("not-python", message, _python_cure(kind, step.script or script), step.place)
    for fault in snapshot.faults:
        if kind is None or fault.file != snapshot.script:
            yield Problem(
                "script-syntax",
                f'Python cannot parse this file, so step "{step.declared}" cannot run: {fault.reason.rstrip(".")}.',
                fault.cure,
                file=os.path.normpath(os.path.join(folder, fault.file)),
                position=Position(fault.line, fault.column),
            )
    if snapshot.opening and snapshot.whole:
        yield _open_snapshot(step, snapshot, folder)


def _other_kind(snapshot: Snapshot, source: SourceFolder) -> str | None:
    """Return what the script is if it is not Python; a notebook is JSON, which may be a valid Python expression."""
    if snapshot.script is None or snapshot.script not in snapshot.rules:
        return None
    reading = source.reading(snapshot.script)
    parses = isinstance(reading, Reading)
    if isinstance(reading, Reading) and reading.imports:
        return None
    text = files.read(os.path.join(source.path, snapshot.script), MOST_CODE)
    return kinds.other_kind(text, snapshot.script, parses=parses)


def _python_cure(kind: str, script: str) -> str:
    if kind == kinds.NOTEBOOK and not script.endswith(".ipynb"):
        notebook = f"{os.path.splitext(script)[0]}.ipynb"
        return f"Rename it to {notebook}, and convert that: `jupyter nbconvert --to script {notebook}`."
    if kind == kinds.NOTEBOOK:
        return f"Convert it with `jupyter nbconvert --to script {script}`, and use the resulting file."
    if kind in {kinds.SHELL, kinds.R}:
        return f"Write `command: [{'bash' if kind == kinds.SHELL else 'Rscript'}, {script}]` instead of `script:`."
    if kind == kinds.WIDE:
        return "Save it as UTF-8."
    return "A `script:` is a Python file; `command:` runs other programs."


def _empty_patterns(steps: Sequence[Step], project: Project) -> Iterator[Problem]:
    """Yield the patterns that match nothing; a pattern shared by several steps may be meant for one of them."""
    matching: dict[tuple[str, ...], set[str]] = {}
    for step in steps:
        if step.snapshot:
            matching.setdefault(step.snapshot, set()).update(project.source(step).found_by(step.snapshot))
    for step in steps:
        for index, pattern in enumerate(step.snapshot or ()):
            if is_choice(pattern) and pattern not in matching[step.snapshot or ()]:
                place: Path = ("steps", step.declared, "snapshot", index)
                message = f'"{pattern}" matches no file of {_shown(project.source(step).path, project)}.'
                cure = _pattern_cure(pattern, step, project)
                yield Problem("empty-pattern", message, cure, place, severity="warning")


def _pattern_cure(pattern: str, step: Step, project: Project) -> str:
    """Return the pattern that would match, if the path of the source folder is all that is wrong, else the rule."""
    source = project.source(step)
    plain = pattern.replace("\\", "/").removeprefix("./")
    named = posixpath.normpath(step.source_directory)
    starts = (f"{source.path}/", f"{named}/", f"../{posixpath.basename(named)}/")
    shorter = [plain, *(plain.removeprefix(start) for start in starts if plain.startswith(start))]
    better = next((text for text in shorter if text != pattern and source.found_by((text,))), None)
    if better:
        return f'Write "{better}": patterns are relative to {_shown(source.path, project)}.'
    cure = (
        "Correct it: patterns are relative to the source folder, and a snapshot contains nothing outside that folder."
    )
    if source.ignore_file:
        cure += f" Files that {source.ignore_file} excludes do not count."
    return cure


def _open_snapshot(step: Step, snapshot: Snapshot, folder: str) -> Problem:
    opening = snapshot.opening
    assert opening is not None  # noqa: S101 - the caller asked
    count = counted(len(snapshot.digests), "file")
    message = (
        f'step "{step.declared}": {opening.file} {opening.reason}, so its snapshot is the whole of '
        f"{step.source_directory}/ ({count}), and a change of any of them runs it again."
    )
    patterns = ", ".join(f'"{glob}"' for glob in nearest_globs(snapshot, opening.file))
    cure = f"Narrow it under the step with `snapshot: [{patterns}]`, in addition to its imports."
    file = os.path.normpath(os.path.join(folder, opening.file))
    return Problem("open-snapshot", message, cure, severity="warning", file=file, position=Position(opening.line, 1))


def nearest_globs(snapshot: Snapshot, opened_by: str) -> list[str]:
    """Return patterns for the files that the opening file probably reads: data next to it, else below it.

    None if the folder contains only what is taken anyway.
    """
    folder = os.path.dirname(opened_by)
    if folder:
        return [f"{folder}/**"]
    return snapshot.chosen.globs(snapshot.own) if snapshot.chosen else []


def _environment_faults(plan: Plan, project: Project) -> Iterator[Problem]:
    steps = {step.environment: step for step in reversed(plan.steps) if step.environment}
    for environment, step in steps.items():
        misplaced = [*_misplaced_files(environment, step, project)]
        yield from misplaced or project.declaration(environment).problems


def _misplaced_files(environment: Environment, step: Step, project: Project) -> Iterator[Problem]:
    for key in ("conda_file", "pip_requirements", "dockerfile"):
        name = getattr(environment, key)
        place: Path = ("steps", step.declared, "environment", key)
        if name is None:
            continue
        if not project.holds(project.folder, project.path(name)):
            message = f"the environment's {key} \"{name}\" is outside the project's folder."
            yield Problem("outside", message, "Move it inside, so that it is part of the project.", place)
        elif not files.is_file(project.path(name)):
            message = f'the environment\'s {key} "{name}" was not found.'
            yield Problem("missing-file", message, "Create it, or correct the path.", place)
        elif key == "dockerfile" and project.holds(os.path.dirname(project.path(name)), project.folder):
            message = f'"{name}" is next to the pipeline file, so its build context would be the whole project.'
            cure = "Move it to a folder of its own with what it copies, for example docker/Dockerfile."
            yield Problem("build-context", message, cure, place)
