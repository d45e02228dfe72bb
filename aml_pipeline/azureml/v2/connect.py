"""Connects to a workspace by its names."""

from __future__ import annotations

import time
from dataclasses import replace

from aml_pipeline.azureml.v2.sdk import Sdk, doing, import_all
from aml_pipeline.azureml.workspace.configuration import Names
from aml_pipeline.azureml.workspace.login import TOKEN_SECONDS, AzureCli, Login, way
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import suggest


def connect(names: Names, credential: Sdk = None, login: Login | None = None) -> Sdk:
    """Return the ``MLClient`` of the workspace with these ``names``.

    ``credential`` is one of azure-identity; without it, ``login`` says how to log in. Raises UsageError when the cloud
    is unknown, AzureError when Azure ML refuses or cannot be reached.
    """
    chosen = replace(login or Login(interactive=True), subscription=names.subscription_id)
    if chosen.cloud is not None and chosen.cloud not in _AUTHORITIES:
        raise UsageError(f'Unknown cloud "{chosen.cloud}". {suggest(chosen.cloud, _AUTHORITIES, noun="cloud")}')
    import_all()
    with doing(f"connecting to workspace {names.workspace_name}"):
        from azure.ai.ml import MLClient

        cloud = {"cloud": chosen.cloud} if chosen.cloud else {}
        if not cloud:
            _keep_cloud()
        client = MLClient(credential or _credential(chosen), *names, enable_telemetry=False, **cloud)
        client.workspaces.get(names.workspace_name)
        return client


def _keep_cloud() -> None:
    """Keep what ``ARM_CLOUD_METADATA_URL`` says of the current cloud, if azure-ai-ml does not know that cloud.

    ``_get_cloud`` of 1.35 means to, but stores the endpoints of the cloud in place of the cloud, and so asks that
    address again for each upload.
    """
    from azure.ai.ml import _azure_environments as known

    name = known._get_default_cloud_name()  # noqa: SLF001 - there is no other way
    known._environments.setdefault(name, known._get_cloud(name))  # noqa: SLF001


def token(login: Login, audience: str) -> str:
    """Return a token for ``audience``. Raises AzureError when Azure refuses the login."""
    with doing("logging in"):
        return str(_credential(login).get_token(f"{audience}/.default").token)


# The login authorities of clouds, by azure-ai-ml's names of clouds.
_AUTHORITIES = {
    "AzureCloud": "login.microsoftonline.com",
    "AzureUSGovernment": "login.microsoftonline.us",
    "AzureChinaCloud": "login.chinacloudapi.cn",
}


def _credential(login: Login) -> Sdk:
    """Return a credential for ``login``. Raises AzureError when nobody is logged in."""
    chosen = way(login)
    from azure import identity

    where = {"authority": _AUTHORITIES[login.cloud]} if login.cloud else {}
    if login.principal and chosen == "principal":
        one = login.principal
        return identity.ClientSecretCredential(one.tenant, one.client, one.secret, **where)
    if chosen == "managed identity":
        return identity.ManagedIdentityCredential(client_id=login.managed_identity or None)
    if chosen == "Azure CLI":
        return _AzureCliCredential(login.subscription)
    say("Log in to Azure in the browser that opens.")
    return identity.InteractiveBrowserCredential(**where)


class _AzureCliCredential:
    """Azure CLI as a credential; that of azure-identity has errors in its own words."""

    def __init__(self, subscription: str | None) -> None:
        self._cli = AzureCli(subscription)

    def get_token(self, *scopes: str, **_: Sdk) -> Sdk:
        """Return a token for the audience of ``scopes``."""
        from azure.core.credentials import AccessToken

        return AccessToken(self._cli.token(scopes[0].removesuffix("/.default")), int(time.time() + TOKEN_SECONDS))
