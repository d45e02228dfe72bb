"""What Azure knows of a login: its tenant, its roles, and how much of the quota of the subscription is used."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Role: TypeAlias = dict[str, Any]

TENANT = "00000000-0000-0000-0000-0000000000bb"
READER: Role = {"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}
# AzureML Data Scientist, by Microsoft's page on built-in roles.
SCIENTIST: Role = {
    "actions": [
        f"Microsoft.MachineLearningServices/workspaces/*/{one}" for one in ("read", "action", "delete", "write")
    ],
    "notActions": [
        f"Microsoft.MachineLearningServices/workspaces/{one}"
        for one in ("delete", "write", "computes/*/write", "computes/*/delete", "computes/listKeys/action")
    ],
    "dataActions": [],
    "notDataActions": [],
}


@dataclass
class Access:
    """What Azure knows of the login and of the subscription; ``roles`` without any: not even the workspace is seen."""

    tenant: str = TENANT  # of the subscription
    roles: list[Role] = field(default_factory=lambda: [SCIENTIST])
    used: int = 4  # of ten virtual CPUs
