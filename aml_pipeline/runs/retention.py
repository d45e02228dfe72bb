"""Which records of runs are kept when records are removed, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from aml_pipeline.core.errors import UsageError
from aml_pipeline.runs.record import RunRecord, moment_of

# Reasons, with a place for the number of records that each keeps.
PINNED = "{} pinned"
IN_USE = "{} whose results are still in use"
IN_AZURE = "{} that may still run in Azure ML"
# After this time, a run whose end nobody waited for counts as ended.
_LONGEST_IN_AZURE_SECONDS = 30 * 86_400.0
_UNITS = {"h": 3_600.0, "d": 86_400.0, "w": 7 * 86_400.0}


@dataclass(frozen=True, slots=True)
class Limit:
    """Which records are kept by age: the ``newest``, and those younger than ``seconds``; ``reason`` says so."""

    newest: int
    seconds: float
    reason: str


def limit_of(text: str) -> Limit:
    """Return the meaning of ``10`` (the newest ten), ``12h``, ``30d`` or ``8w``. Raises UsageError."""
    given = re.fullmatch("([0-9]{1,9})([hdw]?)", text)
    if given is None:
        cure = (
            "Write how many of the newest run records to keep (--runs 10), or their maximum age in hours, days or weeks"
        )
        raise UsageError(f'--runs does not accept "{text}". {cure} (--runs 30d).')
    number, unit = int(given[1]), given[2]
    if unit:
        return Limit(0, number * _UNITS[unit], f"{{}} younger than {text}")
    return Limit(number, 0.0, "the newest {}")


def kept(records: Sequence[RunRecord], limit: Limit, in_use: Collection[str], now: float) -> dict[str, str]:
    """Return the runs whose records are kept, each with the reason.

    ``records`` are the oldest first; ``in_use`` are the runs that made the results in use.
    """
    youngest = {run.id for run in records[max(0, len(records) - limit.newest) :]}
    youngest |= {run.id for run in records if _is_younger(run, now - limit.seconds)}
    reasons: dict[str, Callable[[RunRecord], bool]] = {
        limit.reason: lambda one: one.id in youngest,
        PINNED: lambda one: one.pinned,
        IN_USE: lambda one: one.id in in_use,
        IN_AZURE: lambda one: _may_go_on(one, now),
    }
    why: dict[str, str] = {}
    for reason, holds in reasons.items():
        why |= {run.id: reason for run in records if run.id not in why and holds(run)}
    return _with_makers(records, why)


def _is_younger(record: RunRecord, moment: float) -> bool:
    """Whether a run began after that moment, judging by its name, which even a damaged record has."""
    text = moment_of(moment)
    return record.id[: len(text)] > text


def _may_go_on(record: RunRecord, now: float) -> bool:
    return _is_younger(record, now - _LONGEST_IN_AZURE_SECONDS) and record.short.get("state") == "submitted"


def pinned(records: Sequence[RunRecord]) -> dict[str, str]:
    """Return the runs whose records are always kept, each with the reason."""
    return _with_makers(records, {run.id: PINNED for run in records if run.pinned})


def _with_makers(records: Sequence[RunRecord], why: Mapping[str, str]) -> dict[str, str]:
    """Add the runs whose results the others reused: their records contain the metrics and curves of those results."""
    makers = {maker for run in records if run.id in why for maker in run.makers}
    return {**why, **{run.id: IN_USE for run in records if run.id in makers and run.id not in why}}
