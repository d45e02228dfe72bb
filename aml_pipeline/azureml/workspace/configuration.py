"""The names that identify a workspace: in a text, in a file as downloaded from the portal, or in variables."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import NamedTuple

from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline.spec.names import workspace_fault

CONFIG = os.path.join(".azureml", "config.json")
CURE = "Download it from the workspace's page in the portal: Download config.json."
_VARIABLES = (
    # The subscription as azure-identity's and azd's users name it, and the defaults of Azure CLI: its setting OPTION of
    # SECTION is the variable AZURE_SECTION_OPTION (knack/config.py), and `az ml` reads `defaults.workspace`.
    ("AZURE_SUBSCRIPTION_ID", "AZURE_DEFAULTS_GROUP", "AZURE_DEFAULTS_WORKSPACE"),
    # What Azure ML sets in its runs (azureml-core, _run_impl/constants.py).
    ("AZUREML_ARM_SUBSCRIPTION", "AZUREML_ARM_RESOURCEGROUP", "AZUREML_ARM_WORKSPACE_NAME"),
)


class Names(NamedTuple):
    """The names that identify a workspace."""

    subscription_id: str
    resource_group: str
    workspace_name: str

    @property
    def text(self) -> str:
        """``subscription/group/name``, as ``--workspace`` takes it."""
        return "/".join(self)


class Source(NamedTuple):
    """Who names a workspace.

    ``text`` is as ``names_of`` takes it, None for the configuration in or above ``folder``; ``who`` says where to
    correct it.
    """

    text: str | None
    folder: str
    who: str


def source_of(given: str | None, of_file: str | None, folder: str, environ: Mapping[str, str]) -> Source:
    """Return who names the workspace of a command.

    It is the first of: ``--workspace``, which is ``given``; ``workspace`` of the file or of a record; the configuration
    in or above ``folder``; environment variables.
    """
    if given:
        return Source(given, ".", "--workspace")
    if of_file:
        return Source(of_file, folder, "the pipeline file")
    file = config_file(folder)
    variables = in_variables(environ) if file is None else None
    return Source(variables, folder, "environment variables" if variables else str(file))


def names_of(workspace: str, folder: str) -> Names:
    """Return the names in ``subscription/group/name``, or in the configuration file at that path below ``folder``.

    Raises UsageError if it is neither.
    """
    fault = workspace_fault(workspace)
    if fault:
        raise UsageError(" ".join(fault))
    if not workspace.endswith(".json"):
        return Names(*workspace.split("/"))
    file = os.path.join(os.path.abspath(folder), workspace)
    if not files.is_file(file):
        raise UsageError(f"The configuration file {file} was not found. {CURE}")
    return _read(file)


def found(path: str) -> Names:
    """Return the names in the file ``path``, or in ``.azureml/config.json`` in or above it. Raises UsageError."""
    file = config_file(path)
    if file is None:
        where = f"{CONFIG} was not found in {os.path.abspath(path)} or above it."
        named = "Or name the workspace: `workspace: subscription/group/name` in the pipeline file, or --workspace."
        raise UsageError(f"{where} {CURE} {named}")
    return _read(file)


def in_variables(environ: Mapping[str, str]) -> str | None:
    """Return the ``subscription/group/name`` that environment variables contain, if they contain all three."""
    for variables in _VARIABLES:
        names = [environ.get(name, "") for name in variables]
        if all(names):
            return "/".join(names)
    return None


def config_file(path: str) -> str | None:
    """Return the configuration file of a folder, or of the nearest folder above it that has one, as the SDKs do."""
    folder = os.path.abspath(path)
    if files.is_file(folder):
        return folder
    for name in (CONFIG, "config.json"):
        if files.is_file(os.path.join(folder, name)):
            return os.path.join(folder, name)
    above = os.path.dirname(folder)
    return None if above == folder else config_file(above)


def _read(file: str) -> Names:
    try:
        data = json.loads(files.read(file))
        values = {key: data[key] for key in Names._fields}
    except (ValueError, KeyError, TypeError):
        wanted = f"{', '.join(Names._fields[:-1])} and {Names._fields[-1]}"
        raise UsageError(f"{file} must be JSON with {wanted}. {CURE}") from None
    for key, value in values.items():
        if not isinstance(value, str) or not value or "<" in value:
            raise UsageError(f"{file} has no value for {key}. {CURE}")
    return Names(**values)
