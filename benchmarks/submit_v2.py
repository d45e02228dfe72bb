"""What we add to the time of a submit by SDK v2: `python -m benchmarks.submit_v2`.

The same pipelines of 100 steps, a chain and a fan, are submitted to a loopback service (tests/loopback_v2), by
`aml-pipeline submit --sdk v2` from pipeline.yaml and by azure-ai-ml alone from the export of it, in turn, as whole
processes: each first to a service that knows nothing, then again. Seconds on the clock depend on what else the
machine does; those of CPU, of the client alone, less so.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from benchmarks.measure import Cost, Program, rounds
from benchmarks.projects import ROOT, Chain, pipeline, write, write_script
from tests.loopback.state import GROUP, SUBSCRIPTION, WORKSPACE
from tests.loopback_v2.service import ServiceV2

COUNT = 100
ROUNDS = 5
GOAL = 8
NAMES = {"subscription_id": SUBSCRIPTION, "resource_group": GROUP, "workspace_name": WORKSPACE}
_REMOTE = "compute: cpu-cluster\nenvironment: {name: bench-env, conda_file: env.yml}\n"
_BY_HAND = """
import sys
from azure.ai.ml import MLClient, load_environment, load_job
from azure.identity import AzureCliCredential
folder, *names = sys.argv[1:]
client = MLClient(AzureCliCredential(), *names)
client.environments.create_or_update(load_environment(folder + "/environments/bench-env.yml"))
print(client.jobs.create_or_update(load_job(folder + "/pipeline.yml")).name)
"""


def _fan(chain: str, count: int) -> str:
    """Return the pipeline whose steps all read what the first one wrote."""
    for number in range(count):
        chain = chain.replace(f"steps.s{number}.outputs", "steps.s0.outputs")
    return chain


def _project(folder: Path, text: str) -> None:
    for number in range(COUNT):
        write_script(str(folder), number, str(number))
    write(str(folder), "pipeline.yaml", text.replace("source_directory", f"{_REMOTE}source_directory"))
    write(str(folder), "env.yml", "dependencies: [python=3.11]\n")
    write(str(folder), ".azureml/config.json", json.dumps(NAMES))
    command = [sys.executable, "-m", "aml_pipeline", "export", "v2"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env={**os.environ, "PYTHONPATH": ROOT})


def _forgetting(service: ServiceV2, *, everything: bool) -> Callable[[], None]:
    """Return what is done before a program: the service forgets what it was asked, or what it knows too."""
    state = service.state

    def forget() -> None:
        service.forget()
        if everything:
            for known in (state.environments, state.codes, state.components, state.blobs):
                known.clear()

    return forget


def _programs(folder: Path, service: ServiceV2) -> dict[str, Program]:
    ours = [sys.executable, "-m", "aml_pipeline", "submit", "--sdk", "v2"]
    by_hand = [sys.executable, "-c", _BY_HAND, "v2", *NAMES.values()]
    first, again = (_forgetting(service, everything=everything) for everything in (True, False))
    return {
        "first, ours": Program(ours, str(folder), first),
        "again, ours": Program(ours, str(folder), again),
        "first, azure-ai-ml": Program(by_hand, str(folder), first),
        "again, azure-ai-ml": Program(by_hand, str(folder), again),
    }


def _lines(shape: str, costs: Mapping[str, list[Cost]]) -> list[str]:
    return [
        _line(f"{shape}, {when}", costs[f"{when}, ours"], costs[f"{when}, azure-ai-ml"]) for when in ("first", "again")
    ]


def _line(what: str, ours: list[Cost], theirs: list[Cost]) -> str:
    shown = [
        f"{median(cost.seconds for cost in column):.1f} s, {median(cost.cpu for cost in column):.1f} s"
        for column in (ours, theirs)
    ]
    ratios = [median(of(one) / of(other) for one, other in zip(ours, theirs, strict=True)) for of in (_seconds, _cpu)]
    fastest = min(cost.seconds for cost in ours)
    met = f" (≤ {GOAL} s: {'met' if fastest <= GOAL else 'missed'})"
    return f"| {what} | {shown[0]} | {fastest:.1f} s{met} | {shown[1]} | {ratios[0]:.2f}, {ratios[1]:.2f} |"


def _seconds(cost: Cost) -> float:
    return cost.seconds


def _cpu(cost: Cost) -> float:
    return cost.cpu


def main() -> None:
    """Measure and print."""
    print(
        f"{COUNT} steps; medians of {ROUNDS}: seconds on the clock, of CPU."
        f" Load {os.getloadavg()[0]:.1f} of {os.cpu_count()} CPUs.\n"
    )
    print("| | aml-pipeline | its fastest | azure-ai-ml alone | ratios |\n|---|---|---|---|---|", flush=True)
    chain = pipeline(Chain(COUNT, sys.executable))
    for shape, text in (("chain", chain), ("fan", _fan(chain, COUNT))):
        with tempfile.TemporaryDirectory() as name:
            service, folder = ServiceV2(), Path(name, "project")
            service.add_compute("cpu-cluster")
            _project(folder, text)
            environ = {**os.environ, **service.environ(Path(name, "home")), "PYTHONPATH": ROOT}
            with service.running():
                lines = _lines(shape, rounds(_programs(folder, service), ROUNDS, environ))
            print(*lines, *service.complaints(), sep="\n", flush=True)


if __name__ == "__main__":
    main()
