"""The definition of an environment → its text, to compare by digest. Independent of installed packages and of Azure.

The content of a file counts, not its layout: comments and the order of keys do not change the digest.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Mapping, Sequence

import yaml

from aml_pipeline.core.files import digest_of
from aml_pipeline.pipeline.plan.settings import Environment
from aml_pipeline.project.environment.dependencies import Line

Reader = Callable[[str], bytes]


def text(
    environment: Environment, read: Reader, lines: Sequence[Line] = (), contents: Mapping[str, str] | None = None
) -> bytes:
    """Return everything in a definition that counts, as JSON.

    ``read`` returns the bytes of a file of the project, ``lines`` are the pip lines in the definition's files,
    ``contents`` the digests of other files from which its image is built. The name does not count: two names for one
    definition are the same packages. Raises the OSError of ``read``.
    """
    fields = {key: value for key, value in environment if value is not None and key != "name"}
    if "conda_file" in fields:
        included = [line.text for line in lines if line.file != fields["conda_file"]]
        fields |= {"included": included} if included else {}
        fields["conda_file"] = _conda(read(fields["conda_file"]))
    if "pip_requirements" in fields:
        fields["pip_requirements"] = [line.text for line in lines]
    if "dockerfile" in fields:
        fields["dockerfile"] = posixpath.basename(fields["dockerfile"])
    fields |= {"files": dict(sorted(contents.items()))} if contents else {}
    return json.dumps(fields, sort_keys=True).encode()


def _conda(raw: bytes) -> object:
    """Return the content of a conda file as text, without its name; invalid YAML counts by its bytes."""
    try:
        data = yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
        if isinstance(data, dict):
            data = {str(key): value for key, value in data.items() if key != "name"}
        return json.dumps(data, sort_keys=True, default=str)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return digest_of(raw)


def with_lines(conda: str, replaced: Mapping[str, str]) -> str:
    """Return the text of a conda file, as JSON (which is YAML), with some of its lines for pip replaced."""
    data = yaml.safe_load(conda)
    for entry in data["dependencies"]:
        if isinstance(entry, dict):
            entry["pip"] = [replaced.get(str(line).strip(), line) for line in entry["pip"] or ()]
    return json.dumps(data, default=str)
