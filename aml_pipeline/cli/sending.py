"""How either SDK of Azure ML is asked to run something, and what the command line needs of what was sent."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from typing import Any, NamedTuple

from aml_pipeline import azureml
from aml_pipeline.azureml import sendable, v2
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.installing import can_have_v1
from aml_pipeline.azureml.workspace.login import Login, ServicePrincipal
from aml_pipeline.azureml.workspace.watch import Watched
from aml_pipeline.cli.opened import state_folder
from aml_pipeline.cli.options import Options
from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import Problem, as_text, suggest
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.project import secret_check, secret_values, validation
from aml_pipeline.project.environment.interpreter import unasked
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import Opened
from aml_pipeline.runs.record import RunRecord, records


class Sent(NamedTuple):
    """A run that was sent: its id, where its page is, and how to watch it."""

    id: str
    portal: Callable[[], str]
    watched: Watched


class Request(NamedTuple):
    """What is asked for: these steps of a plan, ``alone`` without the others; with ``force`` none is reused."""

    plan: Plan
    project: Project
    steps: Sequence[Step]
    alone: bool
    force: bool
    tags: Mapping[str, str]


def send(sdk: str, asked: Request, environ: Mapping[str, str]) -> Sent:
    """Send what is asked for by the SDK ``v1`` or ``v2``."""
    return (_send_v2 if sdk == "v2" else _send_v1)(asked, environ)


def _send_v1(asked: Request, environ: Mapping[str, str]) -> Sent:
    workspace = connect(asked.project.folder, environ)
    step = asked.steps[0] if asked.alone else None
    if step:
        run = azureml.submit_step(asked.plan, step, workspace, asked.project, tags=asked.tags)
    else:
        run = azureml.submit(asked.plan, workspace, asked.project, force=asked.force, tags=asked.tags)
    return Sent(run.id, run.get_portal_url, azureml.watched(run, step))


def _send_v2(asked: Request, environ: Mapping[str, str]) -> Sent:
    client = v2.connect(asked.project.folder, login=login(environ))
    if asked.alone:
        job = v2.submit_step(asked.plan, asked.steps[0], client, asked.project, tags=asked.tags)
    else:
        job = v2.submit(asked.plan, client, asked.project, force=asked.force, tags=asked.tags)
    return Sent(job.name, lambda: str(job.studio_url or ""), v2.watched(client, job, asked.steps))


def cancel(sdk: str, folder: str, environ: Mapping[str, str], run: str) -> str | None:
    """Stop a run; return its status if it is over."""
    if sdk == "v2":
        return v2.cancel(v2.connect(folder, login=login(environ)), run)
    return azureml.cancel(connect(folder, environ), run)


def connect(folder: str, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 - the SDK's
    """Return the workspace that the configuration in or above ``folder`` names, as SDK v1 has it."""
    os.environ.setdefault("HBI_WORKSPACE_JOB", "true")  # read by the SDK when it is imported: no telemetry
    return azureml.connect(folder, login=login(environ))


def login(environ: Mapping[str, str]) -> Login:
    """Return how to log in, by the variables that Azure's own libraries read."""
    named = [environ.get(f"AZURE_{name}") for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")]
    tenant, client, secret = named
    principal = ServicePrincipal(tenant, client, secret) if tenant and client and secret else None
    managed = environ.get("IDENTITY_ENDPOINT") or environ.get("MSI_ENDPOINT")
    return Login(
        principal=principal,
        managed_identity=(client or "") if managed else None,
        interactive=sys.stdin is not None and sys.stdin.isatty(),
        cloud=environ.get("AZURE_CLOUD_NAME"),
    )


def installed_sdk() -> str:
    """Return the SDK that is installed here: v1 where both are; where neither is, that which can be."""
    if _is_installed("azureml-pipeline-steps"):  # azureml-core alone sends nothing
        return "v1"
    return "v2" if _is_installed("azure-ai-ml") or not can_have_v1() else "v1"


def _is_installed(distribution: str) -> bool:
    try:
        return bool(metadata.distribution(distribution))
    except metadata.PackageNotFoundError:
        return False


def listener() -> waiting.Listener:
    """Return who tells what is being waited for: on standard error as it is now, for an SDK may be kept off it."""
    stream = sys.stderr
    return lambda text: print(text, file=stream, flush=True)


def require_sendable(
    opened: Opened, steps: Sequence[Step], others: Sequence[Problem] = (), *, alone: bool = False
) -> None:
    """Raise PipelineError for what Azure ML would not take, and for ``others``.

    Say which files look like secrets, and what scripts will miss there: that shows after an image and a node were
    waited for. No Python is asked, as the image has its own.
    """
    plan, project = opened.require()
    found = sendable.problems(plan, project, steps, alone=alone)
    opened.require([*found, *secret_check.warnings(project, steps), *secret_values.warnings(plan, steps), *others])
    told = {"secret-file", "plain-secret"}
    warnings = validation.of_scripts(replace(plan, steps=tuple(steps)), project, unasked)
    opened.tell(warnings)
    for one in opened.loaded.problems:
        if one.code in told | {each.code for each in warnings}:
            say(as_text([one], {}))


def chosen(plan: Plan, names: list[str]) -> list[Step]:
    """Return the steps called so, all if none is named. Raises UsageError."""
    known = {step.name: step for step in plan.steps}
    unknown = next((name for name in names if name not in known), None)
    if unknown:
        raise UsageError(f'There is no step "{unknown}". {suggest(unknown, known, noun="step")}')
    return [known[name] for name in names] or list(known.values())


def say(text: str) -> None:
    """Tell what is no result."""
    print(text, file=sys.stderr, flush=True)


def submitted(options: Options) -> list[RunRecord]:
    """Return the runs that were submitted from here, of all pipelines, the oldest first."""
    state = state_folder(options)
    runs = [one for name in files.names(state) for one in records(os.path.join(state, name, "runs"))]
    return sorted((one for one in runs if isinstance(one.short.get("azureml"), dict)), key=lambda one: one.run)
