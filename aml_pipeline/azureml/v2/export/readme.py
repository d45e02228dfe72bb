"""The README.md of an export: the commands in order, and notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from aml_pipeline.azureml.publication import endpoint_name
from aml_pipeline.azureml.v2.export import schedules
from aml_pipeline.pipeline.plan.model import Plan


def text(plan: Plan, files: Sequence[str], omitted: Sequence[str]) -> str:
    """Return the page; ``files`` are the sorted paths of the export, ``omitted`` are lines on what it does not have."""
    parts = [_head(plan), _commands(files), _notes(plan, files)]
    parts += [_left_out(omitted)] if omitted else []
    parts += [_schedules(plan)] if plan.schedules else []
    return "\n".join(filter(None, parts))


def _head(plan: Plan) -> str:
    return f"""# {endpoint_name(plan.name, plan.profile)}, for Azure ML v2

Written by `aml-pipeline export{_profile(plan)}`, which overwrites it: change the pipeline file, not these files.
"""


def _commands(files: Sequence[str]) -> str:
    rows = "\n".join(_rows(files))
    return f"""Run in this folder, after `az extension add --name ml`, `az login` and
`az configure --defaults group=GROUP workspace=WORKSPACE`:

```console
{rows}
```
"""


def _notes(plan: Plan, files: Sequence[str]) -> str:
    notes = []
    if any(file.startswith("environments/") for file in files):
        notes.append(
            "The version of an environment follows from its content: one that exists need not be created again.\n"
        )
    if plan.parameters:
        notes.append(
            "`az ml job create` sets a parameter with `--set inputs.NAME=VALUE`; the value must not contain `'`.\n"
        )
    return "".join(notes)


def _rows(files: Sequence[str]) -> Iterator[str]:
    kinds = (("environments/", "environment"), ("compute/", "compute"))
    for folder, kind in kinds:
        own = [file for file in files if re.fullmatch(rf"{folder}[^/]+", file)]
        yield from (f"$ az ml {kind} create --file {file}" for file in own)
    yield "$ az ml job create --file pipeline.yml"
    yield from (f"$ az ml schedule create --file {file}" for file in files if file.startswith("schedules/"))


def _left_out(lines: Iterable[str]) -> str:
    rows = "\n".join(f"- {line}" for line in lines)
    return f"""## Omissions

{rows}
"""


def _schedules(plan: Plan) -> str:
    rows = "\n".join(
        f"- v1 `{schedules.v1_name(plan, key)}`, v2 `{schedules.name(plan, key)}`" for key in plan.schedules
    )
    return f"""## Schedules

{twice(plan)}
With `aml-pipeline publish --sdk v2`, do not create these: it makes schedules of the same names.

{rows}
"""


def twice(plan: Plan) -> str:
    """Return the warning that both v1 and v2 schedules would fire."""
    these, those = ("these schedules", "schedules") if len(plan.schedules) > 1 else ("this schedule", "schedule")
    return (
        f"If `aml-pipeline publish` created {these} with SDK v1, both fire.\n"
        f"Pause the v1 {those} first: `aml-pipeline pause --sdk v1{_profile(plan)}`."
    )


def _profile(plan: Plan) -> str:
    return f" --profile {plan.profile}" if plan.profile else ""
