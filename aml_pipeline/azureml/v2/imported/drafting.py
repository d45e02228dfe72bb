"""The YAML file of a v2 pipeline job → the draft of a project. Reads files, and writes none."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from aml_pipeline.azureml.importing.draft import Draft, Loss
from aml_pipeline.azureml.importing.names import Names
from aml_pipeline.azureml.v2.imported import clusters, schedules
from aml_pipeline.azureml.v2.imported.environments import Environments
from aml_pipeline.azureml.v2.imported.files import Part, left
from aml_pipeline.azureml.v2.imported.inputs import Datasets, Parameters
from aml_pipeline.azureml.v2.imported.job import Node, Path, Scope, component_of, nodes, top
from aml_pipeline.azureml.v2.imported.repository import Repository
from aml_pipeline.azureml.v2.imported.steps import Step, Steps
from aml_pipeline.azureml.v2.imported.unsayable import Unsayable
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.masking import is_secret, without_secrets
from aml_pipeline.pipeline.spec.names import OWN_TAGS, step_name_fault

# Keys that stand at the top if all steps have the same.
_SHARED = ("compute", "environment", "source_directory", "snapshot")
# The order of the keys of a step; others follow.
_ORDER = ("script", "module", "command", "source_directory", "inputs", "arguments", "outputs", "after")
_NO_CODE = "no-code"
_NO_CODE_TEXT = b"The steps that run here need no files: their commands name none.\n"


def draft(file: str, folder: str | None = None) -> Draft:
    """Return the project of the pipeline job in ``file``; its paths of local data are relative to ``folder``.

    Raises UsageError if the file, or the code of a step, is not there, if it is no pipeline job, or if ``folder`` is
    part of the code; PipelineError if a file is no valid YAML.
    """
    found = _Drafting(file, folder or ".").draft()
    for code in found.code.values() if folder else ():
        if os.path.commonpath([os.path.realpath(code), os.path.realpath(str(folder))]) == os.path.realpath(code):
            what = f"{folder} is in {code}, whose files are copied as the code of steps"
            raise UsageError(f"{what}. Name a folder outside, for example {code}-imported.")
    return found


class _Drafting:
    """One import: what its steps share."""

    def __init__(self, file: str, folder: str) -> None:
        self._file = file
        self._repository = Repository(file)
        self._job = self._repository.file(file)
        self._component = _pipeline(self._job, self._repository)
        self._names = Names()
        self._losses: list[Loss] = []
        self._missing: dict[str, dict[str, Any]] = {}
        self._files: dict[str, bytes] = {}
        self._contexts: dict[str, str] = {}
        self._parameters = Parameters(self._names)
        self._datasets = Datasets(self._names, os.path.realpath(folder))

    def draft(self) -> Draft:
        job, names = self._job, self._names
        name = names.give("pipeline", _title(job))
        scope = top(job, self._component, self._parameters)
        found = list(nodes(scope, self._repository))
        for node in sorted(found, key=lambda node: step_name_fault(".".join(node.path)) is not None):
            names.give("step", ".".join(node.path))  # those that are valid first, so that they stay
        steps = self._steps(found)
        code = self._code(steps)
        for step in steps:
            step.keys["compute"] = clusters.described(step.keys["compute"], self._repository)
        shared = _shared([step.keys for step in steps])
        said = {step.name: _in_order(step.keys) for step in steps}
        head = {"name": name, **self._head(job), "sdk": "v2", **shared}
        body = {"steps": said, "outputs": self._results(scope, steps), "schedules": self._schedules(scope, name)}
        self._unread(scope)
        body = {"datasets": self._datasets.keys, "parameters": self._parameters.document(), **body}
        document = {**head, **{key: value for key, value in body.items() if value or key == "steps"}}
        losses = [*self._losses, *self._datasets.losses, *self._parameters.losses]
        rest = [loss for part in self._repository.read for loss in left(part)]
        source = f"pipeline job {os.path.basename(self._file)}"
        every = tuple(dict.fromkeys([*losses, *rest]))
        return Draft(document, code, self._files, names.renamed, every, self._missing, source)

    def _steps(self, found: list[Node]) -> list[Step]:
        """Return the steps that can be said; the others become missing."""
        defined = Environments(self._repository, self._losses, self._files)
        called = {node.path: self._names.give("step", ".".join(node.path)) for node in found}
        compute = str(_setting(self._job, "default_compute") or self._job.text("compute"))
        makes = Steps(self._names, self._parameters, self._datasets, defined, compute, called)
        steps: dict[Path, Step] = {}
        for node in found:
            try:
                steps[node.path] = makes.make(node)
            except Unsayable as error:
                self._miss(called[node.path], node, str(error))
        for step in steps.values():
            for path, output in list(step.reads):
                if path not in steps or output not in steps[path].writes:
                    makes.stand_in(step, (path, output))
        self._contexts = defined.code
        self._store(list(steps.values()))
        self._losses += [loss for step in steps.values() for loss in step.losses]
        return list(steps.values())

    def _store(self, steps: list[Step]) -> None:
        """Give outputs that name no datastore the default one of the job."""
        store = str(_setting(self._job, "default_datastore") or "").removeprefix("azureml:")
        for step in steps if store else ():
            for own in step.outputs:
                step.keys.setdefault("outputs", {}).setdefault(own, {}).setdefault("datastore", store)

    def _unread(self, scope: Scope) -> None:
        """Declare data that no step reads, unless it cannot be said."""
        for name, bound in scope.inputs.items():
            if bound.kind == "data" and not self._datasets.of(bound):
                try:
                    self._datasets.give(bound, None)
                except Unsayable as error:
                    self._lose(bound.part, f"input {name}", error)

    def _lose(self, part: Part, what: str, error: Unsayable) -> None:
        where, _, why = without_secrets(str(error)).partition(": ")
        self._losses.append(Loss(where, what, why))
        part.whole()

    def _miss(self, name: str, node: Node, why: str) -> None:
        known = node.part.whole()
        self._missing[name] = {
            "type": node.kind,
            "why": without_secrets(why),
            "line": node.part.where,
            **(known if isinstance(known, dict) else {"value": known}),
            **({} if node.component is node.part else {"component": node.component.whole()}),
        }

    def _code(self, steps: list[Step]) -> dict[str, str]:
        """Choose the folders of the code, write them into ``steps``, and return where their files come from."""
        paths = list(dict.fromkeys(step.code for step in steps))
        called = {paths[0]: "steps"} if len(paths) == 1 else _folders(steps)
        for step in steps:
            step.keys["source_directory"] = called[step.code]
            step.keys["snapshot"] = ["**"]
        if "" in called:
            self._files[f"{called['']}/README.md"] = _NO_CODE_TEXT
        return {**{folder: path for path, folder in called.items() if path}, **self._contexts}

    def _head(self, job: Part) -> dict[str, Any]:
        """Return the keys of the whole pipeline besides its name."""
        said: dict[str, Any] = {}
        description = job.prose("description", self._losses)
        if description.strip():
            said["description"] = description
        if job.text("experiment_name"):
            said["experiment"] = job.text("experiment_name")
        tags = {key: part for key, part in job.items("tags") if part.value is not None}
        for key in [key for key, part in tags.items() if key in OWN_TAGS or is_secret(key, str(part.value))]:
            why = "aml-pipeline sets it itself." if key in OWN_TAGS else "it looks like a secret. No tag may be one."
            self._losses.append(tags.pop(key).lost(f"tag {key}", why))
        if tags:
            said["tags"] = {key: str(part.value) for key, part in tags.items()}
        if job.text("name"):
            self._losses.append(job.lost(f"name {job.text('name')}", "each run has an id of its own."))
        if _setting(job, "continue_on_step_failure") is True:
            why = "a pipeline stops when a step fails. Run the others with `run --keep-going`."
            self._losses.append(job.parts["settings"].parts["continue_on_step_failure"].lost("going on", why))
        if _setting(job, "force_rerun") is True:
            said["allow_reuse"] = False
        return said

    def _results(self, scope: Scope, steps: list[Step]) -> dict[str, str]:
        results = {
            name: f"${{{{ steps.{step.name}.outputs.{own} }}}}" for step in steps for name, own in step.results.items()
        }
        called = {old: self._names.give("output", old) for old in scope.results}
        for old, new in called.items():
            part = scope.results[old].part
            if new not in results and part is not None:
                self._losses.append(part.lost(f"output {old} of the pipeline", "no imported step writes it."))
                part.whole()
        return {new: results[new] for new in called.values() if new in results}

    def _schedules(self, scope: Scope, name: str) -> dict[str, Any]:
        said = {}
        why = "it is not valid YAML. Correct it if it runs this job, and import again."
        self._losses += [Loss(path, "schedules in this file", why) for path in self._repository.broken]
        for part in self._repository.schedules():
            key = schedules.key(part, self._names, name)
            try:
                said[key] = schedules.schedule(part, scope, self._datasets, self._losses)
            except Unsayable as error:
                self._lose(part, f"schedule {key}", error)
        return said


def _pipeline(job: Part, repository: Repository) -> Part:
    """Return what has the nodes of a job: the job, or the component that it runs. Raises UsageError."""
    job_type = job.get("type") if job.is_mapping else None
    try:
        component = component_of(job, repository) if job.is_mapping else job
    except Unsayable as error:
        raise UsageError(str(error)) from error
    jobs = component.parts.get("jobs")
    if jobs is None or not jobs.parts or not jobs.is_mapping or (job_type and job_type.value != "pipeline"):
        raise UsageError(
            f"{job.path} is not a pipeline job. Name the YAML file of a job of type pipeline, with `jobs`."
        )
    component.get("type")
    given = {**dict(component.items("inputs")), **dict(job.items("inputs"))}
    for name, part in given.items():
        if part.value is None or (part.is_mapping and part.parts.keys().isdisjoint(("path", "value", "default"))):
            cure = "Write the place of some data as its `path`, or its value, or name the file of a job that does"
            raise UsageError(f"{part.where}: input {name} has no value, so no run can start. {cure}.")
    return component


def _setting(job: Part, key: str) -> Any:  # noqa: ANN401 - plain data
    settings = job.get("settings")
    return settings.data(key) if settings is not None and settings.is_mapping else None


def _title(job: Part) -> str:
    stem = os.path.splitext(os.path.basename(job.path))[0]
    by_file = os.path.basename(os.path.dirname(job.path)) if stem == "pipeline" else stem
    return job.text("display_name") or job.text("experiment_name") or by_file


def _shared(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Take what all steps have in common out of them, and return it."""
    shared = {}
    for key in _SHARED:
        values = [step.get(key) for step in steps]
        if values and values[0] is not None and all(value == values[0] for value in values):
            shared[key] = values[0]
            for step in steps:
                del step[key]
    return shared


def _folders(steps: Iterable[Step]) -> dict[str, str]:
    """Return a folder of the project for each folder of code: called so, if no other is, else as its first step."""
    first: dict[str, str] = {}
    for step in steps:
        first.setdefault(step.code, step.name)
    wanted = {path: os.path.basename(path) or _NO_CODE for path in first}
    often = Counter(name.lower() for name in wanted.values())

    def is_free(name: str) -> bool:
        return bool(re.fullmatch(r"[A-Za-z0-9][\w.-]*", name)) and often[name.lower()] == 1

    return {path: f"steps/{name if is_free(name) else first[path]}" for path, name in wanted.items()}


def _in_order(keys: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a step in the order in which people write them; empty ones are left out."""
    order = [*(key for key in _ORDER if key in keys), *(key for key in keys if key not in _ORDER)]
    return {key: keys[key] for key in order if keys[key] not in ({}, [], None)}
