"""What one file reads from its surroundings, in one pass; and whether that pass is worth the time."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple

from aml_pipeline.project.script.known_variables import LOADERS, is_known

if TYPE_CHECKING:
    from aml_pipeline.core.problems import Position
    from aml_pipeline.project.script.inputs import NamedInput
    from aml_pipeline.project.script.paths import Named
    from aml_pipeline.project.script.variables import Variables


class Reads(NamedTuple):
    """The variables, paths and inputs that a file reads, and where it logs a step to Azure ML's run."""

    variables: Variables
    paths: list[Named]
    inputs: list[NamedInput]
    logged_steps: list[Position]


def read(text: bytes, *, starts: bool, named: AbstractSet[str] = frozenset()) -> Reads:
    """Return what a file reads; ``starts`` is whether it is the program, else others use its ``named``."""
    from aml_pipeline.project.script import inputs, logged_steps, paths, variables
    from aml_pipeline.project.script.scope import Scope
    from aml_pipeline.project.snapshot.imports import parse  # only if a file may read something

    scope = Scope(parse(text), text, starts=starts, named=named)
    return Reads(variables.read(scope), paths.read(scope), inputs.read(scope), logged_steps.read(scope))


def names_used(text: bytes) -> set[str]:
    """Return the names by which a file may use the definitions of another one."""
    from aml_pipeline.project.script import scope
    from aml_pipeline.project.snapshot.imports import parse

    return scope.names_used(parse(text))


_WORDS = (b"input_datasets", *(name.encode() for name in LOADERS))
_ENVIRONMENT = rb"\b(?:environ|getenv)\b"
_LITERAL = rb"""\b(?:environ(?:\.get\(|\[)|getenv\()["'](\w+)["']"""
# The first name of a quoted path: ``data`` of "../data/raw/x.csv".
_BEGINNING = re.compile(rb"""["'](?:\.{1,2}/)*([^"'/\\\n{]{1,100})""")


def may_read(text: bytes, around: AbstractSet[bytes], folder: bytes) -> bool:
    """Whether a file may read anything relevant; ``around`` are the names in the folders where its paths may begin.

    ``folder`` is the absolute path of the project.
    """
    may_log_step = b"get_context" in text and b".log(" in text
    if may_log_step or _names_a_variable(text) or any(word in text for word in _WORDS):
        return True
    return not around.isdisjoint(_BEGINNING.findall(text)) or folder in text


def _names_a_variable(text: bytes) -> bool:
    """Whether a file may read an unknown variable: most read none, or ``os.environ["HOME"]``."""
    if b"environ" not in text and b"getenv" not in text:
        return False
    known = sum(is_known(name.decode()) for name in re.findall(_LITERAL, text))
    return known < len(re.findall(_ENVIRONMENT, text))
