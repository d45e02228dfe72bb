"""Data → YAML text, deterministic, with keys in the order of the data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from aml_pipeline.pipeline.yaml import emitter

SCHEMAS = "https://azuremlschemas.azureedge.net/latest"
_WIDTH = 80


def text(data: dict[str, Any], schema: str, command: Sequence[str] = ()) -> str:
    """Return ``data`` as YAML; ``schema`` names the schema of Microsoft with which editors check the file.

    ``command`` is the last key, if given by its lines, which are joined by spaces. azure-ai-ml drops the key
    ``$schema``, except that of a component, which it sends as part of it.
    """
    data = {"$schema": f"{SCHEMAS}/{schema}.schema.json", **data}
    folded = len(" ".join(command)) > _WIDTH and all(map(_is_plain, command))
    if command and not folded:
        data["command"] = " ".join(command)
    body = _spaced(emitter.plain(data))
    return "\n  ".join([f"{body}command: >-", *command]) + "\n" if folded else body


def _spaced(body: str) -> str:
    """Return ``body`` with an empty line around each block, and between nodes; no value has several lines."""
    body = re.sub(r"^(\w.*\n(?=\w+:$)| .*\n(?=\w))", r"\1\n", body, flags=re.MULTILINE)
    head, key, nodes = body.partition("\njobs:\n")
    return head + key + re.sub(r"\n(?=  \w+:$)", "\n\n", nodes, flags=re.MULTILINE)


def _is_plain(line: str) -> bool:
    """Whether YAML reads a line of a folded text unchanged: it has no line break, and no space at its ends."""
    return line != "" and line.isprintable() and line.strip() == line
