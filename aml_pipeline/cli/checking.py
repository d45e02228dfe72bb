"""``validate``, ``graph``, ``schema``: what the file says, without running anything."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from aml_pipeline import drawing, problems, validation
from aml_pipeline.cli import EXIT_USAGE, Uncollected, is_coloured
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.pipeline import open_with
from aml_pipeline.cli.screen import as_json, print_json, steer
from aml_pipeline.errors import UsageError
from aml_pipeline.opening import Opened
from aml_pipeline.plan import Plan, Step
from aml_pipeline.wording import counted

if TYPE_CHECKING:
    from aml_pipeline.interpreter import Interpreter


def validate(options: Options, environ: Mapping[str, str]) -> int:
    """Print every problem; exit with 2 when one is an error."""
    if options.flag("snapshot"):
        from aml_pipeline.cli import snapshot

        return snapshot.show(options, environ)
    if options.operands or options.text("python"):
        what = f'a name such as "{options.operands[0]}"' if options.operands else "--python"
        raise UsageError(f"`validate` takes {what} with --snapshot only. See `aml-pipeline validate --help`.")
    opened = checked(options, environ, lambda: _python(options, environ))
    found = opened.loaded.problems
    form = options.text("format")
    if form == "json":
        print(as_json(problems.as_json(found)))
    elif form == "github":
        print(problems.as_github(found), end="\n" if found else "")
    elif found:
        told = problems.as_text(found, opened.texts(), colour=is_coloured(sys.stdout, environ))
        steer(sys.stdout, f"{told}\n")
    return count(opened, form)


def _python(options: Options, environ: Mapping[str, str]) -> Interpreter:
    from aml_pipeline.cli.python import asking_python  # only where a warning needs to know

    with asking_python(options, environ) as answer:
        return answer()


def checked(options: Options, environ: Mapping[str, str], python: Callable[[], Interpreter]) -> Opened:
    """Open the pipeline, with all warnings; ``python`` is asked only where they need it."""
    opened = open_with(options)
    if opened.plan and opened.project and not problems.errors(opened.loaded.problems):
        with Uncollected():
            opened.tell(validation.warnings(opened.plan, opened.project, python, environ))
    return opened


def count(opened: Opened, form: str | None) -> int:
    """Print how many problems there are; return the exit status that says so."""
    found = opened.loaded.problems
    wrong = len(problems.errors(found))
    warnings = len(found) - wrong
    counts = [counted(wrong, "error") if wrong else "no errors", *([counted(warnings, "warning")] if warnings else [])]
    print(f"{opened.loaded.name}: {', '.join(counts)}.", file=sys.stdout if form == "text" else sys.stderr)
    return EXIT_USAGE if wrong else 0


def graph(options: Options, _environ: Mapping[str, str]) -> int:
    """Print the steps in order with what each reads and writes, or the graph for a program that draws it."""
    plan, _ = open_with(options).require()
    draw = {"mermaid": drawing.mermaid, "dot": drawing.dot}.get(options.text("format") or "")
    if draw:
        print(draw(plan))
        return 0
    for number, step in enumerate(plan.steps, 1):
        print(f"{number}. {step.name}  ({step.script})")
        for line in _edges(plan, step):
            print(f"     {line}")
    return 0


def _edges(plan: Plan, step: Step) -> list[str]:
    reads = [f"← {one.step}.{one.name}" for one in step.inputs]
    reads += [f"← dataset {name}{' (optional)' if plan.datasets[name].optional else ''}" for name in step.datasets]
    return [*reads, *(f"after {name}" for name in step.after), *(f"→ {name}" for name in step.outputs)]


def schema(_options: Options, _environ: Mapping[str, str]) -> int:
    """Print the JSON Schema of the pipeline file."""
    from aml_pipeline.schema import json_schema

    print_json(json_schema())
    return 0
