"""The meaning of errors of the Azure ML SDKs: their status, whether they are temporary, and our message with a cure.

Errors of the SDKs and their libraries are recognised by the names of their classes, so none of these is imported.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from aml_pipeline.azureml.workspace.login import LOG_IN
from aml_pipeline.core.errors import UserError
from aml_pipeline.core.masking import without_secrets

UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404
CONFLICT = 409
FAULT = 500

# HTTP status → its meaning here, and the cure.
_STATUSES = {
    UNAUTHORIZED: ("You are not logged in to Azure ML, or the login has expired.", LOG_IN),
    FORBIDDEN: (
        "You are not allowed to do that in this workspace.",
        "Ask its owner for the role AzureML Data Scientist, for clusters AzureML Compute Operator, or Contributor.",
    ),
    NOT_FOUND: ("Azure ML cannot find it.", "Check the names that you gave and those in .azureml/config.json."),
    CONFLICT: (
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
# Errors of libraries about what is between this machine and Azure → their meaning, and the cure.
_OF_THE_WAY = {
    "CERTIFICATE_VERIFY_FAILED": (
        "The certificate of the server is not trusted on this machine. If a proxy intercepts TLS, set the file of its "
        "certificate: REQUESTS_CA_BUNDLE=FILE."
    ),
    "407 Proxy Authentication": (
        "The proxy requires a login. Put it into the address: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT."
    ),
    "Unknown cloud environment": (
        "The addresses of this Azure cloud could not be retrieved. Check the network, and ARM_CLOUD_METADATA_URL and "
        "AZURE_CLOUD_NAME if they are set."
    ),
}
# Errors of json, requests and azure-core for an answer that cannot be parsed, and what that means.
_NO_JSON = frozenset({"JSONDecodeError", "DecodeError"})
_ANOTHER = (
    "The answer did not come from Azure ML, but perhaps from a proxy or the login page of a network. Check the network "
    "and HTTPS_PROXY, then try again."
)
# Temporary statuses: a timeout, or too many requests.
_PASSING = frozenset({408, 429})
# The libraries with which the SDKs talk to Azure.
_LIBRARIES = frozenset({"requests", "urllib3", "urllib"})
# Of Python and requests; requests has another class for too many answers.
_UNANSWERED = frozenset({"ConnectionError", "Timeout", "TimeoutError"})
# Raised by SDK v1 and azure-identity themselves when login fails.
_OF_LOGIN = frozenset({"AuthenticationException", "ClientAuthenticationError"})
# The beginning of login errors of Entra.
_ENTRA = re.compile(r"AADSTS\d+")
_WRITTEN_STATUS = re.compile(
    r"(?:Code:|status[_ ]code\"?[:=]?|Response status code:?)\s*(\d{3})\b|too many (\d{3}) error responses|"
    r"Request failed \((\d{3})\)"
)
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
        if any(sign in _text(cause) for cause in _chain(error)):
            return words
    if any(type(cause).__name__ in _NO_JSON for cause in _chain(error)):
        return _ANOTHER
    if seems_unreachable(error):
        return "Azure ML cannot be reached. Check the network and HTTPS_PROXY, then try again."
    return ""


def _is_of_storage(error: BaseException) -> bool:
    """Whether the storage account refused: it names the cause in a header of its own."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    return "x-ms-error-code" in headers


