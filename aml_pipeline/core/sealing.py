"""A secret → a seal: it tells whether the secret changed, and to nobody what it is.

A plain digest of a short password can be guessed. So the seal is keyed by a salt: random, made once for each folder of
state, read by its owner alone. Results with secrets therefore fit in the folder of state that they were made in, and
records that leave it tell nothing.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable

from aml_pipeline.core import files
from aml_pipeline.core.masking import MASK, is_secret

# The name of a value, the value → the value as it is kept.
Hide = Callable[[str, str], str]
SALT = "salt"
_BYTES = 32


def sealer(state: str) -> Hide:
    """Return what gives a value as it is kept in the folder ``state``: a secret as its seal, any other as it is.

    The salt is made when a secret is met and the folder is there: a forecast before the first run makes none.
    """
    salt = functools.cache(lambda: _salt(state))

    def hide(name: str, value: str) -> str:
        return _sealed(salt(), value) if is_secret(name, value) else value

    return hide


def _sealed(salt: bytes, value: str) -> str:
    import hmac  # few pipelines have secrets

    return f"{MASK} {hmac.digest(salt, value.encode('utf-8', 'surrogateescape'), 'sha256').hex()[:32]}"


def _salt(state: str) -> bytes:
    """Return the salt of ``state``; one that is used this once where none can be kept."""
    fresh, place = os.urandom(_BYTES), os.path.join(state, SALT)
    known = _read(place)
    if known:
        return known
    with contextlib.suppress(OSError):
        _write(place, fresh)
    return _read(place) or fresh


def _read(place: str) -> bytes | None:
    """Return the salt; None for what can be replaced by writing it. A folder cannot, and raises IsADirectoryError."""
    try:
        with files.opened(place) as stream:
            data = stream.read(_BYTES + 1)
    except IsADirectoryError:
        raise
    except OSError:
        return None
    return data if len(data) == _BYTES else None


def _write(place: str, data: bytes) -> None:
    """Write the file whole, for its owner alone; of two that do so at a time, one is first and stays."""
    temporary = f"{place}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, data)
        if os.path.lexists(place):  # torn, or a pipe: no salt at all
            os.replace(temporary, place)
        else:
            os.link(temporary, place)
    finally:
        os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
