"""Who logs in to Azure ML v2, and in which cloud."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.azureml import Login, ServicePrincipal, connect
from aml_pipeline.azureml.v2.sdk import doing
from aml_pipeline.azureml.workspace import ending, waiting
from aml_pipeline.azureml.workspace.refusals import may_pass
from aml_pipeline.core.errors import AzureError, UsageError
from tests.loopback.guard import Guard, guarding
from tests.loopback.serving import quiet

identity = pytest.importorskip("azure.identity")
pytest.importorskip("azure.ai.ml")
pytestmark = quiet

NAMES = "s/g/w"
LOG_IN = "Log in: `az login`; without a terminal set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET."


class Made:
    """A credential that keeps what it was made with, and gives a token."""

    def __init__(self, *values: object, **named: object) -> None:
        self.given = (values, named)

    def get_token(self, *_: str, **__: object) -> object:
        from azure.core.credentials import AccessToken

        return AccessToken("token", 2**31)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, str]]:
    """Return the credentials that clients were made with, and the addresses that they asked."""
    import azure.ai.ml

    made: list[tuple[Any, str]] = []
    for name in ("ClientSecretCredential", "ManagedIdentityCredential", "InteractiveBrowserCredential"):
        monkeypatch.setattr(identity, name, type(name, (Made,), {}))
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "")
    monkeypatch.delenv("AZUREML_CURRENT_CLOUD")
    real = azure.ai.ml.MLClient

    def client(credential: object, *names: str, **settings: object) -> object:
        one = real(credential, *names, **settings)  # type: ignore[arg-type]
        made.append((credential, one._base_url))
        return one

    monkeypatch.setattr(azure.ai.ml, "MLClient", client)
    return made


PRINCIPAL = ServicePrincipal("tenant", "client", "s3cr3t-of-it")
GIVEN = ("tenant", "client", "s3cr3t-of-it")


AZURE = "https://management.azure.com"


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        (Login(principal=PRINCIPAL), ("ClientSecretCredential", GIVEN, {}, AZURE)),
        (
            Login(principal=PRINCIPAL, cloud="AzureUSGovernment"),
            (
                "ClientSecretCredential", GIVEN, {"authority": "login.microsoftonline.us"},
                "https://management.usgovcloudapi.net",
            ),
        ),
        (Login(managed_identity=""), ("ManagedIdentityCredential", (), {"client_id": None}, AZURE)),
        (Login(managed_identity="me"), ("ManagedIdentityCredential", (), {"client_id": "me"}, AZURE)),
        (
            Login(interactive=True, cloud="AzureChinaCloud"),
            (
                "InteractiveBrowserCredential", (), {"authority": "login.chinacloudapi.cn"},
                "https://management.chinacloudapi.cn",
            ),
        ),
    ],
)  # fmt: skip
def test_a_login(login: Login, expected: object, clients: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # no Azure CLI
    monkeypatch.setattr("time.sleep", lambda _: None)
    said: list[str] = []
    with guarding(Guard(), monkeypatch), waiting.heard_by(said.append), pytest.raises(AzureError):
        connect(sdk="v2", workspace=NAMES, login=login)
    ((credential, asked),) = clients
    assert (type(credential).__name__, *credential.given, asked) == expected
    assert said == (["Log in to Azure in the browser that opens."] if login.interactive else [])


def test_azure_cli_is_asked_for_a_token_of_an_audience(
    tmp_path: Path, clients: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "az"
    program.write_text('#!/bin/sh\necho "{\\"accessToken\\": \\"for $4\\"}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("time.sleep", lambda _: None)
    with guarding(Guard(), monkeypatch), pytest.raises(AzureError):
        connect(sdk="v2", workspace=NAMES, login=Login())
    given = clients[0][0].get_token(f"{AZURE}/.default")
    assert given.token == f"for {AZURE}"


def test_a_cloud_that_is_none() -> None:
    with pytest.raises(UsageError, match=r'Unknown cloud "AzureUsGov"\. Did you mean "AzureUSGovernment"\?'):
        connect(sdk="v2", workspace=NAMES, login=Login(cloud="AzureUsGov"))


def _unavailable() -> Exception:
    error: Exception = identity.CredentialUnavailableError("ManagedIdentityCredential authentication unavailable.")
    return error


def _refused() -> Exception:
    from azure.core.exceptions import ClientAuthenticationError

    return ClientAuthenticationError("Authentication failed: AADSTS7000215: Invalid client secret provided.")


@pytest.mark.parametrize(
    ("raised", "more"), [(_unavailable, ""), (_refused, " Azure says: AADSTS7000215: Invalid client secret provided.")]
)
def test_nobody_could_be_logged_in(raised: Callable[[], Exception], more: str) -> None:
    with pytest.raises(AzureError) as caught, doing("connecting to workspace w"):
        raise raised()
    what = "Connecting to workspace w failed. You are not logged in to Azure ML, or the login has expired."
    assert str(caught.value) == f"{what} {LOG_IN}{more}"
    assert not may_pass(caught.value)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TimeoutError()])
def test_a_log_that_was_fetched_in_part_is_not_kept(error: BaseException, tmp_path: Path) -> None:
    place = tmp_path / "train.log"

    def fetch(fetched: str) -> None:
        Path(fetched).write_text("AccountKey=abcdefgh==\n")
        raise error

    with pytest.raises(type(error)):
        ending.save_log(fetch, str(place))
    assert list(tmp_path.iterdir()) == []
