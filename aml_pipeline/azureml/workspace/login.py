"""A login that the caller chose → the method to log in; tokens of Azure CLI."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from typing import Literal

from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.masking import keep_secret, without_secrets

LOG_IN = "Log in: `az login`; without a terminal set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET."

Way = Literal["principal", "managed identity", "Azure CLI", "browser"]


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """The identity of an application; its secret is never shown."""

    tenant: str
    client: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in: the first available of a service principal, a managed identity, Azure CLI, a browser.

    ``managed_identity`` is a client id, or "" for the machine's identity. ``cloud`` is the SDKs' name of a sovereign
    cloud, such as AzureUSGovernment. ``subscription`` is that of the workspace, from which Azure CLI knows the tenant.
    """

    principal: ServicePrincipal | None = None
    managed_identity: str | None = None
    interactive: bool = False
    cloud: str | None = None
    subscription: str | None = None


def way(login: Login) -> Way:
    """Return the method of ``login`` on this machine. Raises AzureError when nobody is logged in."""
    if login.principal:
        keep_secret(login.principal.secret)
        return "principal"
    if login.managed_identity is not None:
        return "managed identity"
    if shutil.which("az") and not (login.interactive and _az("account", "show").returncode):
        return "Azure CLI"
    if login.interactive:
        return "browser"
    raise AzureError(f"You are not logged in to Azure, and the program `az` was not found. {LOG_IN}")


# How long a token of Azure CLI is used: its tokens are valid for at least five minutes.
TOKEN_SECONDS = 240.0


class AzureCli:
    """Tokens of Azure CLI. SDK v1's own class needs the CLI's packages in the same Python, which is rare."""

    def __init__(self, subscription: str | None = None) -> None:
        self._subscription = subscription
        self._kept: dict[str, tuple[float, str]] = {}

    def token(self, audience: str) -> str:
        """Return a token for ``audience``. Raises AzureError when Azure CLI has no login."""
        now = time.monotonic()
        if audience not in self._kept or now - self._kept[audience][0] > TOKEN_SECONDS:
            self._kept[audience] = now, _token(audience, self._subscription)
            keep_secret(self._kept[audience][1])
        return self._kept[audience][1]


def _token(audience: str, subscription: str | None) -> str:
    """Return a token for the tenant of ``subscription``, or for the current tenant if Azure CLI does not know it."""
    question = ("account", "get-access-token", "--resource", audience)
    done = _az(*question, *(("--subscription", subscription) if subscription else ()))
    if subscription and done.returncode and "subscription" in done.stderr.lower():
        done = _az(*question)
    try:
        return str(json.loads(done.stdout)["accessToken"])
    except (ValueError, KeyError, TypeError):
        said = without_secrets(" ".join(done.stderr.split()))[:200]
    raise AzureError(f"You are not logged in to Azure CLI. {LOG_IN}{f' Azure CLI says: {said}' if said else ''}")


def _az(*words: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("az") or "az"  # on Windows az.cmd, whose full name is needed
    command = [program, *words, "--output", "json"]
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL
    )
