"""Text → spec → plan, with every problem on the way, its position, and our own wording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pydantic import ValidationError

from aml_pipeline.core.problems import Path, Position, Problem, Span, ordered
from aml_pipeline.pipeline import profile as profiles
from aml_pipeline.pipeline.combinations import Given
from aml_pipeline.pipeline.plan import build, imported
from aml_pipeline.pipeline.plan.model import OtherValue, Plan
from aml_pipeline.pipeline.plan.tokens import is_expression
from aml_pipeline.pipeline.spec import errors
from aml_pipeline.pipeline.spec.pipeline import PipelineSpec
from aml_pipeline.pipeline.spec.schedule import Schedule
from aml_pipeline.pipeline.yaml import source


@dataclass(slots=True)
class Loaded:
    """The result of loading: a ``plan`` if possible, complete if ``problems`` has no error; and the positions."""

    name: str
    text: str = ""
    plan: Plan | None = None
    problems: list[Problem] = field(default_factory=list)
    document: source.Document = field(default_factory=lambda: source.Document(None, []))
    origins: dict[Path, profiles.Origin] = field(default_factory=dict)
    wrong: set[Path] = field(default_factory=set)  # places whose value was reported as wrong and removed
    misspelt: set[Path] = field(default_factory=set)  # places whose key is a misspelled known key, and read as that
    wrong_arguments: set[str] = field(default_factory=set)  # steps with a problem in their arguments
    other_values: list[OtherValue] = field(default_factory=list)  # values that parameters get in other runs
    several: dict[str, list[str]] = field(default_factory=dict)  # all values of parameters that the caller gave several
    remarks: list[str] = field(default_factory=list)  # how his values were read

    def add(self, problems: Iterable[Problem]) -> None:
        """Add problems; paths become positions.

        A problem at a place that was removed because it was itself wrong is dropped, and so is one below a misspelled
        key, which may mean something else; except in the arguments of a step.
        """
        problems = list(problems)
        wrong = [problem.path for problem in problems if problem.severity == "error" and _is_of_arguments(problem.path)]
        self.wrong_arguments.update(str(path[1]) for path in wrong)
        if located := self.located(problems):
            self.problems = ordered([*self.problems, *located])

    def located(self, problems: Iterable[Problem]) -> list[Problem]:
        """Return ``problems`` with positions in place of paths, without those that ``add`` drops."""
        return [problem for problem in map(self._located, problems) if problem]

    def _located(self, problem: Problem) -> Problem | None:
        if problem.position or problem.origin or problem.file:
            return replace(problem, file=problem.file or self.name)
        path, origin = self._origin(problem.path)
        if origin:
            return replace(problem, origin=origin)
        setting = path[:4] if path[2:3] == ("environment_variables",) else path[:3]
        if path[:1] == ("steps",) and setting not in self.document:
            # A setting that a step takes from the pipeline (or from a profile), or one that was removed as wrong.
            path, _ = self._origin(path[2:])
            if path[:1] not in self.document:
                return None
        if self._is_wrong(problem.path) or self._is_wrong(path) or self._is_misspelt(path):
            return None
        position = self.document.position(path, on_key=problem.on_key)
        if problem.part:
            position = self._part(path, problem.part) or position
        return replace(problem, file=self.name, position=position or Position(1, 1), path=(), on_key=False, part=None)

    def _part(self, path: Path, part: Span) -> Position | None:
        """Return the place of a part of a text, if the file has that text in one piece."""
        node, lines = self.document.node(path), _lines(self.text)
        if node is None or not isinstance(node.value, str) or node.position.line > len(lines):
            return None
        line, column = lines[node.position.line - 1], node.position.column - 1
        column += line[column : column + 1] in {'"', "'"}
        if not line.startswith(node.value, column):
            return None
        return Position(node.position.line, column + part.start + 1, part.length)

    def _is_wrong(self, path: Path) -> bool:
        return _is_below(path, self.wrong)

    def _is_misspelt(self, path: Path) -> bool:
        return not _is_of_arguments(path) and _is_below(path, self.misspelt)

    def _origin(self, path: Path) -> tuple[Path, str]:
        for length in range(len(path), 0, -1):
            origin = self.origins.get(path[:length])
            if isinstance(origin, str):
                return path, origin
            if origin is not None:
                return (*origin, *path[length:]), ""
        return path, ""


def _is_below(path: Path, places: set[Path]) -> bool:
    return any(path[:length] in places for length in range(1, len(path) + 1))


def _is_of_arguments(path: Path) -> bool:
    return len(path) > 2 and path[0] == "steps" and path[2] in {"arguments", "inputs", "matrix"}  # noqa: PLR2004 - steps, STEP, …


def load(  # noqa: PLR0913 - what is read, and what the caller sets
    raw: bytes,
    name: str,
    *,
    file: str = "",
    profile: str | None = None,
    parameters: Mapping[str, Given] | None = None,
    data: Mapping[str, str] | None = None,
) -> Loaded:
    """Load the bytes of a pipeline file; ``name`` is its name in messages, ``file`` its absolute path.

    ``parameters`` and ``data`` are the values and places that the caller gives to parameters and datasets; the plan has
    the first of several values.
    """
    text, problem = source.decode(raw)
    loaded = Loaded(name, text)
    if problem:
        loaded.add([problem])
        return loaded
    loaded.document = source.parse(text)
    loaded.add(loaded.document.problems)
    if loaded.document.root is None:
        return loaded
    pipeline = _validated(loaded)
    loaded.add([*_misplaced(loaded.document.root, (), loaded.misspelt), *_not_imported(loaded.document)])
    if pipeline is None:
        return loaded
    applied = profiles.apply(pipeline, profile, parameters or {}, data)
    loaded.add([*applied.problems, *profiles.faults(pipeline), *_other_schedules(pipeline, applied.spec)])
    # A profile whose overrides were removed as wrong only seems idle.
    loaded.add(
        problem for problem in profiles.idle(pipeline) if not any(path[:2] == problem.path for path in loaded.wrong)
    )
    loaded.origins = applied.origins
    loaded.plan, problems = build.build(
        applied.spec, applied.values, applied.data, file=file, profile=profile, named=profiles.datasets_varied(pipeline)
    )
    loaded.plan = replace(loaded.plan, imported=imported.read(loaded.document.root.value))
    loaded.add(problem for problem in problems if not profiles.makes_idle(applied, problem))
    loaded.other_values = build.other_values(pipeline)
    _add_several(loaded, applied)
    return loaded


# A key for steps that `import` found, and that this file cannot express: what is known of each, by name.
NOT_IMPORTED = "x-not-imported"


def _not_imported(document: source.Document) -> Iterator[Problem]:
    """Yield the steps that the imported pipeline has and this file lacks: without them it does something else."""
    node = document.node((NOT_IMPORTED,)) if (NOT_IMPORTED,) in document else None
    for name, step in (node.children if node else {}).items():
        known = {key: child.value for key, child in step.children.items() if isinstance(child.value, str)}
        of_type = f" of type {known['type']}" if known.get("type") else ""
        reason = f": {known['why'].rstrip('.')}" if known.get("why") else ""
        message = f'step "{name}"{of_type} was not imported{reason}.'
        cure = "Write it as a step with a script that does the same, or delete this entry to do without it."
        yield Problem("not-imported", message, cure, path=(NOT_IMPORTED, str(name)), on_key=True)


def _add_several(loaded: Loaded, applied: profiles.Applied) -> None:
    """Note that parameters get other values in other runs of this command."""
    loaded.several, loaded.remarks = applied.several, applied.remarks
    for name, texts in applied.several.items():
        place: Path = ("--param", name)
        loaded.origins[place] = f"--param {name}={','.join(texts)}"
        loaded.other_values += [OtherValue(name, text, place) for text in texts[1:]]


def _other_schedules(pipeline: PipelineSpec, planned: PipelineSpec) -> Iterator[Problem]:
    """Yield what is wrong with the schedules that the plan does not have: those of other profiles, or replaced ones."""
    sections: list[tuple[Path, Mapping[str, Schedule]]] = [(("schedules",), pipeline.schedules)]
    sections += [(("profiles", name, "schedules"), profile.schedules) for name, profile in pipeline.profiles.items()]
    for path, declared in sections:
        others = {name: own for name, own in declared.items() if planned.schedules.get(name) is not own}
        yield from build.schedules(others, path)[1]


@lru_cache(maxsize=1)
def _lines(text: str) -> list[str]:
    return re.split("\r\n|\r|\n", text)


def _validated(loaded: Loaded) -> PipelineSpec | None:
    """Return the spec; what pydantic refuses is reported, then removed, so that the rest can be checked as well."""
    data = loaded.document.root.value if loaded.document.root else None
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if not key.startswith("x-")}
    explained: set[Path] = set()  # places of mistakes: what the next round misses there was removed because of them
    names: set[str] = set()
    while data is not None:
        try:
            return PipelineSpec.model_validate(data, context=names)
        except ValidationError as error:
            refused = error.errors(include_url=False)
        if misspelt := errors.misspelt(refused):
            data, renamed = _respelt(loaded, data, misspelt)
            if renamed:
                continue
        new = [error for error in refused if error["loc"] not in explained]
        loaded.add([errors.explain(error) for error in new])
        loaded.wrong.update(error["loc"] for error in refused)
        explained.update(error["loc"][:length] for error in refused for length in range(len(error["loc"]) + 1))
        names.update(name for error in refused if (name := errors.bad_name(error)) is not None)
        less = errors.without(data, refused)
        data = less if new or less != data else None
    return None


def _respelt(loaded: Loaded, data: object, misspelt: list[tuple[errors.Error, str]]) -> tuple[object, bool]:
    """Report misspelled keys; return the data with the right keys, and whether any could be renamed.

    So what they declare and use is checked, and no consequences of one wrong letter are reported.
    """
    problems = [errors.explain(error) for error, _ in misspelt]  # with their positions: one may be below another
    loaded.add(replace(problem, position=loaded.document.position(problem.path, on_key=True)) for problem in problems)
    loaded.misspelt.update(tuple(error["loc"]) for error, _ in misspelt)
    data, renamed = errors.respelt(data, [(error["loc"], key) for error, key in misspelt])
    for path, key in renamed:
        loaded.document.rename(path, key)
        loaded.misspelt.add((*path[:-1], key))
    return data, bool(renamed)


def _misplaced(node: source.Node, path: Path, misspelt: set[Path]) -> Iterator[Problem]:
    """Yield the expressions where none are bound: outside the arguments and inputs of steps and the final outputs."""
    if path in misspelt or (path[:1] and str(path[0]).startswith("x-")):
        return
    of_profile = path[:1] == ("profiles",) and path[4:5] == ("matrix",)
    has_expressions = _is_of_arguments(path) or of_profile or path[:1] == ("outputs",)
    if isinstance(node.value, str) and is_expression(node.value) and not has_expressions:
        cure = "Write the value itself; a profile can override it."
        if path[:1] == ("steps",) and path[2:3] == ("command",):
            cure = "Write it under `arguments:`, which follow the words of the command."
        elif "matrix." in node.value:
            cure = "Read it in an argument: variants differ in nothing else."
        message = "expressions are only allowed in the arguments and inputs of a step."
        yield Problem("misplaced-expression", message, cure, position=node.position)
    for key, child in node.children.items():
        yield from _misplaced(child, (*path, key), misspelt)
