"""The lines of an environment's files from which Azure ML cannot build an image: it receives only their text."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator

from aml_pipeline.core.problems import Problem, Severity
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.settings import Environment
from aml_pipeline.project.environment import indexes
from aml_pipeline.project.environment.dependencies import Line, shown
from aml_pipeline.project.folder import Project


def warnings(plan: Plan, project: Project) -> list[Problem]:
    """Return a warning for each such line: it does no harm here.

    So steps without a compute target are not checked: they run only here.
    """
    meant = {step.environment: step for step in reversed(plan.steps) if step.compute}
    return [line for step in meant.values() for line in lines(step, project, "warning")]


def lines(step: Step, project: Project, severity: Severity = "error") -> Iterator[Problem]:
    """Yield what the files of the environment of ``step`` take from elsewhere, each item once."""
    messages: set[str] = set()
    if step.environment is None:
        return
    wheels = project.wheels(step.environment)
    for line in project.declaration(step.environment).lines:
        message, cure = _lacking(line, step.environment, wheels)
        if message and message not in messages:
            messages.add(message)
            yield Problem("local-package", message, cure, severity=severity, file=line.file, position=line.position)
        elif not (message or step.environment.docker_image) and indexes.login(line.text):
            yield _login(line)


def _login(line: Line) -> Problem:
    """Return the warning that Azure ML gets an address without the login that pip takes from variables here."""
    message = f"Azure ML gets this address without its login ({indexes.login(line.text)})."
    cure = "Save the login in a connection of the workspace (`az ml connection create`, `Workspace.set_connection`)."
    return Problem("index-login", message, cure, severity="warning", file=line.file, position=line.position)


def _lacking(line: Line, environment: Environment, wheels: Collection[str]) -> tuple[str, str]:
    """Return what Azure ML lacks of a line, and the cure; it gets the ``wheels`` of the project."""
    name = os.path.basename(line.file)
    if line.constraint and not line.replaced:
        what = f'"{shown(line.value)}"' if line.foreign == "list" else name
        message = f"{what} is a constraints file, which Azure ML does not support."
        return message, "Add the versions to the file that lists the packages."
    if environment.conda_file not in {None, line.file}:
        message = f"{name} is included by a conda file, but Azure ML receives only the conda file."
        return message, "Copy its lines into the conda file, or use `pip_requirements:` instead."
    if line.text in wheels:
        return _wheel(line, environment)
    if line.foreign == "variable" and environment.docker_image:
        return "", ""  # the image may set it
    if line.foreign == "variable" and "${" not in indexes.without_login(line.text):
        return _private_index(wheels)
    return _foreign(line) if line.foreign else ("", "")


def _wheel(line: Line, environment: Environment) -> tuple[str, str]:
    if environment.docker_image is None:
        return "", ""
    message = f'"{line.text}" is a local wheel, which Azure ML cannot add to a docker image.'
    return message, "Use `dockerfile:` and install it there, or delete `docker_image:`."


def _private_index(wheels: Collection[str]) -> tuple[str, str]:
    """Return the problem of an index with a login: what Docker builds from a context has no connection to it."""
    if not wheels:
        return "", ""
    message = "an image with wheels of the project cannot be built with packages of an index that needs a login."
    return message, "Put the wheels of those packages into the project too."


def _foreign(line: Line) -> tuple[str, str]:
    text = shown(line.text)
    if line.foreign == "list":
        message = f'"{text}" is read from the network, but Azure ML receives only files of the project.'
        return message, f'Save it in the project and include the copy: "-r {_file_name(line.value)}".'
    if line.foreign == "variable":
        message = f'"{line.value}" is an environment variable, which Azure ML does not have when it builds the image.'
        return (
            message,
            "Write its value; credentials belong in a connection of the workspace (`Workspace.set_connection`).",
        )
    if line.text.startswith("-") and not _EDITABLE.match(line.text):
        message = f'"{text}" refers to local files, which Azure ML does not have when it builds the image.'
        return message, "Use a URL that Azure ML can reach, or delete the line."
    message = f'"{text}" is a local file or folder, which Azure ML does not have when it builds the image.'
    if line.text.endswith(".whl"):
        return message, "Put the wheel into the project, and write its relative path."
    return message, "Build a wheel of it and name that, or keep the code in the folder of the scripts."


_EDITABLE = re.compile(r"-e|--ed")


def _file_name(address: str) -> str:
    """Return a file name for a list of packages that is copied from ``address``."""
    name = os.path.basename(re.split(r"[?#]", address)[0])
    return name if re.fullmatch(r"[\w-][\w.-]*", name) else "base.txt"
