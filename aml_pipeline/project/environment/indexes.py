"""Package indexes whose address has a login that pip takes from variables: ``https://${USER}:${TOKEN}@host/simple``."""

from __future__ import annotations

import re

from aml_pipeline.core.masking import MASK

_VARIABLE = re.compile(r"(\$\{[A-Z0-9_]+\}|:)")
_LOGIN = re.compile(r"(?<=://)[^\s/@]*\$\{[A-Z0-9_]+\}[^\s/@]*@")


def login(line: str) -> str:
    """Return the login in a line for pip that names an index: ``${USER}:${TOKEN}``, with ``***`` for text; else ""."""
    found = _LOGIN.search(line) if line.startswith("-") else None
    pieces = _VARIABLE.split(found[0].removesuffix("@")) if found else []
    return "".join(piece if at % 2 else piece and MASK for at, piece in enumerate(pieces))


def without_login(line: str) -> str:
    """Return a line for pip as Azure ML gets it: a connection of the workspace has the login."""
    return _LOGIN.sub("", line) if line.startswith("-") else line
