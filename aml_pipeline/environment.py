"""The definition of an environment → its text and digest. Knows neither what is installed nor Azure.

What a file says counts, not how it is laid out: a comment or another order of keys keeps the digest.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict

import yaml

from aml_pipeline.files import digest_of
from aml_pipeline.plan import Environment

Reader = Callable[[str], bytes]


def digest(environment: Environment | None, read: Reader) -> str:
    """Return the digest of a definition, "" of none; ``read`` gives the bytes of a file of the project.

    The name does not count: two names for one definition are the same packages. Raises OSError of ``read``.
    """
    return digest_of(text(environment, read)) if environment else ""


def text(environment: Environment, read: Reader) -> bytes:
    """Return all of a definition that counts, as JSON; ``digest`` is the digest of that."""
    fields = {key: value for key, value in asdict(environment).items() if value is not None and key != "name"}
    if "conda_file" in fields:
        fields["conda_file"] = _conda(read(fields["conda_file"]))
    if "pip_requirements" in fields:
        fields["pip_requirements"] = [line for line, _ in pip_lines(fields["pip_requirements"], read)]
    return json.dumps(fields, sort_keys=True).encode()


def _conda(raw: bytes) -> object:
    """Return what a conda file says as text, without its name; what is no YAML counts by its bytes."""
    try:
        data = yaml.load(raw, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
        if isinstance(data, dict):
            data = {str(key): value for key, value in data.items() if key != "name"}
        return json.dumps(data, sort_keys=True, default=str)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return digest_of(raw)


_INCLUDE = re.compile(r"(?:-r|-c|--requirement|--constraint)[ =]*(.+)")


def pip_lines(path: str, read: Reader, seen: set[str] | None = None) -> Iterator[tuple[str, bool]]:
    """Give the lines of a pip file and of the files that it includes, each file once, and whether a line includes one.

    Raises OSError of ``read``.
    """
    seen = set() if seen is None else seen
    seen.add(path)
    for written in read(path).decode("utf-8", "replace").splitlines():
        line = written.partition(" #")[0].strip()
        if not line or line.startswith("#"):
            continue
        include = _INCLUDE.fullmatch(line)
        yield line, include is not None
        inner = posixpath.normpath(posixpath.join(posixpath.dirname(path), include[1])) if include else ""
        if inner and inner not in seen:
            yield from pip_lines(inner, read, seen)
