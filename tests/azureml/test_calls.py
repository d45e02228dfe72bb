"""What the libraries of the SDKs raise, in our words; and which of it may pass."""

from __future__ import annotations

import json
import logging
import re
import ssl
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.azureml.v1 import compute, tracking
from aml_pipeline.azureml.workspace import calls, configuration, login, refusals, waiting
from aml_pipeline.core.errors import AzureError, UsageError
from aml_pipeline.pipeline.plan.settings import Compute

requests = pytest.importorskip("requests")


def _of_azure(name: str, *values: object) -> Exception:
    exceptions = pytest.importorskip("azure.core.exceptions")
    error: Exception = getattr(exceptions, name)(*values)
    return error


def _of_urllib3() -> Exception:
    exceptions = pytest.importorskip("urllib3.exceptions")
    error: Exception = exceptions.ProtocolError("broken")
    return error


CERTIFICATE = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: requests.exceptions.ReadTimeout("read timed out"), "cannot be reached"),
        (lambda: requests.exceptions.ChunkedEncodingError("broken"), "cannot be reached"),
        (lambda: _of_azure("ServiceRequestError", "<connection>: Failed to resolve 'x'"), "cannot be reached"),
        (lambda: _of_azure("ServiceResponseTimeoutError", "timed out"), "cannot be reached"),
        (_of_urllib3, "cannot be reached"),
        (lambda: urllib.error.URLError("timed out"), "cannot be reached"),
        (lambda: requests.exceptions.SSLError(CERTIFICATE), "REQUESTS_CA_BUNDLE=FILE"),
        (lambda: urllib.error.URLError(ssl.SSLCertVerificationError(CERTIFICATE)), "REQUESTS_CA_BUNDLE=FILE"),
        (
            lambda: requests.exceptions.ProxyError("Tunnel connection failed: 407 Proxy Authentication Required"),
            "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
        ),
    ],
)
def test_the_network_is_told_from_azure_and_may_pass(make: Callable[[], Exception], words: str) -> None:
    with pytest.raises(AzureError) as caught, calls.doing("submitting", "azureml"):
        raise make()
    assert words in str(caught.value)
    assert "Azure ML says" not in str(caught.value)
    assert refusals.may_pass(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: json.JSONDecodeError("Expecting value", "<html>", 0),
        lambda: requests.exceptions.JSONDecodeError("Expecting value", "<html>", 0),
        lambda: _of_azure("DecodeError", "JSON is invalid: Expecting value"),
    ],
)
def test_an_answer_that_is_no_json_is_none_of_azure_ml(make: Callable[[], Exception]) -> None:
    said = refusals.meaning(make())
    assert said.startswith(
        "The answer did not come from Azure ML, but perhaps from a proxy or the login page of a network."
    )
    assert "Expecting" not in said


def test_the_storage_account_has_a_role_of_its_own() -> None:
    answer = requests.models.Response()
    answer.status_code = 403
    answer.headers["x-ms-error-code"] = "AuthorizationPermissionMismatch"
    error = _of_azure("HttpResponseError", "This request is not authorized.\nRequestId:1\nTime:2\nErrorCode:3")
    error.response, error.status_code = answer, 403  # type: ignore[attr-defined]
    assert refusals.meaning(error) == (
        "You are not allowed to use the storage account of this workspace. Ask its owner for the role Storage Blob "
        "Data "
        "Contributor; if you have it, ask whether the account's firewall allows this machine. Azure ML says: This "
        "request is not authorized."
    )


def test_a_refusal_does_not_pass() -> None:
    answer = requests.models.Response()
    answer.status_code = 403
    with pytest.raises(AzureError) as caught, calls.doing("submitting", "azureml"):
        raise requests.exceptions.HTTPError("403 Client Error", response=answer)
    assert "You are not allowed to do that in this workspace." in str(caught.value)
    assert not refusals.may_pass(caught.value)


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://me:SECRET@dev.azure.com/o/p", "https://dev.azure.com/o/p"),
        ("https://SECRET@github.com/o/p", "https://github.com/o/p"),
        ("ssh://git:SECRET@host:22/x", "ssh://host:22/x"),
        ("git@github.com:o/p.git", "git@github.com:o/p.git"),
        ("https://host/a@b", "https://host/a@b"),
        ("main", "main"),
    ],
)
def test_an_address_without_its_login(address: str, safe: str) -> None:
    assert tracking.without_login(address) == safe


def test_azure_cli_is_asked_for_the_tenant_of_the_subscription(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And where it does not know that one, for its own."""
    program = tmp_path / "az"
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        '*"--subscription known"*) echo \'{"accessToken": "of known"}\';;\n'
        "*--subscription*) echo no such subscription >&2; exit 1;;\n"
        '*) echo \'{"accessToken": "of current"}\';;\n'
        "esac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert login.AzureCli("known").token("https://x") == "of known"
    assert login.AzureCli("other").token("https://x") == "of current"
    assert login.AzureCli().token("https://x") == "of current"


@pytest.mark.parametrize("text", ["", "w", "g/w", "s/g/", "s//w", "s/g/w/", "s/g/my workspace"])
def test_a_workspace_that_is_half_named(text: str) -> None:
    told = f'"{text}" does not name a workspace. Write subscription/group/name, or the path of its config.json.'
    with pytest.raises(UsageError, match=re.escape(told)):
        configuration.names_of(text, ".")


class Target:
    """A compute target of SDK v1, by its class and what it says of itself."""

    def __init__(self, **about: Any) -> None:  # noqa: ANN401
        self.__dict__.update({"name": "it", "type": "Its kind", "provisioning_state": "Succeeded", **about})

    def get_status(self) -> Target:
        return self


def _instance(state: str) -> Target:
    made: Target = type("ComputeInstance", (Target,), {})(state=state)
    return made


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (None, "Compute target it is of a kind that SDK v1 does not know, which cannot run steps."),
        (type("AksCompute", (Target,), {})(type="AKS"), "Compute target it is AKS, which cannot run steps."),
        (_instance("Stopped"), "Compute target it is a stopped instance. Start it in the portal"),
        (Target(provisioning_state="Deleting"), "Compute target it cannot be used: it is deleting."),
        (_instance("Running"), None),
        (type("ComputeInstance", (Target,), {"get_status": lambda _: None})(), None),
        (Target(), None),
    ],
)
def test_a_target_on_which_no_step_would_ever_run(target: Target | None, words: str | None) -> None:
    if words is None:
        assert compute._usable(target, "it") is target
        return
    with pytest.raises(AzureError) as caught:
        compute._usable(target, "it")
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(("there", "told"), [("STANDARD_NC24", 1), ("standard_d2_v2", 0), (None, 0)])
def test_a_cluster_of_another_size_is_told(there: str | None, told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "_got", lambda *_: Target(vm_size=there))
    wanted = Compute(name="it", vm_size="STANDARD_D2_V2")
    said: list[str] = []
    with waiting.heard_by(said.append):
        assert compute.found(None, wanted).vm_size == there
    told_of = ["Compute target it exists with size STANDARD_NC24, not STANDARD_D2_V2, and is used as it is."]
    assert said == told_of[:told]


def test_the_log_of_an_sdk_stays_off_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``DockerBuildContext.from_local_directory`` calls ``logging.info``, which makes a handler for later warnings."""
    monkeypatch.setattr(logging.root, "handlers", [])
    with calls.doing("asking", extra="azureml"):
        logging.info("of the SDK")  # noqa: LOG015 - as the SDK does
        logging.getLogger("azureml.core.environment").warning("too")
    assert logging.root.handlers == []
    assert capsys.readouterr().err == ""
