"""All checks in order: this machine, the project, the connection to Azure, the login, the workspace."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.workspace.login import Login
from aml_pipeline.doctor import connection, login, machine, packages, project, workspace
from aml_pipeline.doctor.connection import Connection
from aml_pipeline.doctor.finding import Finding, Started
from aml_pipeline.doctor.project import Chosen
from aml_pipeline.pipeline.plan.model import Plan

# How long each check may take, in seconds; reading from a cold disk takes longer than any answer.
SECONDS = 10.0
_SLOW_SECONDS = 60.0
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
    way = None if wishes.offline else Started("network", partial(connection.check, wishes.environ), 2 * SECONDS)
    folder = os.path.dirname(os.path.abspath(wishes.file))
    read = partial(project.pipeline_file, wishes.file, wishes.profile, demanded=wishes.file_demanded)
    opened, plan = Started("pipeline file", read, _SLOW_SECONDS).found()
    sdk = wishes.sdk or (plan and plan.sdk) or sdks.installed()
    yield from _alone("Python", machine.python)
    yield from _alone("aml-pipeline", machine.installation)
    yield from _alone("packages", packages.own)
    yield from _alone("extra steps", packages.of_steps)
    yield from _sdks(wishes, plan, sdk)
    yield from _alone("git", machine.git)
    yield from _alone("disk", partial(machine.disk, folder))
    yield from opened
    name = partial(project.workspace_names, wishes.workspace, plan, folder, wishes.environ)
    named, chosen = Started("configuration", name, SECONDS).found()
    yield from named
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
        how = {"chosen": name == chosen, "demanded": name == demanded}
        check = partial(packages.sdk, name, **how, import_all=partial(sdks.import_all, name))
        yield from _alone(f"SDK {name}", check, _SLOW_SECONDS)


def _connected(wishes: Wishes, way: Started[Connection], chosen: Chosen | None, sdk: str) -> Iterator[Finding]:
    found, there = way.found()
    yield from found
    if there is None:
        return
    subscription = chosen.names.subscription_id if chosen else None
    log_in = partial(login.check, wishes.login, sdk, there, subscription)
    found, token = Started("login", log_in, 2 * SECONDS).found()
    yield from found
    if chosen and token:
        tenant = str(login.claims(token).get("tid", "unknown"))
        yield from _of_workspace(workspace.Asking(there.manager, token, wishes.environ, chosen, sdk, tenant))


def _of_workspace(asking: workspace.Asking) -> Iterator[Finding]:
    found, about = Started("workspace", partial(workspace.workspace, asking), SECONDS).found()
    yield from found
    if about is None:
        return
    questions: dict[str, Callable[[], Finding]] = {
        "services": partial(workspace.services, asking, about),
        "computes": partial(workspace.computes, asking),
        "quota": partial(workspace.quota, asking, str(about.get("location", ""))),
        "permissions": partial(workspace.allowed, asking),
    }
    started = [_started(name, question, SECONDS) for name, question in questions.items()]
    for one in started:
        yield from one.found()[0]


def _started(name: str, check: Callable[[], Finding], seconds: float) -> Started[None]:
    """Start a check of one finding, of which no other needs anything."""
    return Started(name, lambda: ([check()], None), seconds)


def _alone(name: str, check: Callable[[], Finding], seconds: float = SECONDS) -> list[Finding]:
    return _started(name, check, seconds).found()[0]
