"""Plan → the same pipeline as Azure ML v2 YAML. Pure except for ``folder``, which writes; uses no SDK.

``problems`` reports what v2 cannot express, ``render`` returns the files of a plan without problems. Both follow
azure-ai-ml 1.35 and are compared with it by ``test_export_v2.py``; the behaviour of the service was not measured.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aml_pipeline.azureml import uploads
from aml_pipeline.azureml.adaptation import adapt
from aml_pipeline.azureml.images import Image, image_of
from aml_pipeline.azureml.v2.export import assets, component, folder, job, readme, schedules, shapes
from aml_pipeline.azureml.v2.export.assets import Registered as Registered
from aml_pipeline.azureml.v2.export.assets import clusters as clusters
from aml_pipeline.azureml.v2.export.assets import place as place
from aml_pipeline.azureml.v2.export.folder import write_code as write_code
from aml_pipeline.azureml.v2.export.omissions import omitted as omitted
from aml_pipeline.azureml.v2.export.problems import problems as problems
from aml_pipeline.azureml.v2.export.problems import untyped as untyped
from aml_pipeline.azureml.v2.export.readme import twice as twice
from aml_pipeline.core import paths
from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.plan.ports import node as node
from aml_pipeline.pipeline.plan.settings import Environment
from aml_pipeline.project.folder import Project


def write(plan: Plan, project: Project, place: str, *, force: bool = False) -> int:
    """Export ``plan``, which has no problems, into the folder ``place``; return the number of files.

    Raises UsageError if that folder is not suitable: it has other files (which stay with ``force``), or is part of a
    snapshot.
    """
    place = os.path.realpath(place)
    _refuse(project, plan, place)
    plan = _with_local_data(uploads.here(plan, project), project, place)
    return fill(adapt(plan)[0], project, place, omitted(plan), force=force)


def _with_local_data(plan: Plan, project: Project, folder: str) -> Plan:
    """Return the plan with paths of data to upload relative to ``folder``, from which v2 reads them."""

    def relative(local: str | None) -> str:
        return paths.relative(project.path(str(local)), folder)

    places = plan.datasets.items()
    moved = {name: replace(place, local=relative(place.local)) if place.upload else place for name, place in places}
    return replace(plan, datasets=moved)


def fill(plan: Plan, project: Project, place: str, left_out: Sequence[str] = (), *, force: bool = False) -> int:
    """Write an adapted plan into a folder that is not part of a snapshot; return the number of files."""
    needed, code = images(plan, project), code_folders(plan, project)
    copies = {f"code/{code[step.name]}": project.snapshot(step) for step in plan.steps}
    copies |= {one.context: one.image.context for one in assets.environments(plan, needed) if one.image.context}
    return folder.write(place, render(plan, needed, code, left_out), copies, about(plan, code), force=force)


def code_folders(plan: Plan, project: Project) -> dict[str, str]:
    """Return the name of the code folder of each step."""
    return shapes.folders(plan, {step.name: project.snapshot(step).digests for step in plan.steps})


def images(plan: Plan, project: Project) -> dict[Environment, Image]:
    """Return what to register for each environment that the plan defines."""
    known = {}
    for step in plan.steps:
        if step.environment is not None and step.environment not in known:
            known[step.environment] = image_of(step.environment, project.environment_digest(step), project)
    return {environment: image for environment, image in known.items() if image is not None}


def registered(plan: Plan, project: Project) -> list[assets.Registered]:
    """Return the environments that an export of ``plan`` registers, each with its name, version and file."""
    return assets.environments(plan, images(plan, project))


def _refuse(project: Project, plan: Plan, place: str) -> None:
    """Raise UsageError if the export would replace the project, or become part of the next snapshot."""
    if project.holds(place, project.folder):
        raise UsageError(
            f"{place} contains the pipeline itself. Name a separate folder for the export, for example `v2`."
        )
    for step in plan.steps:
        source = project.source(step)
        takes_all = project.snapshot(step).whole or step.snapshot is not None
        inside = paths.relative(place, os.path.realpath(source.path))
        if takes_all and paths.is_in(place, os.path.realpath(source.path)) and not source.ignores(f"{inside}/"):
            what = f'{place} is in the source folder of step "{step.name}", so the next export would include this one.'
            raise UsageError(f"{what} Name another folder, or write `{inside}/` into {source.path}/.amlignore.")


def render(
    plan: Plan, images: Mapping[Environment, Image], code: Mapping[str, str], left_out: Sequence[str] = ()
) -> dict[str, str]:
    """Return the text of each file by path, without the code of the steps and the manifest.

    ``images`` has what to register for each environment that the plan defines, ``code`` the name of each step's code
    folder; ``left_out`` are lines for the README.
    """
    environments, registered = assets.environments(plan, images), _registered(plan, images)
    files = {"pipeline.yml": job.text(plan)}
    for shared in shapes.components(plan):
        files[component.place(shared)] = component.text(shared, registered, code[shared.steps[0].name])
    files |= {path: text for environment in environments for path, text in environment.files.items()}
    files |= {assets.place(cluster): assets.compute(cluster) for cluster in assets.clusters(plan)}
    files |= {f"schedules/{key}.yml": schedules.text(plan, key) for key in plan.schedules}
    return {**files, "README.md": readme.text(plan, sorted(files), left_out)}


def components(plan: Plan, images: Mapping[Environment, Image], code: Mapping[str, str]) -> dict[str, Any]:
    """Return the components of the steps by name, as data; the arguments are those of ``render``."""
    registered = _registered(plan, images)
    return {
        shared.name: component.data(shared, registered, code[shared.steps[0].name])
        for shared in shapes.components(plan)
    }


def _registered(plan: Plan, images: Mapping[Environment, Image]) -> dict[Environment, str]:
    """Return the references to the environments that the export registers."""
    environments = assets.environments(plan, images)
    return {known.environment: f"azureml:{known.name}:{known.image.version}" for known in environments}


def about(plan: Plan, code: Mapping[str, str]) -> str:
    """Return the manifest of an export without its files: its owner, and what each step became, as JSON data."""
    return json.dumps(
        {
            "pipeline": plan.name,
            "profile": plan.profile,
            "names": {step.name: node(step.name) for step in plan.steps},
            "components": {step.name: shared.name for shared in shapes.components(plan) for step in shared.steps},
            "code": dict(code),
        }
    )
