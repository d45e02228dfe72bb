"""The connection to Azure: proxy, TLS, network and clock, all from one question that needs no login."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from aml_pipeline.core.text import seconds_in_words
from aml_pipeline.doctor import https
from aml_pipeline.doctor.finding import Finding, Found

# Azure Resource Manager of each cloud, by the SDKs' names of clouds.
_MANAGERS = {
    "AzureCloud": "https://management.azure.com",
    "AzureUSGovernment": "https://management.usgovcloudapi.net",
    "AzureChinaCloud": "https://management.chinacloudapi.cn",
}
_METADATA = "/metadata/endpoints?api-version=2022-09-01"
_MOST_SECONDS = 300  # a login refuses a clock that is further off


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that works: the address of Azure Resource Manager, and Azure's time."""

    manager: str
    now: datetime


def manager_of(environ: Mapping[str, str]) -> str:
    """Return the address of Azure Resource Manager, as the SDKs choose the cloud. Raises Unreachable if it is none."""
    variable = "ARM_CLOUD_METADATA_URL"
    if metadata := environ.get(variable):
        parts = https.address_of(metadata)
        if parts is None:
            cure = f"Set {variable} to the address of your cloud's metadata, or unset it."
            raise https.Unreachable("network", f"{variable} is not an address", cure)
        return f"{parts.scheme}://{parts.netloc}"
    cloud = environ.get("AZURE_CLOUD_NAME") or environ.get("AZUREML_CURRENT_CLOUD") or "AzureCloud"
    return _MANAGERS.get(cloud, _MANAGERS["AzureCloud"])


def settings(environ: Mapping[str, str]) -> list[Finding]:
    """Return the proxy and the trusted certificates that are set, without a connection."""
    return [_setting("proxy", _proxy, environ), _setting("TLS", _certificates, environ)]


def _setting(name: str, seen: Callable[[Mapping[str, str]], str], environ: Mapping[str, str]) -> Finding:
    try:
        return Finding(name, "ok", seen(environ))
    except https.Unreachable as error:
        return _fault(error)


def _fault(error: https.Unreachable) -> Finding:
    return Finding(error.part, error.state, error.seen, error.cure)


def _proxy(environ: Mapping[str, str]) -> str:
    variable, proxy = https.proxy_of(urlsplit(manager_of(environ)), environ)
    return f"{variable}={https.shown(proxy)}" if proxy else "none is set"


def _certificates(environ: Mapping[str, str]) -> str:
    https.trusted(environ)
    variable, place = https.bundle_of(environ)
    return f"trusts {variable}={place}" if variable else "trusts the usual certificates"


def check(environ: Mapping[str, str]) -> Found[Connection]:
    """Return what was found of the connection to Azure, and the connection if it works."""
    expected = settings(environ)
    try:
        manager = manager_of(environ)
        answer = https.get(f"{manager}{_METADATA}", environ)
    except https.Unreachable as error:
        return [*(one for one in expected if _comes_before(one.name, error.part)), _fault(error)], None
    now = _time(answer.headers.get("date", ""))
    if answer.body is None or now is None:
        seen = f"{manager} answered with something that is not Azure's (HTTP {answer.status})"
        cure = "Check the network and HTTPS_PROXY: a proxy or the login page of a network may answer in its place."
        return [*expected, Finding("network", "problem", seen, cure)], None
    return [*expected, Finding("network", "ok", f"{manager} answers"), _clock(now)], Connection(manager, now)


_PARTS = ("proxy", "TLS", "network")


def _comes_before(name: str, part: str) -> bool:
    return _PARTS.index(name) < _PARTS.index(part)


def _time(date: str) -> datetime | None:
    try:
        return parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None


def _clock(now: datetime) -> Finding:
    """Compare this machine's clock with Azure's."""
    seconds = (datetime.now(timezone.utc) - now).total_seconds()
    if abs(seconds) <= _MOST_SECONDS:
        return Finding("clock", "ok", "agrees with Azure's")
    off = f"{seconds_in_words(abs(seconds))} {'ahead of' if seconds > 0 else 'behind'} Azure's"
    cure = "Set the clock, or let the system do so: `timedatectl set-ntp true` on Linux."
    return Finding("clock", "problem", f"this machine's clock is {off}: logins are refused", cure)