def _detail(error: BaseException) -> str:
    said = said_by(error)
    if _kinds(error) & _OF_LOGIN and not isinstance(getattr(error, "status_code", None), int):
        code = _ENTRA.search(said)  # else azure-identity names its own classes
        return f" Azure says: {said[code.start() :]}" if code else ""
    return f" Azure ML says: {said}" if said else ""


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status in an error of the SDK, if any."""
    for cause in _chain(error):
        for holder in (cause, getattr(cause, "response", None)):
            for name in ("status_code", "status"):
                status = getattr(holder, name, None)
                if isinstance(status, int) and status >= 400:  # noqa: PLR2004 - refusals
                    return status
        written = _WRITTEN_STATUS.search(_text(cause))
        if written:
            return int(written[1] or written[2] or written[3])
        if _kinds(cause) & _OF_LOGIN:
            return UNAUTHORIZED
        if getattr(getattr(cause, "error_type", None), "name", "") == "RESOURCE_NOT_FOUND":  # azure-ai-ml for assets
            return NOT_FOUND
        if _kinds(cause) & _UNANSWERED:
            return None  # an earlier request that was answered is not the cause
    return None


def may_pass(error: BaseException) -> bool:
    """Whether a retry may help: the service has an internal error or does not answer."""
    status = status_of(error)
    return status >= FAULT or status in _PASSING if status else seems_unreachable(error)


def is_of_machine(error: BaseException) -> bool:
    """Whether an error is about this machine, such as a full disk, rather than the network."""
    of_network = _library(error) in {*_LIBRARIES, "socket", "ssl"} or isinstance(error, (ConnectionError, TimeoutError))
    return isinstance(error, OSError) and not of_network


def seems_unreachable(error: BaseException) -> bool:
    """Whether an error says that there was no answer."""
    words = ("Max retries exceeded", "Connection refused", "Connection aborted", "Name or service not known")
    return any(
        isinstance(cause, (ConnectionError, TimeoutError))
        or _is_without_answer(cause)
        or any(word in _text(cause) for word in words)
        for cause in _chain(error)
    )


def _is_without_answer(error: BaseException) -> bool:
    """Whether a library received no complete answer: each cause has a class of its own."""
    if getattr(error, "response", None) is not None or isinstance(
        error, ValueError
    ):  # it is about an address or answer
        return False
    if _kinds(error) & {"ServiceRequestError", "ServiceResponseError"}:  # of azure-core
        return True
    of_urllib3 = getattr(sys.modules.get("urllib3.exceptions"), "HTTPError", OSError)  # its errors are not OSErrors
    return _library(error) in _LIBRARIES and isinstance(error, (OSError, of_urllib3))


def address_of(error: BaseException) -> str:
    """Return the address of the request that failed, if known."""
    for cause in _chain(error):
        request = getattr(cause, "request", None) or getattr(getattr(cause, "response", None), "request", None)
        address = getattr(request, "url", None)
        if isinstance(address, str):
            return address
    return ""


def said_by(error: BaseException) -> str:
    """Return what the service or the SDK says, as one line without secrets; "" if it is only a library's message."""
    said = _said(error)
    if not _OF_LIBRARY.search(said):
        return said
    answers = (_said(cause) for cause in _chain(error) if getattr(cause, "response", None) is not None)
    return next((answer for answer in answers if answer and not _OF_LIBRARY.search(answer)), "")


def _said(error: BaseException) -> str:
    text = _REPEATED.sub("", _text(error))
    message = _MESSAGE.search(text)
    text = message[1] if message else text.partition("InnerException")[0]
    text = " ".join(text.split())
    text = re.sub(r"^\w*Exception:\s*(Message:)?|^\(\w+\)|^Request failed \(\d{3}\):", "", text).strip()
    return shortened(text)


def shortened(text: str) -> str:
    """Return ``text`` without secrets, cut to a readable length."""
    safe = without_secrets(text)
    return safe if len(safe) <= _LONGEST else f"{safe[:_LONGEST]}…"


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        inner = getattr(current, "inner_exception", None)  # of the SDK's errors; for some it is an answer
        current = current.__cause__ or current.__context__ or (inner if isinstance(inner, BaseException) else None)


def _text(error: BaseException) -> str:
    try:
        return str(getattr(error, "message", None) or error)
    except Exception:  # noqa: BLE001 - the SDK's own errors may fail to be told
        return ""


def _kinds(error: BaseException) -> set[str]:
    """Return the names of an error's class and of its base classes."""
    return {kind.__name__ for kind in type(error).__mro__}


def _library(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]
