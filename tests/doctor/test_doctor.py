"""`doctor` against both loopback services: ten broken states, each found and named, and no other problem invented."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.azureml.side import Either
from tests.loopback import server as servers
from tests.loopback.lesson import Done, a_lesson
from tests.loopback.roles import READER, SCIENTIST, TENANT
from tests.loopback.serving import quiet
from tests.loopback.state import GROUP, SUBSCRIPTION, WORKSPACE
from tests.loopback_v2 import az
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2

pytestmark = quiet

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


@pytest.fixture(params=[pytest.param("v1", marks=pytest.mark.more), "v2"])
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
    assert seen["login"].startswith(f"Azure CLI as somebody@loopback, tenant {TENANT}, until 20")
    assert seen["workspace"] == "loopback in westeurope"
    assert seen["computes"] == "cpu-cluster (STANDARD_D2_V2)"
    assert seen["quota"] == "in westeurope: Total Cluster Dedicated Regional vCPUs: 4 of 10"
    assert seen["permissions"] == "`submit` and `publish` are allowed"
    assert seen["pipeline file"] == "pipeline.yaml is valid: 2 steps"


def test_the_lines(patient: Patient) -> None:
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


@pytest.mark.parametrize("mood", [az.NOBODY, "no az"])
def test_no_login(patient: Patient, mood: str, tmp_path: Path) -> None:
    patient.patch.setenv(az.MOOD, mood)
    if mood == "no az":
        patient.patch.setenv("PATH", str(tmp_path / "nothing"))
    told = patient.findings()
    assert told.found["login"]["seen"].startswith("nobody is logged in")
    assert told.named("problem") == ["login"]
    assert "`az login`" in told.found["login"]["cure"]
    assert (told.status, told.not_checked) == (4, ["workspace", "computes", "quota", "permissions"])


def test_a_wrong_tenant(patient: Patient) -> None:
    patient.patch.setenv(az.MOOD, OTHER)
    told = patient.findings()
    text = told.only("tenant")
    assert f"is for tenant {OTHER}, and the subscription belongs to tenant {TENANT}" in text
    assert f"`az login --tenant {TENANT}`" in text
    assert told.status == 4


@pytest.mark.parametrize("mood", [az.EXPIRED, az.PAST])
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
        ("resource_group", "other", "has no resource group other → Check resource_group in /"),
        ("subscription_id", OTHER, f"sees no subscription {OTHER} → Check subscription_id in /"),
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


@pytest.mark.parametrize(("seconds", "told"), [(2000, "behind Azure's"), (-2000, "ahead of Azure's"), (200, "")])
def test_a_clock(patient: Patient, seconds: float, told: str) -> None:
    patient.patch.setattr(servers.Handler, "date_time_string", Clockwork(seconds).date_time_string)
    found = patient.findings()
    if told:
        assert re.search(rf" 33 min \d+ s {told}", found.only("clock"))
    assert found.status == (6 if told else 0)
