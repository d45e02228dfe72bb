"""A secret → a seal: it shows whether the secret changed, but not what it is.

A plain digest of a short password can be guessed. So the seal is keyed with a random salt, created once for each state
folder and readable only by its owner. Results with secrets are therefore valid only in the state folder in which they
were created, and records that leave it reveal nothing.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable

from aml_pipeline.core import files
from aml_pipeline.core.masking import MASK, is_secret

# The name of a value, the value → the value as it is stored.
Hide = Callable[[str, str], str]
SALT = "salt"
_BYTES = 32


def sealer(state: str) -> Hide:
    """Return a function that gives values as they are stored in the folder ``state``: secrets as seals.

    The salt is created at the first secret, if the folder exists: a forecast before the first run creates none.
    """
    salt = functools.cache(lambda: _salt(state))

    def hide(name: str, value: str) -> str:
        return _sealed(salt(), value) if is_secret(name, value) else value

    return hide


def _sealed(salt: bytes, value: str) -> str:
    import hmac  # few pipelines have secrets

    return f"{MASK} {hmac.digest(salt, value.encode('utf-8', 'surrogateescape'), 'sha256').hex()[:32]}"


def _salt(state: str) -> bytes:
    """Return the salt of ``state``; if it cannot be stored, one that is used only this time."""
    fresh, place = os.urandom(_BYTES), os.path.join(state, SALT)
    known = _read(place)
    if known:
        return known
    with contextlib.suppress(OSError):
        _write(place, fresh)
    return _read(place) or fresh


def _read(place: str) -> bytes | None:
    """Return the salt; None if the file can be replaced. A folder cannot, and raises IsADirectoryError."""
    try:
        with files.opened(place) as stream:
            data = stream.read(_BYTES + 1)
    except IsADirectoryError:
        raise
    except OSError:
        return None
    return data if len(data) == _BYTES else None


def _write(place: str, data: bytes) -> None:
    """Write the whole file, readable only by its owner; of two simultaneous writers, the first one wins."""
    temporary = f"{place}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
    try:
        os.write(descriptor, data)
        if os.path.lexists(place):  # torn, or a pipe: not a salt
            os.replace(temporary, place)
        else:
            os.link(temporary, place)
    finally:
        os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
