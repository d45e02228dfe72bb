"""The file that names a workspace, as the portal offers it for download."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import NamedTuple

from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError

CONFIG = os.path.join(".azureml", "config.json")


class Names(NamedTuple):
    """What a workspace is found by."""

    subscription_id: str
    resource_group: str
    workspace_name: str


def named(given: Mapping[str, str]) -> Names:
    """Return what a caller names. Raises UsageError where a name is missing, or is none of these."""
    if set(given) != set(Names._fields):
        raise UsageError(f"A workspace is named by {', '.join(Names._fields[:-1])} and {Names._fields[-1]}.")
    return Names(**given)


def read(path: str) -> Names:
    """Return what ``.azureml/config.json`` in or above ``path`` names. Raises UsageError when it does not."""
    file = _config_file(os.path.abspath(path))
    cure = "The workspace's page in the portal offers it: Download config.json."
    if file is None:
        raise UsageError(f"There is no {CONFIG} in {os.path.abspath(path)} or above it. {cure}")
    try:
        data = json.loads(files.read(file))
        found = {key: data[key] for key in Names._fields}
    except (ValueError, KeyError, TypeError):
        wanted = f"{', '.join(Names._fields[:-1])} and {Names._fields[-1]}"
        raise UsageError(f"{file} does not name {wanted} as JSON. {cure}") from None
    wrong = next((key for key, value in found.items() if not isinstance(value, str) or not value or "<" in value), None)
    if wrong:
        raise UsageError(f"{file} has no value for {wrong}. {cure}")
    return Names(**found)


def _config_file(folder: str) -> str | None:
    """Return the configuration file of a folder or of the nearest one above it, where the SDKs look for it too."""
    if files.is_file(folder):
        return folder
    for name in (CONFIG, "config.json"):
        if files.is_file(os.path.join(folder, name)):
            return os.path.join(folder, name)
    above = os.path.dirname(folder)
    return None if above == folder else _config_file(above)
