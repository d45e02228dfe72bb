"""Steps with a matrix → their variants: names, arguments, and which variants of other steps each one reads."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.core.wording import listed, shortened
from aml_pipeline.pipeline.plan import titles, tokens
from aml_pipeline.pipeline.plan.arguments import text_faults
from aml_pipeline.pipeline.plan.matrix import Combination, Matrix, Value
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.tokens import Argument, Axis, Data, Input, Literal, Output, Part, Text, Token

_LONGEST_NAME = 40
_DECIMAL = re.compile(r"([0-9]+)\.([0-9]+)")  # 0.01 is written 0p01
_PLAIN = re.compile(r"(?![0-9]+p[0-9]+$)[a-z0-9]+")  # different values have different pieces, and none contains "-"


def names(declared: Collection[str], matrices: Mapping[str, Matrix]) -> dict[str, list[str]]:
    """Return the names of the variants of each step with a matrix, all different; ``declared`` are those of all steps.

    A name depends on the values of its variant only, so that it stays when values of others are added, and axes
    reordered. Only if it would be that of another step too, it ends with a digest like those of long names.
    """
    combinations = [(step, one) for step, matrix in matrices.items() for one in matrix.combinations]
    own = [_name(step, one) for step, one in combinations]
    for digits in (6, 64):
        uses = Counter([*declared, *own])
        own = [
            name if uses[name] == 1 else _name(step, one, digits)
            for name, (step, one) in zip(own, combinations, strict=True)
        ]
    found: dict[str, list[str]] = {step: [] for step in matrices}
    for name, (step, _) in zip(own, combinations, strict=True):
        found[step].append(name)
    return found


def _name(step: str, combination: Combination, digits: int = 0) -> str:
    values = sorted((axis, value.text) for axis, value in combination.items())
    pieces = [_DECIMAL.sub(r"\1p\2", text) if _DECIMAL.fullmatch(text) else text for _, text in values]
    name = re.sub("[^a-z0-9]+", "-", "-".join([step, *pieces]).lower())
    is_plain = all(_PLAIN.fullmatch(text) or _DECIMAL.fullmatch(text) for _, text in values)
    if is_plain and not digits and len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(json.dumps([step, values]).encode("utf-8", "surrogatepass")).hexdigest()[: digits or 6]
    return f"{name[: _LONGEST_NAME - 7].strip('-')}-{digest}"


class _Family:
    """The variants of a step by their values: which of them agree with others."""

    def __init__(self, names: Sequence[str], matrix: Matrix) -> None:
        self.names = tuple(names)
        self.axes = matrix.axes
        self.is_wrong = matrix.is_wrong
        self._groups: dict[tuple[str, ...], list[tuple[int, Combination]]] = {}  # by their axes
        for number, combination in enumerate(matrix.combinations):
            self._groups.setdefault(tuple(combination), []).append((number, combination))
        self._tables: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[tuple[str, ...], list[int]]] = {}

    def agreeing(self, texts: Mapping[str, str]) -> tuple[str, ...]:
        """Return the variants, in order, that have the values of ``texts`` on all axes that both have."""
        numbers: list[int] = []
        for axes in self._groups:
            common = tuple(axis for axis in axes if axis in texts)
            numbers += self._table(axes, common).get(tuple(texts[axis] for axis in common), [])
        return tuple(self.names[number] for number in sorted(numbers))

    def _table(self, axes: tuple[str, ...], common: tuple[str, ...]) -> dict[tuple[str, ...], list[int]]:
        """Return the numbers of the variants with these ``axes`` by their values on the ``common`` ones."""
        if (axes, common) not in self._tables:
            table: dict[tuple[str, ...], list[int]] = {}
            for number, combination in self._groups[axes]:
                table.setdefault(tuple(combination[axis].text for axis in common), []).append(number)
            self._tables[axes, common] = table
        return self._tables[axes, common]


_NONE = Matrix([{}])  # of a plain step
Place = Callable[[str, str], Path]  # where a step refers to another


def expanded(
    steps: Sequence[Step], matrices: Mapping[str, Matrix], place: Place
) -> tuple[dict[str, tuple[Step, ...]], list[Problem]]:
    """Return the variants of each step (of a plain one, itself), and the problems of what they read of each other.

    Each of ``steps`` follows those that it reads.
    """
    own = names([step.name for step in steps], matrices)
    families = {step: _Family(own[step], matrix) for step, matrix in matrices.items()}
    problems: dict[Problem, None] = {}
    variants: dict[str, tuple[Step, ...]] = {}
    for step in steps:
        matrix = matrices.get(step.name, _NONE)
        binder = _Binder(step, matrix, families, place)
        rows = zip(own.get(step.name, [step.name]), matrix.combinations, strict=True)
        variants[step.name] = tuple(binder.variant(name, combination) for name, combination in rows)
        problems.update(dict.fromkeys([*binder.problems, *binder.unmatched(), *_unused(step, matrix, families)]))
    return variants, list(problems)


def _unused(step: Step, matrix: Matrix, families: Mapping[str, _Family]) -> Iterator[Problem]:
    """Yield a warning for each axis that makes no difference to ``step``."""
    if matrix.is_wrong:
        return
    used = {part.text for argument in step.arguments for part in argument.parts if isinstance(part, Axis)}
    used.update(matrix.deciding, *(families[other].axes for other in step.upstream if other in families))
    for axis, place in matrix.axes.items():
        if axis not in used:
            message = f'axis "{axis}" is not used by step "{step.name}", so its variants are repetitions.'
            cure = f"Use it as ${{{{ matrix.{axis} }}}} in an argument, or delete it."
            yield Problem("unused-axis", message, cure, place, on_key=True, severity="warning")


class _Binder:
    """Makes the variants of one step; collects problems with their paths."""

    def __init__(self, step: Step, matrix: Matrix, families: Mapping[str, _Family], place: Place) -> None:
        self._step = step
        self._is_wrong = matrix.is_wrong
        self._unset: set[str] = set()  # axes that were reported: some variants have no value of them
        self._reads = {other: families[other] for other in step.upstream if other in families}
        self._place = place
        self._unmatched: dict[str, dict[str, None]] = {}  # titles of variants that would read none of a step
        self._values: Combination = {}
        self._chosen: dict[str, tuple[str, ...]] = {}  # the variants that this one reads, by step
        self.problems: list[Problem] = []

    def variant(self, name: str, values: Combination) -> Step:
        """Return the variant called ``name`` with these ``values``; a plain step that reads none is returned as is."""
        if not values and not self._reads:
            return self._step
        step, texts = self._step, {axis: value.text for axis, value in values.items()}
        self._values = values
        self._chosen = {other: self._agreeing(other, family, texts) for other, family in self._reads.items()}
        arguments = tuple(bound for argument in step.arguments for bound in self._argument(argument))
        named = {data: self._single(data) for data in step.names}
        used = {part for argument in arguments for part in argument.parts}
        return replace(
            step,
            name=name,
            variant=texts,
            arguments=arguments,
            after=tuple(name for other in step.after for name in self._chosen.get(other, (other,))),
            names={named[data]: name for data, name in step.names.items()},
            unnamed=(
                *(named[data] for data in named if data in step.unnamed and named[data] not in used),
                *(output for output in step.unnamed if isinstance(output, Output)),
            ),
        )

    def _agreeing(self, other: str, family: _Family, texts: Mapping[str, str]) -> tuple[str, ...]:
        chosen = family.agreeing(texts)
        if not chosen and not family.is_wrong:
            common = {axis: text for axis, text in texts.items() if axis in family.axes}
            self._unmatched.setdefault(other, {})[titles.title(self._step.name, common)] = None
        return chosen or family.names

    def unmatched(self) -> Iterator[Problem]:
        """Yield a problem for each step of which some variants would read none."""
        for other, lonely in self._unmatched.items():
            needs = f'step "{self._step.name}" needs a variant of step "{other}" for each of its own'
            message = f"{needs}, but there is none for {shortened(list(lonely), 2)}."
            cure = "Give both matrices the same values, or give the axes different names to read all variants."
            yield Problem("no-variant", message, cure, self._place(self._step.name, other))

    def _argument(self, argument: Argument) -> Iterator[Argument]:
        """Yield an argument with its values; a positional one that becomes several is several arguments."""
        if not any(isinstance(part, Axis) or self._is_chosen(part) for part in argument.parts):
            yield argument
            return
        bound = [
            (new, self._value(token, place).place if isinstance(token, Axis) else place)
            for token, place in zip(argument.values, map(argument.place_of, itertools.count()), strict=False)
            for new in self._tokens(token, place)
        ]
        if argument.option is None:
            yield from (Argument(None, (token,), argument.place, (place,)) for token, place in bound)
        else:
            yield replace(argument, values=tuple(new for new, _ in bound), places=tuple(place for _, place in bound))

    def _is_chosen(self, part: Part | Data) -> bool:
        return isinstance(part, Input) and part.step in self._chosen

    def _tokens(self, token: Token, place: Path) -> list[Token]:
        """Return what ``token`` becomes: several tokens if it reads several variants of a step."""
        parts = tokens.parts(token)
        several = {part.step: len(self._chosen[part.step]) for part in parts if isinstance(part, Input)
                   and len(self._chosen.get(part.step, ())) > 1}  # fmt: skip
        if len(several) > 1:
            message = f"this string reads several variants of {listed(list(several))}, which cannot be paired."
            cure = "Write each as a value of its own, and join them in the script."
            self._wrong("several-variants", message, cure, place)
        count = min(several.values(), default=1)
        found = [_joined([self._part(part, number, place) for part in parts]) for number in range(count)]
        texts = [(new.text, place) for new in found if isinstance(new, Literal) and isinstance(token, Text)]
        self.problems += [fault for fault in text_faults(texts) if fault.severity == "error"]
        return found

    def _value(self, axis: Axis, place: Path) -> Value:
        value = self._values.get(axis.text)
        if value is None and axis.text not in self._unset and not self._is_wrong:
            self._unset.add(axis.text)
            variant = titles.title(self._step.name, {name: own.text for name, own in self._values.items()})
            message = f'variant {variant} has no value for axis "{axis.text}", which this argument reads.'
            self._wrong("unset-axis", message, "Add the axis to the matrix, or to each entry of `include`.", place)
        return value or Value("", Literal(""), place)

    def _part(self, part: Part, number: int, place: Path) -> Part:
        if isinstance(part, Axis):
            return self._value(part, place).token
        if isinstance(part, Input) and part.step in self._chosen:
            chosen = self._chosen[part.step]
            return Input(chosen[number] if len(chosen) > 1 else chosen[0], part.name)
        return part

    def _single(self, data: Data) -> Data:
        """Return what an input with a name stands for, which must be a single variant."""
        if not isinstance(data, Input) or data.step not in self._chosen:
            return data
        first, *others = self._chosen[data.step]
        if others:
            name = self._step.names[data]
            message = f'input "{name}" would be {len(others) + 1} variants of step "{data.step}", but it has one name.'
            cure = f"Delete it, and read ${{{{ {tokens.written(data)} }}}} in an argument, whose option gets them all."
            self._wrong("several-variants", message, cure, ("steps", self._step.name, "inputs", name))
        return Input(first, data.name)

    def _wrong(self, code: str, message: str, cure: str, path: Path) -> None:
        self.problems.append(Problem(code, message, cure, path))


def _joined(parts: Sequence[Part]) -> Token:
    """Return a value made of ``parts``; texts beside each other are one text."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, Literal) and joined and isinstance(joined[-1], Literal):
            joined[-1] = Literal(joined[-1].text + part.text)
        else:
            joined.append(part)
    return joined[0] if len(joined) == 1 else Text(tuple(joined))
