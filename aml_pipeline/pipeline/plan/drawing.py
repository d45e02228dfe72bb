"""A plan's graph in the languages of Mermaid and Graphviz. Names contain no quotes."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.pipeline.plan.model import Plan, Step


def mermaid(plan: Plan) -> str:
    """Return the graph for Mermaid, which GitHub and GitLab render in Markdown."""
    numbers = {step.name: f"s{number}" for number, step in enumerate(plan.steps, 1)}
    lines = [f'  {numbers[step.name]}["{step.name}"]' for step in plan.steps]
    for above, below, label in _edges(plan):
        arrow = f'-->|"{label}"|' if label else "-.->"
        lines.append(f"  {numbers[above]} {arrow} {numbers[below]}")
    return "\n".join(["flowchart LR", *lines])


def dot(plan: Plan) -> str:
    """Return the graph for Graphviz."""
    lines = [f'  "{step.name}";' for step in plan.steps]
    for above, below, label in _edges(plan):
        about = f'[label="{label}"]' if label else "[style=dashed]"
        lines.append(f'  "{above}" -> "{below}" {about};')
    return "\n".join([f'digraph "{plan.name}" {{', "  rankdir=LR;", "  node [shape=box];", *lines, "}"])


def _edges(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield each pair of connected steps, with the outputs that are read; none if one only comes before the other."""
    for step in plan.steps:
        for above in step.upstream:
            yield above, step.name, ", ".join(_read(step, above))


def _read(step: Step, above: str) -> list[str]:
    return [token.name for token in step.inputs if token.step == above]
