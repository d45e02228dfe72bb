"""How Azure ML's SDK is called: it prints nothing, and what it raises becomes one kind of error in our words."""

from __future__ import annotations

import contextlib
import io
import logging
import re
from collections.abc import Iterator
from typing import Any

from aml_pipeline.errors import AzureError, UserError

# The SDK has no types.
Sdk = Any


@contextlib.contextmanager
def doing(what: str) -> Iterator[None]:
    """Call the SDK to do ``what`` ("submitting the pipeline"). Raises AzureError when that fails.

    Standard output is the caller's alone: the SDK prints to it, from threads of its own too.
    """
    _calm()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except UserError:
        raise
    except OSError as error:
        if not _is_of_network(error):
            raise  # this machine's affair: a full disk, no permission
        raise AzureError(_told(what, error)) from error
    except Exception as error:  # the SDK raises bare Exception for what the service refuses
        raise AzureError(_told(what, error)) from error


def _calm() -> None:
    """Keep the SDK from logging to the terminal what it raises anyway."""
    for name in ("azureml", "azure", "msrest", "urllib3", "msal", "cli"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _is_of_network(error: OSError) -> bool:
    return type(error).__module__.partition(".")[0] in {"requests", "urllib3", "socket"} or isinstance(
        error, (ConnectionError, TimeoutError)
    )


# Status → what it means here, and the cure.
_STATUSES = {
    401: ("Azure ML does not know who you are, or the login has expired.", "Log in again: `az login`."),
    403: (
        "You may not do that in this workspace.",
        "Ask its owner for the role Contributor, or AzureML Data Scientist.",
    ),
    404: ("Azure ML has no such thing.", "Look at the names in .azureml/config.json and in the pipeline file."),
    429: ("Azure ML is asked too much just now.", "Wait some minutes, and try again."),
}


def _told(what: str, error: BaseException) -> str:
    """Return what happened, in one line: what was being done, what the service said, the cure."""
    status = status_of(error)
    if status in _STATUSES:
        meaning, cure = _STATUSES[status]
        return f"{what.capitalize()} failed. {meaning} {cure}{_detail(error)}"
    if status and status >= 500:  # noqa: PLR2004 - the service's own faults
        fault = f"Azure ML had a fault of its own (status {status}). Try again."
        return f"{what.capitalize()} failed: {fault}{_detail(error)}"
    if _seems_unreachable(error):
        return f"{what.capitalize()} failed: Azure ML cannot be reached. Look at the network, and at HTTPS_PROXY."
    return f"{what.capitalize()} failed. Azure ML says: {said_by(error) or type(error).__name__}"


def _detail(error: BaseException) -> str:
    said = said_by(error)
    return f" (It says: {said})" if said else ""


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status that an error of the SDK tells of, if it tells of one."""
    for one in _chain(error):
        response = getattr(one, "response", None)
        for holder in (one, response):
            for name in ("status_code", "status"):
                found = getattr(holder, name, None)
                if isinstance(found, int) and found >= 400:  # noqa: PLR2004 - refusals
                    return found
        told = re.search(r"(?:Code:|status[_ ]code[:=]?|Response status code:?)\s*(\d{3})\b", _text(one))
        if told:
            return int(told[1])
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__ or getattr(current, "inner_exception", None)


def _seems_unreachable(error: BaseException) -> bool:
    words = ("Max retries exceeded", "Connection refused", "Connection aborted", "Name or service not known")
    return any(
        isinstance(one, (ConnectionError, TimeoutError)) or any(word in _text(one) for word in words)
        for one in _chain(error)
    )


_MESSAGE = re.compile(r'"message":\s*"((?:[^"\\]|\\.)+)"')
# What would give access, if a message held it.
_SECRET = re.compile(
    r"(?i)(bearer\s+|accountkey=|sharedaccesssignature=|\bsig=|password[\"':= ]+|secret[\"':= ]+|\beyJ)[^\s\"',;&]+"
)


def said_by(error: BaseException) -> str:
    """Return what the service or the SDK says, in one line without secrets."""
    text = _text(error)
    found = _MESSAGE.search(text)
    text = found[1] if found else text.partition("InnerException")[0]
    text = re.sub(r"^\w*Exception:\s*(Message:)?", "", " ".join(text.split())).strip()
    return without_secrets(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


_LONGEST = 300


def without_secrets(text: str) -> str:
    """Return ``text`` with whatever looks like a key, token or password taken out."""
    return _SECRET.sub(lambda found: f"{found[1] if found[1] != 'eyJ' else ''}***", text)


def _text(error: BaseException) -> str:
    try:
        return str(getattr(error, "message", None) or error)
    except Exception:  # noqa: BLE001 - the SDK's own errors may fail to be told
        return ""
