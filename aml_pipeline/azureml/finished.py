"""What is left to read of a step's run when it is over: how it ended and why, its metrics, its log."""

from __future__ import annotations

import contextlib
import fnmatch
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aml_pipeline.azureml.masking import without_secrets
from aml_pipeline.azureml.sdk import Sdk, shortened
from aml_pipeline.events import State

# How a status of Azure ML is called here. Success is Finished for a pipeline and Completed for a script's run.
ENDS: Mapping[str, State] = {
    "Finished": "done",
    "Completed": "done",
    "Failed": "failed",
    "Canceled": "interrupted",
    "Cancelled": "interrupted",
    "Bypassed": "not run",
}
# What a step printed, by the images' age; else why its image could not be built.
_LOGS = (
    "user_logs/std_log.txt",
    "user_logs/*",
    "azureml-logs/70_driver_log.txt",
    "azureml-logs/20_image_build_log.txt",
)
_NO_LOG = b"Azure ML has no log of this step.\n"
_TAIL_LINES = 20


class End(NamedTuple):
    """How a step ended. ``metrics`` are name, kind and value of each that it logged, in order."""

    state: State
    metrics: tuple[tuple[str, str, Any], ...]
    message: str
    tail: tuple[str, ...]


def read(run: Sdk, status: str, log: str) -> End:
    """Return how a step ended; save what it printed in ``log``."""
    state = ENDS[status]
    if state == "done" and str(run.get_properties().get("azureml.isreused", "")).lower() == "true":
        state = "up to date"
    if state in {"done", "failed", "interrupted"}:
        _save_log(run, log)
    failed = state == "failed"
    return End(state, tuple(_metrics(run)), message(run) if failed else "", _tail(log) if failed else ())


def message(run: Sdk) -> str:
    """Return why a run failed, as Azure ML says; it does not always."""
    error = (run.get_details().get("error") or {}).get("error") or {}
    said = " ".join(str(error.get("message") or "").split())
    return f"Azure ML says: {shortened(said)}" if said else "Azure ML gives no reason."


def _metrics(run: Sdk) -> Iterator[tuple[str, str, Any]]:
    """Give what was logged; of a name that was logged several times the SDK makes a list."""
    for name, value in run.get_metrics().items():
        for one in value if isinstance(value, list) else [value]:
            yield name, "row" if isinstance(one, dict) else "scalar", one


def _save_log(run: Sdk, place: str) -> None:
    """Save what a step printed; a step that never got a node has printed nothing."""
    with contextlib.suppress(Exception):  # the SDK raises bare Exception; a log that cannot be had fails no run
        names = run.get_file_names()
        name = next((one for pattern in _LOGS for one in fnmatch.filter(sorted(names), pattern)), None)
        if name:
            run.download_file(name, output_file_path=place)
    if not os.path.exists(place):
        with open(place, "wb") as stream:
            stream.write(_NO_LOG)


def _tail(log: str) -> tuple[str, ...]:
    with open(log, encoding="utf-8", errors="replace") as stream:
        return tuple(without_secrets(line) for line in stream.read().splitlines()[-_TAIL_LINES:])
