"""``graph``: the steps in order, or as a drawing."""

from __future__ import annotations

from collections.abc import Mapping

from aml_pipeline.cli.opened import open_with
from aml_pipeline.cli.options import Options
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan import drawing
from aml_pipeline.pipeline.plan.model import Plan, Step


def graph(options: Options, _environ: Mapping[str, str]) -> int:
    """Print the steps in order with what each reads and writes, or the graph for a drawing program."""
    plan, _ = open_with(options).require()
    draw = {"mermaid": drawing.mermaid, "dot": drawing.dot}.get(options.text("format") or "")
    if draw:
        print(draw(plan))
        return 0
    for number, step in enumerate(plan.steps, 1):
        print(f"{number}. {step.name}  ({redaction.program(step)})")
        for line in _edges(plan, step):
            print(f"     {line}")
    return 0


def _edges(plan: Plan, step: Step) -> list[str]:
    reads = [f"← {token.step}.{token.name}" for token in step.inputs]
    reads += [f"← dataset {name}{' (optional)' if plan.datasets[name].optional else ''}" for name in step.datasets]
    return [*reads, *(f"after {name}" for name in step.after), *(f"→ {name}" for name in step.outputs)]
