"""``graph``: the steps in order, or as a drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from aml_pipeline.cli.opened import open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan import drawing
from aml_pipeline.pipeline.plan.model import Plan, Step, datasets_of

_MOST_VALUES = 20


def graph(options: Options, _environ: Mapping[str, str]) -> int:
    """Print the steps in order with what each reads and writes, or the graph for a drawing program."""
    plan, _ = open_with(options).require()
    draw = {"mermaid": drawing.mermaid, "dot": drawing.dot}.get(options.text("format") or "")
    if draw:
        print(draw(plan))
        return 0
    groups = drawing.declared(plan)
    for number, (name, steps) in enumerate(groups.items(), 1):
        variants = f"  {counted(len(steps), 'variant')}" if steps[0].variant else ""
        print(f"{number}. {name}  ({redaction.program(steps[0])}){variants}")
        for line in (*_axes(steps), *_edges(plan, groups, steps)):
            print(f"     {line}")
    return 0


def _axes(steps: Sequence[Step]) -> Iterator[str]:
    """Yield the axes of a matrix, each with the values that its variants have."""
    for axis in dict.fromkeys(axis for step in steps for axis in step.variant):
        values = list(dict.fromkeys(step.variant[axis] for step in steps if axis in step.variant))
        more = [f"and {len(values) - _MOST_VALUES} more"] if len(values) > _MOST_VALUES else []
        yield f"{axis}: {', '.join([*values[:_MOST_VALUES], *more])}"


def _edges(plan: Plan, groups: Mapping[str, Sequence[Step]], steps: Sequence[Step]) -> list[str]:
    """Return what a step, or each of its variants, reads, comes after and writes."""
    reads = _counted(plan, groups, [[(token.step, f".{token.name}") for token in step.inputs] for step in steps])
    after = _counted(plan, groups, [[(name, "") for name in step.after] for step in steps])
    data = [f"dataset {name}{' (optional)' if plan.datasets[name].optional else ''}" for name in datasets_of(steps)]
    return [
        *(f"← {name}" for name in (*reads, *data)),
        *(f"after {name}" for name in after),
        *(f"→ {name}" for name in steps[0].outputs),
    ]


def _counted(
    plan: Plan, groups: Mapping[str, Sequence[Step]], named: Sequence[Sequence[tuple[str, str]]]
) -> Iterator[str]:
    """Yield each step that is named with what of it, and how many of its variants if it has some.

    ``named`` has what each variant of one step names.
    """
    counts = [Counter((plan.step(name).declared, what) for name, what in of_one) for of_one in named]
    for declared, what in dict.fromkeys(key for count in counts for key in count):
        numbers = sorted({count[declared, what] for count in counts})
        many = " to ".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))
        of_all = f" ({many} of {counted(len(groups[declared]), 'variant')})" if groups[declared][0].variant else ""
        yield f"{declared}{what}{of_all}"
