"""The run that a script is part of, and where its metrics go.

- In a run of Azure ML SDK v1: ``Run.log`` of azureml-core.
- If MLflow is installed and ``MLFLOW_TRACKING_URI`` is set, as by Azure ML and by ``aml-pipeline run``: MLflow. In
  Azure ML, it needs azureml-mlflow to reach the run.
- Otherwise standard output, in the format of ``Run.log`` outside of Azure ML.
"""

import contextlib
import os
from collections import Counter
from typing import Any, Protocol


class CurrentRun(Protocol):
    """A destination of metrics."""

    def log(self, name: str, value: float) -> None:
        """Log one value of the metric ``name``."""

    def flush(self) -> None:
        """Wait until everything logged has arrived."""


def current_run() -> CurrentRun:
    """Return the destination of metrics: the run of SDK v1, MLflow's run, or standard output."""
    run: CurrentRun | None = v1_run()
    if run is not None:
        return run
    return _MlflowRun() if _mlflow_reaches_the_run() else _PrintedRun()


def v1_run() -> Any | None:  # noqa: ANN401 - azureml has no types
    """Return the run of SDK v1; None in a v2 job, outside of Azure ML, or without azureml-core."""
    if not _in_azure_ml():
        return None
    try:
        from azureml.core import Run

        run = Run.get_context(allow_offline=False)
    except ImportError:
        return None
    except Exception as error:  # noqa: BLE001 - in a v2 job nothing of v1 is certain, and no reason to fail
        print(f"SDK v1 of Azure ML does not know this run: {said_by(error)}")
        return None
    return None if run.properties.get("azureml.DevPlatv2") == "true" else run


def said_by(error: Exception) -> str:
    """Return the message of an error as one line; str() raises for some of the SDK's errors."""
    try:
        return " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - whatever that raises
        return type(error).__name__


class _MlflowRun:
    """The run of MLflow; the values of a metric are numbered from 0."""

    def __init__(self) -> None:
        self._logged: Counter[str] = Counter()

    def log(self, name: str, value: float) -> None:
        import mlflow

        mlflow.log_metric(name, value, step=self._logged[name])
        self._logged[name] += 1

    def flush(self) -> None:
        """Do nothing: MLflow has sent everything already."""


class _PrintedRun:
    """A run that prints its metrics."""

    def log(self, name: str, value: float) -> None:
        print(f"Attempted to log scalar metric {name}:\n{value}", flush=True)

    def flush(self) -> None:
        """Do nothing: everything is printed already."""


def _mlflow_reaches_the_run() -> bool:
    with contextlib.suppress(ImportError):
        if _in_azure_ml():
            import azureml.mlflow  # noqa: F401 - only the import matters
        if "MLFLOW_TRACKING_URI" in os.environ:
            import mlflow  # noqa: F401 - only the import matters

            return True
    return False


def _in_azure_ml() -> bool:
    return "AZUREML_RUN_ID" in os.environ
