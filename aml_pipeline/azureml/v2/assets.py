"""Environments and compute targets: looked up before anything is created, and created if missing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from aml_pipeline.azureml.v2.export.assets import TYPES
from aml_pipeline.azureml.v2.sdk import Sdk, doing, word
from aml_pipeline.azureml.workspace import not_found
from aml_pipeline.azureml.workspace.refusals import FORBIDDEN, NOT_FOUND, status_of
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.masking import keep_secret
from aml_pipeline.pipeline.plan.settings import Compute, DatasetPlace, Environment

_PAUSE_SECONDS = 5.0


def has_environment(client: Sdk, name: str, version: str) -> bool:
    """Whether the workspace has that version of an environment. Raises AzureError."""
    with doing(f"looking up environment {name}"):
        return _found(lambda: client.environments.get(name, version=version)) is not None


def version_of_environment(client: Sdk, wanted: Environment) -> str:
    """Return the version of a registered environment of the file: the given one, else the latest. Raises AzureError."""
    name = wanted.curated or wanted.registered
    which = {"version": wanted.version} if wanted.version else {"label": "latest"}
    with doing(f"looking up environment {name}"):
        found = _found(lambda: client.environments.get(name, **which))
    if found is None:
        raise not_found.environment(client.workspace_name, wanted)
    return str(found.version)


def require_datastore(client: Sdk, name: str) -> None:
    """Raise AzureError when the workspace has no datastore of that name."""
    with doing(f"looking up datastore {name}"):
        found = _found(lambda: client.datastores.get(name))
    if found is None:
        raise not_found.datastore(client.workspace_name, name)


def default_datastore(client: Sdk) -> str:
    """Return the name of the default datastore. Raises AzureError."""
    with doing("looking up the default datastore"):
        return str(client.datastores.get_default().name)


def container(client: Sdk, name: str) -> Sdk:
    """Return the blob container of a datastore, to upload data to. Raises AzureError if it has none."""
    with doing(f"looking up datastore {name}"):
        from azure.ai.ml._azure_environments import _get_storage_endpoint_from_metadata
        from azure.storage.blob import ContainerClient

        store = client.datastores.get(name)
        if word(store.type) not in {"AzureBlob", "azure_blob"}:
            raise not_found.no_container(name, word(store.type))
        endpoint = store.endpoint or _get_storage_endpoint_from_metadata()
        address = f"{store.protocol or 'https'}://{store.account_name}.blob.{endpoint}"
        return ContainerClient(address, store.container_name, credential=_secret(client, name) or client._credential)  # noqa: SLF001


def _secret(client: Sdk, name: str) -> str | None:
    """Return the SAS token or key of a datastore; None if it has none, or the user may not see it.

    Then the login of the client is used, as azure-ai-ml does (``get_datastore_info``).
    """
    try:
        credentials = client.datastores.get(name, include_secrets=True).credentials
    except Exception as error:  # of azure-core
        if status_of(error) == FORBIDDEN:
            return None
        raise
    secret = getattr(credentials, "sas_token", None) or getattr(credentials, "account_key", None)
    if secret:
        keep_secret(secret)
    return secret


def registered_dataset(client: Sdk, name: str, wanted: DatasetPlace, *, pinned: bool = False) -> DatasetPlace | None:
    """Return the place of a registered dataset, which the file calls ``name``, with the type that Azure ML knows.

    None if it is not registered; ``pinned``: with the version that it has now. A FileDataset of SDK v1 is a table for
    v2, which evaluates it unless the file says that it is a table. Raises AzureError.
    """
    found = _registered(client, wanted)
    if found is None:
        return None
    known = word(found.type)
    if pinned:
        wanted = replace(wanted, version=str(found.version))
    kind = next((ours for ours, theirs in TYPES.items() if theirs == known), known)
    if kind == "table" and wanted.type in {None, "folder"}:
        return replace(wanted, type="folder", mode=f"eval_{wanted.mode.removeprefix('eval_')}")
    if wanted.type not in {None, kind}:
        raise not_found.of_another_type(client.workspace_name, name, wanted, kind)
    return replace(wanted, type=kind, mode=wanted.mode.removeprefix("eval_"))


def _registered(client: Sdk, wanted: DatasetPlace) -> Sdk:
    """Return a registered dataset; None if the workspace does not have it. Raises AzureError."""
    latest = wanted.version in {None, "latest"}
    which = {"label": "latest"} if latest else {"version": str(wanted.version)}
    with doing(f"looking up dataset {wanted.registered}"):
        return _found(lambda: client.data.get(wanted.registered, **which))


def has_code(client: Sdk, folder: str) -> bool:
    """Whether the workspace has the files in a folder, as azure-ai-ml asks before an upload. Raises AzureError."""
    with doing("looking up the code of steps"):
        from azure.ai.ml._artifacts import _artifact_utilities
        from azure.ai.ml._utils import _asset_utils
        from azure.ai.ml.entities._assets import Code

        artifacts: Sdk = _artifact_utilities
        assets: Sdk = _asset_utils
        code = Code(path=folder)
        known = client._code._version_operation.list(  # noqa: SLF001 - as ``CodeOperations.create_or_update`` asks
            resource_group_name=client.resource_group_name,
            workspace_name=client.workspace_name,
            name=code.name,
            hash=artifacts._get_snapshot_path_info(code)[2],  # noqa: SLF001
            hash_version=str(assets.get_content_hash_version()),
        )
        return next(iter(known), None) is not None


def make_environment(client: Sdk, name: str, file: str) -> None:
    """Register the environment ``name`` of ``file``. Raises AzureError."""
    with doing(f"registering environment {name}"):
        from azure.ai.ml import load_environment

        client.environments.create_or_update(load_environment(file))


def has_compute(client: Sdk, wanted: Compute) -> bool:
    """Whether the workspace has a usable compute target.

    Raises AzureError if it cannot be used, or is missing and has no size to create it with.
    """
    with doing(f"looking up compute target {wanted.name}"):
        there = _found(lambda: _usable(client, wanted)) is not None
        known = [] if there or wanted.vm_size else [target.name for target in client.compute.list()]
    if not there and not wanted.vm_size:
        raise not_found.compute(client.workspace_name, wanted, known)
    return there


def _usable(client: Sdk, wanted: Compute) -> Sdk:
    """Return a compute target once it is ready: until then a run would be refused or wait forever."""
    while word((one := client.compute.get(wanted.name)).provisioning_state) in not_found.GOING:
        time.sleep(_PAUSE_SECONDS)
    kind, state = word(one.type).lower(), word(one.provisioning_state)
    if state in not_found.GONE:
        raise not_found.unusable(wanted.name, state)
    if kind not in _CLUSTERS:
        raise not_found.no_cluster(wanted.name, kind if kind.isalpha() else "of a kind that azure-ai-ml does not know")
    if kind == "computeinstance" and word(one.state) == "Stopped":
        raise not_found.stopped(wanted.name)
    size = word(getattr(one, "size", None) or "")
    if size and wanted.vm_size and size.lower() != wanted.vm_size.lower():
        say(not_found.of_another_size(wanted.name, size, wanted.vm_size))
    return one


# Kinds that can run a command job (learn.microsoft.com, concept-compute-target, "Training compute targets").
_CLUSTERS = frozenset({"amlcompute", "computeinstance", "kubernetes", "virtualmachine"})


def make_compute(client: Sdk, name: str, file: str) -> None:
    """Create the cluster ``name`` of ``file`` and wait until it is ready. Raises AzureError."""
    with doing(f"creating compute target {name}"):
        from azure.ai.ml import load_compute

        made = client.compute.begin_create_or_update(load_compute(file)).result()
    if word(made.provisioning_state) == "Failed":
        raise not_found.not_made(name, "")


def _found(look: Callable[[], Sdk]) -> Sdk:
    """Return the result of ``look``; None if it does not exist in Azure ML."""
    try:
        return look()
    except Exception as error:  # of several kinds, depending on the request
        if status_of(error) == NOT_FOUND:
            return None
        raise
