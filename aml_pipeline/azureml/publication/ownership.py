"""Things in a workspace that have a wanted name, but that this project did not publish."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.azureml.publication.adoption import command
from aml_pipeline.azureml.publication.marks import NOBODY, Mark
from aml_pipeline.azureml.publication.things import Actual, Pipeline, Wanted, deployment_name
from aml_pipeline.core.errors import AzureError


def foreign(wanted: Wanted, actual: Actual) -> list[tuple[str, str]]:
    """Return things with this pipeline's name that another project published, each with its origin.

    Published pipelines of v1 are not among them: their descriptions cannot be changed, and they do no harm.
    """
    there, taken = actual.endpoint, _component(wanted, actual)
    things = [(f"component {wanted.name}", taken.mark)] if taken else []
    things += [(f"endpoint {wanted.endpoint}", there.mark)] if there else []
    things += [(f"schedule {schedule.name}", schedule.mark) for schedule in actual.schedules]
    return [(thing, mark.origin) for thing, mark in things if mark and wanted.whose.is_foreign(mark)]


def require_own(wanted: Wanted, actual: Actual) -> None:
    """Raise AzureError if a change would affect something that this project did not publish."""
    whose = wanted.whose
    for thing, mark, cure in _named(wanted, actual):
        if mark is None or mark.identity != whose.identity:
            what = f"The workspace has a {thing} that was not created by publishing {whose.identity}."
            raise AzureError(f"{what} {cure}")
    others = [(thing, origin) for thing, origin in foreign(wanted, actual) if not _may_be_taken(wanted, actual, origin)]
    if others:
        (thing, origin), *_ = others
        what = f"{thing[:1].upper()}{thing[1:]} was published by another project, {origin}; this one is {whose.origin}."
        raise AzureError(f"{what} Rename the pipeline in the file (`name:`), or run `aml-pipeline publish --adopt`.")


def _may_be_taken(wanted: Wanted, actual: Actual, origin: str) -> bool:
    """Whether things of that origin are taken over: with an endpoint, only its own and those that nobody published."""
    there = actual.endpoint
    if not wanted.takes:
        return wanted.whose.adopt
    return origin == NOBODY or (there is not None and there.mark is not None and origin == there.mark.origin)


def _named(wanted: Wanted, actual: Actual) -> Iterator[tuple[str, Mark | None, str]]:
    """Yield the things that have a wanted name: the thing, its mark, and the cure if it is someone else's."""
    there, component = actual.endpoint, _component(wanted, actual)
    if there and not wanted.is_v2:
        cure = "Rename the pipeline in the file, or the endpoint in the portal."
        if there.mark is None:
            take = command(there.name, wanted.whose.identity)
            cure = f"To take it over: `{take}`. Otherwise rename the pipeline in the file (`name:`)."
        yield f"pipeline endpoint {wanted.endpoint}", there.mark, cure
    if component:
        is_of_a_pipeline = component.mark is not None  # then archiving would hide what is in use
        archive = "" if is_of_a_pipeline else f", or run `az ml component archive --name {wanted.name}`"
        yield f"component {wanted.name}", component.mark, f"Rename the pipeline in the file{archive}."
    if there and wanted.is_v2:
        cure = "Choose another name in the file (`publish: {endpoint: …}`)."
        yield f"batch endpoint {wanted.endpoint}", there.mark, cure
        name = deployment_name(wanted.digest)
        for known in there.deployments:
            if known.name == name and there.versions.get(name) != wanted.component:
                yield f"deployment {name} of {wanted.endpoint}", known.mark, "Delete that deployment."
    ids = {schedule.id for schedule in wanted.schedules if schedule.id}
    for schedule in actual.schedules:
        if schedule.id in ids:
            cure = "Rename the schedule in the file, or delete that one in the studio."
            yield f"schedule {schedule.id}", schedule.mark, cure


def _component(wanted: Wanted, actual: Actual) -> Pipeline | None:
    """Return the version of the wanted component that tells whose it is; None if its name is free.

    That is the wanted version, else any of ours, else the newest that is not archived.
    """
    versions = sorted(actual.pipelines, key=lambda version: (version.created, version.id)) if wanted.is_v2 else []
    same = [version for version in versions if version.id == wanted.component]
    ours = [version for version in versions if wanted.whose.owns(version.mark)]
    others = [version for version in versions if version.active]
    return next(iter([*same, *ours[-1:], *others[-1:]]), None)
