"""The ``arguments`` of a step as written in the file → typed tokens, with all mistakes."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator

from aml_pipeline.core.problems import Path, Problem, Severity, suggest
from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.tokens import Argument, Inputs, Literal, Part, Text, Token
from aml_pipeline.pipeline.yaml.scalars import written

# Prefixes that SDK v1 does not treat as plain text (azureml-pipeline-core uses them to read arguments back).
_TAKEN_PREFIXES = ("parameter:", "DatasetOutputConfig:", "DatasetConsumptionConfig:", "$AZUREML_")


class _Reader:
    """Reads the arguments of one step; collects problems with their paths."""

    def __init__(self, step: str, inputs: Inputs, axes: Collection[str] | None = ()) -> None:
        self.step = step
        self.inputs = inputs
        self.axes = axes or ()
        self._takes_any_axis = axes is None
        self.problems: list[Problem] = []

    def read(self, arguments: object, path: Path) -> Iterator[Argument]:
        if isinstance(arguments, dict):
            for option, value in arguments.items():
                yield from self._option(option, value, (*path, option))
        elif isinstance(arguments, list):
            for index, item in enumerate(arguments):
                yield from self._item(item, (*path, index))
        elif arguments is not None:
            self._wrong("bad-arguments", f'the arguments of step "{self.step}" must be a mapping or a list.',
                        "Write one `--option: value` per line.", path)  # fmt: skip

    def _item(self, item: object, path: Path) -> Iterator[Argument]:
        if isinstance(item, dict):
            for option, value in item.items():
                yield from self._option(option, value, (*path, option))
        else:
            token = self._token(item, path)
            if token:
                yield Argument(None, (token,), path)

    def _option(self, option: str, value: object, path: Path) -> Iterator[Argument]:
        if tokens.is_expression(option):
            cure = "Write a positional value as a list item: `- ${{ parameters.NAME }}`."
            message = f'"{option}" contains an expression, but the name of an option must be plain text.'
            self._wrong("bad-option", message, cure, path, key=True)
        elif not option.startswith("-"):
            cure = f"Write `--{option}:`, or make it a list item if it is a positional value."
            message = f'"{option}" does not begin with "-", so scripts do not recognize it as an option.'
            self._wrong("bad-option", message, cure, path, key=True)
        elif value is True:
            yield Argument(option, (), path)
        elif isinstance(value, list):
            if not value:
                self._wrong("empty-value", f"the list of values of {option} is empty.",
                            "Add values, write `true` for a bare flag, or delete the option.", path)  # fmt: skip
            found = [self._token(item, (*path, index)) for index, item in enumerate(value)]
            yield Argument(option, tuple(token for token in found if token), path)
        elif value is not False:
            token = self._token(value, path)
            yield Argument(option, (token,) if token else (), path)

    def _token(self, value: object, path: Path) -> Token | None:
        if value is None:
            self._wrong("null-argument", "this value is null.",
                        'Write a value, "" for an empty string, or delete the option.', path)  # fmt: skip
        elif isinstance(value, bool):
            self._wrong("boolean-argument", f"{written(value)} is a flag only as the single value of an option.",
                        f'If you mean the string, quote it: "{written(value)}".', path)  # fmt: skip
        elif isinstance(value, (dict, list)):
            self._wrong("nested-argument", "the value of an argument must be a string or a number.",
                        "Write all values in one flat list.", path)  # fmt: skip
        elif isinstance(value, str) and tokens.is_expression(value):
            return self._expression(value, path)
        elif isinstance(value, (str, int, float)):
            return self.literal(written(value), path)
        return None

    def _expression(self, value: str, path: Path) -> Token | None:
        pieces = tokens.pieces(value)
        parts = [part for part in (self._part(piece, path) for piece in pieces) if part]
        if len(parts) < len(pieces):
            return None
        plain = "".join(part.text for part in parts if isinstance(part, Literal))
        if plain.count("{") != plain.count("}"):
            message = "this string has a brace without its partner beside an expression, and the script receives it."
            self._wrong("bad-expression", message, "Delete the brace, unless it is meant.", path, warning=True)
        return parts[0] if len(parts) == 1 else Text(tuple(parts))

    def _part(self, piece: str, path: Path) -> Part | None:
        if not tokens.is_expression(piece):
            return Literal(piece)
        parsed = tokens.parse_expression(piece, self.inputs)
        if isinstance(parsed, tuple):
            self._wrong(*parsed, path)
            return None
        if isinstance(parsed, tokens.Axis) and not (self._takes_any_axis or parsed.text in self.axes):
            message = f'step "{self.step}" reads {tokens.written(parsed)}, but its matrix has no axis "{parsed.text}".'
            cure = (
                suggest(parsed.text, self.axes) if self.axes else f"Add `matrix: {{{parsed.text}: […]}}` to the step."
            )
            self._wrong("unknown-axis", message, cure, path)
            return None
        if isinstance(parsed, tokens.Output):
            from aml_pipeline.pipeline.spec.names import word_name_fault

            wrong = word_name_fault(parsed.name)
            if wrong:
                self._wrong("bad-name", f'output "{parsed.name}" {wrong}.', "Write it like my_output.", path)
        return parsed

    def literal(self, text: str, path: Path) -> Token:
        taken = next((prefix for prefix in _TAKEN_PREFIXES if text.startswith(prefix)), None)
        if taken:
            self._wrong("taken-literal", f"Azure ML's SDK does not pass on a string that begins with `{taken}`.",
                        "Let it begin differently, and add this prefix in the script.", path)  # fmt: skip
        elif meant := tokens.meant_expression(re.sub(r"^\$\s+", "$", text), self.inputs, self.axes):
            message = f"this is passed as a plain string, not as the expression {meant}."
            self._wrong("bad-expression", message, f"If the expression is meant, write {meant}.", path, warning=True)
        elif ";" in text:
            shown = json.dumps(text, ensure_ascii=False)
            self._wrong(
                "semicolon",
                f"Azure ML may change the semicolon in {shown} (MachineLearningNotebooks#1536).",
                "Use another separator if the script accepts one.",
                path,
                warning=True,
            )
        return Literal(text)

    def _wrong(  # noqa: PLR0913 - a problem's fields
        self, code: str, message: str, cure: str, path: Path, *, key: bool = False, warning: bool = False
    ) -> None:
        severity: Severity = "warning" if warning else "error"
        self.problems.append(Problem(code, message, cure, path, on_key=key, severity=severity))


def read_arguments(
    arguments: object, path: Path, step: str, inputs: Inputs | None = None, axes: Collection[str] | None = ()
) -> tuple[tuple[Argument, ...], list[Problem]]:
    """Return the arguments of ``step`` as tokens, and their problems; ``path`` is their place.

    A mapping contains options in order; a list contains positional values and mappings of options. ``true`` is the bare
    flag, ``false`` omits the option, a list of values becomes several tokens. ``inputs`` and ``axes`` are those that
    the step declares; the axes are None if they are unknown.
    """
    reader = _Reader(step, inputs or {}, axes)
    return tuple(reader.read(arguments, path)), reader.problems


def text_faults(texts: Iterable[tuple[str, Path]]) -> list[Problem]:
    """Return what is wrong with texts that arguments get, each with its place."""
    reader = _Reader("", {})
    for text, path in texts:
        reader.literal(text, path)
    return reader.problems


def word_faults(words: Iterable[str], path: Path) -> list[Problem]:
    """Return what is wrong with the words of a ``command``, which are plain text; ``path`` is their place."""
    # Expressions are reported with all others outside of arguments; a shell's line may have semicolons.
    texts = [(word, (*path, index)) for index, word in enumerate(words) if not tokens.is_expression(word)]
    return [problem for problem in text_faults(texts) if problem.code != "semicolon"]
