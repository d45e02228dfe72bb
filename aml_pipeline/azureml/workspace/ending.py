"""How a step ended in Azure ML, for either SDK, and its log file."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.refusals import is_of_machine, may_pass, meaning, shortened
from aml_pipeline.core.masking import without_secrets
from aml_pipeline.runs.events import State

# Status of Azure ML → our state. Success is Finished for a pipeline of SDK v1, otherwise Completed.
ENDS: Mapping[str, State] = {
    "Finished": "done",
    "Completed": "done",
    "Failed": "failed",
    "Canceled": "interrupted",
    "Cancelled": "interrupted",
    "PartiallyExecuted": "interrupted",
    "Bypassed": "not run",
}
# Log files of a step, newer images first; else why its image could not be built.
LOGS = (
    "user_logs/std_log.txt",
    "user_logs/*",
    "azureml-logs/70_driver_log.txt",
    "azureml-logs/20_image_build_log.txt",
)
_NO_LOG = "Azure ML has no log of this step.\n"
_TAIL_LINES = 20
_TRIES = 3


class Metric(NamedTuple):
    """A logged value, with the step and the time in seconds since 1970 that were logged with it, if known."""

    name: str
    kind: str
    value: Any
    at: float | None = None
    time: float | None = None


class Span(NamedTuple):
    """When something began and ended by the clock of Azure ML, in seconds since 1970, if known."""

    begun: float | None
    ended: float | None

    @property
    def seconds(self) -> float | None:
        """How long it took, if known."""
        return max(0.0, self.ended - self.begun) if self.begun and self.ended else None


class End(NamedTuple):
    """How a step ended. ``metrics`` are those it logged, in order."""

    state: State
    span: Span
    metrics: tuple[Metric, ...]
    message: str
    tail: tuple[str, ...]


def seconds_of(text: str | None) -> float | None:
    """Return a time of Azure ML in UTC (``2026-11-24T10:00:00.123Z`` or with ``+00:00``) in seconds since 1970."""
    if not text:
        return None
    plain, _, fraction = text.removesuffix("Z").removesuffix("+00:00").partition(".")
    whole = dt.datetime.fromisoformat(plain).replace(tzinfo=dt.timezone.utc).timestamp()
    return whole + (float(f"0.{fraction}") if fraction.isdecimal() else 0.0)


def state_of(status: str, properties: Mapping[str, str]) -> State:
    """Return the state of an ended step; a step that Azure ML reused is up to date."""
    state = ENDS[status]
    reused = str(properties.get("azureml.isreused", "")).lower() == "true"
    return "up to date" if state == "done" and reused else state


def has_log(state: State) -> bool:
    """Whether a step with this state may have a log of its own."""
    return state in {"done", "failed", "interrupted"}


def said(message: str | None) -> str:
    """Return why something failed, with Azure ML's message, if any."""
    text = " ".join(str(message or "").split())
    return f"Azure ML says: {shortened(text)}" if text else "Azure ML gives no reason."


def save_log(fetch: Callable[[str], None], place: str) -> None:
    """Have ``fetch`` write the log of a step, if any, into ``place``, and remove secrets from it.

    Raises temporary errors and those of this machine; any other error is written in place of the log and fails no run.
    """
    fetched = f"{place}.fetched"
    try:
        fetch(fetched)
        if os.path.exists(fetched):
            _mask(fetched, place)
    except Exception as error:  # the SDKs raise bare Exception
        if may_pass(error) or is_of_machine(error):
            raise
        _write(place, f"The log could not be downloaded. {meaning(error)}\n")
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(fetched)
    if not os.path.exists(place):
        _write(place, _NO_LOG)


def metrics_of(step: str, read: Callable[[], Iterable[Metric]], failed: Counter[str]) -> tuple[Metric, ...]:
    """Return the metrics that ``read`` returns, without secrets.

    Raises temporary errors up to a few times per step, counted by ``failed``; other errors of metrics fail no run.
    """
    try:
        return tuple(metric._replace(value=_masked(metric.value)) for metric in read())
    except Exception as error:  # the SDKs raise bare Exception
        failed[step] += 1
        if may_pass(error) and failed[step] < _TRIES:
            raise
        waiting.say(f"The metrics of step {step} could not be read. {meaning(error)}")
        return ()


def _masked(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    return without_secrets(value) if isinstance(value, str) else value


def _write(place: str, text: str) -> None:
    with open(place, "w", encoding="utf-8") as stream:
        stream.write(text)


def _mask(fetched: str, place: str) -> None:
    """Write the file ``fetched`` to ``place``, without secrets."""
    with (
        open(fetched, encoding="utf-8", errors="surrogateescape", newline="") as source,
        open(place, "w", encoding="utf-8", errors="surrogateescape", newline="") as target,
    ):
        target.writelines(map(without_secrets, source))


def tail(log: str) -> tuple[str, ...]:
    """Return the last lines of a log."""
    with open(log, encoding="utf-8", errors="replace") as stream:
        return tuple(line.rstrip("\n") for line in deque(stream, maxlen=_TAIL_LINES))
