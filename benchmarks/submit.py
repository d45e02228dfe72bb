"""What we add to the time of a submit: `python -m benchmarks.submit`.

The same chain of steps is submitted to a loopback service (tests/loopback), by us from pipeline.yaml and by the SDK
alone, in turn, each time to a new service and from files of its own. Our share is what remains of our time when the
SDK's own is taken off; the SDK's import counts for neither.
"""

import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.projects import Chain, pipeline
from benchmarks.projects import write_script as write
from tests.loopback.service import Service
from tests.loopback.serving import serving

COUNTS = (3, 100)
ROUNDS = 5
_REMOTE = """\
experiment: bench
compute: cpu-cluster
environment: {name: bench-env, conda_file: env.yml}
"""
_CONDA = "dependencies: [python=3.11]\n"


def project(folder: Path, count: int) -> Path:
    """Write a chain of steps as a pipeline, each script unlike any other that was ever sent."""
    for number in range(count):
        write(str(folder), number, f"{folder}{number}")
    text = pipeline(Chain(count, sys.executable)).replace("source_directory", f"{_REMOTE}source_directory")
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8")
    (folder / "env.yml").write_text(_CONDA, encoding="utf-8")
    return folder


def ours(workspace: Any, folder: Path, _count: int) -> None:  # noqa: ANN401 - the SDK has no types
    """Submit a pipeline from its file."""
    import aml_pipeline
    from aml_pipeline import azureml

    azureml.submit(aml_pipeline.load(str(folder / "pipeline.yaml")), workspace)


def _sdk(workspace: Any, folder: Path, count: int) -> None:  # noqa: ANN401
    from azureml.core import Environment, Experiment
    from azureml.core.compute import ComputeTarget
    from azureml.core.runconfig import RunConfiguration
    from azureml.data import OutputFileDatasetConfig
    from azureml.pipeline.core import Pipeline
    from azureml.pipeline.steps import PythonScriptStep

    target = ComputeTarget(workspace, "cpu-cluster")
    configuration = RunConfiguration()
    configuration.environment = Environment.from_conda_specification("bench-env", str(folder / "env.yml"))
    configuration.environment.register(workspace)
    steps, before = [], None
    for number in range(count):
        source = folder / f"source{number}"
        source.mkdir()
        (folder / "steps" / f"s{number}.py").rename(source / f"s{number}.py")
        output = OutputFileDatasetConfig(name="o").as_upload()
        given: list[Any] = ["--input", before.as_input(f"in{number}")] if before else []
        steps.append(
            PythonScriptStep(
                f"s{number}.py",
                name=f"s{number}",
                arguments=[*given, "--output", output],
                compute_target=target,
                runconfig=configuration,
                source_directory=str(source),
            )
        )
        before = output
    pipeline = Pipeline(workspace, steps=steps)
    pipeline.validate()
    Experiment(workspace, "bench").submit(pipeline)


def _seconds(submit: Callable[[Any, Path, int], None], count: int) -> float:
    """Return how long one submit takes, to a service that knows nothing yet."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        with serving(folder / "home", patch) as service:
            return _timed(submit, service, project(folder / "project", count), count)


def _timed(submit: Callable[[Any, Path, int], None], service: Service, folder: Path, count: int) -> float:
    from tests.loopback.client import connect

    service.add_compute("cpu-cluster")
    workspace = connect(service, folder)
    begun = time.perf_counter()
    submit(workspace, folder, count)
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    logging.disable()
    printed = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the SDK prints, from threads too
    with os.fdopen(printed, "w") as out:
        for count in COUNTS:
            _seconds(ours, 1)
            rounds = [(_seconds(ours, count), _seconds(_sdk, count)) for _ in range(ROUNDS)]
            own, sdk = (statistics.median(column) for column in zip(*rounds, strict=True))
            share = statistics.median((one - other) / one for one, other in rounds)
            text = f"{count} steps: ours {own:.2f} s, the SDK alone {sdk:.2f} s, our share {share:.0%}"
            print(f"{text} (medians of {ROUNDS})", file=out, flush=True)


if __name__ == "__main__":
    main()
