"""Text → spec → plan, and every problem on the way, with its position, in our words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from aml_pipeline import planning, source, spec_errors
from aml_pipeline import profile as profiles
from aml_pipeline.plan import Plan
from aml_pipeline.problems import Path, Position, Problem, ordered
from aml_pipeline.spec import PipelineSpec
from aml_pipeline.tokens import is_expression


@dataclass(slots=True)
class Loaded:
    """What was read: a ``plan`` when there is one, complete when ``problems`` has no error, and the positions."""

    name: str
    text: str = ""
    plan: Plan | None = None
    problems: list[Problem] = field(default_factory=list)
    document: source.Document = field(default_factory=lambda: source.Document(None, []))
    origins: dict[Path, profiles.Origin] = field(default_factory=dict)
    wrong: set[Path] = field(default_factory=set)  # places whose value was told to be wrong, and left out

    def add(self, problems: Iterable[Problem]) -> None:
        """Take up further problems; paths become positions.

        A problem of a place that was left out because it was itself wrong is dropped.
        """
        self.problems = ordered([*self.problems, *(one for one in map(self._located, problems) if one)])

    def _located(self, problem: Problem) -> Problem | None:
        if problem.position or problem.origin or problem.file:
            return replace(problem, file=problem.file or self.name)
        path, origin = self._origin(problem.path)
        if origin:
            return replace(problem, origin=origin)
        if path[:1] == ("steps",) and path[:3] not in self.document:
            path = path[2:]  # a setting that the step has from the pipeline, or one that was left out as wrong
            if path[:1] not in self.document:
                return None
        if self._is_wrong(problem.path) or self._is_wrong(path):
            return None
        position = self.document.position(path, on_key=problem.on_key)
        return replace(problem, file=self.name, position=position or Position(1, 1), path=(), on_key=False)

    def _is_wrong(self, path: Path) -> bool:
        return any(path[:length] in self.wrong for length in range(1, len(path) + 1))

    def _origin(self, path: Path) -> tuple[Path, str]:
        for length in range(len(path), 0, -1):
            origin = self.origins.get(path[:length])
            if isinstance(origin, str):
                return path, origin
            if origin is not None:
                return (*origin, *path[length:]), ""
        return path, ""


def load(
    raw: bytes, name: str, *, file: str = "", profile: str | None = None, parameters: Mapping[str, str] | None = None
) -> Loaded:
    """Load the bytes of a pipeline file; ``name`` is what messages call it, ``file`` its absolute path."""
    text, problem = source.decode(raw)
    loaded = Loaded(name, text)
    if problem:
        loaded.add([problem])
        return loaded
    loaded.document = source.parse(text)
    loaded.add(loaded.document.problems)
    if loaded.document.root is None:
        return loaded
    loaded.add(_misplaced(loaded.document.root, ()))
    pipeline = _validated(loaded)
    if pipeline is None:
        return loaded
    applied = profiles.apply(pipeline, profile, parameters or {})
    loaded.add([*applied.problems, *profiles.faults(pipeline)])
    loaded.origins = applied.origins
    loaded.plan, problems = planning.build(applied.spec, applied.values, file=file, profile=profile)
    loaded.add(problems)
    return loaded


def _validated(loaded: Loaded) -> PipelineSpec | None:
    """Return the spec; what pydantic refuses is told, then left out, so that the rest can be checked in the same go."""
    data = loaded.document.root.value if loaded.document.root else None
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if not key.startswith("x-")}
    told: set[Path] = set()  # what mistakes lie in: what is missing there next was left out because of them
    names: set[str] = set()
    while data is not None:
        try:
            return PipelineSpec.model_validate(data, context=names)
        except ValidationError as error:
            found = error.errors(include_url=False)
        new = [one for one in found if one["loc"] not in told]
        loaded.add([spec_errors.explain(one) for one in new])
        loaded.wrong.update(one["loc"] for one in found)
        told.update(one["loc"][:length] for one in found for length in range(len(one["loc"]) + 1))
        names.update(name for one in found if (name := spec_errors.bad_name(one)) is not None)
        less = spec_errors.without(data, found)
        data = less if new or less != data else None
    return None


def _misplaced(node: source.Node, path: Path) -> Iterator[Problem]:
    """Yield the expressions that stand outside the arguments of steps, where nothing would bind them."""
    if path[:1] and str(path[0]).startswith("x-"):
        return
    in_arguments = len(path) > 2 and path[0] == "steps" and path[2] == "arguments"  # noqa: PLR2004
    if isinstance(node.value, str) and is_expression(node.value) and not in_arguments:
        cure = "Write the value itself; a profile can change it."
        yield Problem("misplaced-expression", "an expression can stand only in the arguments of a step.", cure, path)
    for key, child in node.children.items():
        yield from _misplaced(child, (*path, key))
