"""Data → YAML text, deterministic, with keys in the order of the data."""

from __future__ import annotations

from typing import Any

import yaml

_SCHEMAS = "https://azuremlschemas.azureedge.net/latest"


class _Dumper(yaml.SafeDumper):
    """Repeats shared data instead of writing anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - PyYAML's own signature
        return True


def _text(dumper: _Dumper, value: str) -> yaml.Node:
    """Represent a text; with line breaks it is escaped, because PyYAML reads U+0085 in other quotes as a line feed."""
    style = None if value.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def text(data: dict[str, Any], schema: str) -> str:
    """Return ``data`` as YAML; ``schema`` names the schema of Microsoft with which editors check the file.

    It is in a comment, because v2 would read and drop a key ``$schema``.
    """
    body = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31)
    return f"# yaml-language-server: $schema={_SCHEMAS}/{schema}.schema.json\n{body}"
