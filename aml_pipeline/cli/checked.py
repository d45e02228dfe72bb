"""The part that ``validate`` prints with and without ``--snapshot``: all problems, and their number."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aml_pipeline.cli.exits import EXIT_USAGE
from aml_pipeline.cli.importing import Uncollected
from aml_pipeline.cli.opened import open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.core import problems
from aml_pipeline.core.problems import Problem
from aml_pipeline.core.wording import counted
from aml_pipeline.project import validation
from aml_pipeline.project.opening import Opened

if TYPE_CHECKING:
    from aml_pipeline.pipeline.plan.model import Plan
    from aml_pipeline.project.environment.steps_python import Pythons
    from aml_pipeline.project.folder import Project


def checked(options: Options, environ: Mapping[str, str], pythons: Pythons) -> Opened:
    """Open the pipeline, with all warnings and refusals; ``pythons`` is called only if they need it."""
    opened = open_with(options)
    if opened.plan and opened.project and not problems.errors(opened.loaded.problems):
        with Uncollected():
            opened.add(problems_of(opened.plan, opened.project, options.text("sdk"), pythons, environ))
    return opened


def problems_of(
    plan: Plan, project: Project, sdk: str | None, pythons: Pythons, variables: Mapping[str, str]
) -> list[Problem]:
    """Return all warnings, and what Azure ML would refuse with ``sdk``, or with that of the file.

    ``variables`` are those that steps inherit when they run here.
    """
    warnings = validation.warnings(plan, project, pythons, variables)
    sdk = sdk or plan.sdk
    if sdk is None:
        return warnings
    from aml_pipeline.azureml import refusal  # most files name none

    refused = refusal.problems(plan, project, sdk)
    errors = {(problem.code, problem.message) for problem in refused}
    return [*refused, *(warning for warning in warnings if (warning.code, warning.message) not in errors)]


def count(opened: Opened, form: str | None) -> int:
    """Print the number of problems; return the exit status."""
    found = opened.loaded.problems
    wrong = len(problems.errors(found))
    warnings = len(found) - wrong
    counts = [counted(wrong, "error") if wrong else "no errors", *([counted(warnings, "warning")] if warnings else [])]
    print(f"{opened.loaded.name}: {', '.join(counts)}.", file=sys.stdout if form == "text" else sys.stderr)
    return EXIT_USAGE if wrong else 0
