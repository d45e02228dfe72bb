"""Connects to a workspace by its names."""

from __future__ import annotations

from dataclasses import replace

from aml_pipeline.azureml.v1 import login as logins
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.v1.tracking import hide_logins
from aml_pipeline.azureml.workspace.configuration import Names
from aml_pipeline.azureml.workspace.login import Login


def connect(names: Names, auth: Sdk = None, login: Login | None = None) -> Sdk:
    """Return the ``Workspace`` with these ``names``.

    ``auth`` is an authentication object of the SDK; without it, ``login`` says how to log in. Raises AzureError when
    Azure ML refuses or cannot be reached.
    """
    chosen = replace(login or Login(interactive=True), subscription=names.subscription_id)
    with doing(f"connecting to workspace {names.workspace_name}"):
        from azureml.core import Workspace

        hide_logins()
        workspace = Workspace(**names._asdict(), auth=auth or logins.auth(chosen))
        if workspace._workspace_autorest_object is None:  # noqa: SLF001 - the SDK keeps quiet when nobody answers it
            raise ConnectionError
        return workspace
