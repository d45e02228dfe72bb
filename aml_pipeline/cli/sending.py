"""What commands that ask Azure ML share: the login that the environment names, and who hears what takes long."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from aml_pipeline import azureml
from aml_pipeline.azureml import Login, ServicePrincipal
from aml_pipeline.azureml.workspace import waiting


def connect(folder: str, environ: Mapping[str, str], sdk: str) -> Any:  # noqa: ANN401 - the SDK's
    """Return the workspace that the configuration in or above ``folder`` names, as the SDK v1 or v2 has it."""
    os.environ.setdefault("HBI_WORKSPACE_JOB", "true")  # read by SDK v1 when it is imported: no telemetry
    return azureml.connect(folder, sdk=sdk, login=login(environ))


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


def listener() -> waiting.Listener:
    """Return who tells what is being waited for: on standard error as it is now, for an SDK may be kept off it."""
    stream = sys.stderr
    return lambda text: print(text, file=stream, flush=True)


def say(text: str) -> None:
    """Tell what is no result."""
    print(text, file=sys.stderr, flush=True)
