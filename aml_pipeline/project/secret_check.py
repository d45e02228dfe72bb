"""Secrets that would be sent to Azure ML → warnings: files of steps, and values in the pipeline file."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Sequence

from aml_pipeline.core import files
from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.core.secrets import by_name, by_variable
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Literal, Parameter, by_option
from aml_pipeline.project.folder import Project
from aml_pipeline.project.snapshot.shared_files import Files

VAULT = 'Keep secrets in the key vault of the workspace, and read them with `run.get_secret("NAME")`.'


def warnings(plan: Plan, project: Project, steps: Sequence[Step]) -> list[Problem]:
    """Return a warning for each file of ``steps`` with a usual name for secrets, and each value that looks like one."""
    settings = [*_variables(steps), *_docker_arguments(steps)]
    unread = [problem for step in steps if step.compute for problem in _unread(step, project)]
    return [*_files(project, steps), *settings, *_arguments(steps), *_parameters(plan, steps), *unread]


def _files(project: Project, steps: Iterable[Step]) -> list[Problem]:
    users: dict[tuple[str, str], list[Step]] = {}
    secret: dict[Files, list[str]] = {}
    for step in steps:
        snapshot = project.snapshot(step)
        if snapshot.files not in secret:
            secret[snapshot.files] = list(filter(by_name, snapshot.digests))
        for name in secret[snapshot.files]:
            users.setdefault((snapshot.folder, name), []).append(step)
    return [_secret_file(project, name, having) for (_, name), having in users.items()]


def _secret_file(project: Project, name: str, steps: list[Step]) -> Problem:
    more = f" and {len(steps) - 1} more" if len(steps) > 1 else ""
    message = f'this file looks like {by_name(name)}, and is sent to Azure ML with step "{steps[0].name}"{more}.'
    file = os.path.normpath(os.path.join(steps[0].source_directory, name))
    cures = [secret_cure(project, step, name) for step in steps]
    cure = next((cure for cure in cures if cure == VAULT), cures[0])
    return Problem("secret-file", message, cure, severity="warning", file=file)


def secret_cure(project: Project, step: Step, name: str) -> str:
    """Return where to keep the secrets of a file in the snapshot of ``step``: a needed file cannot be excluded."""
    if name.endswith(".py") or project.snapshot(step).rules.get(name) in {"script", "import", "named"}:
        return VAULT
    ignore = project.source(step).ignore_file or ".amlignore"
    pattern = re.sub(r"([*?\[\]\\!# ])", r"\\\1", name)
    return f"Exclude it: add `{pattern}` to {os.path.join(step.source_directory, ignore)}."


def _variables(steps: Iterable[Step]) -> Iterator[Problem]:
    users: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        for name, value in step.environment_variables.items():
            users.setdefault((name, value), []).append(step)
    for (name, value), having in users.items():
        what = by_variable(name, value)
        more = f" and {len(having) - 1} more" if len(having) > 1 else ""
        place = ("steps", having[0].name, "environment_variables", name)
        if what:
            yield _in_plain_text(f'the variable "{name}" of step "{having[0].name}"{more}', what, place, on_key=True)


def _unread(step: Step, project: Project) -> Iterator[Problem]:
    """Yield a warning for each secret of ``step`` that its script does not read in Azure ML, where nobody sets it."""
    if not step.secrets or project.snapshot(step).script is None:
        return
    read = _read_secrets(project, step)
    for variable, name in step.secrets.items():
        if None not in read and name not in read:
            message = f'Azure ML does not set {variable}: step "{step.name}" must read the secret "{name}" itself.'
            cure = f'Call `Run.get_context().get_secret("{name}")` there, as docs/azure.md#secrets shows.'
            place = ("steps", step.name, "environment_variables", variable)
            yield Problem("unread-secret", message, cure, place, on_key=True, severity="warning")


def _read_secrets(project: Project, step: Step) -> set[str | None]:
    """Return the names of the secrets that the Python files of ``step`` read; None for one that is computed."""
    folder = project.source(step).path
    names = [name for name in project.snapshot(step).digests if name.endswith(".py")]
    texts = [files.read(os.path.join(folder, name)) for name in names]
    calls = [call for text in texts if b"get_secret" in text for call in _calls(text)]
    return {_constant(call.args[0]) if call.args else None for call in calls}


def _calls(text: bytes) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("get_secret", "get_secrets")):
            yield node


def _constant(node: ast.expr) -> str | None:
    return str(node.value) if isinstance(node, ast.Constant) else None


def _docker_arguments(steps: Iterable[Step]) -> Iterator[Problem]:
    """Yield a warning for each secret that ``docker run`` would get, as in ``--env TOKEN=…``."""
    users: dict[str, Step] = {}
    for step in steps:
        for text in step.resources.docker_arguments if step.resources else ():
            users.setdefault(text, step)
    for text, step in users.items():
        *_, name, value = ("", "", *text.split("=", 2))
        what = by_variable(name.strip("-"), value)
        if what:
            place = ("steps", step.name, "resources", "docker_arguments")
            yield _in_plain_text(f'an argument of Docker for step "{step.name}"', what, place, on_key=True)


def _arguments(steps: Iterable[Step]) -> Iterator[Problem]:
    for step in steps:
        for option, token, place in by_option((*step.word_arguments, *step.arguments)):
            if not isinstance(token, Literal):
                continue
            name, equals, value = token.text.partition("=")
            what = by_variable(option.strip("-"), token.text) or (equals and by_variable(name.strip("-"), value))
            if what:
                whose = f"the value of {option}" if option else "an argument"
                yield _in_plain_text(f'{whose} in step "{step.name}"', what, place)


def _parameters(plan: Plan, steps: Iterable[Step]) -> Iterator[Problem]:
    """Whether a parameter is a secret depends on its own name, or on that of an option that reads it."""
    kinds: dict[str, str] = {}
    for step in steps:
        for option, token, _ in by_option(step.arguments):
            if isinstance(token, Parameter):
                default = plan.parameters[token.name].default
                what = by_variable(token.name, default) or by_variable(option.strip("-"), default)
                kinds.update({token.name: what} if what else {})
    for name, what in kinds.items():
        yield _in_plain_text(f'the default of parameter "{name}"', what, ("parameters", name), on_key=True)


def _in_plain_text(whose: str, what: str, place: Path, *, on_key: bool = False) -> Problem:
    message = f"{whose} looks like {what}, and is sent to Azure ML in plain text."
    return Problem("plain-secret", message, VAULT, place, on_key=on_key, severity="warning")
