"""Calls an SDK of Azure ML: silences it, and turns what it raises into one kind of error in our words."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import logging
import re
import sys
from collections.abc import Iterator

from aml_pipeline.azureml.workspace.installing import cure
from aml_pipeline.azureml.workspace.login import LOG_IN
from aml_pipeline.azureml.workspace.waiting import told
from aml_pipeline.core.errors import AzureError, MachineError, UserError
from aml_pipeline.core.masking import without_secrets


@contextlib.contextmanager
def doing(what: str, extra: str) -> Iterator[None]:
    """Call an SDK to do ``what`` ("submitting the pipeline"). Raises AzureError when that fails.

    ``extra`` installs the SDK (see ``installing``); MachineError names it if the SDK is missing.

    Standard output is suppressed, because the SDK prints to it, also from its own threads. So the block must not call
    anything that prints for us.
    """
    try:
        with told(what), _calm(), contextlib.redirect_stdout(io.StringIO()):
            yield
    except UserError:
        raise
    except ImportError as error:
        what = f"The SDK of Azure ML is not installed for {sys.executable} ({without_secrets(str(error))})."
        raise MachineError(f"{what} {cure(extra)}") from error
    except OSError as error:
        if not is_of_network(error):
            raise  # a problem of this machine: a full disk, no permission
        raise AzureError(_told(what, error)) from error
    except Exception as error:  # the SDK raises bare Exception for what the service refuses
        raise AzureError(_told(what, error)) from error


@contextlib.contextmanager
def _calm() -> Iterator[None]:
    """Keep the SDK's log off the terminal, to which Python writes records without a handler."""
    before = logging.lastResort
    logging.lastResort = logging.NullHandler()
    try:
        yield
    finally:
        logging.lastResort = before


def is_of_network(error: OSError) -> bool:
    """Whether an OSError is about the network rather than this machine."""
    return _library(error) in {*_LIBRARIES, "socket", "ssl"} or isinstance(error, (ConnectionError, TimeoutError))


# The libraries with which the SDKs talk to Azure.
_LIBRARIES = frozenset({"requests", "urllib3", "urllib"})


