"""Two definitions of an environment → the difference, in words; one → its lines. Pure.

A definition has the form of ``environment.text``: the fields that a pipeline file declares, with the conda file as JSON
and the pip file as its lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aml_pipeline.core.plain import mapping

CHANGED = "the environment's definition changed"
_NAME = re.compile(r"(?:[\w./-]+::)?([A-Za-z0-9][\w.-]*)")
_PACKAGES = "packages"
_FILES = "files"  # digests of what an image is built from, by path
_OF_PACKAGES = frozenset({"conda_file", "included", "pip_requirements"})
_NOUNS = {"docker_image": "docker image", "conda_file": "conda file", "pip_requirements": "pip file"}


def changes(then: object, now: object) -> list[str]:
    """Return the differences of two different definitions; a general sentence if they cannot be compared."""
    if then == "" and isinstance(now, Mapping):
        return ["environment: declared for the first time"]
    if now == "" and isinstance(then, Mapping):
        return ["environment: no longer declared"]
    if not isinstance(then, Mapping) or not isinstance(now, Mapping):
        return [CHANGED]
    old, new = _understood(then), _understood(now)
    if old is None or new is None:
        return [CHANGED]
    packages = _of_packages(old.get(_PACKAGES, []), new.get(_PACKAGES, []))
    return [*_of_settings(old, new), *packages, *_of_files(mapping(old.get(_FILES)), mapping(new.get(_FILES)))] or [
        CHANGED
    ]


def lines(definition: Mapping[str, Any]) -> list[str]:
    """Return the lines of a definition, for a comparison with another one line by line."""
    shown = _understood(definition) or definition
    return [line for name, value in shown.items() for line in _written(name, value)]


def _written(name: str, value: object) -> Iterator[str]:
    if isinstance(value, (list, tuple)):
        yield f"{_noun(name)}:"
        yield from (f"  - {item}" for item in value)
    elif isinstance(value, Mapping):
        yield f"{_noun(name)}:"
        yield from (f"  - {item} {str(digest)[:12]}" for item, digest in value.items())
    else:
        yield f"{_noun(name)}: {value}"


def _noun(name: str) -> str:
    return _NOUNS.get(name, name.replace("_", " "))


def _understood(definition: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return settings by name, with the lines of conda and pip under "packages"; None for an unknown form."""
    understood = {name: value for name, value in definition.items() if name not in _OF_PACKAGES}
    packages = [str(line) for name in ("pip_requirements", "included") for line in definition.get(name) or []]
    if "conda_file" in definition:
        conda = _conda(definition["conda_file"])
        if conda is None:
            return None
        packages += _conda_packages(conda.pop("dependencies", None))
        understood |= conda
    return {**understood, _PACKAGES: packages} if packages else understood


def _conda(text: object) -> dict[str, Any] | None:
    try:
        data = json.loads(str(text))
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _conda_packages(dependencies: object) -> Iterator[str]:
    """Yield the packages of a conda file; those that pip installs are not marked."""
    for dependency in dependencies if isinstance(dependencies, list) else []:
        if isinstance(dependency, dict):
            inner = dependency.get("pip")
            yield from map(str, inner if isinstance(inner, list) else [])
        else:
            yield str(dependency)


def _of_settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*old, *new]):
        if name in {_PACKAGES, _FILES} or old.get(name) == new.get(name):
            continue
        before, now = _value(old.get(name)), _value(new.get(name))
        if before and now:
            yield (
                f"{_noun(name)} {before} → {now}"
                if name == "docker_image"
                else (f"environment: {_noun(name)} {before} → {now}")
            )
        else:
            yield f"environment: {'added' if now else 'removed'} {_noun(name)} {now or before}"


def _value(value: object) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _of_files(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*old, *new}):
        verb = "added" if name not in old else "removed" if name not in new else "changed"
        if old.get(name) != new.get(name):
            yield f"environment: {verb} {name}"


def _of_packages(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yield the packages that were added, removed or requested in another version."""
    before, now = _by_name(old), _by_name(new)
    for name in dict.fromkeys([*now, *before]):
        gone = [line for line in before.get(name, []) if line not in now.get(name, [])]
        added = [line for line in now.get(name, []) if line not in before.get(name, [])]
        if gone and added:
            yield f"environment: {', '.join(gone)} → {', '.join(added)}"
        elif added:
            yield f"environment: added {', '.join(added)}"
        elif gone:
            yield f"environment: removed {', '.join(gone)}"
    if old != new and sorted(old) == sorted(new):
        yield "environment: packages are in another order"


def _by_name(packages: Sequence[str]) -> dict[str, list[str]]:
    """Return lines by the package that they name; a line without one is its own key."""
    lines_by_name: dict[str, list[str]] = {}
    for line in packages:
        match = _NAME.match(line)
        lines_by_name.setdefault(re.sub(r"[-_.]+", "-", match[1]).lower() if match else line, []).append(line)
    return lines_by_name
