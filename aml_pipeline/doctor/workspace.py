"""The workspace, asked at Azure Resource Manager: whether it can be reached, its region, computes, quota, permissions.

Each question is a GET; nothing is created, and none needs an SDK.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from aml_pipeline.azureml.workspace.login import LOG_IN
from aml_pipeline.azureml.workspace.refusals import FORBIDDEN, NOT_FOUND, UNAUTHORIZED
from aml_pipeline.core.plain import mapping, sequence
from aml_pipeline.core.problems import suggest
from aml_pipeline.core.wording import listed, shortened
from aml_pipeline.doctor import https, permissions
from aml_pipeline.doctor.finding import Finding, Found
from aml_pipeline.doctor.project import Chosen

_OURS = "providers/Microsoft.MachineLearningServices"
_VERSIONS = {"ours": "2024-04-01", "access": "2022-04-01"}
_MOST_NAMED = 6
_REFUSED = 400


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request to Azure Resource Manager needs: its address, the token of the login, and the chosen workspace."""

    manager: str
    token: str
    environ: Mapping[str, str]
    chosen: Chosen
    sdk: str
    tenant: str  # of the token

    def get(self, path: str, version: str = "ours") -> https.Answer:
        """Return the answer to a path of Azure Resource Manager. Raises Unreachable."""
        return https.get(f"{self.manager}{path}?api-version={_VERSIONS[version]}", self.environ, self.token)

    @property
    def group(self) -> str:
        """The path of the resource group."""
        names = self.chosen.names
        return f"/subscriptions/{quote(names.subscription_id)}/resourceGroups/{quote(names.resource_group)}"

    @property
    def scope(self) -> str:
        """The path of the workspace."""
        return f"{self.group}/{_OURS}/workspaces/{quote(self.chosen.names.workspace_name)}"


def workspace(asking: Asking) -> Found[Mapping[str, Any]]:
    """Return what was found of the workspace, and what Azure knows of it, if it can be read."""
    answer = asking.get(asking.scope)
    if answer.status >= _REFUSED:
        return [_refused(asking, answer)], None
    about = mapping(answer.body)
    properties = mapping(about.get("properties"))
    private = str(properties.get("publicNetworkAccess")) == "Disabled"
    seen = f"{asking.chosen.names.workspace_name} in {about.get('location', 'an unknown region')}"
    return [Finding("workspace", "ok", f"{seen}{', without public network access' if private else ''}")], about


def _refused(asking: Asking, answer: https.Answer) -> Finding:
    error = mapping(mapping(answer.body).get("error"))
    code, said = str(error.get("code", "")), str(error.get("message", ""))
    if answer.status == UNAUTHORIZED:
        return _of_login(asking, code, said)
    if answer.status == FORBIDDEN:
        seen = f"the login may not read workspace {asking.chosen.names.text}"
        return Finding("permissions", "problem", seen, f"{permissions.CURE} Check the names as well.")
    if answer.status == NOT_FOUND:
        return _not_found(asking, code)
    return Finding("workspace", "problem", f"Azure answers with HTTP {answer.status}: {said}", "Try again in a while.")


def _of_login(asking: Asking, code: str, said: str) -> Finding:
    tenants = re.findall(r"https://sts\.[\w.]+/([\w-]+)", said)
    if code == "InvalidAuthenticationTokenTenant" or len(tenants) > 1:
        wanted = tenants[-1] if tenants else "another one"
        seen = f"the login is for tenant {asking.tenant}, and the subscription belongs to tenant {wanted}"
        cure = f"Log in there: `az login --tenant {wanted}`; for a service principal set AZURE_TENANT_ID."
        return Finding("tenant", "problem", seen, cure)
    if "expired" in f"{code} {said}".lower():
        return Finding("login", "problem", "the login has expired", "Log in again: `az login`.")
    return Finding("login", "problem", f"Azure does not accept the login ({code or UNAUTHORIZED})", LOG_IN)


