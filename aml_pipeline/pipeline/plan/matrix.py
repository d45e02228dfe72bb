"""The `matrix:` of a step as written in the file → the combinations of its values, with all mistakes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aml_pipeline.core.problems import Path, Problem, Severity, nearest, suggest
from aml_pipeline.core.secrets import by_variable
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.tokens import Dataset, Literal
from aml_pipeline.pipeline.spec.fields import name_cure
from aml_pipeline.pipeline.spec.names import word_name_fault
from aml_pipeline.pipeline.yaml.scalars import written

MOST = 1000  # combinations, of all matrices of a pipeline together
LISTS = ("include", "exclude")
# What GitHub Actions has beside a matrix.
_ELSEWHERE = {
    "max-parallel": "Delete it, and write `run --jobs NUMBER` for so many at a time.",
    "fail-fast": "Delete it, and write `run --keep-going` to go on after a failure.",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an axis: its text in titles, what arguments get, and its place in the file."""

    text: str
    token: Literal | Dataset
    place: Path = field(compare=False)


Combination = Mapping[str, Value]


class Entry(NamedTuple):
    """An entry of ``include`` or ``exclude``, and its place in the file."""

    values: Combination
    place: Path


@dataclass(slots=True)
class Matrix:
    """The combinations of a step in order, all values that it names, its axes with their places, and its mistakes."""

    combinations: list[Combination] = field(default_factory=list)
    values: dict[str, list[Value]] = field(default_factory=dict)
    axes: dict[str, Path] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    deciding: set[str] = field(default_factory=set)  # axes by whose values an entry of `include` adds others

    @property
    def texts(self) -> list[tuple[str, Path]]:
        """The values that arguments receive as text, with their places."""
        values = [value for some in self.values.values() for value in some]
        return [(value.text, value.place) for value in values if isinstance(value.token, Literal)]

    @property
    def is_wrong(self) -> bool:
        """Whether a mistake leaves its combinations unknown."""
        return any(problem.severity == "error" for problem in self.problems)


