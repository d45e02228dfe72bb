"""How a step ended in Azure ML, whichever SDK tells it; and the file of what it printed."""

from __future__ import annotations

import contextlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.calls import is_of_network, may_pass, meaning, shortened
from aml_pipeline.core.masking import without_secrets
from aml_pipeline.runs.events import State

# How a status of Azure ML is called here. Success is Finished for a pipeline of SDK v1 and else Completed.
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
LOGS = (
    "user_logs/std_log.txt",
    "user_logs/*",
    "azureml-logs/70_driver_log.txt",
    "azureml-logs/20_image_build_log.txt",
)
_NO_LOG = "Azure ML has no log of this step.\n"
_TAIL_LINES = 20
_TRIES = 3

# Name, kind and value.
Metric = tuple[str, str, Any]


class End(NamedTuple):
    """How a step ended. ``metrics`` are those that it logged, in order.

    ``seconds`` is how long it ran, by the clock of Azure ML, where that tells.
    """

    state: State
    seconds: float | None
    metrics: tuple[Metric, ...]
    message: str
    tail: tuple[str, ...]


def state_of(status: str, properties: Mapping[str, str]) -> State:
    """Return how a step ended; one that Azure ML reused is up to date."""
    state = ENDS[status]
    reused = str(properties.get("azureml.isreused", "")).lower() == "true"
    return "up to date" if state == "done" and reused else state


def has_log(state: State) -> bool:
    """Whether a step that ended so may have printed something of its own."""
    return state in {"done", "failed", "interrupted"}


def said(message: str | None) -> str:
    """Return why something failed, by the message that Azure ML has of it, if any."""
    text = " ".join(str(message or "").split())
    return f"Azure ML says: {shortened(text)}" if text else "Azure ML gives no reason."


def save_log(fetch: Callable[[str], None], place: str) -> None:
    """Have ``fetch`` write into ``place`` what a step printed, and take secrets out; it may find nothing to write.

    Raises what may pass, or is of this machine; any other fault of the log is told in its place and fails no run.
    """
    fetched = f"{place}.fetched"
    try:
        fetch(fetched)
        if os.path.exists(fetched):
            _mask(fetched, place)
    except Exception as error:  # the SDKs raise bare Exception
        if may_pass(error) or (isinstance(error, OSError) and not is_of_network(error)):
            raise
        _write(place, f"The log could not be fetched. {meaning(error)}\n")
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(fetched)
    if not os.path.exists(place):
        _write(place, _NO_LOG)


def metrics_of(step: str, read: Callable[[], Iterable[Metric]], failed: Counter[str]) -> tuple[Metric, ...]:
    """Return the metrics that ``read`` gives, without secrets.

    Raises what may pass, a few times for a step, which ``failed`` counts; no fault of metrics fails a run.
    """
    try:
        return tuple((name, kind, _masked(value)) for name, kind, value in read())
    except Exception as error:  # the SDKs raise bare Exception
        failed[step] += 1
        if may_pass(error) and failed[step] < _TRIES:
            raise
        waiting.say(f"The metrics of step {step} could not be read. {meaning(error)}")
        return ()


def _masked(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: _masked(one) for key, one in value.items()}
    return without_secrets(value) if isinstance(value, str) else value


def _write(place: str, text: str) -> None:
    with open(place, "w", encoding="utf-8") as stream:
        stream.write(text)


def _mask(fetched: str, place: str) -> None:
    """Write the file ``fetched`` into ``place``, without secrets."""
    with (
        open(fetched, encoding="utf-8", errors="surrogateescape", newline="") as source,
        open(place, "w", encoding="utf-8", errors="surrogateescape", newline="") as target,
    ):
        target.writelines(map(without_secrets, source))


def tail(log: str) -> tuple[str, ...]:
    """Return the last lines of a log."""
    with open(log, encoding="utf-8", errors="replace") as stream:
        return tuple(line.rstrip("\n") for line in deque(stream, maxlen=_TAIL_LINES))
