"""Metrics of runs: what the script says was logged, and what a client really logs."""

from . import simulation
from .state import NOW, Entity, State
from .wire import Call, Refusal, route


def values(state: State, run: str) -> dict[str, list[object]]:
    """Return what was logged in a run, under each name."""
    if run in state.pipeline_runs:
        return {}
    return {name: list(logged) for name, logged in simulation.step_of(state, run).metrics.items()}


def list_metrics(state: State, call: Call) -> object:
    """Answer with the names."""
    return {"value": [{"metricKey": {"namespace": "", "name": name}} for name in values(state, call["run"])]}


def get_metric(state: State, call: Call) -> object:
    """Answer with all values under a name, 404 where there is none."""
    name = call.body["metricName"]
    logged = values(state, call["run"]).get(name)
    if logged is None:
        raise Refusal(404, f"there is no metric {name}", "NotFound")
    table = isinstance(logged[0], dict)
    cells: list[Entity] = [one if isinstance(one, dict) else {name: one} for one in logged]
    kind = "azureml.v1.table" if table else "azureml.v1.scalar"
    return {
        "dataContainerId": f"dcid.{call['run']}",
        "name": name,
        "columns": {column: _kind(cell) for column, cell in cells[0].items()},
        "value": [{"metricId": name, "createdUtc": NOW, "step": at, "data": cell} for at, cell in enumerate(cells)],
        "properties": {"uxMetricType": kind},
    }


def _kind(value: object) -> str:
    return "String" if isinstance(value, str) else "Double"


def post_metrics(_: State, __: Call) -> object:
    """Take what a client logs; it stands in the recorded requests."""
    return {"errors": []}


def wait(_: State, __: Call) -> object:
    """Answer that everything has arrived."""
    return {"completed": True}


ROUTES = (
    route("POST", "/metric/v2.0/runs/{run}/list", list_metrics),
    route("POST", "/metric/v2.0/runs/{run}/full", get_metric),
    route("POST", "/metric/v2.0/runs/{run}/batch", post_metrics),
    route("GET", "/history/v1.0/experiments/{experiment}/runs/{run}/metricsingest/wait", wait),
)
