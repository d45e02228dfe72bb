"""The README.md of an export: the commands in their order, and what there is to know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aml_pipeline.azureml.publication import endpoint_name
from aml_pipeline.azureml.v2.export import names, omissions, schedules
from aml_pipeline.pipeline.plan.model import Plan


def text(plan: Plan, files: Iterable[str]) -> str:
    """Return the page; ``files`` are the paths of the export."""
    parts = [_head(plan), _commands(sorted(files)), _names(plan)]
    omitted = [*_absent(plan), *omissions.omitted(plan)]
    parts += [_left_out(omitted)] if omitted else []
    parts += [_schedules(plan)] if plan.schedules else []
    return "\n".join(parts)


def _head(plan: Plan) -> str:
    profile = f" --profile {plan.profile}" if plan.profile else ""
    return f"""# {endpoint_name(plan.name, plan.profile)}, for Azure ML v2

`aml-pipeline export{profile}` wrote this folder, and the next one writes it anew: change the pipeline file, not these.
"""


def _commands(files: list[str]) -> str:
    rows = "\n".join(_rows(files))
    return f"""## Commands

In this folder, with `az extension add --name ml`, `az login`, and the workspace chosen by
`az configure --defaults group=GROUP workspace=WORKSPACE`:

```console
{rows}
```

The version of an environment is made of its content. One that the workspace has, from an earlier export or from
`aml-pipeline submit`, is the same: its command is not needed again. A value is set by `--set inputs.NAME=VALUE` behind
`az ml job create`; one with a `'` would end its quotes in the shell line that runs the script, so give none.
"""


def _rows(files: list[str]) -> Iterator[str]:
    kinds = (("environments/", "environment"), ("compute/", "compute"))
    for folder, kind in kinds:
        own = [one for one in files if one.startswith(folder) and "/conda/" not in one]
        yield from (f"$ az ml {kind} create --file {one}" for one in own)
    yield "$ az ml job create --file pipeline.yml"
    yield from (f"$ az ml schedule create --file {one}" for one in files if one.startswith("schedules/"))


def _names(plan: Plan) -> str:
    rows = "\n".join(f"| {step.name} | {names.node(step.name)} |" for step in plan.steps)
    return f"""## Names

| step | node |
|---|---|
{rows}
"""


def _absent(plan: Plan) -> Iterator[str]:
    used = dict.fromkeys(name for step in plan.steps for name in step.datasets)
    absent = [name for name in used if not plan.datasets[name].is_remote]
    if absent:
        yield f"options that name datasets without a place in Azure ML: {', '.join(absent)}."


def _left_out(lines: Iterable[str]) -> str:
    rows = "\n".join(f"- {line}" for line in lines)
    return f"""## Left out

{rows}
"""


def _schedules(plan: Plan) -> str:
    rows = "\n".join(f"| `{schedules.v1_name(plan, key)}` | `{schedules.name(plan, key)}` |" for key in plan.schedules)
    return f"""## Schedules

{twice(plan)}

| v1, made by `aml-pipeline publish` | v2 |
|---|---|
{rows}

Their files say `is_enabled: true`, which `az ml schedule create` does not send: Azure ML enables what is created.
`az ml schedule disable --name NAME` pauses one, `az ml schedule enable --name NAME` lets it go on.
"""


def twice(plan: Plan) -> str:
    """Return the warning that schedules of v1 and v2 both fire."""
    these = "these schedules" if len(plan.schedules) > 1 else "this schedule"
    return (
        "Azure ML does not know that a schedule of v1 and one of v2 are the same: if `aml-pipeline publish` made "
        f"{these}, both fire.\nPause the one of v1 in the portal before the one of v2 is made; `publish` leaves it so."
    )
