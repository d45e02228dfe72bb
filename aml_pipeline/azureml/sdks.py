"""Selects the SDK of Azure ML: that of the given workspace, else the installed one; and connects to a workspace."""

from __future__ import annotations

from importlib import metadata
from typing import Any, Literal

from aml_pipeline.azureml.workspace import configuration
from aml_pipeline.azureml.workspace.configuration import Names
from aml_pipeline.azureml.workspace.installing import can_have_v1
from aml_pipeline.azureml.workspace.login import Login
from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline.plan.model import Plan

SdkName = Literal["v1", "v2"]


def connect(
    path: str = ".",
    auth: Any = None,  # noqa: ANN401 - the SDK's
    *,
    sdk: str | None = None,
    login: Login | None = None,
    workspace: str | None = None,
) -> Any:  # noqa: ANN401 - the SDK's
    """Return the workspace named by ``.azureml/config.json`` in or above ``path``, or by ``workspace``.

    ``workspace`` is ``subscription/group/name``, or the path of a configuration file, relative to the folder ``path``.

    It is the ``Workspace`` of SDK v1 or the ``MLClient`` of v2, by ``sdk`` ("v1", "v2"); the default is v1 if
    installed. ``auth`` is an authentication object of SDK v1 or a credential of azure-identity; without it, ``login``
    says how to log in. Raises UsageError when there is no configuration, AzureError when Azure ML refuses or cannot be
    reached.
    """
    name = sdk or installed()
    if name not in {"v1", "v2"}:
        raise UsageError(f'Unknown SDK "{sdk}". Use "v1" or "v2".')
    names = configuration.names_of(workspace, path) if workspace else configuration.found(path)
    if name == "v2":
        from aml_pipeline.azureml.v2 import connect as v2

        return v2.connect(names, auth, login)
    from aml_pipeline.azureml.v1 import connect as v1

    return v1.connect(names, auth, login)


def import_all(sdk: str) -> None:
    """Import all that a submission needs of an SDK. Raises MachineError or AzureError if that fails."""
    if sdk == "v2":
        from aml_pipeline.azureml.v2 import sdk as v2

        v2.import_all()
    else:
        from aml_pipeline.azureml.v1 import sdk as v1

        v1.import_all()


def token(sdk: str, login: Login, audience: str) -> str:
    """Return a token for ``audience``, Azure Resource Manager of the cloud, as an SDK logs in. Raises AzureError."""
    if sdk == "v2":
        from aml_pipeline.azureml.v2 import connect as v2

        return v2.token(login, audience)
    from aml_pipeline.azureml.v1 import login as v1

    return v1.token(login)


def of(workspace: object) -> SdkName:
    """Return the SDK of a workspace. Raises UsageError for anything else."""
    modules = [each_class.__module__ for each_class in type(workspace).__mro__]
    if any(name.startswith("azureml.") for name in modules):
        return "v1"
    if any(name.startswith("azure.ai.ml.") for name in modules):
        return "v2"
    what = f"Expected a Workspace of SDK v1 or an MLClient of SDK v2, got {type(workspace).__name__}"
    raise UsageError(f"{what}. Get one from `aml_pipeline.azureml.connect()`.")


def names_of(workspace: Any) -> Names:  # noqa: ANN401 - the SDK's
    """Return the names of a workspace of either SDK."""
    if of(workspace) == "v2":
        return Names(workspace.subscription_id, workspace.resource_group_name, workspace.workspace_name)
    return Names(workspace.subscription_id, workspace.resource_group, workspace.name)


def require_v1(workspace: object) -> None:
    """Raise UsageError for a client of SDK v2: the caller needs SDK v1."""
    if of(workspace) == "v2":
        raise UsageError('This needs SDK v1, but got an MLClient of SDK v2. Connect with `connect(sdk="v1")`.')


def chosen(plan: Plan, given: str | None = None) -> str:
    """Return the SDK for ``plan``: the one ``given`` by the caller, else that of the file, else the installed one."""
    return given or plan.sdk or installed()


def installed() -> SdkName:
    """Return the installed SDK: v1 if both are installed; if neither is, the one that can be."""
    if _is_installed("azureml-pipeline-steps"):  # azureml-core alone cannot submit
        return "v1"
    return "v2" if _is_installed("azure-ai-ml") or not can_have_v1() else "v1"


def _is_installed(distribution: str) -> bool:
    try:
        return bool(metadata.distribution(distribution))
    except metadata.PackageNotFoundError:
        return False
