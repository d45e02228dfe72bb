"""All checks in order: this machine, the project, the way to Azure, the login, the workspace."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.workspace.login import Login
from aml_pipeline.doctor import connection, login, machine, packages, project, workspace
from aml_pipeline.doctor.connection import Connection
from aml_pipeline.doctor.finding import Answer, Finding, Started, checked
from aml_pipeline.doctor.project import Chosen
from aml_pipeline.pipeline.plan.model import Plan

# How long each check may take, in seconds; importing an SDK from a cold disk takes longer than any answer.
SECONDS = 10.0
_IMPORT_SECONDS = 60.0
# What is found with a connection, and needs what stands before it.
CONNECTED = ("network", "clock", "login", "workspace", "computes", "quota", "permissions")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What to check; ``file_demanded``: the command line names the file."""

    file: str
    file_demanded: bool
    profile: str | None
    sdk: str | None
    workspace: str | None
    login: Login
    environ: Mapping[str, str]
    offline: bool = False


def examine(wishes: Wishes) -> Iterator[Finding]:
    """Yield the findings as they are made; those that an earlier problem makes impossible are left out."""
    way = None if wishes.offline else Started(lambda: connection.check(wishes.environ), 2 * SECONDS)
    folder = os.path.dirname(os.path.abspath(wishes.file))
    yield machine.python()
    yield machine.installation()
    yield packages.own()
    yield packages.of_steps()
    opened, plan = project.pipeline_file(wishes.file, wishes.profile, demanded=wishes.file_demanded)
    sdk = wishes.sdk or (plan and plan.sdk) or sdks.installed()
    yield from _sdks(wishes, plan, sdk)
    yield machine.git()
    yield machine.disk(folder)
    yield opened
    named, chosen = project.workspace_names(wishes.workspace, plan, folder, wishes.environ)
    yield named
    if way is None:
        yield from connection.settings(wishes.environ)
        yield login.planned(wishes.login)
    else:
        yield from _connected(wishes, way, chosen, sdk)


def unchecked(findings: Iterable[Finding]) -> list[str]:
    """Return what was not checked, because what it needs has a problem, or offline."""
    found = {finding.name for finding in findings}
    return [name for name in CONNECTED if name not in found]


def _sdks(wishes: Wishes, plan: Plan | None, chosen: str) -> Iterator[Finding]:
    demanded = wishes.sdk or (plan and plan.sdk)
    for name in ("v1", "v2"):
        check = partial(packages.sdk, name, chosen=name == chosen, demanded=name == demanded)
        started = Started(partial(_listed, check, partial(sdks.import_all, name)), _IMPORT_SECONDS)
        yield from checked(f"SDK {name}", started)


def _listed(check: Callable[..., Finding], import_all: Callable[[], None]) -> list[Finding]:
    return [check(import_all=import_all)]


def _connected(
    wishes: Wishes, way: Started[tuple[list[Finding], Connection | None]], chosen: Chosen | None, sdk: str
) -> Iterator[Finding]:
    of_way, there = _both("network", way)
    yield from of_way
    if there is None:
        return
    subscription = chosen.names.subscription_id if chosen else None
    logging_in = Started(lambda: login.check(wishes.login, sdk, there, subscription), 2 * SECONDS)
    of_login, token = _both("login", logging_in)
    yield from of_login
    if chosen and token:
        tenant = str(login.claims(token).get("tid", "unknown"))
        yield from _of_workspace(workspace.Asking(there.manager, token, wishes.environ, chosen, sdk, tenant))


def _of_workspace(asking: workspace.Asking) -> Iterator[Finding]:
    found, about = _both("workspace", Started(lambda: workspace.workspace(asking), SECONDS))
    yield from found
    if not about:
        return
    region = str(about.get("location", ""))
    questions: dict[str, Callable[[], list[Finding]]] = {
        "services": partial(workspace.services, asking, about),
        "computes": partial(workspace.computes, asking),
        "quota": partial(workspace.quota, asking, region),
        "permissions": partial(workspace.allowed, asking),
    }
    started = {name: Started(question, SECONDS) for name, question in questions.items()}
    for name, question in started.items():
        yield from checked(name, question)


def _both(name: str, started: Started[tuple[list[Finding], Answer | None]]) -> tuple[list[Finding], Answer | None]:
    """Return the findings of a check, and what later checks need of it; None if the check failed."""
    rest: list[Answer | None] = []

    def findings() -> list[Finding]:
        found, needed = started.answer()
        rest.append(needed)
        return found

    found = checked(name, Started(findings, started.seconds + 1))
    return found, rest[0] if rest else None
