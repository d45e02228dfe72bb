"""The SDK's side: a login that leads to the service, and a workspace by its configuration file, as users have it.

This module imports the SDK, so it is itself imported where it is needed: the SDK may be absent, and takes a second.
"""

import base64
import json
import time
from pathlib import Path

from azureml._vendor.azure_cli_core.cloud import Cloud, CloudEndpoints, CloudSuffixes
from azureml.core import Workspace
from azureml.core.authentication import AbstractAuthentication, _SubscriptionInfo
from msrest.universal_http.requests import ClientRetryPolicy

from .service import Service
from .state import GROUP, SUBSCRIPTION, WORKSPACE, Sdk

TENANT = "00000000-0000-0000-0000-0000000000bb"
USER = "00000000-0000-0000-0000-0000000000cc"

# Where the SDK looks for a cloud's services; all are the loopback service.
ENDPOINTS = (
    "active_directory",
    "active_directory_graph_resource_id",
    "active_directory_resource_id",
    "gallery",
    "management",
    "microsoft_graph_resource_id",
    "portal",
    "resource_manager",
)

# Each client of the SDK looks for 999 statuses among these, which takes it 3 ms if they are a list.
ClientRetryPolicy.safe_codes = frozenset(ClientRetryPolicy.safe_codes)  # type: ignore[assignment] # it only looks


def token() -> str:
    """Return an unsigned token, as the SDK reads it: who, and until when."""
    claims = {
        "exp": int(time.time()) + 3600,
        "tid": TENANT,
        "oid": USER,
        "upn": "somebody@loopback",
        "name": "Somebody",
    }
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims)]
    return ".".join([*parts, "unsigned"])


class LoopbackAuth(AbstractAuthentication):
    """A login that needs nobody: it leads every client of the SDK to the service at ``url``."""

    def __init__(self, url: str) -> None:
        super().__init__("AzureCloud")
        endpoints = CloudEndpoints(**dict.fromkeys(ENDPOINTS, url))
        self._cloud_type = Cloud(
            "AzureCloud", endpoints=endpoints, suffixes=CloudSuffixes(storage_endpoint="core.windows.net")
        )

    def _get_arm_token(self) -> str:
        return token()

    def _get_graph_token(self) -> str:
        return token()

    def _get_azureml_client_token(self) -> str:
        return token()

    def _get_all_subscription_ids(self) -> tuple[list[Sdk], str]:
        return [_SubscriptionInfo("loopback", SUBSCRIPTION)], TENANT

    def _get_workspace(self, subscription_id: str, resource_group: str, name: str) -> None:
        """Know of no workspace; the SDK then asks Azure Resource Manager."""


def write_config(folder: Path) -> Path:
    """Write the configuration file that the portal offers, where the SDK looks for it."""
    path = folder / ".azureml" / "config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    names = {"subscription_id": SUBSCRIPTION, "resource_group": GROUP, "workspace_name": WORKSPACE}
    path.write_text(json.dumps(names), encoding="utf-8")
    return path


def connect(service: Service, folder: Path) -> Sdk:
    """Return the service's workspace, got as a user gets it: by the configuration file in a folder."""
    return Workspace.from_config(str(write_config(folder)), auth=LoopbackAuth(service.url))
