"""The workspace and the login, without a network; what the SDK raises, in our words; and no secret in any of it."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline import azureml
from aml_pipeline.azureml.v1 import login as logins
from aml_pipeline.azureml.v1.sdk import doing
from aml_pipeline.azureml.workspace import installing
from aml_pipeline.cli import run, sending
from aml_pipeline.core.addresses import DISTRIBUTION
from aml_pipeline.core.errors import AzureError, MachineError, UsageError
from aml_pipeline.core.masking import keep_secret, without_secrets
from tests import v1
from tests.conftest import ROOT
from tests.loopback.lesson import Lesson
from tests.loopback.serving import quiet
from tests.patience import no_hang

pytestmark = quiet

NAMES = {"subscription_id": "s", "resource_group": "g", "workspace_name": "MyTeam"}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Put a program on the PATH, and nothing else."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name: str, script: str) -> Path:
        path = folder / name
        noted = "open(__file__ + '.calls', 'a').write(' '.join(sys.argv[1:]) + '\\n')"
        path.write_text(f"#!{sys.executable}\nimport sys\n{noted}\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
        return path

    return put


# The configuration file.


@pytest.mark.parametrize(
    "place", [".azureml/config.json", "config.json", "../.azureml/config.json", "../../config.json"]
)
def test_the_configuration_of_the_nearest_folder(tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    path = folder / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(NAMES))
    (tmp_path / "config.json").write_text(json.dumps({**NAMES, "workspace_name": "further"}))
    asked: list[Mapping[str, Any]] = []

    def workspace(**given: object) -> Found:
        asked.append(given)
        return Found()

    monkeypatch.setattr(v1.module("azureml.core"), "Workspace", workspace)
    azureml.connect(str(folder), auth=object())
    assert {name: asked[0][name] for name in NAMES} == NAMES


class Found:
    _workspace_autorest_object = object()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "must be JSON with subscription_id, resource_group and workspace_name."),
        ("[]", "must be JSON with subscription_id, resource_group and workspace_name."),
        ("\udcff", "must be JSON with subscription_id, resource_group and workspace_name."),
        ('{"subscription_id": "s"}', "must be JSON with subscription_id, resource_group and workspace_name."),
        (json.dumps({**NAMES, "workspace_name": "<your workspace>"}), "has no value for workspace_name."),
        (json.dumps({**NAMES, "resource_group": ""}), "has no value for resource_group."),
        (json.dumps({**NAMES, "subscription_id": 5}), "has no value for subscription_id."),
    ],
)
def test_a_configuration_that_says_nothing(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / ".azureml" / "config.json"
    path.parent.mkdir()
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError) as raised:
        azureml.connect(str(tmp_path))
    cure = "Download it from the workspace's page in the portal: Download config.json."
    assert str(raised.value) == f"{path} {told} {cure}"


def test_no_configuration(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    (lesson.root / ".azureml" / "config.json").unlink()
    done = lesson.here(capsys, "submit")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(
        f".azureml/config.json was not found in {lesson.root} or above it. Download it from the "
    )


# The login.

PRINCIPAL = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s3cr3t-of-it"}


@pytest.mark.parametrize(
    ("environ", "login"),
    [
        (PRINCIPAL, azureml.Login(principal=azureml.ServicePrincipal("t", "c", "s3cr3t-of-it"))),
        ({**PRINCIPAL, "AZURE_CLIENT_SECRET": ""}, azureml.Login()),
        ({"IDENTITY_ENDPOINT": "http://x"}, azureml.Login(managed_identity="")),
        ({"MSI_ENDPOINT": "http://x", "AZURE_CLIENT_ID": "c"}, azureml.Login(managed_identity="c")),
        ({"AZURE_CLOUD_NAME": "AzureUSGovernment"}, azureml.Login(cloud="AzureUSGovernment")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_the_login_by_the_variables_of_azure(
    environ: dict[str, str], login: azureml.Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert sending.login(environ) == login
    both = sending.login({**environ, "IDENTITY_ENDPOINT": "x"})
    assert both.principal == login.principal


def chosen(login: azureml.Login) -> tuple[str, Mapping[str, Any]]:
    made = logins.auth(login)
    return type(made).__name__, vars(made)


@pytest.fixture
def _sdk(lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> Lesson:
    from azureml._vendor.azure_cli_core.azureml_cloud import _Clouds

    monkeypatch.setattr(_Clouds, "get_cloud_or_default", staticmethod(lambda name: f"cloud {name}"))
    return lesson


@pytest.mark.usefixtures("_sdk")
def test_the_first_login_that_there_is(program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    principal = azureml.ServicePrincipal("t", "c", "s3cr3t-of-it")
    every = azureml.Login(principal, managed_identity="c", interactive=True)
    name, about = chosen(every)
    assert (name, about["_tenant_id"], about["_service_principal_id"]) == ("ServicePrincipalAuthentication", "t", "c")
    assert (about["_service_principal_password"], about["_cloud_type"]) == ("s3cr3t-of-it", "cloud AzureCloud")
    assert chosen(azureml.Login(managed_identity="c", interactive=True))[0] == "MsiAuthentication"
    assert chosen(azureml.Login(managed_identity="c"))[1]["_identity_config"] == {"client_id": "c"}
    assert chosen(azureml.Login(managed_identity=""))[1]["_identity_config"] == {}
    monkeypatch.setattr("azureml.core.authentication.InteractiveLoginAuthentication", Browser)
    assert chosen(azureml.Login(interactive=True))[0] == "Browser"
    with pytest.raises(
        AzureError, match=r"^You are not logged in to Azure, and the program `az` was not found\. Log in: `az "
    ):
        chosen(azureml.Login())
    program("az", "print('{}')")
    assert chosen(azureml.Login())[0] == "TokenAuthentication"
    assert (
        chosen(azureml.Login(interactive=True, cloud="AzureUSGovernment"))[1]["_cloud_type"]
        == "cloud AzureUSGovernment"
    )
    program("az", "sys.exit(1)")
    assert chosen(azureml.Login(interactive=True))[0] == "Browser"
    assert chosen(azureml.Login())[0] == "TokenAuthentication"


class Browser:
    def __init__(self, cloud: str | None) -> None:
        sys.stdout.write("Open the browser.\n")
        self.cloud = cloud


@pytest.mark.usefixtures("_sdk", "program")
def test_what_a_browser_login_tells_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("azureml.core.authentication.InteractiveLoginAuthentication", Browser)
    with doing("connecting to workspace x"):
        logins.auth(azureml.Login(interactive=True))
    assert capsys.readouterr() == ("", "Open the browser.\n")


def test_the_login_of_azure_cli_submits(
    lesson: Lesson,
    program: Callable[[str, str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from azureml._vendor.azure_cli_core.azureml_cloud import _Clouds
    from azureml.core.authentication import TokenAuthentication

    from tests.loopback.client import LoopbackAuth, token

    # The SDK asks for them with a client that refuses to speak plain HTTP.
    monkeypatch.setattr(TokenAuthentication, "_get_all_subscription_ids", LoopbackAuth._get_all_subscription_ids)
    given = token()
    az = program("az", f'print(\'{{"accessToken": "{given}"}}\')')
    cloud = LoopbackAuth(lesson.url)._cloud_type
    monkeypatch.setattr(_Clouds, "get_cloud_or_default", staticmethod(lambda _: cloud))
    monkeypatch.chdir(lesson.root)
    monkeypatch.setattr(sys, "stdin", None)
    assert run(["submit"], {}) == 0
    assert len(lesson.service.runs) == 1
    calls = Path(f"{az}.calls").read_text().splitlines()
    assert len(calls) == len(set(calls)) <= 3, "one question for each audience"
    assert all(one.startswith("account get-access-token --resource ") for one in calls)
    program("az", "sys.stderr.write(\"ERROR: Please run 'az login' to setup account.\"); sys.exit(1)")
    capsys.readouterr()
    assert run(["submit"], {}) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert (
        "You are not logged in to Azure CLI. Log in: `az login`; without a terminal set AZURE_TENANT_ID, "
    ) in said.err
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("program")
def test_nobody_is_logged_in(
    lesson: Lesson, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lesson.root)
    monkeypatch.setattr(sys, "stdin", None)
    assert run(["submit"], {}) == 4
    assert capsys.readouterr().err.startswith(
        "You are not logged in to Azure, and the program `az` was not found. Log in: "
    )


def test_an_sdk_that_is_not_installed(lesson: Lesson, tmp_path: Path) -> None:
    broken = tmp_path / "first" / "azureml"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ModuleNotFoundError(\"No module named 'azureml'\")\n")
    environ = {"PYTHONPATH": os.pathsep.join([str(broken.parent), lesson.environ["PYTHONPATH"]])}
    done = lesson.azure("submit", environ=environ)
    assert (done.status, done.out) == (6, "")
    assert done.err.startswith("The SDK of Azure ML is not installed for ")
    assert done.err.endswith(f"{installing.cure('azureml')}\n")


WHERE = {
    "3.11": ((3, 11), False, "Install it there: pip install 'aml-pipeline-yaml[azureml]'."),
    "3.12": (
        (3, 12),
        False,
        (
            "This needs SDK v1, whose pipeline packages exist for Python 3.10 and 3.11 only, and this is 3.12. Create "
            "an environment with Python 3.11, and run in it: pip install 'aml-pipeline-yaml[azureml]'. Or use Azure ML "
            "v2, which does not need it: `--sdk v2`, or `sdk: v2` in the file."
        ),
    ),
    "Apple silicon": ((3, 11), True, "and not for Apple silicon. Run it on Linux, or with a Python for x86_64. Or use"),
}


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(
    "words",
    [
        ("submit", "--sdk", "v1"),
        ("publish",),
        ("pause",),
        ("plan", "--remote"),
        ("runs", "--remote"),
        ("schedules", "--remote"),
    ],
    ids=lambda words: words[0],
)
def test_what_is_said_of_an_sdk_that_is_missing_can_be_done(
    lesson: Lesson,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    where: str,
) -> None:
    python, apple, told = WHERE[where]
    monkeypatch.setattr(installing, "python", lambda: python)
    monkeypatch.setattr(installing, "is_apple_silicon", lambda: apple)
    monkeypatch.setitem(sys.modules, "azureml", None)  # as if it were not installed
    monkeypatch.setitem(sys.modules, "azureml.core", None)
    monkeypatch.chdir(lesson.root)
    assert run(list(words), {}) == 6
    said = capsys.readouterr().err
    assert told in said
    assert ("aml-pipeline-yaml[azureml-v2]" in said, said.count("\n")) == (False, 1)


def test_no_other_place_names_the_distribution() -> None:
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(rf'^name = "{DISTRIBUTION}"', declared, re.MULTILINE)
    assert all(f"\n{extra} = [" in declared for extra in (installing.V1, installing.V2))
    for path in (ROOT / "aml_pipeline").rglob("*.py"):
        if path.name != "installing.py":
            assert not re.search(r"pip install ['\"]?aml|aml-pipeline(-yaml)?\[", path.read_text(encoding="utf-8")), (
                path
            )


def test_a_name_keeps_its_capitals() -> None:
    with (
        pytest.raises(AzureError, match=r"^Connecting to workspace MyTeam failed\. "),
        doing("connecting to workspace MyTeam"),
    ):
        raise ConnectionError


@pytest.mark.parametrize("error", [FileNotFoundError(2, "gone"), PermissionError(13, "no"), OSError(28, "full")])
def test_a_fault_of_this_machine_stays_one(error: OSError) -> None:
    with pytest.raises(type(error)), doing("submitting"):
        raise error
    with pytest.raises(MachineError), doing("submitting"):
        raise MachineError("ours")


class Odd(Exception):  # noqa: N818
    """An error of the SDK whose inner one is no exception, and that cannot be told."""

    inner_exception = {"not": "an exception"}  # noqa: RUF012

    def __str__(self) -> str:
        raise TypeError


def test_an_error_that_cannot_be_told() -> None:
    with pytest.raises(AzureError, match=r"^Submitting failed\. Azure ML says: Odd$"), doing("submitting"):
        raise Odd


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (socket.gaierror(-2, "Name or service not known"), "cannot be reached"),
        (ConnectionRefusedError(), "cannot be reached"),
        (TimeoutError(), "cannot be reached"),
        (Exception("Max retries exceeded with url: / (Caused by NewConnectionError())"), "cannot be reached"),
        (Exception("Max retries exceeded (too many 503 error responses)"), r"internal error \(HTTP 503\)"),
        (Exception("ServiceException:\n\tCode: 404\n\tMessage: gone\n\tInnerException None"), "cannot find it"),
        (Exception("Response status code: 429"), "throttling requests"),
    ],
)
def test_what_the_sdk_raises_in_our_words(error: Exception, told: str) -> None:
    with pytest.raises(AzureError, match=told) as raised, doing("submitting"):
        raise RuntimeError from error
    assert "InnerException" not in str(raised.value)
    assert "\n" not in str(raised.value)


# Secrets.


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("AccountName=a;AccountKey=abc+/==;EndpointSuffix=x", "AccountName=a;AccountKey=***;EndpointSuffix=x"),
        ("SharedAccessKey=abc; x", "SharedAccessKey=***; x"),
        ("https://a.blob/x?sv=1&sig=ab%2Bc&se=2", "https://a.blob/x?sv=1&sig=***&se=2"),
        ('{"password": "hunter2", "a": 1}', '{"password": "***", "a": 1}'),
        (r"{\"client_secret\": \"hunter2\"}", r"{\"client_secret\": \"***\"}"),
        ("Authorization: Bearer abc.def-_=", "Authorization: Bearer ***"),
        ("Authorization: Basic dXNlcjpwdw==", "Authorization: Basic ***"),
        ("Bearer token authentication; basic authentication", "Bearer token authentication; basic authentication"),
        ("the token eyJhbGciOi.eyJleHAi.c2ln is bad", "the token *** is bad"),
        ("access_token=abc&x=1", "access_token=***&x=1"),
        ("https://user:pw@host/simple", "https://***@host/simple"),
        ("InstrumentationKey=1234-5678-abcd", "InstrumentationKey=***"),
        ("api-key: abc", "api-key: ***"),
        ("invalid secret 'abc'", "invalid secret '***'"),
        ('password: "two words", a', 'password: "***", a'),
        ("https://TOKEN@host/simple", "https://***@host/simple"),
        ("https://user:p@ss@host/simple", "https://***@host/simple"),
        ("mail somebody@host", "mail somebody@host"),
        ("Authorization: Bearer abcdef", "Authorization: Bearer ***"),
        ("authorization: abcdef", "authorization: ***"),
        ("AccountKey%3Dabc%2B", "AccountKey%3D***"),
        ("pushed with ghp_0123456789abcdef", "pushed with ***"),
        ("said by-heart twice: by-heart", "said *** twice: ***"),
        (
            "the password is wrong; Invalid client secret provided.",
            "the password is wrong; Invalid client secret provided.",
        ),
    ],
)
def test_secrets_are_masked(text: str, safe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aml_pipeline.core.masking._known", set())
    keep_secret("by-heart")
    keep_secret("")
    assert without_secrets(text) == safe


# No text here is a secret: each is put together.
DRAWN = "q8ZtR4wX" * 11


@pytest.mark.parametrize(
    "token",
    [
        "hf_" + DRAWN[:34],
        "sk-" + DRAWN[:48],
        "sk-" + "proj-" + DRAWN[:20] + "_" + DRAWN[:20],
        "sk-" + "ant-api03-" + DRAWN[:40],
        "AKIA" + "ABCDEFGH12345678",
        "ASIA" + "ABCDEFGH12345678",
        "AIza" + DRAWN[:35],
        "npm_" + DRAWN[:36],
        "pypi-" + DRAWN[:60],
        "ghr_" + DRAWN[:36],
        "xoxe-" + "123456789012",
        DRAWN[:3] + "8Q~" + DRAWN[:34],
    ],
)
def test_a_token_is_masked_wherever_it_stands(token: str) -> None:
    for before, after in [("", ""), ("with ", " in it"), ("x=", "&y=1"), ('["', '"]'), ("/", "/"), ("(", ").")]:
        assert without_secrets(f"{before}{token}{after}") == f"{before}***{after}"


@pytest.mark.parametrize(
    "text",
    [
        "n_token: 5",
        "max_token=128, key: 0.5",
        '{"n_token": 4096}',
        "{'cls_token': 101}",
        "sort_key: 1e-3",
        "num_tokens: 5",
        "token_count=3",
        "hf_hub_download(repo)",
        "hf_short",
        "hf_" + "a" * 40,
        "self_" + DRAWN[:34],
        "sk-learn and sk-proj-quarterly-report-of-the-team",
        "task-" + DRAWN[:48],
        "AKIA of 2026",
        "AKIA" + "ABCDEFGH123456789",
        "XAKIA" + "ABCDEFGH12345678",
        "AIza" + DRAWN[:20],
        "npm_config_registry",
        "npm_package_" + DRAWN[:36],
        "pypi-server 2.0",
        "Q~ and 8Q~",
        "xoxo-hugs",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("piece", ["sk-proj-", "sk-", "a8Q~", "pypi-", "token: 5 ", "://", "x" * 9 + "_token"])
@pytest.mark.parametrize("length", [150_000, pytest.param(500_000, marks=pytest.mark.more)])
def test_masking_a_long_text_takes_no_time(piece: str, length: int) -> None:
    with no_hang():
        without_secrets((piece * length)[:length])


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("password: 12345", "password: ***"),
        ("client_secret=12345", "client_secret=***"),
        ("token: 1234567890", "token: ***"),
        ("token: 5abc", "token: ***"),
        ("key=5+abc/==", "key=***"),
    ],
)
def test_a_number_that_may_be_a_password_is_masked(text: str, safe: str) -> None:
    assert without_secrets(text) == safe


@pytest.mark.usefixtures("_sdk")
def test_the_secret_of_a_service_principal_is_shown_nowhere() -> None:
    login = sending.login(PRINCIPAL)
    assert "s3cr3t" not in f"{login!r} {login.principal!r} {login.principal} {login}"
    logins.auth(login)
    with pytest.raises(AzureError) as raised, doing("connecting"):
        raise RuntimeError("AADSTS7000215: s3cr3t-of-it is invalid")
    assert str(raised.value) == "Connecting failed. Azure ML says: AADSTS7000215: *** is invalid"
