"""A line of an ignore file as a pattern, in the reading of git; of pathspec 0.12, which SDK v1 has too, and of 1."""

from __future__ import annotations

import contextlib
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pathspec


def git_pattern(line: str) -> pathspec.RegexPattern:
    """Return ``line`` as a pattern. Raises ValueError or re.error where it is none."""
    pattern: pathspec.RegexPattern = _pattern_class()(line)
    return pattern


@cache
def _pattern_class() -> Any:  # noqa: ANN401 - one of two classes, by what is installed
    """Return the class of patterns: pathspec 1 has it under another name, and warns of the old one."""
    with contextlib.suppress(ImportError):
        return import_module("pathspec.patterns.gitignore.spec").GitIgnoreSpecPattern
    return import_module("pathspec.patterns.gitwildmatch").GitWildMatchPattern
