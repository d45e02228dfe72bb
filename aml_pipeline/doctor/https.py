"""Asks an address as the SDKs do: through the same proxy, trusting the same certificates; and says why none answers.

It uses the standard library, so it works where an SDK is half installed, never repeats a question, and knows at which
part of the way an attempt ends.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from aml_pipeline.doctor.finding import State

SECONDS = 8.0  # to connect, and between two parts of an answer
_DENIED = 407  # a proxy wants a login
# The variables of requests, with which both SDKs ask, in its order.
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of HTTP; ``body`` is JSON, or None if it is something else."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Unreachable(Exception):  # noqa: N818 - of a machine, not of this program
    """No answer came: the part of the way that failed (proxy, TLS, network), what was seen, and the cure.

    It is a warning if others may get an answer.
    """

    def __init__(self, part: str, seen: str, cure: str, *, state: State = "problem") -> None:
        super().__init__(seen)
        self.part = part
        self.state = state
        self.seen = seen
        self.cure = cure


def get(address: str, environ: Mapping[str, str], token: str = "") -> Answer:
    """Return the answer to a GET of ``address``, which is asked once. Raises Unreachable."""
    target = urlsplit(address)
    variable, proxy = proxy_of(target, environ)
    connection = _connection(target, proxy, trusted(environ))
    path = f"{target.path or '/'}{f'?{target.query}' if target.query else ''}"
    headers = {"Accept": "application/json", "User-Agent": "aml-pipeline doctor"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if proxy and target.scheme == "http":
        path, headers = address, {**headers, **_login(proxy)}
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(target, proxy, environ, error) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(target, variable, proxy, error) from error
    finally:
        connection.close()
    if answer.status == _DENIED:
        raise _refused(variable, proxy, f"{answer.status} {answer.reason}")
    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, _json(content))


def _json(content: bytes) -> Any:  # noqa: ANN401 - whatever was answered
    try:
        return json.loads(content)
    except ValueError:
        return None


def proxy_of(target: SplitResult, environ: Mapping[str, str]) -> tuple[str, SplitResult | None]:
    """Return the variable that names the proxy for an address, as requests finds it; ("", None) without one.

    Raises Unreachable for a proxy that cannot be used.
    """
    exceptions = (environ.get("no_proxy") or environ.get("NO_PROXY") or "").strip()
    if exceptions == "*" or any(_is_excepted(target, word.strip()) for word in exceptions.split(",")):
        return "", None
    for kind in (target.scheme, "all"):
        for name in (f"{kind}_proxy", f"{kind}_proxy".upper()):
            text = environ.get(name)
            if text:
                return name, _proxy(name, text if "://" in text else f"http://{text}")
    return "", None


def _proxy(variable: str, text: str) -> SplitResult:
    proxy = address_of(text)
    if proxy is None:
        cure = f"Set it as in {variable}=http://HOST:PORT, or unset it."
        raise Unreachable("proxy", f"{variable} is not the address of a proxy", cure)
    if proxy.scheme != "http":  # requests may be able to, with other packages
        seen = f"{variable}={shown(proxy)} names a proxy of the kind {proxy.scheme}, which doctor cannot check"
        cure = f"Most proxies are of the kind http: set {variable}=http://HOST:PORT."
        raise Unreachable("proxy", seen, cure, state="warning")
    return proxy


def address_of(text: str) -> SplitResult | None:
    """Return the parts of an address; None if it is not one."""
    try:
        parts = urlsplit(text)
        is_whole = (parts.hostname or "").encode("idna") and parts.port != 0
    except ValueError:
        return None
    return parts if is_whole else None


def _is_excepted(target: SplitResult, word: str) -> bool:
    """Whether a word of NO_PROXY means an address: its domain, with the port if one is named, or its network."""
    host = target.hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        domain = word.removeprefix(".")
        return bool(domain) and any(f".{name}".endswith(f".{domain}") for name in (host, target.netloc))
    with contextlib.suppress(ValueError):
        return address in ip_network(word, strict=False)
    return False


def bundle_of(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the variable that names the trusted certificates, and their file or folder; ("", "") without one."""
    return next(((name, environ[name]) for name in BUNDLES if environ.get(name)), ("", ""))


