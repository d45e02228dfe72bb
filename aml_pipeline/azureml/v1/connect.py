"""Connects to a workspace by its configuration file or by names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aml_pipeline.azureml.v1 import login as logins
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.v1.tracking import hide_logins
from aml_pipeline.azureml.workspace import configuration
from aml_pipeline.azureml.workspace.login import Login


def connect(
    path: str = ".", auth: Sdk = None, login: Login | None = None, names: Mapping[str, str] | None = None
) -> Sdk:
    """Return the ``Workspace`` named by ``.azureml/config.json`` in or above ``path``, or by ``names``.

    ``auth`` is an authentication object of the SDK; without it, ``login`` says how to log in. Raises UsageError when
    there is no configuration, AzureError when Azure ML refuses or cannot be reached.
    """
    found = configuration.named(names) if names else configuration.read(path)
    chosen = replace(login or Login(interactive=True), subscription=found.subscription_id)
    with doing(f"connecting to workspace {found.workspace_name}"):
        from azureml.core import Workspace

        hide_logins()
        workspace = Workspace(**found._asdict(), auth=auth or logins.auth(chosen))
        if workspace._workspace_autorest_object is None:  # noqa: SLF001 - the SDK keeps quiet when nobody answers it
            raise ConnectionError
        return workspace
