"""Files with secrets that go to Azure ML with a step → warnings with cures."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from aml_pipeline.core.problems import Problem
from aml_pipeline.core.secrets import by_name
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.project.folder import Project
from aml_pipeline.project.secret_values import VAULT
from aml_pipeline.project.snapshot.shared_files import Files


def warnings(project: Project, steps: Iterable[Step]) -> list[Problem]:
    """Return a warning for each file with a name of secrets that is sent with ``steps``."""
    found: dict[tuple[str, str], list[Step]] = {}
    secret: dict[Files, list[str]] = {}
    for step in steps:
        snapshot = project.snapshot(step)
        if snapshot.files not in secret:
            secret[snapshot.files] = list(filter(by_name, snapshot.digests))
        for name in secret[snapshot.files]:
            found.setdefault((snapshot.folder, name), []).append(step)
    return [_secret_file(project, name, users) for (_, name), users in found.items()]


def _secret_file(project: Project, name: str, steps: list[Step]) -> Problem:
    more = f" and {len(steps) - 1} more" if len(steps) > 1 else ""
    message = f'this file looks like {by_name(name)}, and is sent to Azure ML with step "{steps[0].name}"{more}.'
    file = os.path.normpath(os.path.join(steps[0].source_directory, name))
    cures = [secret_cure(project, step, name) for step in steps]
    cure = next((cure for cure in cures if cure == VAULT), cures[0])
    return Problem("secret-file", message, cure, severity="warning", file=file)


def secret_cure(project: Project, step: Step, name: str) -> str:
    """Return how the secrets of a file of the snapshot of ``step`` are kept here: a file that is needed cannot be."""
    if name.endswith(".py") or project.snapshot(step).rules.get(name) in {"script", "import", "named"}:
        return VAULT
    ignore = project.source(step).ignore_file or ".amlignore"
    pattern = re.sub(r"([*?\[\]\\!# ])", r"\\\1", name)
    return f"Exclude it: add `{pattern}` to {os.path.join(step.source_directory, ignore)}."
