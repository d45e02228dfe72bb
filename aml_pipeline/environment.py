"""The definition of an environment → its digest. Knows neither what is installed nor Azure.

What a file says counts, not how it is laid out: a comment or another order of keys keeps the digest.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import yaml

from aml_pipeline.files import digest_of
from aml_pipeline.plan import Environment

Reader = Callable[[str], bytes]


def digest(environment: Environment | None, read: Reader) -> str:
    """Return the digest of a definition; ``read`` gives the bytes of a file of the project.

    The name does not count: two names for one definition are the same packages. Raises OSError of ``read``.
    """
    if environment is None:
        return ""
    fields = {key: value for key, value in asdict(environment).items() if value is not None and key != "name"}
    for key, normal in (("conda_file", _conda), ("pip_requirements", _pip)):
        if key in fields:
            fields[key] = normal(read(fields[key]))
    return digest_of(json.dumps(fields, sort_keys=True, default=str).encode())


def _conda(raw: bytes) -> object:
    """Return the data of a conda file, without its name; what is no YAML counts by its bytes."""
    try:
        data = yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, UnicodeDecodeError):
        return digest_of(raw)
    return {key: value for key, value in data.items() if key != "name"} if isinstance(data, dict) else data


def _pip(raw: bytes) -> object:
    lines = (line.partition(" #")[0].strip() for line in raw.decode("utf-8", "replace").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
