"""Metrics of the runs of nodes: what a test says that they logged, a few values a page."""

from tests.loopback.state import Entity
from tests.loopback.wire import Call

from .state import State
from .wire import missing, route

METRIC = "/metric/v2.0"
PAGE = 2


def _logged(state: State, call: Call) -> dict[str, list[object]]:
    run = state.runs.get(call["run"])
    if run is None:
        raise missing(f"Run {call['run']}")
    return state.script.metrics.get(run.name, {}) if run.parent else {}


def _page(values: list[Entity], call: Call) -> Entity:
    """Answer with a page, and with a token where there is more."""
    begin = int(call.body.get("continuationToken") or 0)
    more = {"continuationToken": str(begin + PAGE)} if len(values) > begin + PAGE else {}
    return {"value": values[begin : begin + PAGE], **more}


def list_metrics(state: State, call: Call) -> object:
    """Answer with the names."""
    names: list[Entity] = [{"metricKey": {"namespace": "", "name": name}} for name in _logged(state, call)]
    return _page(names, call)


def get_metric(state: State, call: Call) -> object:
    """Answer with the values under a name, 404 where there are none."""
    name = call.body["metricName"]
    if name not in _logged(state, call):
        raise missing(f"metric {name}")
    cells = [value if isinstance(value, dict) else {name: value} for value in _logged(state, call)[name]]
    values: list[Entity] = [
        {"metricId": name, "createdUtc": "2026-01-05T08:00:00Z", "step": at, "data": cell}
        for at, cell in enumerate(cells)
    ]
    return {**_page(values, call), "dataContainerId": f"dcid.{call['run']}", "name": name, "columns": {}}


ROUTES = (
    route("POST", f"{METRIC}/runs/{{run}}/list", list_metrics),
    route("POST", f"{METRIC}/runs/{{run}}/full", get_metric),
)