def _not_found(asking: Asking, code: str) -> Finding:
    names, source = asking.chosen.names, asking.chosen.source
    if code.startswith("Subscription"):
        seen = f"subscription {names.subscription_id} was not found, or the login has no access to it"
        cure = f"Check subscription_id in {source}, and the login: `az account list` shows its subscriptions."
        return Finding("workspace", "problem", seen, cure)
    if code.startswith("ResourceGroup"):
        seen = f"subscription {names.subscription_id} has no resource group {names.resource_group}"
        return Finding("workspace", "problem", seen, f"Check resource_group in {source}.")
    known = _values(asking.get(f"{asking.group}/{_OURS}/workspaces"))
    near = suggest(names.workspace_name, [_name(one) for one in known], noun="workspace")
    seen = f"resource group {names.resource_group} has no workspace {names.workspace_name}"
    return Finding("workspace", "problem", seen, f"{near} Check workspace_name in {source}.")


def services(asking: Asking, about: Mapping[str, Any]) -> Finding:
    """Return whether the workspace's own services answer: a firewall may allow only Azure Resource Manager."""
    address = str(mapping(about.get("properties")).get("discoveryUrl") or "")
    if not address:
        return Finding("services", "ok", "the workspace names none")
    try:
        https.get(address, asking.environ)  # without the login: any answer will do
    except https.Unreachable as error:
        cure = "Work in the network of the workspace's private endpoint, or ask to allow this host."
        return Finding("services", "problem", f"the workspace's services: {error.seen}", cure)
    return Finding("services", "ok", f"{urlsplit(address).hostname} answers")


def computes(asking: Asking) -> Finding:
    """Return the compute targets of the workspace."""
    answer = asking.get(f"{asking.scope}/computes")
    if answer.status >= _REFUSED:
        return _not_listed("computes", answer)
    told = [_compute(one) for one in _values(answer)]
    seen = shortened(told, _MOST_NAMED) if told else "none yet; `submit` creates those that have `vm_size`"
    return Finding("computes", "ok", seen)


def _compute(one: object) -> str:
    properties = mapping(mapping(one).get("properties"))
    inner = mapping(properties.get("properties"))
    size = str(inner.get("vmSize") or properties.get("computeType") or "unknown")
    most = mapping(inner.get("scaleSettings")).get("maxNodeCount")
    nodes = f", up to {most} nodes" if most is not None and most != 1 else ""
    state = str(properties.get("provisioningState") or "")
    return f"{_name(one)} ({size}{nodes}{f', {state}' if state not in {'', 'Succeeded'} else ''})"


def quota(asking: Asking, region: str) -> Finding:
    """Return the quota of the subscription in the workspace's region, and which of it is used up."""
    where = f"/subscriptions/{quote(asking.chosen.names.subscription_id)}/{_OURS}/locations/{quote(region)}/usages"
    answer = asking.get(where)
    if answer.status >= _REFUSED:
        return _not_listed("quota", answer)
    known = [one for one in map(_usage, _values(answer)) if one]
    total = [f"{name}: {used} of {limit}" for name, used, limit in known if name.startswith("Total ")]
    full = [name for name, used, limit in known if limit and used >= limit]
    seen = f"in {region}: {'; '.join(total) or f'{len(known)} limits'}"
    if not full:
        return Finding("quota", "ok", seen)
    cure = "Wait until runs end, delete clusters, or request more in the portal: Machine Learning, Quota."
    return Finding("quota", "warning", f"{seen}; used up: {listed(full)}", cure)


def _usage(one: object) -> tuple[str, int, int] | None:
    """Return the name of a limit, how much of it is used, and the limit; None where there is none, as -1 says."""
    used, limit = mapping(one).get("currentValue"), mapping(one).get("limit")
    name = mapping(mapping(one).get("name"))
    if not isinstance(used, int) or not isinstance(limit, int) or limit < 0:
        return None
    return str(name.get("localizedValue") or name.get("value")), used, limit


def allowed(asking: Asking) -> Finding:
    """Return whether the login may do what `submit` and `publish` need."""
    answer = asking.get(f"{asking.scope}/providers/Microsoft.Authorization/permissions", "access")
    if answer.status >= _REFUSED:
        return _not_listed("permissions", answer)
    return permissions.finding(asking.sdk, _values(answer))


def _not_listed(name: str, answer: https.Answer) -> Finding:
    if answer.status == FORBIDDEN:
        return Finding(name, "warning", "the login may not list them (HTTP 403)", permissions.CURE)
    return Finding(name, "warning", f"could not be listed (HTTP {answer.status})", "Try again in a while.")


def _values(answer: https.Answer) -> list[Any]:
    return list(sequence(mapping(answer.body).get("value")))


def _name(one: object) -> str:
    return str(mapping(one).get("name"))
