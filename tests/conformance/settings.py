"""What a step is given besides its arguments: in the graph, and by the plan and the process that ran here."""

from typing import Any

from aml_pipeline.pipeline.plan import ports
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.settings import DatasetPlace, OutputSettings
from aml_pipeline.pipeline.plan.tokens import Argument, Dataset, Parameter
from tests.conformance.sides import Both
from tests.loopback.workspace import DEFAULT_DATASTORE


def there(both: Both, step: str) -> dict[str, Any]:
    """Return what the graph says of ``step``."""
    found = both.there[step]
    return {
        "script": found.script,
        "after": set(found.after),
        "parameters": [one.value for one in found.arguments if one.kind == "parameter"],
        "outputs": {
            one.name: (one.datastore, one.mode, one.register_as, one.path, one.overwrite) for one in found.outputs
        },
        "modes": dict(found.modes),
        "compute": found.compute,
        "environment": found.environment.name,
        "variables": dict(found.environment_variables),
        "timeout": found.timeout,
        "distribution": found.distribution,
        "reusable": found.reusable,
    }


def here(both: Both, step: str) -> dict[str, Any]:
    """Return the same as the plan has it; the script and the variables as the process saw them."""
    planned, process = both.plan.step(step), both.here[step]
    assert planned.compute is not None
    assert planned.environment is not None
    sent = [one for one in planned.arguments if not _is_left_out(both.plan, one)]
    return {
        "script": process.script,
        "after": set(planned.after),
        "parameters": [token.name for one in sent for token in one.tokens if isinstance(token, Parameter)],
        "outputs": {name: _output(one) for name, one in planned.outputs.items()},
        "modes": _modes(both.plan, planned),
        "compute": planned.compute.name,
        "environment": planned.environment.name or planned.environment.registered,
        "variables": {name: process.variables[name] for name in planned.environment_variables},
        "timeout": None if planned.timeout is None else str(planned.timeout),
        "distribution": None if planned.distribution is None else tuple(dict(planned.distribution).values()),
        "reusable": planned.allow_reuse,
    }


def _is_left_out(plan: Plan, argument: Argument) -> bool:
    return any(isinstance(part, Dataset) and not _is_there(plan.datasets[part.name]) for part in argument.parts)


def _is_there(place: DatasetPlace) -> bool:
    return bool(place.registered or place.datastore)


def _output(settings: OutputSettings) -> tuple[str, str, str | None, str | None, bool]:
    by_default = "dataset/{run-id}/{output-name}" if settings.datastore else None
    path = settings.path.replace("{run}", "{run-id}") if settings.path else by_default
    overwrite = settings.overwrite and settings.mode == "upload"
    return settings.datastore or DEFAULT_DATASTORE, settings.mode, settings.register_as, path, overwrite


def _modes(plan: Plan, step: Step) -> dict[str, str]:
    names = ports.names(step)
    inputs = {names[data]: "mount" for data in step.inputs}
    sent = [part for one in step.arguments if not _is_left_out(plan, one) for part in one.parts]
    datasets = [data for data in (*sent, *step.names) if isinstance(data, Dataset)]
    there = [data for data in datasets if _is_there(plan.datasets[data.name])]
    return {**inputs, **{names[data]: _mode(plan.datasets[data.name]) for data in there}}


def _mode(place: DatasetPlace) -> str:
    return "direct" if place.type == "table" else place.mode
