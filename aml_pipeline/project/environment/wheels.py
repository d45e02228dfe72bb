"""The wheels of the project among the lines for pip of an environment: ``./wheels/mylib-1.0-py3-none-any.whl``."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable

from aml_pipeline.project.environment.dependencies import Line

# The path of a wheel, with its name and version.
WHEEL = re.compile(r"(?:[\w./+-]*/)?([\w.]+)-([\w.+!]+)(?:-\d[\w.]*)?-[\w.]+-[\w.]+-[\w.]+\.whl")


def of(lines: Iterable[Line], is_file: Callable[[str], bool]) -> dict[str, str]:
    """Return the path in the project of each line that is a wheel there.

    A path is relative to the folder of its file, as conda reads it, else to that of the project, where pip is run.
    """
    wheels: dict[str, str] = {}
    for line in lines:
        if line.foreign == "path" and WHEEL.fullmatch(line.text) and line.text[0] != "/":
            places = (posixpath.normpath(posixpath.join(start, line.text)) for start in _starts(line))
            path = next((place for place in places if not place.startswith("../") and is_file(place)), None)
            wheels |= {line.text: path} if path else {}
    return wheels


def _starts(line: Line) -> tuple[str, str]:
    return posixpath.dirname(line.file), ""


def with_content(path: str, digest: str, number: int = 0) -> str:
    """Return the name of a wheel with its content, and a ``number``, in its build tag."""
    parts = posixpath.basename(path).removesuffix(".whl").split("-")
    build = parts.pop(2) if len(parts) > 5 else "0"  # noqa: PLR2004 - name, version, build, Python, ABI, platform
    return "-".join([*parts[:2], f"{build}_{digest[:16]}{f'_{number}' if number else ''}", *parts[2:]]) + ".whl"
