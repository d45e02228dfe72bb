"""A plan's graph in the languages of Mermaid and Graphviz: a box for each step of the file. Names contain no quotes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aml_pipeline.core.wording import counted
from aml_pipeline.pipeline.plan.model import Plan, Step


def declared(plan: Plan) -> dict[str, list[Step]]:
    """Return the steps of the file in order, each with its variants, or itself."""
    groups: dict[str, list[Step]] = {}
    for step in plan.steps:
        groups.setdefault(step.declared, []).append(step)
    return groups


def mermaid(plan: Plan) -> str:
    """Return the graph for Mermaid, which GitHub and GitLab render in Markdown."""
    groups = declared(plan)
    numbers = {name: f"s{number}" for number, name in enumerate(groups, 1)}
    lines = []
    for name, steps in groups.items():
        shape = '[["{}"]]' if steps[0].variant else '["{}"]'
        lines.append(f"  {numbers[name]}{shape.format(label(steps))}")
    for above, below, outputs in _edges(plan):
        arrow = f'-->|"{outputs}"|' if outputs else "-.->"
        lines.append(f"  {numbers[above]} {arrow} {numbers[below]}")
    return "\n".join(["flowchart LR", *lines])


def dot(plan: Plan) -> str:
    """Return the graph for Graphviz."""
    lines = []
    for name, steps in declared(plan).items():
        about = f' [label="{label(steps)}", peripheries=2]' if steps[0].variant else ""
        lines.append(f'  "{name}"{about};')
    for above, below, outputs in _edges(plan):
        about = f'[label="{outputs}"]' if outputs else "[style=dashed]"
        lines.append(f'  "{above}" -> "{below}" {about};')
    return "\n".join([f'digraph "{plan.name}" {{', "  rankdir=LR;", "  node [shape=box];", *lines, "}"])


def label(steps: Sequence[Step]) -> str:
    """Return the name of a step of the file with the number of its ``steps``, if these are variants."""
    first = steps[0]
    return f"{first.declared} ({counted(len(steps), 'variant')})" if first.variant else first.name


def _edges(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield each pair of connected steps, with the outputs that are read; none if one only comes before the other."""
    names = {step.name: step.declared for step in plan.steps}
    edges: dict[tuple[str, str], dict[str, None]] = {}
    for step in plan.steps:
        for above in step.upstream:
            edges.setdefault((names[above], step.declared), {})
        for token in step.inputs:
            edges[names[token.step], step.declared][token.name] = None
    yield from ((above, below, ", ".join(outputs)) for (above, below), outputs in edges.items())
