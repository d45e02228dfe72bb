"""Two paths that exchange what they name, at once: a kill finds either both as before or both exchanged."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache

_HERE = -100  # AT_FDCWD: relative paths are relative to the working directory
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS

Exchange = Callable[[bytes, bytes], int]


def exchange(one: str, other: str) -> bool:
    """Exchange two paths of one file system; return False if that is not possible here, and nothing was changed."""
    call = _call()
    return call is not None and call(os.fsencode(one), os.fsencode(other)) == 0


@cache
def _call() -> Exchange | None:
    """Return the function of the C library that returns 0 if it exchanged two paths; None if it has none."""
    name = {"linux": "renameat2", "darwin": "renamex_np"}.get(sys.platform)
    call = getattr(ctypes.CDLL(None), name, None) if name else None
    if call is None:
        return None
    how = ctypes.c_uint(_EXCHANGE)
    if name == "renameat2":
        return lambda one, other: int(call(_HERE, one, _HERE, other, how))
    return lambda one, other: int(call(one, other, how))
