"""Secrets that would be sent to Azure ML → warnings: files of steps, and values in the pipeline file."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Sequence

from aml_pipeline.core import files
from aml_pipeline.core.masking import is_secret
from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.core.secrets import by_name, by_variable
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import Plan, Step, datasets_of, one_of_each
from aml_pipeline.pipeline.plan.tokens import Literal, Parameter, Text, Token, by_option, with_options
from aml_pipeline.project.folder import Project
from aml_pipeline.project.snapshot.imports import parse
from aml_pipeline.project.snapshot.shared_files import Files
from aml_pipeline.project.snapshot.source import SourceFolder, SyntaxFault

VAULT = "Keep secrets in the key vault of the workspace, and read them as docs/how-to/azure.md#secrets shows."


def warnings(plan: Plan, project: Project, steps: Sequence[Step]) -> list[Problem]:
    """Return a warning for each file of ``steps`` with a usual name for secrets, and each value that looks like one."""
    declared = one_of_each(steps)
    settings = [*_variables(declared), *_docker_arguments(declared)]
    of_plan = [*_parameters(plan, steps), *_datasets(plan, steps)]
    unread = [problem for step in declared if step.compute for problem in _unread(step, project)]
    files_sent = [*_files(project, declared), *_build_contexts(project, declared)]
    return [*files_sent, *settings, *_arguments(steps), *of_plan, *unread]


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


def _build_contexts(project: Project, steps: Iterable[Step]) -> Iterator[Problem]:
    """Yield a warning for each such file in a folder from which Docker builds an image."""
    environments = {step.environment.dockerfile: step.environment for step in steps if step.environment}
    for dockerfile, environment in environments.items():
        context = project.build_context(environment)
        for name in filter(by_name, context.digests if context else ()):
            folder = os.path.dirname(str(dockerfile))
            ignore = SourceFolder(project.path(folder), project.digests).ignore_file
            message = f"this file looks like {by_name(name)}, and is sent to Azure ML with {dockerfile}."
            file = os.path.normpath(os.path.join(folder, name))
            yield Problem("secret-file", message, _exclusion(name, folder, ignore), severity="warning", file=file)


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
    return _exclusion(name, step.source_directory, project.source(step).ignore_file)


def _exclusion(name: str, folder: str, ignore_file: str | None) -> str:
    pattern = re.sub(r"([*?\[\]\\!# ])", r"\\\1", name)
    return f"Exclude it: add `{pattern}` to {os.path.join(folder, ignore_file or '.amlignore')}."


def _variables(steps: Iterable[Step]) -> Iterator[Problem]:
    users: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        for name, value in step.environment_variables.items():
            users.setdefault((name, value), []).append(step)
    for (name, value), having in users.items():
        what = by_variable(name, value)
        more = f" and {len(having) - 1} more" if len(having) > 1 else ""
        place = ("steps", having[0].declared, "environment_variables", name)
        if what:
            yield _in_plain_text(
                f'the variable "{name}" of step "{having[0].declared}"{more}', what, place, on_key=True
            )


def _unread(step: Step, project: Project) -> Iterator[Problem]:
    """Yield a warning for each secret of ``step`` that its script does not read in Azure ML, where nobody sets it."""
    if not step.secrets or project.snapshot(step).script is None:
        return
    read = _read_secrets(project, step)
    for variable, name in step.secrets.items():
        if None not in read and name not in read:
            message = f'Azure ML does not set {variable}: step "{step.declared}" must read the secret "{name}" itself.'
            cure = f'Call `get_secret("{name}")` there, as docs/how-to/azure.md#secrets shows.'
            place = ("steps", step.declared, "environment_variables", variable)
            yield Problem("unread-secret", message, cure, place, on_key=True, severity="warning")


def _read_secrets(project: Project, step: Step) -> set[str | None]:
    """Return the names of the secrets that the Python files of ``step`` read; None for one that is not known."""
    source = project.source(step)
    read: set[str | None] = set()
    for name in [name for name in project.snapshot(step).digests if name.endswith(".py")]:
        text = files.read(os.path.join(source.path, name))
        if b"get_secret" in text:
            read |= {None} if isinstance(source.reading(name), SyntaxFault) else set(_names_read(parse(text)))
    return read


def _names_read(tree: ast.Module) -> Iterator[str | None]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func).endswith(("get_secret", "get_secrets")):
            name = node.args[0] if node.args else None
            yield str(name.value) if isinstance(name, ast.Constant) else None


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


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
            place = ("steps", step.declared, "resources", "docker_arguments")
            yield _in_plain_text(f'an argument of Docker for step "{step.declared}"', what, place, on_key=True)


def _arguments(steps: Iterable[Step]) -> Iterator[Problem]:
    for step in steps:
        for option, token, place in with_options((*step.word_arguments, *step.arguments)):
            what = _kind(option, token)
            if what:
                whose = f"the value of {option}" if option else "an argument"
                yield _in_plain_text(f'{whose} in step "{step.declared}"', what, place)


def _kind(option: str, token: Token) -> str | None:
    """Return what a value of an argument contains, if that is a secret; parts of a text may be the login of one URL."""
    if isinstance(token, Text):
        kinds = [by_variable("", redaction.literally(token)), *(_kind(option, part) for part in token.parts)]
        return next(filter(None, kinds), None)
    if not isinstance(token, Literal):
        return None
    name, equals, value = token.text.partition("=")
    return by_variable(option.strip("-"), token.text) or (by_variable(name.strip("-"), value) if equals else None)


def _datasets(plan: Plan, steps: Iterable[Step]) -> Iterator[Problem]:
    """Yield a warning for each address of data on the web that contains a key, such as the signature of a SAS URL."""
    moved = {schedule: plan.data_of(schedule) for schedule in plan.schedules}
    for name in datasets_of(steps):
        urls: dict[Path, str | None] = {("datasets", name, "url"): plan.datasets[name].url}
        for schedule, places in moved.items():
            urls |= {("schedules", schedule, "datasets", name): places[name].url} if name in places else {}
        for place, url in urls.items():
            if url and is_secret("url", url):
                message = f'the address of dataset "{name}" contains a key, and is sent to Azure ML in plain text.'
                cure = "Let a datastore of the workspace keep the key: write `datastore:` and `path:` instead."
                yield Problem("plain-secret", message, cure, place, severity="warning")


def _parameters(plan: Plan, steps: Iterable[Step]) -> Iterator[Problem]:
    """Whether a parameter is a secret depends on its own name, or on that of an option that reads it."""
    names = ((token.name, option) for step in steps for option, token, _ in by_option(step.arguments)
             if isinstance(token, Parameter))  # fmt: skip
    warned: dict[Path, Problem] = {}
    for name, option in dict.fromkeys(names):
        for whose, value, place in _values(plan, name):
            what = by_variable(name, value) or by_variable(option.strip("-"), value)
            if what:
                warned[place] = _in_plain_text(whose, what, place, on_key=True)
    yield from warned.values()


def _values(plan: Plan, name: str) -> Iterator[tuple[str, str, Path]]:
    """Yield the values of a parameter in the file: what each is, its text, its place."""
    yield f'the default of parameter "{name}"', plan.parameters[name].default, ("parameters", name)
    for key, schedule in plan.schedules.items():
        if name in schedule.parameters:
            place = ("schedules", key, "parameters", name)
            yield f'parameter "{name}" of schedule "{key}"', schedule.parameters[name], place


def _in_plain_text(whose: str, what: str, place: Path, *, on_key: bool = False) -> Problem:
    message = f"{whose} looks like {what}, and is sent to Azure ML in plain text."
    return Problem("plain-secret", message, VAULT, place, on_key=on_key, severity="warning")
