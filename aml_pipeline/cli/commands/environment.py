"""``environment``: the declared packages compared with those of the Python of local runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence

from aml_pipeline.cli.exits import EXIT_SOMETHING_TO_DO
from aml_pipeline.cli.opened import open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.python import asking_python
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.plan.settings import Environment
from aml_pipeline.project.environment import steps_python
from aml_pipeline.project.environment.installed import DIFFERENCES, Finding, compare
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.folder import Project

_MOST_NAMED = 3


def environment(options: Options, environ: Mapping[str, str]) -> int:
    """Print each declared package with the installed one; with ``--exit-code``, exit with 5 if something differs."""
    with asking_python(options, environ) as pythons:
        plan, project = open_with(options).require()
        interpreters = steps_python.all_of(plan, project, plan.steps, pythons, environ)
    for declared, python in interpreters.items():
        alone = "the steps" if len(interpreters) == 1 else _listed(plan, declared)
        print(f"Compared with Python {python.full_version} at {python.path}, which runs {alone} locally.")
    print("Azure ML builds its own image from the declarations: a local run says nothing about packages that differ.")
    steps = _used(plan, [step.name for step in plan.steps])
    if not steps:
        print("\nNo step declares an environment.")
    different = False
    for (used, declared), names in steps.items():
        python = interpreters[declared]
        findings = compare(project.declaration(used).packages, python)
        different |= bool(_differing(findings))
        print("", *_page(used, names if len(steps) > 1 else [], findings, python), sep="\n")
    return EXIT_SOMETHING_TO_DO if different and options.flag("exit_code") else 0


def _listed(plan: Plan, python: str | None) -> str:
    return ", ".join(step.name for step in plan.steps if step.python == python)


def warning(
    plan: Plan, selected: Sequence[str], project: Project, interpreters: Mapping[str | None, Interpreter]
) -> str:
    """Return in one line how the ``interpreters`` differ from the environments of the ``selected`` steps, or "".

    It never stops a run: a problem in a declaration only makes it return "".
    """
    with contextlib.suppress(Exception):
        findings = [
            finding
            for used, declared in _used(plan, selected)
            for finding in compare(project.declaration(used).packages, interpreters[declared])
        ]
        differences = list(dict.fromkeys(map(_difference, _differing(findings))))
        if differences:
            more = f"; and {len(differences) - _MOST_NAMED} more" if len(differences) > _MOST_NAMED else ""
            shown = "; ".join(differences[:_MOST_NAMED])
            return (
                f"The local environment differs from the declared one: {shown}{more}. `aml-pipeline "
                "environment` shows all."
            )
    return ""


def _used(plan: Plan, names: Iterable[str]) -> dict[tuple[Environment, str | None], list[str]]:
    """Return the environments of some steps with the Python that the file names, each with the steps that use both."""
    users: dict[tuple[Environment, str | None], list[str]] = {}
    for step in map(plan.step, names):
        if step.environment is not None:
            users.setdefault((step.environment, step.python), []).append(step.name)
    return users


def _differing(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.verdict in DIFFERENCES]


def _difference(finding: Finding) -> str:
    name = finding.declared.name
    if finding.verdict == "missing":
        return f"{name} is missing"
    return f"{'Python' if name == 'python' else name} {_wanted(finding)} declared, {finding.installed} here"


def _wanted(finding: Finding) -> str:
    """Return the declared version; ``=3.8`` is shown as 3.8."""
    text = finding.declared.wanted
    return text.lstrip("=") if text.lstrip("=")[:1].isdigit() else text


def _page(environment: Environment, steps: list[str], findings: list[Finding], python: Interpreter) -> list[str]:
    title = f"{environment.name or environment.curated or environment.registered}"
    files = [name for name in (environment.conda_file, environment.pip_requirements) if name]
    used = f", for {', '.join(steps)}" if steps else ""
    if not files:
        nothing = "It declares no packages in the project, so nothing can be checked."
        return [f"{title}{used}: {_elsewhere(environment)} {nothing}"]
    rows = [("package", "declared", "installed", "")] if findings else []
    rows += [_row(finding, python) for finding in findings]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    lines = ["  ".join(f"{text:<{width}}" for text, width in zip(row, [*widths, 0], strict=True)) for row in rows]
    return [f"{title} ({', '.join(files)}){used}", *(f"  {line.rstrip()}" for line in lines), _count(findings)]


def _elsewhere(environment: Environment) -> str:
    if environment.dockerfile:
        return f"its image is built from {environment.dockerfile}."
    if environment.docker_image:
        return f"it is the image {environment.docker_image}."
    if environment.conda_environment:
        return f"it is the conda environment {environment.conda_environment}, exported on submission."
    return "it is registered in Azure ML."


def _row(finding: Finding, python: Interpreter) -> tuple[str, str, str, str]:
    declared = finding.declared
    verdict = "Python version" if declared.name == "python" and finding.verdict == "other version" else finding.verdict
    if finding.verdict == "not for this Python":
        verdict = f"not for Python {python.version}"
    return declared.name or declared.text, declared.wanted or "any", finding.installed or "–", verdict


def _count(findings: list[Finding]) -> str:
    verdicts = [finding.verdict for finding in findings]
    counts = {verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)}
    words = {"fits": "fit", "other version": "with a different version"}
    parts = [f"{number} {words.get(verdict, verdict)}" for verdict, number in counts.items()]
    number = counted(len(findings), "package") if findings else "no packages"
    return f"{number}{': ' if parts else ''}{', '.join(parts)}."
