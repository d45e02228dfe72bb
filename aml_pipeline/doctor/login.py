"""The login: which of them, as whom, for which tenant, until when; and why it fails."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.workspace.login import LOG_IN, AzureCli, Login, Way, way
from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.masking import keep_secret
from aml_pipeline.core.plain import mapping
from aml_pipeline.doctor.connection import Connection
from aml_pipeline.doctor.finding import Finding, Found

_TITLES: Mapping[Way, str] = {
    "principal": "service principal (AZURE_CLIENT_ID)",
    "managed identity": "managed identity",
    "Azure CLI": "Azure CLI",
    "browser": "browser",
}
_AGAIN = "Log in again: `az login`."
# What Azure CLI or Entra says of a login that fails → what it means, and the cure. Of AADSTS: Microsoft's page "Entra
# authentication and authorization error codes".
_FAILURES = (
    (r"AADSTS(700082|70043|70008|700084|50173|50089)\b", "has expired", _AGAIN),
    (r"AADSTS7000222\b", "has a client secret that has expired", "Set AZURE_CLIENT_SECRET to a new secret."),
    (r"AADSTS7000215\b", "has a wrong client secret", "Set AZURE_CLIENT_SECRET to the secret's value, not to its id."),
    (r"AADSTS700016\b", "is unknown in its tenant", "Check AZURE_CLIENT_ID and AZURE_TENANT_ID."),
    (r"AADSTS(90002|900023)\b", "names a tenant that does not exist", "Check AZURE_TENANT_ID."),
    (r"AADSTS(50076|50079|50158)\b", "lacks the second factor", "Log in with it: `az login --tenant TENANT`."),
    (r"AADSTS530\d\d\b", "is blocked by a rule of your organisation", "Ask your administrator what is required."),
    (
        r"(?i)Max retries|NewConnection|CERTIFICATE_VERIFY|timed out|Name or service not known",
        "cannot reach the login service",
        "Check the network and HTTPS_PROXY: the host login.microsoftonline.com must be reachable too.",
    ),
)


def planned(login: Login) -> Finding:
    """Return which login commands would use, without a question to anybody."""
    if login.principal:
        return Finding("login", "ok", f"{_TITLES['principal']} {login.principal.client}, not tried")
    if login.managed_identity is not None:
        return Finding("login", "ok", f"{_TITLES['managed identity']}, not tried")
    return Finding("login", "ok", "neither a service principal nor a managed identity is set: Azure CLI, not tried")


def check(login: Login, sdk: str, connection: Connection, subscription: str | None) -> Found[str]:
    """Return what was found of the login, and a token for Azure Resource Manager, if there is one.

    ``sdk`` logs in a service principal or a managed identity; Azure CLI does so by itself.
    """
    login = replace(login, subscription=subscription)
    chosen: Way = "Azure CLI"
    try:
        chosen = way(login)
        if chosen == "browser":
            seen = "nobody is logged in to Azure CLI: commands open a browser, each time with SDK v2"
            return [Finding("login", "warning", seen, "Log in once: `az login`.")], None
        is_cli = chosen == "Azure CLI"
        audience = connection.manager
        token = AzureCli(subscription).token(audience) if is_cli else sdks.token(sdk, login, audience)
    except AzureError as error:
        return [_failed(_TITLES[chosen], str(error))], None
    keep_secret(token)
    finding = _told(_TITLES[chosen], claims(token), connection.now)
    return [finding], token if finding.state == "ok" else None


def claims(token: str) -> Mapping[str, Any]:
    """Return what a token says of itself; nothing of one that is no JSON web token."""
    try:
        middle = token.split(".")[1]
        return mapping(json.loads(base64.urlsafe_b64decode(f"{middle}{'=' * (-len(middle) % 4)}")))
    except (IndexError, ValueError):
        return {}


def _told(title: str, about: Mapping[str, Any], now: datetime) -> Finding:
    names = ("upn", "preferred_username", "unique_name", "email", "app_displayname", "appid", "oid")
    who = next((str(about[name]) for name in names if about.get(name)), "an unknown identity")
    seen, expires = f"{title} as {who}, tenant {about.get('tid', 'unknown')}", about.get("exp")
    if isinstance(expires, (int, float)):
        end = datetime.fromtimestamp(expires, timezone.utc)
        until = f"{end:%Y-%m-%d %H:%M} UTC"
        if end <= now:
            return Finding("login", "problem", f"the login of {title} as {who} has expired at {until}", _AGAIN)
        seen = f"{seen}, token until {until}"
    return Finding("login", "ok", seen)


def _failed(title: str, text: str) -> Finding:
    """Return why a login failed; ``text`` is our message with what Azure CLI or Azure says."""
    said = "".join(re.split(r"Azure(?: CLI| ML)? says: ", text, maxsplit=1)[1:])
    for sign, meaning, cure in _FAILURES:
        if re.search(sign, text):
            code = re.search(r"AADSTS\d+", text)
            return Finding("login", "problem", f"the login of {title} {meaning}{f' ({code[0]})' if code else ''}", cure)
    if "`az` was not found" in text:
        return Finding("login", "problem", "nobody is logged in, and the program `az` was not found", LOG_IN)
    if title == _TITLES["Azure CLI"] and (not said or "az login" in said):
        return Finding("login", "problem", "nobody is logged in to Azure CLI", LOG_IN)
    return Finding("login", "problem", f"the login of {title} failed{f': {said}' if said else ''}", LOG_IN)
