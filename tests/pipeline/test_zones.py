"""IANA's names of time zones → those of Windows, and what is refused."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest

from aml_pipeline.pipeline.schedule import zones
from tests import v1, zone_table


def test_the_table_is_that_of_cldr() -> None:
    """As the tzlocal in use has it; a newer CLDR may know more, and then our module is to be written anew."""
    assert zone_table.TABLE.read_text(encoding="utf-8") == zone_table.table(), "`python -m tests.zone_table` writes it"


def test_the_sdk_knows_each_name_that_is_accepted_and_none_that_is_refused() -> None:
    schedule = v1.module("azureml.pipeline.core.schedule")
    known = {one.value for one in schedule.TimeZone}
    accepted = {zones.windows_name(zone) for zone in zones._table() if zones.fault(zone) is None}
    assert accepted - known == set()
    assert known & zones.NOT_IN_V1 == set()
    assert {name for name, _ in zones._rows()} - known == zones.NOT_IN_V1


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Europe/Paris", "Romance Standard Time"),
        ("America/New_York", "Eastern Standard Time"),
        ("Asia/Kolkata", "India Standard Time"),
        ("Asia/Calcutta", "India Standard Time"),
        ("Australia/Lord_Howe", "Lord Howe Standard Time"),
        ("UTC", "UTC"),
        ("Etc/GMT+7", "US Mountain Standard Time"),
        ("Europe/Kyiv", "FLE Standard Time"),
        ("Europe/Zaporozhye", "FLE Standard Time"),
        ("Japan", "Tokyo Standard Time"),
    ],
)
def test_names_of_windows(zone: str, name: str) -> None:
    assert zones.fault(zone) is None
    assert zones.windows_name(zone) == name


def _offsets(zone: str) -> list[timedelta | None]:
    there, first = ZoneInfo(zone), datetime(2026, 10, 1, tzinfo=timezone.utc)
    return [(first + timedelta(days=number)).astimezone(there).utcoffset() for number in range(0, 731, 3)]


def test_a_zone_shows_the_time_of_the_one_that_windows_has_for_it() -> None:
    """Else Azure ML would start runs at another hour than the file says; ODD are those that CLDR itself maps so."""
    names = available_timezones()
    default = {name: ours[0] for name, ours in zones._rows()}
    differing = {
        zone
        for zone, name in zones._table().items()
        if zone in names and zones.fault(zone) is None and _offsets(zone) != _offsets(default[name])
    }
    assert differing == set()


@pytest.mark.parametrize(
    ("zone", "message", "cure"),
    [
        ("Europe/Pariss", 'unknown time zone "Europe/Pariss".', 'Did you mean "Europe/Paris"?'),
        ("europe/paris", "unknown time zone", 'Did you mean "Europe/Paris"?'),
        ("Paris", "unknown time zone", 'Did you mean "Europe/Paris"?'),
        ("America/New York", "unknown time zone", 'Did you mean "America/New_York"?'),
        ("Asia/Tokio", "unknown time zone", 'Did you mean "Asia/Tokyo"?'),
        ("US/Berlin", "unknown time zone", 'Did you mean "Europe/Berlin"?'),
        ("utc", "unknown time zone", 'Did you mean "UTC"?'),
        ("Mars/Olympus", "unknown time zone", "Write an IANA name such as Europe/Paris, America/New_York or UTC."),
        ("Romance Standard Time", "unknown time zone", "This is the Windows name. Write Europe/Paris."),
        ("+01:00", "unknown time zone", "Etc/GMT-1 (UTC+01:00)."),
        ("UTC+1", "unknown time zone", "Etc/GMT-1 (UTC+01:00)."),
        ("GMT+1", "unknown time zone", "Etc/GMT-1"),
        ("EST", '"EST" is an ambiguous abbreviation of a time zone.',
         "Write America/New_York or America/Panama."),
        ("est", "abbreviation", "America/New_York"),
        ("CET", "abbreviation", "Write Europe/Paris, Europe/Berlin or Africa/Algiers."),
        ("IST", "abbreviation", "Write Asia/Kolkata, Europe/Dublin or Asia/Jerusalem."),
        ("EST5EDT", "abbreviation", "Write America/New_York"),
        ("GMT", "abbreviation", "Write UTC or Europe/London."),
        ("WXYZ", "abbreviation", "Write a name such as Europe/Paris."),
        ("America/Vancouver", 'Azure ML v1 has no time zone whose clock agrees with "America', "such as Etc/GMT+7"),
        ("Antarctica/Troll", "Azure ML v1 has no time zone", "Etc/GMT+7 (UTC-07:00)."),
        ("America/Scoresbysund", "Azure ML v1 has no time zone", "all year"),
        ("x" * 200, f'unknown time zone "{"x" * 40}…".', "IANA name"),
        ("/", "unknown time zone", "IANA name"),
    ],
)  # fmt: skip
def test_what_is_refused_with_its_cure(zone: str, message: str, cure: str) -> None:
    found = zones.fault(zone)
    assert found
    assert message in found[0]
    assert cure in found[1]


def test_every_cure_names_zones_that_are_accepted() -> None:
    for words in zones._ABBREVIATIONS.values():
        assert [one for one in words.replace(" or ", ", ").split(", ") if zones.fault(one)] == []
    assert {ZoneInfo("Etc/GMT+7").utcoffset(datetime(2026, 1, 1, tzinfo=timezone.utc))} == {timedelta(hours=-7)}
    assert zones.fault("Etc/GMT+7") is zones.fault("Etc/GMT-1") is None