class _Reader:
    """Reads the matrix of one step; collects problems with their paths."""

    def __init__(self, step: str, datasets: Collection[str]) -> None:
        self._step = step
        self._datasets = datasets
        self.problems: list[Problem] = []
        self.values: dict[str, list[Value]] = {}
        self.places: dict[str, Path] = {}  # of each axis, the first

    def axes(self, declared: Mapping[str, Any], path: Path) -> dict[str, list[Value]]:
        axes = {}
        for name, values in declared.items():
            if name in _ELSEWHERE:
                message = f"`{name}` is not an axis, but an option of `run`."
                self.wrong("bad-matrix", message, _ELSEWHERE[name], (*path, name), on_key=True)
            elif name not in LISTS:
                self.name(name, (*path, name))
                axes[name] = self._values(name, values, (*path, name))
        return axes

    def name(self, axis: str, path: Path) -> None:
        if axis in self.places:
            return
        self.places[axis] = path
        if wrong := word_name_fault(axis):
            self.wrong("bad-name", f'axis "{axis}" {wrong}.', name_cure(axis, "axis"), path, on_key=True)

    def _values(self, axis: str, declared: object, path: Path) -> list[Value]:
        if not isinstance(declared, list):
            self.wrong("bad-matrix", f'axis "{axis}" must be a list of values, got {_shown(declared)}.',
                       _list_cure(declared), path)  # fmt: skip
            return []
        if not declared:
            self.wrong("bad-matrix", f'axis "{axis}" has no values.', "Add values, or delete it.", path)
        values: dict[str, Value] = {}
        for index, item in enumerate(declared):
            value = self.value(axis, item, (*path, index))
            if value and values.get(value.text, value).token != value.token:
                message = f'axis "{axis}" has the dataset {value.text} and the text {value.text}, with the same title.'
                self.wrong("bad-matrix", message, "Rename the dataset, or write another text.", value.place)
            elif value and value.text in values:
                message = f'axis "{axis}" has the value {value.text} twice.'
                self.wrong("bad-matrix", message, "Delete one of them.", value.place)
            elif value:
                values[value.text] = value
        return list(values.values())

    def value(self, axis: str, item: object, path: Path) -> Value | None:
        value = self._value(axis, item, path)
        if value:
            self.values.setdefault(axis, []).append(value)
        return value

    def _value(self, axis: str, item: object, path: Path) -> Value | None:
        if isinstance(item, str) and tokens.is_expression(item):
            return self._dataset(axis, item, path)
        if not isinstance(item, (str, int, float)):
            message = f'a value of axis "{axis}" must be a string, a number or a boolean, got {_shown(item)}.'
            meant = nearest(axis, LISTS)
            cure = "Write one value for each variant; `include` adds values that belong together."
            cure = f"Did you mean `{meant}`?" if meant else cure
            self.wrong("bad-matrix", message, cure if item is not None else 'Write a value, or "".', path)
            return None
        text = written(item)
        if secret := by_variable(axis, text):
            message = f'a value of axis "{axis}" looks like {secret}, and values are part of the titles of variants.'
            self.wrong("plain-secret", message, "Give it to the step as a secret, and vary something else.", path)
        return Value(text, Literal(text), path)

    def _dataset(self, axis: str, item: str, path: Path) -> Value | None:
        first, *others = tokens.pieces(item)
        part = None if others else tokens.parse_expression(first)
        if not isinstance(part, Dataset):
            message = f'a value of axis "{axis}" must be plain text or a dataset, got {item.strip()}.'
            cure = "Write the value itself, or ${{ datasets.NAME }}; an argument can add text around it."
            self.wrong("bad-matrix", message, cure, path)
            return None
        if part.name not in self._datasets:
            message = f'the matrix of step "{self._step}" names datasets.{part.name}, but no dataset is called'
            cure = suggest(part.name, self._datasets) if self._datasets else "Declare it under `datasets:`."
            self.wrong("unknown-dataset", f'{message} "{part.name}".', cure, path)
        return Value(part.name, part, path)

    def entries(self, key: str, declared: object, path: Path) -> list[Entry]:
        """Return the entries of ``include`` or ``exclude``."""
        if not isinstance(declared, list):
            message = f"`{key}` must be a list of combinations, got {_shown(declared)}."
            self.wrong("bad-matrix", message, f"Write each as `- AXIS: value` below `{key}:`.", path)
            return []
        entries = [self._entry(key, item, (*path, index)) for index, item in enumerate(declared)]
        return [entry for entry in entries if entry.values]

    def _entry(self, key: str, item: object, path: Path) -> Entry:
        if not isinstance(item, dict) or not item:
            message = f"each entry of `{key}` must be a mapping of axes to values, got {_shown(item)}."
            cure = f"Write it like {{learning_rate: 0.01}}; `{key}` is not the name of an axis."
            self.wrong("bad-matrix", message, cure, path)
            return Entry({}, path)
        for axis in item if key == "include" else ():
            self.name(axis, (*path, axis))
        values = {axis: self.value(axis, value, (*path, axis)) for axis, value in item.items()}
        whole = all(values.values())  # otherwise the entry would mean more than it should
        return Entry({axis: value for axis, value in values.items() if value and whole}, path)

    def wrong(  # noqa: PLR0913 - a problem's fields
        self, code: str, message: str, cure: str, path: Path, *, on_key: bool = False, warning: bool = False
    ) -> None:
        severity: Severity = "warning" if warning else "error"
        self.problems.append(Problem(code, message, cure, path, on_key=on_key, severity=severity))


def read(declared: object, step: str, path: Path, datasets: Collection[str], others: int = 0) -> Matrix:
    """Return the matrix of ``step``, declared at ``path``; ``others`` is the number of variants of other steps.

    ``include`` and ``exclude`` mean what they do in GitHub Actions: a combination that agrees with all axes of an entry
    of ``exclude`` is left out; then an entry of ``include`` adds its other values to the combinations that agree with
    it, or is a combination of its own.
    """
    matrix = _read(declared, step, path, datasets, others)
    if matrix.is_wrong:  # one variant, so that the rest can be checked
        matrix.combinations = [{axis: values[0] for axis, values in matrix.values.items()}]
    return matrix


def _read(declared: object, step: str, path: Path, datasets: Collection[str], others: int) -> Matrix:
    reader = _Reader(step, datasets)
    if not isinstance(declared, dict) or not declared:
        reader.wrong("bad-matrix", f'the matrix of step "{step}" must be a mapping of axes to lists of values, '
                     f"got {_shown(declared)}.", _mapping_cure(declared), path)  # fmt: skip
        return Matrix(problems=reader.problems)
    axes = reader.axes(declared, path)
    include, exclude = (reader.entries(key, declared[key], (*path, key)) if key in declared else [] for key in LISTS)
    size = (math.prod(map(len, axes.values())) if axes else 0) + len(include)
    matrix = Matrix(values=reader.values, axes=reader.places, problems=reader.problems)
    if size + others > MOST or len(exclude) > MOST:
        reader.wrong("matrix-size", _size(size, others, len(exclude)), "Vary fewer axes, or fewer values.", path,
                     on_key=True)  # fmt: skip
    elif not matrix.is_wrong:
        matrix.combinations = _combinations(reader, axes, include, exclude)
        matrix.deciding = {axis for entry in include if entry.values.keys() - axes for axis in entry.values}
        if not matrix.combinations and not matrix.is_wrong:
            message = f'the matrix of step "{step}" has no combinations left.'
            reader.wrong("bad-matrix", message, "Exclude less, or delete the step.", path, on_key=True)
    return matrix


