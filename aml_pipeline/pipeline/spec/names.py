"""Valid names, and the names that Azure ML reserves."""

from __future__ import annotations

import re

STEP_NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
WORD_NAME = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
MODULE_NAME = r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*"
VARIABLE_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
LONGEST = 100

# Environment variables of every process, and parameters of SDK v1's own modules (_module_parameter_provider.py of
# azureml-pipeline-core): a parameter, output or dataset of that name would overwrite them there.
TAKEN = frozenset(
    {"path", "home", "user", "shell", "lang", "pwd", "tmpdir"}
    | {"target", "framework", "communicator", "script", "command", "arguments"}
)


# Tags by which a run is found again.
GROUP_TAG = "aml-pipeline-group"
OWN_TAGS = frozenset({GROUP_TAG, "aml_pipeline", "git_commit", "pipeline", "profile"})

# The rule of azure-ai-ml, ``validate_endpoint_or_deployment_name`` of entities/_endpoint/_endpoint_helpers.py, in
# lower case: Azure does not tell names apart by case, and may answer with another one.
ENDPOINT_NAME = r"[a-z][a-z0-9-]{1,30}[a-z0-9]"

# A subscription, a resource group and a workspace; or the path of a file with them.
WORKSPACE = r"[^/\s]+/[^/\s]+/[^/\s]+"


def workspace_fault(text: str) -> tuple[str, str] | None:
    """Return what is wrong with ``text`` as a workspace and the cure, or None."""
    if text.endswith(".json") or re.fullmatch(WORKSPACE, text):
        return None
    return f'"{text}" does not name a workspace.', "Write subscription/group/name, or the path of its config.json."


def step_name_fault(name: str) -> str | None:
    """Return what is wrong with ``name`` as the name of a step, a profile or a schedule, or None."""
    return _fault(name, STEP_NAME, "lower-case letters and digits, in words joined by -")


def word_name_fault(name: str) -> str | None:
    """Return what is wrong with ``name`` as the name of an output, a parameter or a dataset, or None."""
    if name in TAKEN:
        return "is reserved by Azure ML"
    return _fault(name, WORD_NAME, "lower-case letters and digits, in words joined by _")


def tag_fault(name: str) -> str | None:
    """Return what is wrong with ``name`` as the name of a tag, or None."""
    return "is set by aml-pipeline itself" if name in OWN_TAGS else None


def _fault(name: str, pattern: str, form: str) -> str | None:
    if len(name) > LONGEST:
        return f"has {len(name)} characters, but at most {LONGEST} are allowed"
    return None if re.fullmatch(pattern, name) else f"must consist of {form}"
