"""`doctor` and variables of the connection that are no addresses, or name nothing: found offline, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_pipeline import cli
from aml_pipeline.doctor import connection, login, machine

NO_ADDRESS = "is not the address of a proxy"
PROXIES = [
    ("http://host:port", NO_ADDRESS),
    ("http://host:99999", NO_ADDRESS),
    ("http://me:s3cr3t@[::1", NO_ADDRESS),
    ("http://.:8", NO_ADDRESS),
    (f"http://{'a' * 64}.example:8", NO_ADDRESS),
    ("::", NO_ADDRESS),
    ("http://", NO_ADDRESS),
    ("https://me:s3cr3t@host:8", "=https://host:8 names a proxy of the kind https, which doctor cannot check"),
    ("socks5://host:8", "=socks5://host:8 names a proxy of the kind socks5, which doctor cannot check"),
]


@pytest.mark.parametrize(("value", "seen"), PROXIES)
def test_a_proxy_that_is_no_address(value: str, seen: str) -> None:
    environ = {"HTTPS_PROXY": value}
    (fault,), there = connection.check(environ)
    assert (fault.name, fault.state, there) == ("proxy", "warning" if "kind" in seen else "problem", None)
    assert fault.seen == f"HTTPS_PROXY{seen if seen[0] == '=' else f' {seen}'}"
    assert "HTTPS_PROXY=http://HOST:PORT" in fault.cure
    assert connection.settings(environ)[0] == fault


def test_certificates_that_are_not_there(tmp_path: Path) -> None:
    environ = {"REQUESTS_CA_BUNDLE": str(tmp_path / "none.pem")}
    proxy, fault = connection.settings(environ)
    assert (proxy.state, fault.name, fault.state) == ("ok", "TLS", "problem")
    assert fault.seen == f"REQUESTS_CA_BUNDLE names {tmp_path}/none.pem, which was not found"


def test_a_cloud_that_is_no_address() -> None:
    environ = {"ARM_CLOUD_METADATA_URL": "http://[x"}
    found, there = connection.check(environ)
    assert there is None
    assert [(one.name, one.seen) for one in found if one.state == "problem"] == [
        ("network", "ARM_CLOUD_METADATA_URL is not an address")
    ]


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert machine.disk(str(tmp_path / "no" / "where")).seen.endswith(f" free in {tmp_path}")


def test_offline_in_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = "00000000-0000-0000-0000-0000000000aa/group/name"
    assert cli.run(["doctor", "--offline", "--workspace", names], {"https_proxy": "http://[::1"}) == 4
    said = capsys.readouterr()
    assert "problem  proxy          https_proxy is not the address of a proxy\n" in said.out
    assert said.err == ""


@pytest.mark.parametrize(
    ("says", "seen"),
    [
        ("", "nobody is logged in to Azure CLI"),
        (" Azure CLI says: ERROR: Please run 'az login' to setup account.", "nobody is logged in to Azure CLI"),
        (
            " Azure CLI says: AADSTS900023: Specified …",
            "the login of Azure CLI names a tenant that does not exist (AADSTS900023)",
        ),
        (
            " Azure CLI says: AADSTS90002: Tenant …",
            "the login of Azure CLI names a tenant that does not exist (AADSTS90002)",
        ),
        (" Azure CLI says: No module named 'azure.cli'", "the login of Azure CLI failed: No module named 'azure.cli'"),
    ],
)
def test_what_azure_cli_says_decides(says: str, seen: str) -> None:
    assert login._failed("Azure CLI", f"You are not logged in to Azure CLI. Log in.{says}").seen == seen
