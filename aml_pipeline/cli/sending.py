"""Shared by commands for Azure ML: the login from the environment, and reports on what takes long."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from aml_pipeline import azureml
from aml_pipeline.azureml import Login, ServicePrincipal, sdks
from aml_pipeline.azureml.submission import Submission
from aml_pipeline.azureml.workspace import configuration, waiting
from aml_pipeline.cli.importing import Uncollected
from aml_pipeline.cli.options import Options


def connect(options: Options, environ: Mapping[str, str], folder: str, workspace: str | None, sdk: str) -> Any:  # noqa: ANN401 - the SDK's
    """Return the workspace as an object of SDK v1 or v2; ``workspace`` is that of the file or of a record."""
    without_telemetry()
    source = configuration.source_of(options.text("workspace"), workspace, folder, environ)
    with Uncollected():  # the SDK is imported, 170 000 objects with v2
        return azureml.connect(source.folder, sdk=sdk, login=login(environ), workspace=source.text)


def without_telemetry() -> None:
    """Let SDK v1 send no telemetry; it reads this when it is imported."""
    os.environ.setdefault("HBI_WORKSPACE_JOB", "true")


def record(sent: Submission, label: str = "") -> None:
    """Record a run before printing its id: the reader of the output may be gone."""
    portal = sent.portal
    try:
        sent.record()
    finally:
        print(f"run {sent.id}{label}\n{portal}", flush=True)


def say_where(workspace: Any) -> None:  # noqa: ANN401 - the SDK's
    """Print the workspace that is about to be changed."""
    names = sdks.names_of(workspace)
    where = f"resource group {names.resource_group}, subscription {names.subscription_id}"
    say(f"workspace {names.workspace_name} ({where})")


def login(environ: Mapping[str, str]) -> Login:
    """Return how to log in, from the variables that Azure's own libraries read."""
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


def listener() -> waiting.Listener:
    """Return a listener that prints what is being waited for to the current standard error; an SDK may suppress it."""
    stream = sys.stderr
    return lambda text: print(text, file=stream, flush=True)


def say(text: str) -> None:
    """Print something other than a result."""
    print(text, file=sys.stderr, flush=True)
