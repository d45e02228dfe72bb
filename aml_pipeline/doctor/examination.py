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
from aml_pipeline.doctor.finding import Finding, Found, Started
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
    way = None if wishes.offline else Started("network", partial(connection.check, wishes.environ), 2 * SECONDS)
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
        check = partial(
            packages.sdk,
            name,
            chosen=name == chosen,
            demanded=name == demanded,
            import_all=partial(sdks.import_all, name),
        )
        yield from Started(f"SDK {name}", _alone(check), _IMPORT_SECONDS).found()[0]


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
    started: list[Started[None]] = [Started(name, _alone(question), SECONDS) for name, question in questions.items()]
    for one in started:
        yield from one.found()[0]


def _alone(check: Callable[[], Finding]) -> Callable[[], Found[None]]:
    """Return a check of one finding, of which no other needs anything."""
    return lambda: ([check()], None)
