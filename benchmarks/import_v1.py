"""What an import from a workspace of SDK v1 costs: `python -m benchmarks.import_v1`.

A run of 100 steps with 300 MB of code is imported from a loopback service (tests/loopback) by the command line, as a
whole process; and read and downloaded alone, without a project and its proof. Two steps always share a snapshot, so
each is downloaded once and copied once.
"""

import logging
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks import measure, submit
from benchmarks.projects import ROOT
from tests.loopback.client import connect
from tests.loopback.service import Service
from tests.loopback.serving import serving
from tests.loopback.snapshots import zipped

STEPS = 100
SNAPSHOTS = STEPS // 2
BYTES = 300_000_000
ROUNDS = 5
ALONE = "alone"


def read_alone(url: str, run: str, folder: Path) -> None:
    """Read a run and download its code, without a project."""
    from azureml.core import Workspace

    from aml_pipeline.azureml.v1.imported import reading, snapshots
    from tests.loopback.client import LoopbackAuth, write_config

    workspace = Workspace.from_config(str(write_config(folder.parent)), auth=LoopbackAuth(url))
    found = reading.read(workspace, run=run)
    code = {f"steps/{module['Name']}": str(module["StorageId"]) for module in found.modules.values()}
    snapshots.fetch(workspace, code, str(folder))


def _submitted(service: Service, folder: Path) -> str:
    """Submit a chain of steps, of which two have one snapshot; return its run."""
    service.add_compute("cpu-cluster")
    submit.ours(connect(service, folder), submit.project(folder / "project", STEPS), STEPS)
    modules = sorted(service.state.modules.values(), key=lambda module: str(module["Name"]))
    for number, module in enumerate(modules):
        first = modules[number - number % 2]
        module.update(StorageId=first["StorageId"], DataLocation=first["DataLocation"])
    for one, other in zip(modules[::2], modules[1::2], strict=True):
        code = {f"{module['Name']}.py": f"print({module['Name']!r})\n".encode() for module in (one, other)}
        service.state.zips[one["StorageId"]] = zipped({**code, "model.bin": os.urandom(BYTES // SNAPSHOTS)})
    return service.sent[0]


def _programs(service: Service, run: str, folder: Path) -> dict[str, measure.Program]:
    target = folder / "imported"
    whole = ["-m", "tests.loopback.command_line", service.url, "import", "v1", "--run", run, "--force", str(target)]
    alone = ["-m", "benchmarks.import_v1", ALONE, service.url, run, str(folder / "code")]
    rows = {"import v1": whole, "reading and downloading alone": alone}
    before: Callable[[], object] = partial(_clear, folder)
    return {name: measure.Program([sys.executable, *words], str(folder), before) for name, words in rows.items()}


def _clear(folder: Path) -> None:
    import shutil

    for name in ("imported", "code"):
        shutil.rmtree(folder / name, ignore_errors=True)


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == [ALONE]:
        url, run, code = sys.argv[2:]
        read_alone(url, run, Path(code))
        return
    logging.disable()
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        with serving(folder / "home", patch) as service:
            run = _submitted(service, folder)
            costs = measure.medians(measure.rounds(_programs(service, run, folder), ROUNDS, _environ(folder)))
    for what, cost in costs.items():
        figures = f"{cost.seconds:.1f} s, {cost.cpu:.1f} s of CPU, at most {cost.mib:.0f} MiB"
        sys.stdout.write(f"{what}: {figures} (medians of {cost.runs})\n")


def _environ(folder: Path) -> dict[str, Any]:
    return {**measure.environment(str(folder)), "PYTHONPATH": ROOT, "HOME": str(folder)}


if __name__ == "__main__":
    main()
