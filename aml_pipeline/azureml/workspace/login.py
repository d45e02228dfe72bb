"""Who calls Azure ML: a login that the caller chose → the way to log in; tokens of Azure CLI."""

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
    """An application's identity; its secret is shown nowhere."""

    tenant: str
    client: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """How to log in; the first of these that there is: a service principal, a managed identity, Azure CLI, a browser.

    ``managed_identity`` is its client id, "" that of the machine. ``cloud`` is a sovereign cloud as the SDKs name it,
    such as AzureUSGovernment. ``subscription`` is that of the workspace, by which Azure CLI knows the tenant.
    """

    principal: ServicePrincipal | None = None
    managed_identity: str | None = None
    interactive: bool = False
    cloud: str | None = None
    subscription: str | None = None


def way(login: Login) -> Way:
    """Return how ``login`` is done on this machine. Raises AzureError when nobody is logged in."""
    if login.principal:
        keep_secret(login.principal.secret)
        return "principal"
    if login.managed_identity is not None:
        return "managed identity"
    if shutil.which("az") and not (login.interactive and _refusal_of_azure_cli()):
        return "Azure CLI"
    if login.interactive:
        return "browser"
    raise AzureError(f"Nobody is logged in to Azure, and the program `az` is not here. {LOG_IN}")


# How long a token of Azure CLI is used: it gives none that ends within five minutes.
TOKEN_SECONDS = 240.0


class AzureCli:
    """Tokens of Azure CLI. SDK v1's own class wants the CLI's packages in the same Python, where few have them."""

    def __init__(self, subscription: str | None = None) -> None:
        self._subscription = subscription
        self._kept: dict[str, tuple[float, str]] = {}

    def token(self, audience: str) -> str:
        """Return a token for ``audience``. Raises AzureError when nobody is logged in there."""
        now = time.monotonic()
        if audience not in self._kept or now - self._kept[audience][0] > TOKEN_SECONDS:
            self._kept[audience] = now, _asked(audience, self._subscription)
            keep_secret(self._kept[audience][1])
        return self._kept[audience][1]


def _asked(audience: str, subscription: str | None) -> str:
    """Return a token of the tenant of ``subscription``; where Azure CLI does not know that, of the current one."""
    question = ("account", "get-access-token", "--resource", audience)
    done = _az(*question, *(("--subscription", subscription) if subscription else ()))
    if subscription and done.returncode and "subscription" in done.stderr.lower():
        done = _az(*question)
    try:
        return str(json.loads(done.stdout)["accessToken"])
    except (ValueError, KeyError, TypeError):
        said = without_secrets(" ".join(done.stderr.split()))[:200]
    raise AzureError(f"Azure CLI has no login. {LOG_IN}{f' Azure CLI says: {said}' if said else ''}")


def _refusal_of_azure_cli() -> bool:
    return _az("account", "show").returncode != 0


def _az(*words: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("az") or "az"  # on Windows az.cmd, which has to be named in full
    command = [program, *words, "--output", "json"]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
