"""Triggers of v2: those that fire at the same times are equal."""

from __future__ import annotations

from typing import Any

import pytest

from aml_pipeline.azureml.publication import Timing, of_trigger

START = {"start_time": "2024-01-01T00:00:00", "time_zone": "UTC"}


def _cron(expression: str) -> dict[str, Any]:
    return {"type": "cron", "expression": expression, **START}


def _recurrence(frequency: str, interval: int = 1, /, **pattern: Any) -> dict[str, Any]:  # noqa: ANN401
    schedule = {"schedule": pattern} if pattern else {}
    return {"type": "recurrence", "frequency": frequency, "interval": interval, **schedule, **START}


ALL_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (_cron("0 2 * * *"), _recurrence("Day", hours=[2], minutes=[0])),
        (_cron("0 2 * * *"), _cron("0 2 * * 0,1,2,3,4,5,6")),
        (_cron("0 2 * * *"), _recurrence("week", hours=[2], minutes=[0], week_days=ALL_DAYS)),
        (_cron("0 2 * * 7"), _recurrence("week", hours=[2], minutes=[0], week_days=["sunday"])),
        (_cron("30,0 * * * 1"), _recurrence("week", hours=list(range(24)), minutes=[0, 30], week_days=["Monday"])),
        (_recurrence("day", hours=[2], minutes=[0]), _recurrence("day", hours=[2], minutes=[0])),
    ],
)
def test_a_cron_and_a_recurrence_of_one_meaning_are_equal(one: dict[str, Any], same: dict[str, Any]) -> None:
    assert of_trigger(one) == of_trigger(same)
    assert of_trigger(one) == of_trigger({**same, "start_time": "2025-06-07T08:09:10"}), "the start decides nothing"
    assert of_trigger(one) != of_trigger({**same, "time_zone": "Tokyo Standard Time"})


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (_cron("*/7 2 * * *"), 'cron "*/7 2 * * *", UTC'),
        (_cron("0 2 1 * *"), 'cron "0 2 1 * *", UTC'),
        (_cron("0 2 * * mon"), 'cron "0 2 * * mon", UTC'),
        (_cron("x"), 'cron "x", UTC'),
        (_cron("0 2 * * 1,3"), "every week on monday, wednesday at 02:00, UTC"),
        (_recurrence("hour", 6), "every 6 hours from 2024-01-01 00:00, UTC"),
        (_recurrence("day", 2, hours=[2], minutes=[0]), "every 2 days from 2024-01-01 00:00 at 02:00, UTC"),
        (_recurrence("month", hours=[2], minutes=[0], month_days=[1, 15]), "every month on day 1, 15 at 02:00, UTC"),
        (
            _recurrence("month", 3, hours=[2], minutes=[0], month_days=[1]),
            "every 3 months on day 1 at 02:00 from 2024-01, UTC",
        ),
    ],
)
def test_a_trigger_is_shown_in_words(one: dict[str, Any], words: str) -> None:
    assert str(of_trigger(one)) == words
    moved = of_trigger({**one, "start_time": "2023-12-07T08:09:10"})
    assert (moved == of_trigger(one)) is ("from" not in words), "the start decides when it fires, or does not"


def test_the_words_for_v1_stay() -> None:
    assert of_trigger(_cron("0 2 * * *")) == Timing("Day", 1, (2,), (0,), (), "UTC")
