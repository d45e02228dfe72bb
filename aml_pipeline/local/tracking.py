"""Directs MLflow in steps to log into the state of the pipeline, unless the user chose a place. Needs no MLflow.

It logs into files rather than MLflow's default database, with which artifacts would go into a folder of the working
copy and be lost. MLflow 3 requires consent to use files; their format is frozen, so it is safe to read.
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
    """Return the variables that direct MLflow into the folder ``state``; none if the user chose a place.

    They are not part of a step's key: they change where MLflow writes, not what a step does.
    """
    if environ.get("MLFLOW_TRACKING_URI"):
        return {}
    named = environ.get("MLFLOW_EXPERIMENT_NAME") or environ.get("MLFLOW_EXPERIMENT_ID")
    place = {"MLFLOW_TRACKING_URI": Path(state, _FOLDER).as_uri(), "MLFLOW_ALLOW_FILE_STORE": "true"}
    return place if named else {**place, "MLFLOW_EXPERIMENT_NAME": pipeline}


def prepare(state: str, pipeline: str) -> None:
    """Create the experiments that MLflow would create: if two steps did so at once, the second would fail."""
    folder = os.path.join(state, _FOLDER)
    if os.path.isdir(folder):
        return
    now = time.time_ns() // 1_000_000
    for number, name in (("0", "Default"), ("1", pipeline)):
        place = os.path.join(folder, number)
        os.makedirs(place)
        about = {"artifact_location": Path(place).as_uri(), "creation_time": now, "experiment_id": number}
        more = {"last_update_time": now, "lifecycle_stage": "active", "name": name}
        files.write(os.path.join(place, "meta.yaml"), json.dumps({**about, **more}).encode())  # JSON is YAML too
