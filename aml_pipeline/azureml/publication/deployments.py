"""The batch endpoint of a pipeline in v2, and its deployments, one for each version → the changes to make."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.azureml.publication.things import (
    Action,
    Actual,
    Change,
    Endpoint,
    Wanted,
    deployment_name,
    short,
    version_in,
)

# How many deployments with our mark an endpoint keeps. A deployment that nobody calls costs nothing, but Azure ML
# limits their number.
MOST_DEPLOYMENTS = 5


def deployment_changes(wanted: Wanted, actual: Actual) -> Iterator[Change]:
    """Yield the changes of the endpoint, if the file names one: endpoint, deployment of the version, default."""
    there, deployment = actual.endpoint, deployment_name(wanted.digest)
    if wanted.endpoint and there is None:
        yield Change("create", "endpoint", wanted.endpoint)
    if wanted.endpoint:
        runs = there.versions.get(deployment) if there else None
        if runs != wanted.component:
            version = f"version {short(wanted.digest)}"
            action: Action = "update" if runs else "create"
            yield Change(action, "deployment", deployment, (version,), deployment if runs else "")
        yield _default_change(wanted, actual, deployment)
    for other in actual.others:
        if wanted.whose.owns(other.mark):
            stays = f"not in the file; stays, {_default(other)}"
            yield Change("unchanged", "endpoint", other.id, (stays,), other.id)


def _default_change(wanted: Wanted, actual: Actual, deployment: str) -> Change:
    """Return the change of the endpoint's default and owner."""
    there, version = actual.endpoint, short(wanted.digest)
    if there is None or there.default != deployment:
        before = _version(there, there.default) if there and there.default else "none"
        details: tuple[str, ...] = (f"default: {before} → {version}",)
    else:
        details = (f"default version {version}",)
    news = wanted.whose.news(there.mark) if there else ()
    stays = there is not None and there.default == deployment and not news
    known = there.id if there else ""
    return Change("unchanged" if stays else "update", "endpoint", wanted.endpoint, (*details, *news), known)


def _default(endpoint: Endpoint) -> str:
    return f"with default {_version(endpoint, endpoint.default)}" if endpoint.default else "without a default"


def _version(endpoint: Endpoint, deployment: str) -> str:
    """Return the version that a deployment runs, or would run if Azure ML had been able to make it."""
    marks = [known.mark for known in endpoint.deployments if known.name == deployment and known.mark]
    return short(version_in(endpoint.versions.get(deployment)) or next((mark.digest for mark in marks), None))


def pruned(wanted: Wanted, actual: Actual) -> Iterator[Change]:
    """Yield the deletion of old deployments with our mark, oldest first; that of the wanted version stays."""
    if not (wanted.is_v2 and wanted.endpoint and actual.endpoint):
        return
    kept = deployment_name(wanted.digest)
    ours = [known for known in actual.endpoint.deployments if wanted.whose.owns(known.mark) and known.name != kept]
    ours.sort(key=lambda known: (known.created, known.name))
    for known in ours[: max(0, len(ours) + 1 - MOST_DEPLOYMENTS)]:
        why = f"version {_version(actual.endpoint, known.name)}: the last {MOST_DEPLOYMENTS} deployments stay"
        yield Change("delete", "deployment", known.name, (why,), known.name)
