"""A path → a checked plan and its project: the beginning of the library's ``load`` and of every command."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from aml_pipeline.core import files, paths
from aml_pipeline.core.digests import Digests
from aml_pipeline.core.errors import PipelineError, UsageError
from aml_pipeline.core.problems import Problem, errors, ordered
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.combinations import Given
from aml_pipeline.pipeline.loader import Loaded
from aml_pipeline.pipeline.plan.model import Plan, one_of_each
from aml_pipeline.pipeline.plan.settings import DatasetPlace
from aml_pipeline.pipeline.spec import places
from aml_pipeline.pipeline.yaml import source
from aml_pipeline.project import check
from aml_pipeline.project.folder import STATE, Project

CURE = "Name the pipeline file with -f, or create one with `aml-pipeline init`."
# Lines of larger files are not shown.
_MOST_SHOWN = 1 << 23


class Opened:
    """A pipeline file that was read and checked; ``plan`` and ``project`` are None if it could not be understood.

    Its plan refers to it: a copy of the plan keeps this, a pickled plan has no source.
    """

    def __init__(self, loaded: Loaded, plan: Plan | None, project: Project | None, state: str) -> None:
        self.loaded = loaded
        self.plan = plan
        self.project = project
        self.state = state

    def __deepcopy__(self, _memo: object) -> Opened:
        return self

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return type(None), ()

    def texts(self, problems: Sequence[Problem] | None = None) -> dict[str, str]:
        """Return the text of each file that one of ``problems`` (default: all) points to, for its excerpt."""
        texts = {self.loaded.name: self.loaded.text}
        folder = os.path.dirname(self.loaded.name)
        for problem in self.loaded.problems if problems is None else problems:
            if problem.file and problem.file not in texts and self.project:
                place = os.path.join(self.project.folder, paths.relative(problem.file, folder or "."))
                data = files.read(place, _MOST_SHOWN) if files.is_file(place) else b""
                texts[problem.file] = data.decode("utf-8", "replace") if len(data) <= _MOST_SHOWN else ""
        return texts

    def add(self, problems: list[Problem]) -> None:
        """Add problems whose files are relative to the project's folder."""
        self.loaded.add(_beside(self.loaded.name, problems))

    def located(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return ``problems`` with their lines and columns."""
        return self.loaded.located(_beside(self.loaded.name, problems))

    def refusal(self, problems: Sequence[Problem]) -> PipelineError:
        """Return the error with ``problems`` and those of the file itself, with their lines and columns."""
        located = self.located(problems)
        reported = ordered([*self.loaded.problems, *(located if errors(located) else problems)])
        return PipelineError(reported, self.texts(reported))

    def readable(self) -> Opened:
        """Return this if it has a plan, which is enough to read earlier runs. Raises PipelineError otherwise."""
        if self.plan is None:
            self.require()
        return self

    def require(self) -> tuple[Plan, Project]:
        """Return plan and project. Raises PipelineError with all problems if one is an error."""
        if self.plan is None or self.project is None or errors(self.loaded.problems):
            raise PipelineError(self.loaded.problems, self.texts())
        return self.plan, self.project


def open_pipeline(
    path: str,
    profile: str | None = None,
    parameters: Mapping[str, Given] | None = None,
    data: Mapping[str, str] | None = None,
) -> Opened:
    """Read and check the pipeline file at ``path``. Raises UsageError if there is none.

    Paths in ``data`` are relative to the current folder. ``loaded.several`` are the values of parameters to combine.
    """
    file = os.path.abspath(path)
    if not files.is_file(file):
        raise UsageError(f"{path} {_what_instead(file)}. {CURE}")
    folder = os.path.dirname(file)
    moved = {name: _from_folder(text, folder) if places.is_local(text) else text for name, text in (data or {}).items()}
    loaded = loader.load(
        files.read(file, source.MAX_BYTES), path, file=file, profile=profile, parameters=parameters, data=moved
    )
    if loaded.plan is None:
        return Opened(loaded, None, None, os.path.join(folder, STATE))
    project = Project(loaded.plan, _digests(loaded.plan))
    loaded.plan = replace(loaded.plan, datasets=_with_types(loaded.plan, project))
    unknown = {str(place[1]) for place in loaded.wrong if place[:1] == ("parameters",) and len(place) > 1}
    loaded.add(_beside(path, check.check(loaded.plan, project, loaded.wrong_arguments, unknown, loaded.other_values)))
    opened = Opened(loaded, loaded.plan, project, project.state)
    opened.plan = loaded.plan = replace(loaded.plan, source=opened)
    return opened


def project_of(plan: Plan) -> Project:
    """Return the project of ``plan`` as it is on the disk now. Raises PipelineError for missing scripts."""
    project = Project(plan, _digests(plan))
    faults = [fault for step in one_of_each(plan.steps) for fault in check.script_faults(step, project)]
    if faults:
        raise plan.refusal(faults)
    return project


def _from_folder(path: str, folder: str) -> str:
    """Return ``path``, which is relative to the current folder, as the file in ``folder`` would write it."""
    place = os.path.abspath(os.path.expanduser(path))
    return os.path.relpath(place, folder) if place.startswith(f"{folder}{os.sep}") else place


def _with_types(plan: Plan, project: Project) -> dict[str, DatasetPlace]:
    """Return the datasets, each with its type: what is at its local path tells, unless the workspace knows it."""
    return {
        name: place if place.type or place.registered or not place.local
        else replace(place, type=project.kind_of(place.local))
        for name, place in plan.datasets.items()
    }  # fmt: skip


def _digests(plan: Plan) -> Digests:
    return Digests(os.path.join(os.path.dirname(plan.file), STATE, plan.name, "digests"))


def _what_instead(file: str) -> str:
    """Return what is in place of a pipeline file."""
    if not files.look(file):
        return "was not found"
    what = "a folder" if files.is_folder(file) else "a pipe, a socket or a device"
    return f"is {what}, not a pipeline file"


def _beside(path: str, problems: Iterable[Problem]) -> list[Problem]:
    """Make the files in problems relative to where the user is, like the pipeline file."""
    folder = os.path.dirname(path)
    return [
        replace(problem, file=os.path.join(folder, problem.file)) if problem.file else problem for problem in problems
    ]
