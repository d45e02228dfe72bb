"""A recurrence → `cron` where it is exactly one, else `recurrence`: the inverse of ``declared`` and ``exact``.

Used by imports; a schedule of the file itself is understood by ``understand``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aml_pipeline.pipeline.schedule import cron, declared, exact
from aml_pipeline.pipeline.schedule.cron import CronError
from aml_pipeline.pipeline.schedule.recurrence import Recurrence

_MONTHS = 12
_COUNTED = {"day": ("hours", "minutes"), "week": ("hours", "minutes", "week_days")}


def understood(keys: Mapping[str, Any]) -> Recurrence:
    """Return the recurrence with the ``keys`` of a file, None for those that are not set. Raises ValueError.

    A start from which nothing is counted is left out.
    """
    from aml_pipeline.pipeline.spec.schedule import Recurrence as Declared

    counted = _COUNTED.get(keys["frequency"], ())
    if counted and keys["interval"] == 1 and all(keys[key] for key in counted):
        keys = {**keys, "start_time": None}
    said = Declared.model_construct(**keys)
    for fault in declared.faults(said):
        raise ValueError(f"{fault.message[:1].upper()}{fault.message[1:]} {fault.cure}")
    return declared.read(said)


def written(recurrence: Recurrence) -> dict[str, Any]:
    """Return `cron` where it is exactly the recurrence, else `recurrence`."""
    text = _cron(recurrence)
    try:
        if text and exact.recurrence_of(cron.parse(text)) == from_the_first(recurrence):
            return {"cron": text}
    except CronError:
        pass
    keys = {
        "frequency": recurrence.frequency,
        "interval": recurrence.interval if recurrence.interval > 1 else 0,
        "hours": list(recurrence.hours),
        "minutes": list(recurrence.minutes),
        "week_days": list(recurrence.week_days),
        "start_time": recurrence.start.isoformat(timespec="seconds") if recurrence.start else "",
    }
    return {"recurrence": {key: value for key, value in keys.items() if value}}


def from_the_first(recurrence: Recurrence) -> Recurrence:
    """Return a monthly recurrence, counted from the first month that cron counts from; others as they are."""
    start = recurrence.start
    if recurrence.frequency != "month" or start is None:
        return recurrence
    return recurrence.starting(start.replace(year=2000, month=(start.month - 1) % recurrence.interval + 1))


def _cron(recurrence: Recurrence) -> str:
    minutes, hours = _field(recurrence.minutes, 60), _field(recurrence.hours, 24)
    if recurrence.frequency == "day" and recurrence.interval == 1:
        return f"{minutes} {hours} * * *"
    if recurrence.frequency == "week" and recurrence.interval == 1:
        days = [f"{day[:3]}" for day in recurrence.week_days]
        return f"{minutes} {hours} * * {','.join(days)}"
    start = recurrence.start
    if recurrence.frequency == "month" and start and _MONTHS % recurrence.interval == 0:
        first = (start.month - 1) % recurrence.interval + 1
        months = ",".join(map(str, range(first, _MONTHS + 1, recurrence.interval)))
        return f"{start.minute} {start.hour} {start.day} {'*' if recurrence.interval == 1 else months} *"
    return ""


def _field(values: tuple[int, ...], count: int) -> str:
    return "*" if len(values) == count else ",".join(map(str, values))
