"""Where MLflow in a step logs to, unless the user named a place: into the state of the pipeline. Needs no MLflow.

Into files, and not into MLflow's default of a database: there artifacts would go into a folder below the working copy,
and be lost with it. MLflow 3 asks for a consent to files, which it calls finished: what they look like stays.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from aml_pipeline.core import files

_FOLDER = "mlruns"


def tracking_environ(environ: Mapping[str, str], state: str, pipeline: str) -> dict[str, str]:
    """Return the variables that lead MLflow into the folder ``state``; none where the user named a place.

    They are of no step's key: they change where MLflow writes, not what a step does.
    """
    if environ.get("MLFLOW_TRACKING_URI"):
        return {}
    named = environ.get("MLFLOW_EXPERIMENT_NAME") or environ.get("MLFLOW_EXPERIMENT_ID")
    place = {"MLFLOW_TRACKING_URI": Path(state, _FOLDER).as_uri(), "MLFLOW_ALLOW_FILE_STORE": "true"}
    return place if named else {**place, "MLFLOW_EXPERIMENT_NAME": pipeline}


def prepare(state: str, pipeline: str) -> None:
    """Make the experiments that MLflow would make: of two steps that do so at a time, it fails the second."""
    folder = os.path.join(state, _FOLDER)
    if os.path.isdir(folder):
        return
    now = time.time_ns() // 1_000_000
    for number, name in (("0", "Default"), ("1", pipeline)):
        place = os.path.join(folder, number)
        os.makedirs(place)
        about = {"artifact_location": Path(place).as_uri(), "creation_time": now, "experiment_id": number}
        more = {"last_update_time": now, "lifecycle_stage": "active", "name": name}
        files.write(os.path.join(place, "meta.yaml"), json.dumps({**about, **more}).encode())  # which is YAML too