def _size(size: int, others: int, excluded: int) -> str:
    if excluded > MOST:
        return f"`exclude` has {counted(excluded, 'entry', 'entries')}, but at most {MOST:,} are allowed."
    also = f", and other matrices have {others:,}" if others else ""
    return f"this matrix has {size:,} combinations{also}, but a pipeline may have at most {MOST:,}."


def _combinations(
    reader: _Reader, axes: Mapping[str, list[Value]], include: list[Entry], exclude: list[Entry]
) -> list[Combination]:
    product = itertools.product(*axes.values()) if axes else ()
    combinations = [dict(zip(axes, values, strict=True)) for values in product]
    for entry in exclude:
        combinations = _excluded(reader, entry, axes, combinations)
    originals, extended = combinations, [dict(combination) for combination in combinations]
    alone: list[Combination] = []
    for entry in include:
        given = {axis: value for axis, value in entry.values.items() if axis in axes}
        agreeing = [new for new, old in zip(extended, originals, strict=True) if agrees(given, old)]
        if not agreeing:
            alone.append(entry.values)
        elif all(agrees(entry.values, combination) for combination in agreeing):
            reader.wrong("idle-include", "this combination is in the matrix anyway.", "Delete it.", entry.place,
                         warning=True)  # fmt: skip
        for combination in agreeing:
            combination.update((axis, value) for axis, value in entry.values.items() if axis not in axes)
    return [*extended, *_distinct(reader, alone)]


def _excluded(
    reader: _Reader, entry: Entry, axes: Mapping[str, list[Value]], combinations: list[dict[str, Value]]
) -> list[dict[str, Value]]:
    """Return the combinations that do not agree with an entry of ``exclude``."""
    for axis, value in entry.values.items():
        if axis not in axes:
            message = f'this matrix has no axis "{axis}" to exclude.'
            reader.wrong("unknown-axis", message, suggest(axis, axes, noun="axis"), (*entry.place, axis), on_key=True)
            return combinations
        if value not in axes[axis]:
            known = [other.text for other in axes[axis]]
            message = f'axis "{axis}" has no value {value.text}, so this excludes nothing.'
            reader.wrong("idle-exclude", message, suggest(value.text, known), value.place, warning=True)
            return combinations
    rest = [combination for combination in combinations if not agrees(entry.values, combination)]
    if len(rest) == len(combinations):
        message = "earlier entries exclude all of these combinations."
        reader.wrong("idle-exclude", message, "Delete it.", entry.place, warning=True)
    return rest


def _distinct(reader: _Reader, entries: list[Combination]) -> Iterator[Combination]:
    seen: set[frozenset[tuple[str, str]]] = set()
    for entry in entries:
        texts = frozenset((axis, value.text) for axis, value in entry.items())
        if texts in seen:
            place = next(iter(entry.values())).place[:-1]
            reader.wrong("bad-matrix", "this combination is included twice.", "Delete one of them.", place)
        else:
            yield entry
        seen.add(texts)


def datasets_in(declared: object) -> Iterator[str]:
    """Yield the names of the datasets in a matrix as written."""
    if isinstance(declared, (dict, list)):
        for child in declared.values() if isinstance(declared, dict) else declared:
            yield from datasets_in(child)
    elif isinstance(declared, str) and tokens.is_expression(declared):
        part = tokens.parse_expression(declared)
        yield from [part.name] if isinstance(part, Dataset) else []


def agrees(some: Mapping[str, Value], others: Mapping[str, Value]) -> bool:
    """Whether ``others`` has all values of ``some``."""
    return all(axis in others and others[axis].text == value.text for axis, value in some.items())


def _shown(value: object) -> str:
    if isinstance(value, (str, int, float)):
        return f'"{value}"' if isinstance(value, str) else written(value)
    kind = "null" if value is None else "a mapping" if isinstance(value, dict) else "a list"
    return kind if value or value is None else kind.replace("a ", "an empty ")


def _list_cure(declared: object) -> str:
    if isinstance(declared, str) and tokens.is_expression(declared):
        return "A matrix is fixed before anything runs: write the values themselves, like [0.01, 0.1]."
    if isinstance(declared, (str, int, float)):
        return f"Write [{written(declared)}]."
    return "Write it like [0.01, 0.1]."


def _mapping_cure(declared: object) -> str:
    if isinstance(declared, str) and tokens.is_expression(declared):
        return "A matrix is fixed before anything runs: write its axes, such as `learning_rate: [0.01, 0.1]`."
    return "Write one `axis: [value, value]` per line below it."
