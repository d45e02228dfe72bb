"""What is left to read of a step's run when it is over: how it ended and why, its metrics, its log."""

from __future__ import annotations

import fnmatch
import os
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aml_pipeline.azureml.masking import without_secrets
from aml_pipeline.azureml.sdk import Sdk, is_of_network, may_pass, said_by, seconds_of, shortened
from aml_pipeline.events import State
from aml_pipeline.metrics import jsonable

# How a status of Azure ML is called here. Success is Finished for a pipeline and Completed for a script's run.
ENDS: Mapping[str, State] = {
    "Finished": "done",
    "Completed": "done",
    "Failed": "failed",
    "Canceled": "interrupted",
    "Cancelled": "interrupted",
    "PartiallyExecuted": "interrupted",
    "Bypassed": "not run",
}
# What a step printed, by the images' age; else why its image could not be built.
_LOGS = (
    "user_logs/std_log.txt",
    "user_logs/*",
    "azureml-logs/70_driver_log.txt",
    "azureml-logs/20_image_build_log.txt",
)
_NO_LOG = "Azure ML has no log of this step.\n"
_TAIL_LINES = 20


class End(NamedTuple):
    """How a step ended. ``metrics`` are name, kind and value of each that it logged, in order.

    ``seconds`` is how long it ran, by the clock of Azure ML, where that tells.
    """

    state: State
    seconds: float | None
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
    details = run.get_details()
    failed = state == "failed"
    said, tail = (_said(details), _tail(log)) if failed else ("", ())
    return End(state, _seconds(details), tuple(_metrics(run)), said, tail)


def message(run: Sdk) -> str:
    """Return why a run failed, as Azure ML says; it does not always."""
    return _said(run.get_details())


def _said(details: Mapping[str, Any]) -> str:
    error = (details.get("error") or {}).get("error") or {}
    said = " ".join(str(error.get("message") or "").split())
    return f"Azure ML says: {shortened(said)}" if said else "Azure ML gives no reason."


def _seconds(details: Mapping[str, Any]) -> float | None:
    begun, ended = (seconds_of(details.get(f"{name}TimeUtc")) for name in ("start", "end"))
    return max(0.0, ended - begun) if begun and ended else None


def _metrics(run: Sdk) -> Iterator[tuple[str, str, Any]]:
    """Give what was logged; of a name that was logged several times the SDK makes a list."""
    for name, value in run.get_metrics().items():
        for one in value if isinstance(value, list) else [value]:
            plain = jsonable(one)
            yield name, "row" if isinstance(one, dict) else "scalar", _masked(plain)


def _masked(value: Any) -> Any:  # noqa: ANN401 - JSON
    return without_secrets(value) if isinstance(value, str) else value


def _save_log(run: Sdk, place: str) -> None:
    """Save what a step printed, without secrets; a step that never got a node has printed nothing.

    Raises what may pass, or is of this machine; any other fault of the log is told in its place and fails no run.
    """
    try:
        names = run.get_file_names()
        name = next((one for pattern in _LOGS for one in fnmatch.filter(sorted(names), pattern)), None)
        if name:
            run.download_file(name, output_file_path=place)
            _mask(place)
    except Exception as error:  # the SDK raises bare Exception
        if may_pass(error) or (isinstance(error, OSError) and not is_of_network(error)):
            raise
        _write(place, f"The log could not be fetched: {said_by(error) or type(error).__name__}\n")
    if not os.path.exists(place):
        _write(place, _NO_LOG)


def _write(place: str, text: str) -> None:
    with open(place, "w", encoding="utf-8") as stream:
        stream.write(text)


def _mask(place: str) -> None:
    """Take secrets out of a file."""
    masked = f"{place}.masked"
    with (
        open(place, encoding="utf-8", errors="surrogateescape", newline="") as source,
        open(masked, "w", encoding="utf-8", errors="surrogateescape", newline="") as target,
    ):
        target.writelines(map(without_secrets, source))
    os.replace(masked, place)


def _tail(log: str) -> tuple[str, ...]:
    with open(log, encoding="utf-8", errors="replace") as stream:
        return tuple(line.rstrip("\n") for line in deque(stream, maxlen=_TAIL_LINES))
