"""Errors about things that the file names, but the workspace does not have or cannot use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.problems import suggest
from aml_pipeline.pipeline.plan.settings import Compute, DatasetPlace, Environment

# States of a compute target: it is being created, and it cannot be used any more.
GOING = frozenset({"Creating", "Updating", "Provisioning"})
GONE = frozenset({"Failed", "Deleting"})


def compute(workspace: str, wanted: Compute, known: Iterable[str]) -> AzureError:
    """Return the error for a missing compute target; ``known`` are the existing ones."""
    cure = f"{suggest(wanted.name, sorted(known), noun='compute target')} With `vm_size:`, it is created."
    return AzureError(f"Workspace {workspace} has no compute target {wanted.name}. {cure}")


def unusable(compute: str, state: str) -> AzureError:
    """Return the error for a compute target whose ``state`` prevents its use."""
    what = f"Compute target {compute} cannot be used: it is {state.lower()}."
    return AzureError(f"{what} Delete it in the portal, or name another.")


def no_cluster(compute: str, kind: str) -> AzureError:
    """Return the error for a compute target of a kind that cannot run steps."""
    return AzureError(f"Compute target {compute} is {kind}, which cannot run steps. Name a cluster or an instance.")


def stopped(compute: str) -> AzureError:
    """Return the error for a compute instance on which a step would wait forever."""
    return AzureError(f"Compute target {compute} is a stopped instance. Start it in the portal, or name another.")


def of_another_size(compute: str, there: str, wanted: str) -> str:
    """Return the remark on an existing cluster whose size differs from the file."""
    return f"Compute target {compute} exists with size {there}, not {wanted}, and is used as it is."


def not_made(compute: str, said: str) -> AzureError:
    """Return the error for a cluster that could not be created; ``said`` is what Azure ML says, without secrets."""
    return AzureError(f"Compute target {compute} could not be created.{f' Azure ML says: {said}' if said else ''}")


def dataset(workspace: str, name: str, wanted: DatasetPlace) -> AzureError:
    """Return the error for a missing dataset, which the file calls ``name``."""
    which = f"{wanted.registered}, version {wanted.version}" if wanted.version else wanted.registered
    what = f"Workspace {workspace} has no dataset {which}, which the file calls {name}."
    return AzureError(f"{what} Check its name in the portal.")


def of_another_type(workspace: str, name: str, wanted: DatasetPlace, kind: str) -> AzureError:
    """Return the error for a dataset whose type in the workspace is ``kind``, and another one in the file."""
    what = f"Dataset {wanted.registered} of workspace {workspace}, which the file calls {name}, is a {kind}"
    return AzureError(f"{what}, not a {wanted.type}. Write `type: {kind}`, or name another dataset.")


def no_files(workspace: str, name: str, registered: str) -> AzureError:
    """Return the error for a tabular dataset that the file does not call a table."""
    what = f"Dataset {registered} of workspace {workspace}, which the file calls {name}, is of type Tabular."
    why = "It cannot be mounted or downloaded; a script gets it from `input_datasets` of its run."
    cure = (
        "Write `type: table` if the script does that; else name a dataset of type File, or a `datastore:` and `path:`."
    )
    return AzureError(f"{what} {why} {cure}")


def unreadable(name: str, registered: str) -> AzureError:
    """Return the error for a dataset whose files Azure ML does not list."""
    what = f"Azure ML did not list the files of dataset {registered} (datasets.{name})."
    return AzureError(f"{what} Try again in a while. If that does not help, register the dataset again.")


def default_datastore(workspace: str) -> AzureError:
    """Return the error for a workspace without a default datastore."""
    what = f"Workspace {workspace} has no default datastore for the outputs of steps."
    return AzureError(f"{what} Set one in the portal, or give each output a `datastore:` under `outputs:`.")


def environment(workspace: str, wanted: Environment) -> AzureError:
    """Return the error for a missing environment."""
    name = wanted.curated or wanted.registered
    which = f"{name}, version {wanted.version}" if wanted.version else str(name)
    return AzureError(f"Workspace {workspace} has no environment {which}. Check its name in the portal.")


def datastore(workspace: str, name: str | None) -> AzureError:
    """Return the error for a missing datastore."""
    return AzureError(f"Workspace {workspace} has no datastore {name}. Check its name in the portal.")


def no_container(name: str, kind: str) -> AzureError:
    """Return the error for a datastore that data cannot be uploaded to; ``kind`` is its type in Azure ML."""
    what = f"Datastore {name} is of type {kind}, and data can only be uploaded to a blob container."
    return AzureError(f"{what} Name a blob datastore by the dataset's `datastore:`.")


def no_key(name: str) -> AzureError:
    """Return the error for a datastore without credentials, which SDK v1 needs."""
    what = f"Datastore {name} has no account key or SAS token, and SDK v1 needs one to upload data."
    return AzureError(f"{what} Use v2, `sdk: v2` in the file, or name another datastore by `datastore:`.")


def endpoint(workspace: str, wanted: str, known: Iterable[str]) -> AzureError:
    """Return the error for a missing pipeline endpoint; ``known`` are the names of the existing ones."""
    cure = suggest(wanted, sorted(set(known)), noun="pipeline endpoint")
    return AzureError(f"Workspace {workspace} has no pipeline endpoint {wanted}. {cure}")


def published_pipeline(workspace: str, wanted: str, known: Mapping[str, str]) -> AzureError:
    """Return the error for a missing published pipeline; ``known`` are the names of the existing ones by id."""
    named = [pipeline for pipeline, name in known.items() if name == wanted]
    ids = f"Pipelines are named by id, and {wanted} is the name of: {', '.join(named[-3:])}." if named else ""
    cure = ids or "List those that there are: aml-pipeline import v1 --list."
    return AzureError(f"Workspace {workspace} has no published pipeline with the id {wanted}. {cure}")


def run(workspace: str, wanted: str) -> AzureError:
    """Return the error for a missing run."""
    return AzureError(f"Workspace {workspace} has no run {wanted}. Check its id in the portal.")
