"""A workspace: found by its configuration file, or named."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from aml_pipeline import files
from aml_pipeline.azureml import login as logins
from aml_pipeline.azureml.login import Login
from aml_pipeline.azureml.sdk import Sdk, doing
from aml_pipeline.errors import UsageError

CONFIG = os.path.join(".azureml", "config.json")
_KEYS = ("subscription_id", "resource_group", "workspace_name")


def connect(
    path: str = ".", auth: Sdk = None, login: Login | None = None, names: Mapping[str, str] | None = None
) -> Sdk:
    """Return the ``Workspace`` that ``.azureml/config.json`` in or above ``path`` names, or ``names`` does.

    ``auth`` is an authentication object of the SDK; without one ``login`` tells how to get one. Raises UsageError
    when there is no configuration, AzureError when Azure ML refuses or cannot be reached.
    """
    found = dict(names) if names else _configuration(path)
    with doing(f"connecting to workspace {found['workspace_name']}"):
        from azureml.core import Workspace

        workspace = Workspace(**found, auth=auth or logins.auth(login or Login(interactive=True)))
        if workspace._workspace_autorest_object is None:  # noqa: SLF001 - the SDK keeps quiet when nobody answers it
            raise ConnectionError
        return workspace


def _configuration(path: str) -> dict[str, str]:
    file = _config_file(os.path.abspath(path))
    cure = "The workspace's page in the portal offers it: Download config.json."
    if file is None:
        raise UsageError(f"There is no {CONFIG} in {os.path.abspath(path)} or above it. {cure}")
    try:
        data = json.loads(files.read(file))
        found = {key: data[key] for key in _KEYS}
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{file} does not name {', '.join(_KEYS[:-1])} and {_KEYS[-1]} as JSON. {cure}") from None
    wrong = next((key for key, value in found.items() if not isinstance(value, str) or not value or "<" in value), None)
    if wrong:
        raise UsageError(f"{file} has no value for {wrong}. {cure}")
    return found


def _config_file(folder: str) -> str | None:
    """Return the configuration file of a folder or of the nearest one above it, where the SDK looks for it too."""
    if files.is_file(folder):
        return folder
    for name in (CONFIG, "config.json"):
        if files.is_file(os.path.join(folder, name)):
            return os.path.join(folder, name)
    above = os.path.dirname(folder)
    return None if above == folder else _config_file(above)
