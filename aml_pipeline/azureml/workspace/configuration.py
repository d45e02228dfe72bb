"""The file that names a workspace, as downloaded from the portal."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import NamedTuple

from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError

CONFIG = os.path.join(".azureml", "config.json")


class Names(NamedTuple):
    """The names that identify a workspace."""

    subscription_id: str
    resource_group: str
    workspace_name: str


def named(given: Mapping[str, str]) -> Names:
    """Return the names given by a caller. Raises UsageError if one is missing or unknown."""
    if set(given) != set(Names._fields):
        raise UsageError(f"A workspace needs {', '.join(Names._fields[:-1])} and {Names._fields[-1]}.")
    return Names(**given)


def read(path: str) -> Names:
    """Return the names in ``.azureml/config.json`` in or above ``path``. Raises UsageError if there are none."""
    file = _config_file(os.path.abspath(path))
    cure = "Download it from the workspace's page in the portal: Download config.json."
    if file is None:
        raise UsageError(f"{CONFIG} was not found in {os.path.abspath(path)} or above it. {cure}")
    try:
        data = json.loads(files.read(file))
        values = {key: data[key] for key in Names._fields}
    except (ValueError, KeyError, TypeError):
        wanted = f"{', '.join(Names._fields[:-1])} and {Names._fields[-1]}"
        raise UsageError(f"{file} must be JSON with {wanted}. {cure}") from None
    for key, value in values.items():
        if not isinstance(value, str) or not value or "<" in value:
            raise UsageError(f"{file} has no value for {key}. {cure}")
    return Names(**values)


def _config_file(folder: str) -> str | None:
    """Return the configuration file of a folder, or of the nearest folder above it that has one, as the SDKs do."""
    if files.is_file(folder):
        return folder
    for name in (CONFIG, "config.json"):
        if files.is_file(os.path.join(folder, name)):
            return os.path.join(folder, name)
    above = os.path.dirname(folder)
    return None if above == folder else _config_file(above)
