"""`doctor` against both loopback services: ten broken states, each found and named, and no other problem invented."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, NamedTuple
from urllib.parse import urlsplit

import certifi
import pytest

from aml_pipeline.doctor import examination, https, workspace
from aml_pipeline.doctor.finding import Finding
from tests.azureml.side import Either
from tests.conftest import ROOT
from tests.loopback import server as servers
from tests.loopback.asked import Asked
from tests.loopback.lesson import Done, a_lesson
from tests.loopback.roles import READER, SCIENTIST, TENANT
from tests.loopback.serving import quiet
from tests.loopback.state import GROUP, SUBSCRIPTION, WORKSPACE
from tests.loopback.wire import Request
from tests.loopback_v2 import az
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2
from tests.patience import PATIENCE

pytestmark = quiet
more = pytest.mark.more

OTHER = "00000000-0000-0000-0000-0000000000ee"


class Patient:
    """A project, logged in at a service by Azure CLI, and `doctor` in it."""

    def __init__(self, lesson: Either, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.lesson = lesson
        self.service = lesson.service
        self.sdk = "v2" if isinstance(lesson, LessonV2) else "v1"
        self.patch = patch
        self._capsys = capsys

    def doctor(self, *words: str) -> Done:
        """Run `doctor` in this process. It must write nothing."""
        self.service.forget()
        done = self.lesson.here(self._capsys, "doctor", "--sdk", self.sdk, *words)
        assert [str(one) for one in self.service.writes()] == []
        return done

    def findings(self, *words: str) -> Told:
        """Return what it finds, as JSON."""
        done = self.doctor("--format", "json", *words)
        data = json.loads(done.out)
        found = {row["name"]: row for row in data["findings"]}
        assert len(found) == len(data["findings"]), "each thing has one line"
        return Told(done.status, found, data["not_checked"])

    def rename(self, key: str, value: str) -> None:
        """Change a name in the configuration."""
        path = self.lesson.root / ".azureml" / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))


class Told(NamedTuple):
    status: int
    found: Mapping[str, Mapping[str, str]]
    not_checked: list[str]

    def named(self, state: str) -> list[str]:
        """Return the things in a state."""
        return [name for name, row in self.found.items() if row["state"] == state]

    def only(self, name: str) -> str:
        """Return the text of the only problem, which must be that of ``name``; there must be no warning."""
        assert (self.named("problem"), self.named("warning")) == ([name], []), self.found
        assert self.found[name]["cure"]
        return f"{self.found[name]['seen']} → {self.found[name]['cure']}"


@pytest.fixture(params=[pytest.param("v1", marks=more), "v2"])
def patient(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Patient]:
    if request.param == "v2":
        with a_lesson_v2(tmp_path, monkeypatch) as second:
            yield Patient(second, monkeypatch, capsys)
        return
    with a_lesson(tmp_path, monkeypatch) as first:
        az.install(tmp_path / "bin", SUBSCRIPTION)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
        monkeypatch.setenv("ARM_CLOUD_METADATA_URL", f"{first.url}/metadata/endpoints?api-version=2022-09-01")
        yield Patient(first, monkeypatch, capsys)


def test_nothing_is_wrong(patient: Patient) -> None:
    told = patient.findings()
    assert (told.status, told.named("problem"), told.named("warning"), told.not_checked) == (0, [], [], [])
    seen = {name: row["seen"] for name, row in told.found.items()}
    assert seen["configuration"].startswith(f"workspace {SUBSCRIPTION}/{GROUP}/{WORKSPACE}, named by /")
    assert seen["login"].startswith(f"Azure CLI as somebody@loopback, tenant {TENANT}, token until 20")
    assert seen["workspace"] == "loopback in westeurope"
    assert seen["computes"] == "cpu-cluster (STANDARD_D2_V2)"
    assert seen["quota"] == "in westeurope: Total Cluster Dedicated Regional vCPUs: 4 of 10"
    assert seen["permissions"] == "`submit` and `publish` are allowed"
    assert seen["pipeline file"] == "pipeline.yaml is valid: 2 steps"


def test_the_lines(patient: Patient) -> None:
    """With SDK v2, those of docs/reference/doctor.md; what a machine has of its own differs."""
    patient.service.state.access.roles = [READER]
    done = patient.doctor()
    assert (done.status, done.err) == (4, "")
    lines = done.out.splitlines()
    assert lines[-1] == "1 problem, 0 warnings."
    place = next(place for place, line in enumerate(lines) if line.startswith("problem"))
    assert lines[place].startswith("problem  permissions    the role does not allow `submit`: environments/write, ")
    assert lines[place + 1].strip().startswith("Ask an owner of the workspace for the role AzureML Data Scientist")
    assert all(line.startswith("ok ") for line in lines[:place])
    assert "eyJ" not in done.out, "a token is shown"
    page = (ROOT / "docs" / "reference" / "doctor.md").read_text(encoding="utf-8")
    documented = page.partition("$ aml-pipeline doctor --sdk v2\n")[2].partition("```")[0].splitlines()
    assert [line[:24] for line in documented] == [line[:24] for line in lines]
    same = ("pipeline file", "workspace", "computes", "quota", "permissions", "clock")
    if patient.sdk == "v2":
        assert [line for line in documented if line[9:23].strip() in same] == [
            line for line in lines if line[9:23].strip() in same
        ]
        assert documented[place + 1 :] == lines[place + 1 :]


@pytest.mark.parametrize("mood", [az.NOBODY, pytest.param("no az", marks=more)])
def test_no_login(patient: Patient, mood: str, tmp_path: Path) -> None:
    patient.patch.setenv(az.MOOD, mood)
    if mood == "no az":
        patient.patch.setenv("PATH", str(tmp_path / "nothing"))
    told = patient.findings()
    rest = " to Azure CLI" if mood == az.NOBODY else ", and the program `az` was not found"
    assert told.found["login"]["seen"] == f"nobody is logged in{rest}"
    assert told.named("problem") == ["login"]
    assert "`az login`" in told.found["login"]["cure"]
    assert (told.status, told.not_checked) == (4, ["workspace", "computes", "quota", "permissions"])


def test_what_a_service_says_is_shown_without_secrets() -> None:
    finding = Finding("x", "problem", "said\nhttps://me:s3cr3t@host and Bearer eyJ0eXAi.eyJhdWQi.c2ln", "Set A=B.")
    assert finding.seen == "said https://***@host and Bearer ***"


@more
def test_a_browser_is_not_opened(patient: Patient) -> None:
    patient.patch.setenv(az.MOOD, az.NOBODY)
    patient.patch.setattr("sys.stdin.isatty", lambda: True)
    told = patient.findings()
    assert (told.status, told.named("problem"), told.named("warning")) == (0, [], ["login"])
    assert told.not_checked == ["workspace", "computes", "quota", "permissions"]


@more
@pytest.mark.parametrize(("variable", "told"), [("", ""), ("REQUESTS_CA_BUNDLE", "TLS"), ("https_proxy", "proxy")])
def test_in_a_new_process(patient: Patient, variable: str, told: str) -> None:
    """Importing azure-ai-ml asks the address of its clouds: what that fails for is one problem, not two."""
    if patient.sdk == "v1":
        pytest.skip("it needs a login that only a test has")
    if variable:
        proxy = through(patient, f"http://127.0.0.1:{closed_port()}") if told == "proxy" else ""
        patient.patch.setenv(variable, os.environ[proxy] if proxy else certifi.where())
    done = subprocess.run(
        [sys.executable, "-m", "aml_pipeline", "doctor", "--format", "json"],
        cwd=patient.lesson.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (4 if told else 0, "")
    states = {row["name"]: row["state"] for row in json.loads(done.stdout)["findings"]}
    assert [name for name, state in states.items() if state != "ok"] == ([told] if told else [])


def test_a_wrong_tenant(patient: Patient) -> None:
    patient.patch.setenv(az.MOOD, OTHER)
    told = patient.findings()
    text = told.only("tenant")
    assert f"is for tenant {OTHER}, and the subscription belongs to tenant {TENANT}" in text
    assert f"`az login --tenant {TENANT}`" in text
    assert told.status == 4


@pytest.mark.parametrize("mood", [az.EXPIRED, pytest.param(az.PAST, marks=more)])
def test_an_expired_login(patient: Patient, mood: str) -> None:
    patient.patch.setenv(az.MOOD, mood)
    told = patient.findings()
    assert "has expired" in told.only("login")
    assert told.status == 4


def test_no_configuration(patient: Patient) -> None:
    (patient.lesson.root / ".azureml" / "config.json").unlink()
    told = patient.findings()
    assert "config.json was not found in" in told.only("configuration")
    assert (told.status, told.not_checked) == (2, ["workspace", "computes", "quota", "permissions"])


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        (
            "workspace_name",
            "loopbak",
            f'{GROUP} has no workspace loopbak → Did you mean "loopback"? Check ',
        ),
        pytest.param("resource_group", "other", "has no resource group other → Check resource_group in /", marks=more),
        pytest.param(
            "subscription_id",
            OTHER,
            f"subscription {OTHER} was not found, or the login has no ",
            marks=more,
        ),
    ],
)
def test_a_wrong_workspace(patient: Patient, key: str, value: str, text: str) -> None:
    patient.rename(key, value)
    told = patient.findings()
    assert text in told.only("workspace")
    assert (told.status, told.not_checked) == (4, ["computes", "quota", "permissions"])


def test_a_missing_role(patient: Patient) -> None:
    access = patient.service.state.access
    access.roles = []
    assert "the login may not read workspace" in patient.findings().only("permissions")
    access.roles = [READER]
    assert "the role does not allow `submit`: " in patient.findings().only("permissions")
    lacking = {**SCIENTIST, "notActions": [*SCIENTIST["notActions"], "*/modules/write", "*/SCHEDULES/write"]}
    access.roles = [lacking]
    told = patient.findings()
    assert (told.status, told.named("problem"), told.named("warning")) == (0, [], ["permissions"])
    assert "`submit` is allowed, `publish` is not: " in told.found["permissions"]["seen"]
    access.roles = [lacking, {"actions": ["*"], "notActions": []}]
    assert patient.findings().named("warning") == []


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def through(patient: Patient, proxy: str) -> str:
    """Let a proxy be set for everything; return its variable."""
    for name in ("NO_PROXY", "no_proxy"):
        patient.patch.delenv(name)
    for name in ("http_proxy", "https_proxy"):
        patient.patch.setenv(name, proxy)
    return "https_proxy" if patient.sdk == "v2" else "http_proxy"


def test_a_proxy_that_does_not_answer(patient: Patient) -> None:
    port = closed_port()
    variable = through(patient, f"http://me:s3cr3t-of-it@127.0.0.1:{port}")
    told = patient.findings()
    assert f"{variable}=http://127.0.0.1:{port} does not answer" in told.only("proxy")
    assert "s3cr3t" not in str(told)
    assert (told.status, told.not_checked[0]) == (4, "network")


class Clockwork:
    """A clock that is off by some seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the time for the header Date."""
        return formatdate((timestamp or time.time()) + self.seconds, usegmt=True)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (2000, "behind Azure's"),
        pytest.param(-2000, "ahead of Azure's", marks=more),
        pytest.param(200, "", marks=more),
    ],
)
def test_a_clock(patient: Patient, seconds: float, told: str) -> None:
    patient.patch.setattr(servers.Handler, "date_time_string", Clockwork(seconds).date_time_string)
    found = patient.findings()
    if told:
        assert re.search(rf" 33 min \d+ s {told}", found.only("clock"))
    assert found.status == (6 if told else 0)


@more
@pytest.mark.parametrize(("status", "told"), [(407, "requires a login"), (403, "refuses the connection")])
def test_a_proxy_that_refuses(patient: Patient, status: int, told: str) -> None:
    proxy = f"http://127.0.0.1:{answering(status)}"
    variable = through(patient, proxy)
    if patient.sdk == "v1" and status != 407:
        return  # over plain HTTP the answer of a proxy may be that of the service
    text = patient.findings().only("proxy")
    assert f"{variable}={proxy} {told} ({status} " in text
    if status == 407:
        assert text.endswith(f"Put the login into the address: {variable}=http://USER:PASSWORD@HOST:PORT.")


def answering(status: int, said: str = "") -> int:
    """Return the port of a server that answers everything with a status and a text, until the process ends."""

    class Answers(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said.encode())

        do_CONNECT = do_GET = _answer  # noqa: N815 - looked for by name

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def test_a_proxy_that_intercepts_tls(patient: Patient) -> None:
    """The service itself over TLS, with a certificate that only its maker trusts."""
    from tests.loopback_v2.certificate import identity

    for name in https.BUNDLES:
        patient.patch.delenv(name, raising=False)
    server = servers.Server(patient.service.state, patient.service.faults, tls=identity()[1])
    with Asked(server).running():
        patient.patch.setenv("ARM_CLOUD_METADATA_URL", f"{server.url}/metadata/endpoints?api-version=2022-09-01")
        told = patient.findings()
    text = told.only("TLS")
    assert "the certificate of 127.0.0.1, issued by CN=loopback, is not trusted by the usual certificates" in text
    assert "set REQUESTS_CA_BUNDLE=FILE" in text
    assert (told.status, told.found["proxy"]["state"], told.not_checked[0]) == (4, "ok", "network")
    assert server.requests == [], "nothing is sent to who is not trusted"


@more
def test_certificates_that_are_not_there(patient: Patient, tmp_path: Path) -> None:
    patient.patch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    assert "none.pem, which was not found" in patient.findings().only("TLS")
    (tmp_path / "none.pem").write_text("no certificate")
    assert "which holds no certificates" in patient.findings().only("TLS")


@more
def test_something_else_answers(patient: Patient) -> None:
    patient.service.fail("^/metadata", 200)
    port = answering(200)
    patient.patch.setenv("ARM_CLOUD_METADATA_URL", f"http://127.0.0.1:{port}/metadata/endpoints")
    assert "is not Azure's (HTTP 200)" in patient.findings().only("network")


def test_offline_nothing_is_asked(patient: Patient) -> None:
    asked: list[object] = []
    for place in ("socket.socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        patient.patch.setattr(place, lambda *given, **_: asked.append(given))
    told = patient.findings("--offline")
    assert (told.status, asked, patient.service.requests) == (0, [], [])
    assert told.not_checked == ["network", "clock", "workspace", "computes", "quota", "permissions"]
    assert told.found["login"]["seen"].endswith("Azure CLI, not tried")


@more
def test_a_service_principal_logs_in_with_the_sdk(patient: Patient) -> None:
    for name, value in (("TENANT_ID", TENANT), ("CLIENT_ID", "an-app"), ("CLIENT_SECRET", "s3cr3t-of-it")):
        patient.patch.setenv(f"AZURE_{name}", value)
    done = patient.doctor()
    assert "s3cr3t" not in done.out
    if patient.sdk == "v1":  # whose login the loopback service replaces
        assert (done.status, "service principal (AZURE_CLIENT_ID) as somebody@loopback" in done.out) == (0, True)
    else:  # the service of v2 is no Entra
        patient.service.forgive()
        assert (done.status, "the login of service principal (AZURE_CLIENT_ID) failed" in done.out) == (4, True)


@more
def test_a_service_that_says_nothing(patient: Patient) -> None:
    patient.patch.setattr(examination, "SECONDS", 0.3)
    over = threading.Event()

    def wait(request: Request) -> None:
        if "usages" in request.path:
            over.wait(PATIENCE)

    with patient.service.meeting(wait):
        told = patient.findings()
        over.set()
    assert "no answer within 0 s" in told.only("quota")
    assert told.found["permissions"]["state"] == "ok"


@more
def test_a_check_that_fails_stops_no_other(patient: Patient) -> None:
    patient.patch.setattr(workspace, "computes", lambda _: 1 // 0)
    told = patient.findings()
    assert (told.named("problem"), told.named("warning")) == ([], ["computes"])
    assert "could not be checked (ZeroDivisionError: " in told.found["computes"]["seen"]
    assert "report this line" in told.found["computes"]["cure"]


@more
def test_a_quota_that_is_used_up(patient: Patient) -> None:
    patient.service.state.access.used = 10
    told = patient.findings()
    assert (told.status, told.named("warning")) == (0, ["quota"])
    assert "10 of 10; used up: Total Cluster Dedicated Regional vCPUs" in told.found["quota"]["seen"]


@more
def test_services_behind_a_firewall(patient: Patient) -> None:
    patient.service.drop("^/discovery")
    told = patient.findings()
    assert "the workspace's services: 127.0.0.1 does not answer" in told.only("services")
    assert told.found["permissions"]["state"] == "ok"


@more
def test_a_file_with_an_error(patient: Patient) -> None:
    patient.lesson.replace("pipeline.yaml", "script: prepare.py", "script: prepar.py")
    told = patient.findings()
    assert "pipeline.yaml has 1 error; the first: " in told.only("pipeline file")
    assert "`aml-pipeline validate`" in told.found["pipeline file"]["cure"]
    assert (told.status, told.found["permissions"]["state"]) == (2, "ok")
    absent = patient.findings("-f", "other.yaml").found["pipeline file"]
    assert absent["seen"] == "other.yaml was not found."
    assert absent["cure"] == "Name the pipeline file with -f, or create one with `aml-pipeline init`."


class Tunnel(BaseHTTPRequestHandler):
    """A proxy that lets through who has a login."""

    seen: ClassVar[list[str]] = []

    def do_CONNECT(self) -> None:
        """Join the client with whom it wants to talk to."""
        self.seen.append(f"{self.path} {self.headers.get('Proxy-Authorization')}")
        host, _, port = self.path.partition(":")
        with socket.create_connection((host, int(port))) as other:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=self._pass, args=(other, self.connection))
            back.start()
            self._pass(self.connection, other)
            back.join()
        self.close_connection = True

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(1 << 16):
                target.sendall(content)
            target.shutdown(socket.SHUT_WR)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
        """Stay silent."""


@more
def test_a_proxy_that_works(patient: Patient) -> None:
    if patient.sdk == "v1":
        pytest.skip("over plain HTTP there is no tunnel")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tunnel)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    through(patient, f"http://me:it%40is@127.0.0.1:{server.server_port}")
    told = patient.findings()
    assert (told.named("problem"), told.named("warning")) == ([], [])
    assert told.found["proxy"]["seen"] == f"https_proxy=http://127.0.0.1:{server.server_port}"
    target = patient.service.url.removeprefix("https://")
    login = base64.b64encode(b"me:it@is").decode()
    assert set(Tunnel.seen) == {f"{target} Basic {login}"}
    for name in https.BUNDLES:
        patient.patch.delenv(name, raising=False)
    assert ", issued by CN=loopback, is not trusted by the usual" in patient.findings().only("TLS")
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["management.azure.com", "management.azure.com:444", "127.0.0.1", "127.0.0.1:5"])
@pytest.mark.parametrize(
    "exceptions",
    [
        "",
        " , ",
        "*",
        "other, .azure.com",
        "azure.com",
        "zure.com",
        "azure.com:444",
        "127.0.0.1",
        "127.0.0.0/8",
        "10.0.0.0/8",
    ],
)
def test_the_proxy_is_that_of_requests(
    scheme: str, host: str, exceptions: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    utils = pytest.importorskip("requests.utils")
    given = {"https_proxy": "http://one:1", "HTTPS_PROXY": "http://two:1", "ALL_PROXY": "http://all:1"}
    environ = {**given, "NO_PROXY": exceptions}
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    address = f"{scheme}://{host}/x"
    _, proxy = https.proxy_of(urlsplit(address), environ)
    expected = utils.select_proxy(address, utils.get_environ_proxies(address))
    assert (proxy and https.shown(proxy)) == expected


@more
def test_a_managed_identity_logs_in_with_the_sdk(patient: Patient) -> None:
    """As of an app service: its endpoint gives tokens to who knows the header."""
    said = json.dumps({"access_token": az.token("x"), "expires_on": int(time.time()) + az.HOUR, "resource": "x"})
    patient.patch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{answering(200, said)}/token")
    patient.patch.setenv("IDENTITY_HEADER", "s3cr3t-of-it")
    done = patient.doctor()
    assert done.status == 0
    assert "ok       login          managed identity as somebody@loopback, tenant " in done.out
