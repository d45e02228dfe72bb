"""What a graph in the workspace means for its scripts, by the evaluator alone: to compare two graphs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from tests.loopback.evaluator import Port, Step, evaluate

if TYPE_CHECKING:
    from tests.loopback.service import Service
    from tests.loopback.state import Entity

VALUES = ("literal", "parameter")  # arguments that are compared by their value
_PLACE = re.compile(r"datastores/([\w-]+)/paths/([\w./*-]+)")


def meaning(service: Service, graph: Entity, renamed: Mapping[str, str]) -> dict[str, Any]:
    """Return what each step receives, by its name in the imported project; ``renamed`` has names by old names."""
    interface = service.state.interfaces[graph["Id"]]
    defaults = {one["Name"]: one["DefaultValue"] for one in interface.get("Parameters") or ()}
    steps = evaluate(graph, service.modules, defaults, service.dataset_names | _places(service))
    return {renamed.get(name, name): _plain(service, step, renamed) for name, step in steps.items()}


def _places(service: Service) -> dict[str, str]:
    """Return the place of each path on a datastore and of each dataset without a name, by its id."""
    sources = {
        known: f"{one['DataStoreName']}/{one['PathOnDataStore']}" for known, one in service.state.data_sources.items()
    }
    saved = {known: _place(one["flow"]) for known, one in service.state.saved_datasets.items()}
    return sources | saved


def _place(flow: str) -> str:
    return " ".join("/".join(found) for found in _PLACE.findall(flow)) or flow


def _plain(service: Service, step: Step, renamed: Mapping[str, str]) -> dict[str, Any]:
    """Return a step without ids, with the names of the imported project; those of ports for inputs are free."""

    def name(text: str) -> str:
        before, dot, last = text.rpartition(".")
        return f"{renamed.get(before, before)}{dot}{renamed.get(last, last)}"

    arguments = zip(step.arguments, step.resolved, strict=True)
    return {
        "script": step.script,
        "arguments": [(one.kind, value if one.kind in VALUES else name(one.value)) for one, value in arguments],
        "outputs": [_output(replace(port, name=name(port.name))) for port in step.outputs],
        "modes": sorted(mode or "mount" for mode in step.modes.values()),
        "after": sorted(renamed.get(one, one) for one in step.after),
        "compute": step.compute,
        "environment": _without_names(step.environment.definition),
        "variables": {**step.environment.definition["environmentVariables"], **step.environment_variables},
        "timeout": step.timeout,
        "distribution": step.distribution,
        "reusable": step.reusable,
        "files": {path: one for path, one in service.snapshots[step.snapshot].items() if path != ".amlignore"},
    }


def _output(port: Port) -> dict[str, Any]:
    """Return an output; nothing is overwritten in a folder of the run's own."""
    is_fixed = port.path is not None and "{run-id}" not in port.path
    return asdict(replace(port, overwrite=port.overwrite and is_fixed))


def _without_names(environment: Mapping[str, Any]) -> Entity:
    """Return an environment without its variables, and without the name for conda, which Azure ML ignores."""
    kept = {key: value for key, value in environment.items() if key != "environmentVariables"}
    packages = environment["python"]["condaDependencies"] or {}
    packages = {key: value for key, value in packages.items() if key != "name"}
    return {**kept, "python": {**environment["python"], "condaDependencies": packages}}
