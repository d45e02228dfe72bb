"""A login → an authentication object of SDK v1."""

from __future__ import annotations

import contextlib
import sys

from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace.login import AzureCli, Login, way


def auth(login: Login) -> Sdk:
    """Return the SDK's authentication object for ``login``. Raises AzureError when nobody is logged in."""
    chosen = way(login)
    from azureml.core import authentication as sdk

    if login.principal and chosen == "principal":
        one = login.principal
        return sdk.ServicePrincipalAuthentication(one.tenant, one.client, one.secret, cloud=login.cloud or "AzureCloud")
    if chosen == "managed identity":
        client = {"client_id": login.managed_identity} if login.managed_identity else None
        return sdk.MsiAuthentication(cloud=login.cloud, identity_config=client)
    if chosen == "Azure CLI":
        return sdk.TokenAuthentication(AzureCli(login.subscription).token, cloud=login.cloud)
    with contextlib.redirect_stdout(sys.stderr):  # it says what to do in the browser
        return sdk.InteractiveLoginAuthentication(cloud=login.cloud)


def token(login: Login) -> str:
    """Return a token for Azure Resource Manager. Raises AzureError when Azure refuses the login."""
    with doing("logging in"):
        return str(auth(login).get_authentication_header()["Authorization"]).removeprefix("Bearer ")
