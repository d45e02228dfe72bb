"""Data → YAML text, deterministic, with keys in the order of the data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

SCHEMAS = "https://azuremlschemas.azureedge.net/latest"
_WIDTH = 80
# Texts that YAML 1.2 reads as numbers, some of which PyYAML, which follows YAML 1.1, would not quote: 1e-3, 089.
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)(e[-+]?[0-9]+)?|0o[0-7]+", re.IGNORECASE)


class _Dumper(yaml.SafeDumper):
    """Repeats shared data instead of writing anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - PyYAML's own signature
        return True


def _text(dumper: _Dumper, value: str) -> yaml.Node:
    """Represent a text; with line breaks it is escaped, because PyYAML reads U+0085 in other quotes as a line feed."""
    style = "'" if _NUMBER.fullmatch(value) else None if value.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def text(data: dict[str, Any], schema: str, command: Sequence[str] = ()) -> str:
    """Return ``data`` as YAML; ``schema`` names the schema of Microsoft with which editors check the file.

    ``command`` is the last key, if given by its lines, which are joined by spaces. azure-ai-ml drops the key
    ``$schema``, except that of a component, which it sends as part of it.
    """
    data = {"$schema": f"{SCHEMAS}/{schema}.schema.json", **data}
    folded = len(" ".join(command)) > _WIDTH and all(map(_is_plain, command))
    if command and not folded:
        data["command"] = " ".join(command)
    body = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31)
    body = _spaced(body)
    return "\n  ".join([f"{body}command: >-", *command]) + "\n" if folded else body


def _spaced(body: str) -> str:
    """Return ``body`` with an empty line around each block, and between nodes; no value has several lines."""
    body = re.sub(r"^(\w.*\n(?=\w+:$)| .*\n(?=\w))", r"\1\n", body, flags=re.MULTILINE)
    head, key, nodes = body.partition("\njobs:\n")
    return head + key + re.sub(r"\n(?=  \w+:$)", "\n\n", nodes, flags=re.MULTILINE)


def _is_plain(line: str) -> bool:
    """Whether YAML reads a line of a folded text unchanged: it has no line break, and no space at its ends."""
    return line != "" and line.isprintable() and line.strip() == line