def _library(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404

# HTTP status → its meaning here, and the cure.
_STATUSES = {
    UNAUTHORIZED: ("You are not logged in to Azure ML, or the login has expired.", LOG_IN),
    FORBIDDEN: (
        "You are not allowed to do that in this workspace.",
        "Ask its owner for the role AzureML Data Scientist, for clusters AzureML Compute Operator, or Contributor.",
    ),
    NOT_FOUND: ("Azure ML cannot find it.", "Check the names that you gave and those in .azureml/config.json."),
    409: (
        "Something with that name exists with different content, or is being changed right now.",
        "Try again in a while; if that does not help, check it in the portal.",
    ),
    429: ("Azure ML is throttling requests;", "wait a few minutes, and try again."),
}
# Files are in a storage account, which has roles of its own.
_STORAGE_FORBIDDEN = (
    "You are not allowed to use the storage account of this workspace.",
    (
        "Ask its owner for the role Storage Blob Data Contributor; if you have it, ask whether the account's firewall "
        "allows this machine."
    ),
)


def _told(what: str, error: BaseException) -> str:
    """Return an error as one line: what was being done, what it means, the cure, what Azure ML says."""
    return f"{what[:1].upper()}{what[1:]} failed. {meaning(error)}"


def meaning(error: BaseException) -> str:
    """Return what an error means, the cure, and what Azure ML says, in one line."""
    if isinstance(error, UserError):
        return str(error)
    status = status_of(error)
    if status in _STATUSES:
        of_storage = status == FORBIDDEN and any(map(_is_of_storage, _chain(error)))
        return f"{' '.join(_STORAGE_FORBIDDEN if of_storage else _STATUSES[status])}{_detail(error)}"
    if status and status >= FAULT:
        return f"Azure ML had an internal error (HTTP {status}). Try again in a while.{_detail(error)}"
    return _of_the_way(error) or f"Azure ML says: {said_by(error) or type(error).__name__}"


def _of_the_way(error: BaseException) -> str:
    """Return why this machine cannot reach Azure, and the cure; "" if Azure itself refused."""
    for sign, words in _OF_THE_WAY.items():
        if any(sign in _text(one) for one in _chain(error)):
            return words
    if any(type(one).__name__ in _NO_JSON for one in _chain(error)):
        return _ANOTHER
    if seems_unreachable(error):
        return "Azure ML cannot be reached. Check the network and HTTPS_PROXY, then try again."
    return ""


def _is_of_storage(error: BaseException) -> bool:
    """Whether the storage account refused: it names the cause in a header of its own."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    return "x-ms-error-code" in headers


# Errors of json, requests and azure-core for an answer that cannot be parsed, and what that means.
_NO_JSON = frozenset({"JSONDecodeError", "DecodeError"})
_ANOTHER = (
    "Something else than Azure ML answered, such as a proxy or the login page of a network. Look at the network, and "
    "at HTTPS_PROXY; then try again."
)


# Errors of libraries about what is between this machine and Azure → their meaning, and the cure.
_OF_THE_WAY = {
    "CERTIFICATE_VERIFY_FAILED": (
        "The certificate of whoever answered is not trusted here. Where a proxy reads along, name the file of its "
        "certificate: REQUESTS_CA_BUNDLE=FILE."
    ),
    "407 Proxy Authentication": (
        "The proxy wants a login. Write it into its address: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT."
    ),
    "Unknown cloud environment": (
        "The addresses of this cloud of Azure cannot be had. Look at the network; and at ARM_CLOUD_METADATA_URL and "
        "AZURE_CLOUD_NAME, where they are set."
    ),
}
FAULT = 500


def _detail(error: BaseException) -> str:
    said = said_by(error)
    if _is_of_login(error) and not isinstance(getattr(error, "status_code", None), int):
        code = _ENTRA.search(said)  # else azure-identity names its own classes
        return f" Azure says: {said[code.start() :]}" if code else ""
    return f" Azure ML says: {said}" if said else ""


# The beginning of login errors of Entra.
_ENTRA = re.compile(r"AADSTS\d+")


_WRITTEN_STATUS = re.compile(
    r"(?:Code:|status[_ ]code\"?[:=]?|Response status code:?)\s*(\d{3})\b|too many (\d{3}) error responses|"
    r"Request failed \((\d{3})\)"
)


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status in an error of the SDK, if any."""
    for one in _chain(error):
        response = getattr(one, "response", None)
        for holder in (one, response):
            for name in ("status_code", "status"):
                found = getattr(holder, name, None)
                if isinstance(found, int) and found >= 400:  # noqa: PLR2004 - refusals
                    return found
        written = _WRITTEN_STATUS.search(_text(one))
        if written:
            return int(written[1] or written[2] or written[3])
        if _is_of_login(one):
            return UNAUTHORIZED
        if getattr(getattr(one, "error_type", None), "name", "") == "RESOURCE_NOT_FOUND":  # azure-ai-ml for assets
            return NOT_FOUND
        if any(kind.__name__ in _UNANSWERED for kind in type(one).__mro__):
            return None  # an earlier request that was answered is not the cause
    return None


# Of Python and requests; requests has another class for too many answers.
_UNANSWERED = frozenset({"ConnectionError", "Timeout", "TimeoutError"})


def address_of(error: BaseException) -> str:
    """Return the address of the request that failed, if known."""
    for one in _chain(error):
        request = getattr(one, "request", None) or getattr(getattr(one, "response", None), "request", None)
        address = getattr(request, "url", None)
        if isinstance(address, str):
            return address
    return ""


# Raised by SDK v1 and azure-identity themselves when login fails.
_OF_LOGIN = frozenset({"AuthenticationException", "ClientAuthenticationError"})


def _is_of_login(error: BaseException) -> bool:
    return any(kind.__name__ in _OF_LOGIN for kind in type(error).__mro__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        inner = getattr(current, "inner_exception", None)  # of the SDK's errors; for some it is an answer
        current = current.__cause__ or current.__context__ or (inner if isinstance(inner, BaseException) else None)


def seems_unreachable(error: BaseException) -> bool:
    """Whether an error says that there was no answer."""
    words = ("Max retries exceeded", "Connection refused", "Connection aborted", "Name or service not known")
    return any(
        isinstance(one, (ConnectionError, TimeoutError))
        or _is_without_answer(one)
        or any(word in _text(one) for word in words)
        for one in _chain(error)
    )


def _is_without_answer(error: BaseException) -> bool:
    """Whether a library received no complete answer: each cause has a class of its own."""
    if getattr(error, "response", None) is not None or isinstance(
        error, ValueError
    ):  # connecting, or reading the answer
        return False
    of_azure = {"ServiceRequestError", "ServiceResponseError"} & {kind.__name__ for kind in type(error).__mro__}
    return bool(of_azure) or (_library(error) in _LIBRARIES and isinstance(error, (OSError, _http_error())))


def _http_error() -> type[BaseException]:
    """Return the base class of urllib3's errors, which are not OSErrors; empty if it was not imported."""
    module = sys.modules.get("urllib3.exceptions")
    found = getattr(module, "HTTPError", None)
    return found if isinstance(found, type) else ConnectionError


_MESSAGE = re.compile(r'"message":\s*"((?:[^"\\]|\\.)+)"')
# azure-core repeats code and message after the text; storage adds ids and times.
_REPEATED = re.compile(r"\n(?:RequestId:|(?:Error)?Code:).*", re.DOTALL)
_LONGEST = 300


# What a library (azure-core, azureml-core, requests, azure-ai-ml) says about an answer; the answer's own text may be in
# the error that caused it.
_OF_LIBRARY = re.compile(
    r"Operation returned an invalid status|HTTPS?ConnectionPool\(|\d{3} (?:Client|Server) Error|"
    r"Error occurred in request|Connection aborted|too many \d{3} error responses|"
    r"Asset .* does not exist in (?:workspace|registry) "
)


def said_by(error: BaseException) -> str:
    """Return what the service or the SDK says, as one line without secrets; "" if it is only a library's message."""
    said = _said(error)
    if not _OF_LIBRARY.search(said):
        return said
    answered = (_said(one) for one in _chain(error) if getattr(one, "response", None) is not None)
    return next((one for one in answered if one and not _OF_LIBRARY.search(one)), "")


def _said(error: BaseException) -> str:
    text = _REPEATED.sub("", _text(error))
    found = _MESSAGE.search(text)
    text = found[1] if found else text.partition("InnerException")[0]
    text = " ".join(text.split())
    text = re.sub(r"^\w*Exception:\s*(Message:)?|^\(\w+\)|^Request failed \(\d{3}\):", "", text).strip()
    return shortened(text)


def shortened(text: str) -> str:
    """Return ``text`` without secrets, cut to a readable length."""
    safe = without_secrets(text)
    return safe if len(safe) <= _LONGEST else f"{safe[:_LONGEST]}…"


def _text(error: BaseException) -> str:
    try:
        return str(getattr(error, "message", None) or error)
    except Exception:  # noqa: BLE001 - the SDK's own errors may fail to be told
        return ""


# Temporary statuses: a timeout, or too many requests.
_PASSING = frozenset({408, 429})


def may_pass(error: BaseException) -> bool:
    """Whether a retry may help: the service has an internal error or does not answer."""
    status = status_of(error)
    return status >= FAULT or status in _PASSING if status else seems_unreachable(error)


def seconds_of(text: str | None) -> float | None:
    """Return a time of Azure ML (``2026-11-24T10:00:00.123Z``, UTC) in seconds since 1970."""
    if not text:
        return None
    plain, _, fraction = text.rstrip("Z").partition(".")
    whole = dt.datetime.fromisoformat(plain).replace(tzinfo=dt.timezone.utc).timestamp()
    return whole + (float(f"0.{fraction}") if fraction.isdecimal() else 0.0)
