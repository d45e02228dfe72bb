"""Artifacts: the files of a run, its logs among them; and the wheels that environments install."""

from . import simulation
from .state import State
from .wire import Answer, Call, Refusal, error_body, route

IN_DETAILS = ("azureml-logs/", "logs/")  # the SDK looks for user_logs and system_logs among the artifacts instead


def files(state: State, run: str) -> dict[str, str]:
    """Return the files of a run: name → text."""
    if run in state.pipeline_runs:
        return {}
    step = simulation.step_of(state, run)
    followed = state.following[run if run in state.following else state.runs[run]["parentRunId"]]
    return {**dict.fromkeys(followed.log_names, step.log), **step.files}


def log_files(state: State, url: str, run: str) -> dict[str, str]:
    """Return the logs that the details of a run name: name → address."""
    return {name: address(url, run, name) for name in files(state, run) if name.startswith(IN_DETAILS)}


def address(url: str, run: str, name: str) -> str:
    """Return where a file can be had; in Azure that is an address of the storage account."""
    return f"{url}/blob/{run}/{name}"


def _run(call: Call) -> str:
    return call["container"].removeprefix("dcid.")


def list_prefix(state: State, call: Call) -> object:
    """Answer with the addresses of the files under a prefix."""
    names = [name for name in files(state, _run(call)) if name.startswith(call["prefix"])]
    return {"value": [_information(call, name) for name in names]}


def _information(call: Call, name: str) -> dict[str, str]:
    place = {"origin": "ExperimentRun", "container": call["container"], "path": name}
    return {**place, "contentUri": address(call.url, _run(call), name)}


def list_container(state: State, call: Call) -> object:
    """Answer with the names of the files."""
    place = f"ExperimentRun/{call['container']}"
    return {"value": [{"artifactId": f"{place}/{name}", "path": name} for name in files(state, _run(call))]}


def get_information(state: State, call: Call) -> object:
    """Answer with the address of a file."""
    if call["name"] not in files(state, _run(call)):
        raise Refusal(404, f"there is no artifact {call['name']}", "NotFound")
    return _information(call, call["name"])


def get_content(state: State, call: Call) -> object:
    """Answer with a file."""
    return Answer(files(state, call["run"])[call["name"]].encode())


def create_wheels(state: State, call: Call) -> object:
    """Make room for wheels; each name can be taken once."""
    made, places, errors = {}, {}, {}
    for row in call.body["paths"]:
        name = row["path"]
        if name in state.wheels:
            errors[name] = error_body(f"Resource Conflict: ArtifactId {_place(name)} already exists.", "UserError")
            continue
        state.wheels.append(name)
        made[name] = {"artifactId": _place(name), "path": name}
        places[name] = _of_wheel(name)
    return {"artifacts": made, "artifactContentInformation": places, "errors": errors}


def get_wheel(state: State, call: Call) -> object:
    """Answer with the address of a wheel."""
    if call["name"] not in state.wheels:
        raise Refusal(404, f"there is no artifact {call['name']}", "NotFound")
    return _of_wheel(call["name"])


def _place(name: str) -> str:
    return f"Environment/azureml-private-packages/{name}"


def _of_wheel(name: str) -> dict[str, str]:
    return {"contentUri": f"https://loop.blob.core.windows.net/azureml/{_place(name)}?sv=2026-01-05&sig=c2VjcmV0"}


BASE = "/artifact/v2.0/artifacts"

ROUTES = (
    route("POST", f"{BASE}/batch/metadata/Environment/azureml-private-packages", create_wheels),
    route("GET", f"{BASE}/contentinfo/Environment/azureml-private-packages/{{name:path}}", get_wheel),
    route("GET", f"{BASE}/prefix/contentinfo/ExperimentRun/{{container}}/{{prefix:path}}", list_prefix),
    route("GET", f"{BASE}/contentinfo/ExperimentRun/{{container}}/{{name:path}}", get_information),
    route("GET", f"{BASE}/ExperimentRun/{{container}}", list_container),
    route("GET", "/blob/{run}/{name:path}", get_content),
)