def trusted(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return what trusts the certificates that are set, else the usual ones. Raises Unreachable if that cannot be."""
    variable, place = bundle_of(environ)
    if variable and not os.path.exists(place):
        cure = f"Set {variable} to the file of the certificates, or unset it."
        raise Unreachable("TLS", f"{variable} names {place}, which was not found", cure)
    try:
        if os.path.isdir(place):
            return ssl.create_default_context(capath=place)
        return ssl.create_default_context(cafile=place or _usual())
    except OSError as error:
        cure = f"Set {variable} to a file of certificates in PEM format."
        raise Unreachable("TLS", f"{variable} names {place}, which holds no certificates ({error})", cure) from error


def _usual() -> str | None:
    """Return the file of certificates that the SDKs trust; None, which means the system's, without them."""
    try:
        import certifi
    except ImportError:
        return None
    return certifi.where()


def _connection(target: SplitResult, proxy: SplitResult | None, context: ssl.SSLContext) -> http.client.HTTPConnection:
    via = proxy or target
    host, port = via.hostname or "", via.port or (443 if via.scheme == "https" else 80)
    if target.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=SECONDS)
    connection = http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)
    if proxy:
        connection.set_tunnel(target.hostname or "", target.port or 443, _login(proxy))
    return connection


def _login(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def shown(address: SplitResult) -> str:
    """Return the address of a proxy without its login."""
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}"


def _unreachable(target: SplitResult, variable: str, proxy: SplitResult | None, error: Exception) -> Unreachable:
    said = str(error) or type(error).__name__
    if proxy and said.startswith("Tunnel connection failed"):
        return _refused(variable, proxy, said.partition(": ")[2])
    if proxy:
        cure = f"Set {variable} to a proxy that works, or unset it."
        return Unreachable("proxy", f"{variable}={shown(proxy)} does not answer ({said})", cure)
    if isinstance(error, ssl.SSLError):
        return Unreachable("TLS", f"no encrypted connection to {target.hostname} ({said})", _ASK)
    cure = f"Check the network; behind a proxy, set {target.scheme.upper()}_PROXY=http://HOST:PORT."
    return Unreachable("network", f"{target.hostname} does not answer ({said})", cure)


_ASK = "Ask your network administrator what intercepts the connection."


def _refused(variable: str, proxy: SplitResult | None, said: str) -> Unreachable:
    where = f"{variable}={shown(proxy)}" if proxy else "a proxy"
    if str(_DENIED) in said:
        cure = f"Put the login into the address: {variable or 'HTTPS_PROXY'}=http://USER:PASSWORD@HOST:PORT."
        return Unreachable("proxy", f"{where} requires a login ({said})", cure)
    cure = "Ask the proxy's administrator to allow Azure's addresses, or add them to NO_PROXY."
    return Unreachable("proxy", f"{where} refuses the connection ({said})", cure)


def _untrusted(
    target: SplitResult, proxy: SplitResult | None, environ: Mapping[str, str], error: ssl.SSLCertVerificationError
) -> Unreachable:
    """Return who issued a certificate that is not trusted: often a proxy that reads the traffic."""
    issuer = _issuer(target, proxy)
    by = f", issued by {issuer}," if issuer else ""
    variable, place = bundle_of(environ)
    trusted = f"{variable}={place}" if variable else "the usual certificates"
    seen = f"the certificate of {target.hostname}{by} is not trusted by {trusted} ({error.verify_message})"
    cure = "If a proxy intercepts TLS, add its certificate to a file with the others, and set REQUESTS_CA_BUNDLE=FILE."
    return Unreachable("TLS", seen, cure)


def _issuer(target: SplitResult, proxy: SplitResult | None) -> str:
    """Return the issuer of a certificate; "" where cryptography, which comes with either SDK, is missing."""
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - nothing is sent, only the certificate is read
    connection = _connection(target, proxy, context)
    try:
        from cryptography import x509

        connection.connect()
        assert isinstance(connection.sock, ssl.SSLSocket)  # noqa: S101 - an address with http has no certificate
        certificate = connection.sock.getpeercert(binary_form=True) or b""
        return x509.load_der_x509_certificate(certificate).issuer.rfc4514_string()
    except (ImportError, OSError, ValueError):
        return ""
    finally:
        connection.close()
