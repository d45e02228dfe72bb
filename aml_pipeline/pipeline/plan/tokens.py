"""Arguments as typed tokens: a command line before a backend binds it to paths or ports.

Resolved once, in the plan; rendered once per backend by ``render``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import TypeVar

from aml_pipeline.core.problems import Path, suggest


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


class Axis(Literal):
    """The text that each variant has on an axis, named ``text``; a finished plan has the value in its place."""


Data = Input | Dataset  # what a step reads
Part = Literal | Parameter | Data | Output


@dataclass(frozen=True, slots=True)
class Text:
    """One value made of several tokens: ``${{ datasets.images }}/train``."""

    parts: tuple[Part, ...]


Token = Part | Text
Bound = TypeVar("Bound")


@dataclass(frozen=True, slots=True)
class Argument:
    """An option with its values (a bare flag has none), or one positional value (``option`` is None).

    ``place`` is its path in the document, for messages; ``places`` are those of its values, if they do not follow.
    """

    option: str | None
    values: tuple[Token, ...]
    place: Path = field(default=(), compare=False)
    places: tuple[Path, ...] = field(default=(), compare=False)

    def place_of(self, index: int) -> Path:
        """Return the place of a value in the document: a single one is where its option is."""
        if self.places:
            return self.places[index]
        return self.place if len(self.values) == 1 else (*self.place, index)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens in order, the option first."""
        return self.values if self.option is None else (Literal(self.option), *self.values)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The values in order, with the parts of a text in its place."""
        return tuple(part for token in self.values for part in parts(token))


def parts(token: Token) -> tuple[Part, ...]:
    """Return the parts of a text, else the token itself."""
    return token.parts if isinstance(token, Text) else (token,)


def render(arguments: Iterable[Argument], bind: Callable[[Token], Bound | None]) -> list[Bound]:
    """Return every token bound by ``bind``; an argument is omitted if one of its tokens binds to None.

    So an absent optional dataset also removes its option.
    """
    bound = ([bind(token) for token in argument.tokens] for argument in arguments)
    return [text for texts in bound if None not in texts for text in texts if text is not None]


def join(text: Text, bind: Callable[[Part], str | None]) -> str | None:
    """Return a text joined from its parts, each bound by ``bind``; None if one of them binds to None."""
    bound = [bind(part) for part in text.parts]
    return None if None in bound else "".join(filter(None, bound))


def by_option(arguments: Iterable[Argument]) -> Iterator[tuple[str, Part, Path]]:
    """Yield each part of the values with the option that carries it ("": none), and its place in the file."""
    for option, token, place in with_options(arguments):
        yield from ((option, part, place) for part in parts(token))


def with_options(arguments: Iterable[Argument]) -> Iterator[tuple[str, Token, Path]]:
    """Yield each value with the option that carries it ("": none), and its place in the file.

    That is also the literal option before a positional value, and the option at the beginning of a text: ``--data=…``.
    """
    before = ""
    for argument in arguments:
        for index, token in enumerate(argument.values):
            option = argument.option or _glued_option(token) or before
            yield option, token, argument.place_of(index)
        only = argument.values[0] if argument.option is None and argument.values else None
        before = only.text if isinstance(only, Literal) and only.text.startswith("-") else ""


def _glued_option(token: Token) -> str:
    first = token.parts[0] if isinstance(token, Text) else None
    option, equals, _ = first.text.partition("=") if isinstance(first, Literal) else ("", "", "")
    return option if equals and option.startswith("-") else ""


_PIECES = re.compile(r"(\$\{\{(?:(?!\}\}).)*\}\})", re.DOTALL)
_FORMS = {
    "outputs": (1, "${{ outputs.NAME }}"),
    "parameters": (1, "${{ parameters.NAME }}"),
    "datasets": (1, "${{ datasets.NAME }}"),
    "steps": (3, "${{ steps.STEP.outputs.NAME }}"),
    "matrix": (1, "${{ matrix.AXIS }}"),
}
FORMS = ", ".join(form for kind, (_, form) in _FORMS.items() if kind != "matrix")
_PARTS = "Write ${{ matrix.AXIS }}, with an axis for each part; `include` adds values that belong together."
Inputs = Mapping[str, Data | None]  # the `inputs:` of a step; None: what is wrong with it is reported there


def is_expression(text: str) -> bool:
    """Whether ``text`` contains the beginning of an expression."""
    return "${{" in text


def pieces(text: str) -> list[str]:
    """Return the expressions in ``text`` and the texts around them, in order; spaces around a single one do not count.

    A piece that is not complete keeps the beginning of its expression.
    """
    alone = text.strip()
    return [alone] if _PIECES.fullmatch(alone) else [piece for piece in _PIECES.split(text) if piece]


# Operators, calls and filters, as in the expressions of other tools. A - may also be part of a name.
_COMPUTES = re.compile(r"[*/+%|&<>=!?()\[\],'\"]|\s-\s")


def parse_expression(text: str, inputs: Inputs | None = None) -> Part | tuple[str, str, str] | None:
    """Return the token of one expression, or the code, message and cure of its problem.

    ``inputs`` are those that the step declares, with None for one that is wrong itself; or None outside arguments.
    """
    text = text.strip()
    inner = text.removeprefix("${{").removesuffix("}}")
    if not text.endswith("}}"):
        meant = meant_expression(text)
        return "bad-expression", f'"{text}" has no closing }}}}.', f"Write {meant}." if meant else "Add it."
    if _COMPUTES.search(inner) and "{" not in inner:
        message = f"{text} is a computation, but an expression must be a single name."
        return "bad-expression", message, "Compute the value in the script, or declare a parameter."
    kind, *rest = inner.strip().split(".")
    if kind in _FORMS and len(rest) == _FORMS[kind][0] and all(rest) and (kind != "steps" or rest[1] == "outputs"):
        return _token(kind, rest)
    if kind == "inputs" and len(rest) == 1:
        return _input(text, rest[0], inputs)
    if kind == "matrix" and rest:
        return "bad-expression", f"{text} reads a part of a value, but the values of an axis are plain.", _PARTS
    forms = FORMS if inputs is None else f"{FORMS}, ${{{{ inputs.NAME }}}}, {_FORMS['matrix'][1]}"
    return "bad-expression", f"unknown expression {text}.", f"Write one of {forms}."


def _input(text: str, name: str, inputs: Inputs | None) -> Data | tuple[str, str, str] | None:
    if inputs is None:
        cure = "Write what that input is, such as ${{ datasets.NAME }}."
        return "bad-expression", f"only the arguments of a step can read {text}.", cure
    if name in inputs:
        return inputs[name]
    if inputs:
        return "undeclared-input", f"{text} is an input that this step does not declare.", suggest(name, inputs)
    cure = f"Write ${{{{ parameters.{name} }}}} for a value, ${{{{ datasets.{name} }}}} for data."
    return "bad-expression", f"{text} is the syntax of Azure ML v2 YAML.", cure


_MEANT = re.compile(r"\$?[({]{0,2} *((?:outputs|parameters|datasets|inputs|steps|matrix)\.[\w.-]+) *[)}]{0,2}")
# ``parameters.json`` is a file.
_FILE = re.compile(
    r".*\.(csv|gz|h5|html?|json|jsonl|log|md|npy|npz|onnx|parquet|pickle|pkl|pth?|py|tar|toml|tsv|txt|xml|ya?ml|zip)"
)


def meant_expression(text: str, inputs: Inputs | None = None, axes: Container[str] = ()) -> str | None:
    """Return the expression that a text without ``${{ }}`` probably means, such as ``outputs.model``.

    ``inputs`` and ``axes`` are those of the step.
    """
    text = re.sub(r"^\$\{item\.", "${matrix.", text.strip())  # as DVC writes it
    match = None if _FILE.fullmatch(text) else _MEANT.fullmatch(text)
    parsed = parse_expression(f"${{{{ {match[1]} }}}}", inputs) if match else ()
    if isinstance(parsed, (tuple, NoneType)) or (isinstance(parsed, Axis) and parsed.text not in axes):
        return None
    return f"${{{{ {match[1]} }}}}" if match else None


def written(part: Part) -> str:
    """Return ``part`` as the file has it, an expression without its braces."""
    if isinstance(part, Axis):
        return f"matrix.{part.text}"
    if isinstance(part, Literal):
        return part.text
    if isinstance(part, Input):
        return f"steps.{part.step}.outputs.{part.name}"
    return f"{type(part).__name__.lower()}s.{part.name}"


def _token(kind: str, rest: list[str]) -> Part:
    if kind == "steps":
        return Input(rest[0], rest[2])
    if kind == "outputs":
        return Output(rest[0])
    if kind == "matrix":
        return Axis(rest[0])
    return Parameter(rest[0]) if kind == "parameters" else Dataset(rest[0])
