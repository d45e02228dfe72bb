"""What is told of something that the file names and that the workspace does not have, or that cannot be used there."""

from __future__ import annotations

from collections.abc import Iterable

from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.problems import suggest
from aml_pipeline.pipeline.plan.model import Compute, DatasetPlace, Environment

# States of a compute target: it comes to be, and it will not be used any more.
GOING = frozenset({"Creating", "Updating", "Provisioning"})
GONE = frozenset({"Failed", "Deleting"})


def compute(workspace: str, wanted: Compute, known: Iterable[str]) -> AzureError:
    """Return the error for a compute target that is not there; ``known`` are those that are."""
    cure = f"{suggest(wanted.name, sorted(known), noun='compute target')} With `vm_size:` it is made."
    return AzureError(f"Workspace {workspace} has no compute target {wanted.name}. {cure}")


def unusable(compute: str, state: str) -> AzureError:
    """Return the error for a compute target that is there and whose ``state`` forbids to use it."""
    what = f"Compute target {compute} cannot be used: it is {state.lower()}."
    return AzureError(f"{what} Delete it in the portal, or name another.")


def no_cluster(compute: str, kind: str) -> AzureError:
    """Return the error for a compute target of a kind that runs no steps."""
    return AzureError(f"Compute target {compute} is {kind}, on which no step runs. Name a cluster or an instance.")


def stopped(compute: str) -> AzureError:
    """Return the error for a compute instance on which a step would wait without an end."""
    return AzureError(
        f"Compute target {compute} is an instance that is stopped. Start it in the portal, or name another."
    )


def of_another_size(compute: str, there: str, wanted: str) -> str:
    """Return what is told of a cluster that is there, and that the file would make otherwise."""
    return f"Compute target {compute} is there with the size {there}, not {wanted}, and is used as it is."


def not_made(compute: str, said: str) -> AzureError:
    """Return the error for a cluster that could not be made; ``said`` is what Azure ML says, without secrets."""
    return AzureError(f"Compute target {compute} could not be made.{f' Azure ML says: {said}' if said else ''}")


def dataset(workspace: str, name: str, wanted: DatasetPlace) -> AzureError:
    """Return the error for a dataset that is not there; the file calls it ``name``."""
    which = f"{wanted.registered}, version {wanted.version}" if wanted.version else wanted.registered
    what = f"Workspace {workspace} has no dataset {which}, which the file calls {name}."
    return AzureError(f"{what} Check its name in the portal.")


def no_files(workspace: str, name: str, registered: str) -> AzureError:
    """Return the error for a dataset of rows: a step gets a folder, and of that there is none."""
    what = f"Dataset {registered} of workspace {workspace}, which the file calls {name}, is of type Tabular."
    why = "A step gets files, and a Tabular dataset cannot be mounted or downloaded."
    cure = "Register its files as a dataset of type File and name that one, or name their `datastore:` and `path:`."
    return AzureError(f"{what} {why} {cure}")


def unreadable(name: str, registered: str) -> AzureError:
    """Return the error for a dataset whose files Azure ML does not list."""
    what = f"Azure ML did not say which files dataset {registered} (datasets.{name}) holds."
    return AzureError(f"{what} Try again in a while. If that does not help, register the dataset again.")


def default_datastore(workspace: str) -> AzureError:
    """Return the error for a workspace that does not say where outputs go."""
    what = f"Workspace {workspace} has no default datastore, where the outputs of steps would go."
    return AzureError(f"{what} Set one in the portal, or name a datastore for each output: `datastore:` in `outputs:`.")


def argument(step: str, option: str | None, dataset: str) -> str:
    """Return what is told of an argument that is left out, since the dataset that it names is not there."""
    return f'Azure ML has no dataset {dataset}, so step "{step}" gets no {option or "such argument"}.'


def parameter(name: str) -> str:
    """Return what is told of a parameter that was set and is not sent."""
    return f'No step receives the parameter "{name}", so it is not sent.'


def environment(workspace: str, wanted: Environment) -> AzureError:
    """Return the error for an environment that is not there."""
    name = wanted.curated or wanted.registered
    which = f"{name}, version {wanted.version}" if wanted.version else str(name)
    return AzureError(f"Workspace {workspace} has no environment {which}. Check its name in the portal.")


def datastore(workspace: str, name: str | None) -> AzureError:
    """Return the error for a datastore that is not there."""
    return AzureError(f"Workspace {workspace} has no datastore {name}. Check its name in the portal.")
