"""Who may ask for the workspace, and what for: tenants, roles, names, quota, as Azure Resource Manager answers."""

import base64
import json
from typing import Protocol

from .roles import Access
from .state import GROUP, LOCATION, SCOPE, SUBSCRIPTION, WORKSPACE, Entity
from .wire import Call, Refusal


class Knows(Protocol):
    """The state of either service."""

    access: Access


def check(state: Knows, call: Call) -> None:
    """Refuse a question for the workspace, as Azure does, for a wrong tenant, a missing role, a wrong name."""
    access = state.access
    tenant = _tenant(call.request.headers.get("authorization", ""))
    if tenant not in {"", access.tenant}:
        said = (
            f"The access token is from the wrong issuer 'https://sts.windows.net/{tenant}/'. It must match the tenant "
            f"'https://sts.windows.net/{access.tenant}/' associated with this subscription. Please use the authority "
            f"(URL) 'https://login.windows.net/{access.tenant}' to get the token."
        )
        raise Refusal(401, said, "InvalidAuthenticationTokenTenant")
    _, _, subscription, _, group, *_, name = call.request.path.rstrip("/").split("/")
    if subscription != SUBSCRIPTION:
        raise Refusal(404, f"The subscription '{subscription}' could not be found.", "SubscriptionNotFound")
    if group != GROUP:
        raise Refusal(404, f"Resource group '{group}' could not be found.", "ResourceGroupNotFound")
    if not access.roles:
        action = "Microsoft.MachineLearningServices/workspaces/read"
        said = f"The client does not have authorization to perform action '{action}' over scope '{call.request.path}'."
        raise Refusal(403, said, "AuthorizationFailed")
    if name != WORKSPACE:
        said = f"The Resource 'Microsoft.MachineLearningServices/workspaces/{name}' was not found."
        raise Refusal(404, said, "ResourceNotFound")


def _tenant(header: str) -> str:
    middle = header.split(".")[1] if header.count(".") > 1 else ""
    claims = json.loads(base64.urlsafe_b64decode(f"{middle}{'=' * (-len(middle) % 4)}") or b"{}")
    return str(claims.get("tid", ""))


def list_permissions(state: Knows, _: Call) -> object:
    """Answer with what the roles of the login allow."""
    return {"value": state.access.roles}


def list_usages(state: Knows, _: Call) -> object:
    """Answer with the limits of the subscription in the region."""
    rows = (("Total Cluster Dedicated Regional vCPUs", state.access.used, 10), ("Standard NCv3 Family", 0, -1))
    return {"value": [_usage(*row) for row in rows]}


def _usage(name: str, used: int, limit: int) -> Entity:
    named = {"value": name, "localizedValue": name}
    return {"id": f"/{LOCATION}/{name}", "unit": "Count", "currentValue": used, "limit": limit, "name": named}


def list_workspaces(_: Knows, __: Call) -> object:
    """Answer with the one workspace of the resource group."""
    return {"value": [{"id": SCOPE, "name": WORKSPACE, "location": LOCATION}]}


def get_clouds(_: Knows, call: Call) -> object:
    """Answer with the one cloud that is here."""
    return [{"name": "Loopback", "resourceManager": call.url, "suffixes": {"storage": "core.windows.net"}}]


_PROVIDER = "providers/Microsoft.MachineLearningServices"
PATHS = {
    "/providers/Microsoft.Authorization/permissions": list_permissions,
    f"/subscriptions/{{id}}/{_PROVIDER}/locations/{{region}}/usages": list_usages,
    f"/subscriptions/{{id}}/resourceGroups/{{group}}/{_PROVIDER}/workspaces": list_workspaces,
}
