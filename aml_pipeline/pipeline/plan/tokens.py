"""Arguments as typed tokens: a command line before a backend binds it to paths or ports.

Resolved once, in the plan; rendered once per backend by ``render``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that the script receives unchanged."""

    text: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """The value of a parameter of the pipeline."""

    name: str


@dataclass(frozen=True, slots=True)
class Input:
    """The folder that another step wrote as its output ``name``."""

    step: str
    name: str


@dataclass(frozen=True, slots=True)
class Output:
    """The folder that this step writes."""

    name: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Data that no step produces."""

    name: str


Token = Literal | Parameter | Input | Output | Dataset
Bound = TypeVar("Bound")


@dataclass(frozen=True, slots=True)
class Argument:
    """An option with its values (a bare flag has none), or one positional value (``option`` is None).

    ``place`` is its path in the document, for messages; the path of one of several values is ``(*place, index)``.
    """

    option: str | None
    values: tuple[Token, ...]
    place: tuple[str | int, ...] = field(default=(), compare=False)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens in order, the option first."""
        return self.values if self.option is None else (Literal(self.option), *self.values)


def render(arguments: Iterable[Argument], bind: Callable[[Token], Bound | None]) -> list[Bound]:
    """Return every token bound by ``bind``; an argument is omitted if one of its tokens binds to None.

    So an absent optional dataset also removes its option.
    """
    bound = ([bind(token) for token in argument.tokens] for argument in arguments)
    return [text for texts in bound if None not in texts for text in texts if text is not None]


_EXPRESSION = re.compile(r"\$\{\{([^{}]*)\}\}")
_FORMS = {
    "outputs": (1, "${{ outputs.NAME }}"),
    "parameters": (1, "${{ parameters.NAME }}"),
    "datasets": (1, "${{ datasets.NAME }}"),
    "steps": (3, "${{ steps.STEP.outputs.NAME }}"),
}
FORMS = ", ".join(form for _, form in _FORMS.values())


def is_expression(text: str) -> bool:
    """Whether ``text`` contains the beginning of an expression."""
    return "${{" in text


def parse_expression(text: str) -> Token | tuple[str, str, str]:
    """Return the token of an expression, or the code, message and cure of its problem."""
    match = _EXPRESSION.fullmatch(text.strip())
    if not match:
        return (
            "embedded-expression",
            f'"{text}" contains an expression inside a longer string. Azure ML v2 supports that, SDK v1 does not.',
            "Make the expression the whole value, and join paths in the script.",
        )
    kind, *rest = match[1].strip().split(".")
    if kind in _FORMS and len(rest) == _FORMS[kind][0] and all(rest) and (kind != "steps" or rest[1] == "outputs"):
        return _token(kind, rest)
    if kind == "inputs" and len(rest) == 1:
        cure = f"Write ${{{{ parameters.{rest[0]} }}}} for a value, ${{{{ datasets.{rest[0]} }}}} for data."
        return "bad-expression", f"{text} is the syntax of Azure ML v2 YAML.", cure
    return "bad-expression", f"unknown expression {text}.", f"Write one of {FORMS}."


_MEANT = re.compile(r"\$?[({]{0,2} *((?:outputs|parameters|datasets|steps)\.[\w.-]+) *[)}]{0,2}")
# ``parameters.json`` is a file.
_FILE = re.compile(
    r".*\.(csv|gz|h5|html?|json|jsonl|log|md|npy|npz|onnx|parquet|pickle|pkl|pth?|py|tar|toml|tsv|txt|xml|ya?ml|zip)"
)


def meant_expression(text: str) -> str | None:
    """Return the expression that a text without ``${{ }}`` probably means, such as ``outputs.model``."""
    match = None if _FILE.fullmatch(text.strip()) else _MEANT.fullmatch(text.strip())
    parsed = parse_expression(f"${{{{ {match[1]} }}}}") if match else ()
    return None if isinstance(parsed, tuple) or match is None else f"${{{{ {match[1]} }}}}"


def _token(kind: str, rest: list[str]) -> Token:
    if kind == "steps":
        return Input(rest[0], rest[2])
    if kind == "outputs":
        return Output(rest[0])
    return Parameter(rest[0]) if kind == "parameters" else Dataset(rest[0])
