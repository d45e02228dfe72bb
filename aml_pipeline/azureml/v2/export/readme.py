"""The README.md of an export: the commands in order, and notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from aml_pipeline.azureml.publication import endpoint_name
from aml_pipeline.azureml.v2.export import schedules
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.plan.ports import node


def text(plan: Plan, files: Sequence[str], omitted: Sequence[str]) -> str:
    """Return the page; ``files`` are the sorted paths of the export, ``omitted`` are lines on what it does not have."""
    parts = [_head(plan), _commands(files), _names(plan)]
    parts += [_left_out(omitted)] if omitted else []
    parts += [_schedules(plan)] if plan.schedules else []
    return "\n".join(parts)


def _head(plan: Plan) -> str:
    profile = f" --profile {plan.profile}" if plan.profile else ""
    return f"""# {endpoint_name(plan.name, plan.profile)}, for Azure ML v2

`aml-pipeline export{profile}` wrote this folder and will overwrite it: change the pipeline file, not these files.
"""


def _commands(files: Sequence[str]) -> str:
    rows = "\n".join(_rows(files))
    return f"""## Commands

First run `az extension add --name ml`, `az login` and `az configure --defaults group=GROUP workspace=WORKSPACE`. Then
run in this folder:

```console
{rows}
```

The version of an environment is computed from its content. If the workspace already has it, from an earlier export or
from `aml-pipeline submit`, its command is not needed again. To set a parameter, append `--set inputs.NAME=VALUE` to
`az ml job create`. The value must not contain a `'`, which would end its quotes in the shell command of the step.
"""


def _rows(files: Sequence[str]) -> Iterator[str]:
    kinds = (("environments/", "environment"), ("compute/", "compute"))
    for folder, kind in kinds:
        own = [file for file in files if re.fullmatch(rf"{folder}[^/]+", file)]
        yield from (f"$ az ml {kind} create --file {file}" for file in own)
    yield "$ az ml job create --file pipeline.yml"
    yield from (f"$ az ml schedule create --file {file}" for file in files if file.startswith("schedules/"))


def _names(plan: Plan) -> str:
    rows = "\n".join(f"| {step.name} | {node(step.name)} |" for step in plan.steps)
    return f"""## Names

| step | node |
|---|---|
{rows}
"""


def _left_out(lines: Iterable[str]) -> str:
    rows = "\n".join(f"- {line}" for line in lines)
    return f"""## Omissions

{rows}
"""


def _schedules(plan: Plan) -> str:
    rows = "\n".join(f"| `{schedules.v1_name(plan, key)}` | `{schedules.name(plan, key)}` |" for key in plan.schedules)
    return f"""## Schedules

{twice(plan)}

| v1, created by `aml-pipeline publish` | v2 |
|---|---|
{rows}

Their files say `is_enabled: true`, which `az ml schedule create` does not send: Azure ML enables new schedules anyway.
`az ml schedule disable --name NAME` pauses a schedule, `az ml schedule enable --name NAME` resumes it.
"""


def twice(plan: Plan) -> str:
    """Return the warning that both v1 and v2 schedules would fire."""
    these = "these schedules" if len(plan.schedules) > 1 else "this schedule"
    return (
        "Azure ML does not know that a v1 schedule and a v2 schedule are the same: if `aml-pipeline publish` created "
        f"{these}, both fire.\nPause the v1 schedule in the portal before you create the v2 one; `publish` keeps "
        "it paused."
    )
