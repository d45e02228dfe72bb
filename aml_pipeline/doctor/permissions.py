"""What the login may do in a workspace, compared with what `submit` and `publish` need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aml_pipeline.core.plain import mapping, sequence
from aml_pipeline.core.wording import shortened
from aml_pipeline.doctor.finding import Finding

_OF_WORKSPACE = "Microsoft.MachineLearningServices/workspaces/"
# Microsoft's page "Manage access to Azure Machine Learning workspaces", table of common scenarios; a pattern of it that
# ends with * stands here for writing. With v2, schedules and batch endpoints are published too.
SUBMIT: Mapping[str, Sequence[str]] = {
    "v1": (
        "environments/write",
        "environments/build/action",
        "environments/readSecrets/action",
        "experiments/runs/write",
        "experiments/runs/submit/action",
        "metadata/artifacts/write",
        "metadata/snapshots/write",
    ),
    "v2": (
        "environments/write",
        "environments/build/action",
        "environments/readSecrets/action",
        "jobs/write",
        "metadata/artifacts/write",
        "metadata/codes/versions/write",
    ),
}
PUBLISH: Mapping[str, Sequence[str]] = {
    "v1": ("endpoints/pipelines/write", "pipelinedrafts/write", "modules/write"),
    "v2": ("components/write", "batchEndpoints/write", "batchEndpoints/deployments/write", "schedules/write"),
}
CURE = "Ask an owner of the workspace for the role AzureML Data Scientist, or Contributor."
_MOST_NAMED = 3


def finding(sdk: str, permissions: Sequence[Any]) -> Finding:
    """Return whether ``permissions``, as Azure lists them, suffice for `submit` and `publish` with an SDK."""
    lacking = {
        command: [action for action in needed[sdk] if not allows(permissions, f"{_OF_WORKSPACE}{action}")]
        for command, needed in (("submit", SUBMIT), ("publish", PUBLISH))
    }
    if not any(lacking.values()):
        return Finding("permissions", "ok", "`submit` and `publish` are allowed")
    missing = shortened([*lacking["submit"], *lacking["publish"]], _MOST_NAMED)
    if not lacking["submit"]:
        return Finding("permissions", "warning", f"`submit` is allowed, `publish` is not: {missing}", CURE)
    return Finding("permissions", "problem", f"the role does not allow `submit`: {missing}", CURE)


def allows(permissions: Iterable[Any], action: str) -> bool:
    """Whether one of ``permissions`` allows an action: its ``actions`` do, and its ``notActions`` do not forbid it."""
    return any(
        _matches(sequence(mapping(one).get("actions")), action)
        and not _matches(sequence(mapping(one).get("notActions")), action)
        for one in permissions
    )


def _matches(patterns: Iterable[Any], action: str) -> bool:
    return any(re.fullmatch(re.escape(str(one)).replace(r"\*", ".*"), action, re.IGNORECASE) for one in patterns)
