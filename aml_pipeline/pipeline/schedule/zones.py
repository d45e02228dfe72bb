"""IANA names of time zones → the Windows names that Azure ML uses.

``windows_zones.txt`` is CLDR's table (windowsZones). Zones that Azure ML SDK v1 does not know are refused: its
enumeration ``azureml.pipeline.core.schedule.TimeZone`` was last extended years ago.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# Windows names of CLDR that are not in azureml.pipeline.core.schedule.TimeZone (test_zones.py compares).
NOT_IN_V1 = frozenset(
    {
        "Alberta Standard Time", "British Columbia Standard Time", "Magallanes Standard Time", "Manitoba Standard Time",
        "Omsk Standard Time", "Qyzylorda Standard Time", "Sao Tome Standard Time", "Saratov Standard Time",
        "South Sudan Standard Time", "Sudan Standard Time", "UTC+13", "Volgograd Standard Time", "Yukon Standard Time",
    }
)  # fmt: skip
# Zones whose clock differs from that of the Windows zone that CLDR maps them to, or that have none.
ODD = frozenset({"America/Scoresbysund", "Antarctica/Casey", "Antarctica/Troll", "Antarctica/Vostok"})

# Possible meanings of an abbreviation. The names that IANA keeps for some (EST has no summer time) are rarely meant.
_ABBREVIATIONS = {
    "AEST": "Australia/Sydney or Australia/Brisbane",
    "AST": "America/Halifax or Asia/Riyadh",
    "BST": "Europe/London or Asia/Dhaka",
    "CET": "Europe/Paris, Europe/Berlin or Africa/Algiers",
    "CEST": "Europe/Paris or Europe/Berlin",
    "CST": "America/Chicago or Asia/Shanghai",
    "CDT": "America/Chicago",
    "EDT": "America/New_York",
    "EET": "Europe/Athens or Africa/Tripoli",
    "EST": "America/New_York or America/Panama",
    "GMT": "UTC or Europe/London",
    "HST": "Pacific/Honolulu or America/Adak",
    "IST": "Asia/Kolkata, Europe/Dublin or Asia/Jerusalem",
    "JST": "Asia/Tokyo",
    "MET": "Europe/Paris or Europe/Berlin",
    "MSK": "Europe/Moscow",
    "MST": "America/Denver or America/Phoenix",
    "MDT": "America/Denver",
    "NZ": "Pacific/Auckland",
    "PRC": "Asia/Shanghai",
    "PST": "America/Los_Angeles or Asia/Manila",
    "PDT": "America/Los_Angeles",
    "ROC": "Asia/Taipei",
    "ROK": "Asia/Seoul",
    "WET": "Europe/Lisbon or Africa/Casablanca",
    "Z": "UTC",
}
_LONGEST_SHOWN = 40


def windows_name(zone: str) -> str:
    """Return the Windows name of ``zone``, which must be without ``fault``."""
    return _table()[zone]


def iana_name(zone: str) -> str | None:
    """Return the IANA name of a Windows zone, which may be an IANA name itself; None if unknown."""
    return zone if zone in _table() else _default_zones().get(zone)


def fault(zone: str) -> tuple[str, str] | None:
    """Return the problem of ``zone`` as the time zone of a schedule and the cure, or None."""
    shown = zone if len(zone) <= _LONGEST_SHOWN else f"{zone[:_LONGEST_SHOWN]}…"
    if _is_abbreviation(zone):
        meant = _ABBREVIATIONS.get(zone.upper()) or _ABBREVIATIONS.get(zone[:3], "a name such as Europe/Paris")
        return f'"{shown}" is an ambiguous abbreviation of a time zone.', f"Write {meant}."
    name = _table().get(zone)
    if zone in ODD or name in NOT_IN_V1:
        cure = "Write a zone whose clock agrees all year, or a fixed offset such as Etc/GMT+7 (UTC-07:00)."
        return f'Azure ML v1 has no time zone whose clock agrees with "{shown}".', cure
    return (f'unknown time zone "{shown}".', _cure(zone)) if name is None else None


def _is_abbreviation(zone: str) -> bool:
    if zone in {"UTC", "UCT"}:
        return False
    return zone.upper() in _ABBREVIATIONS or re.fullmatch(r"[A-Z]{3,4}([0-9][A-Z]*)?", zone) is not None


def _cure(zone: str) -> str:
    if zone in _default_zones():
        return f"This is the Windows name. Write {_default_zones()[zone]}."
    if re.search(r"[-+][0-9]{1,2}(:?[0-9]{2})?$", zone):
        return "Write the name of a place, such as Europe/Paris, or a fixed offset such as Etc/GMT-1 (UTC+01:00)."
    near = _nearest(zone)
    if near:
        return f'Did you mean "{near}"?'
    return "Write an IANA name such as Europe/Paris, America/New_York or UTC."


def _nearest(zone: str) -> str | None:
    """Return the most similar name among those with the same first letter after their last ``/``."""
    import difflib

    plain = zone.strip().replace(" ", "_").lower()
    if not plain or len(plain) > _LONGEST_SHOWN:
        return None
    choices = _by_letter().get(_city(plain)[:1], {})
    whole = difflib.get_close_matches(plain, choices, n=1, cutoff=0.7)
    cities = {_city(low): name for low, name in choices.items()}
    city = difflib.get_close_matches(_city(plain), cities, n=1, cutoff=0.8)
    return choices[whole[0]] if whole else cities[city[0]] if city else None


def _city(zone: str) -> str:
    return zone.rpartition("/")[2]


@cache
def _rows() -> tuple[tuple[str, tuple[str, ...]], ...]:
    text = Path(__file__).with_name("windows_zones.txt").read_text(encoding="utf-8")
    lines = (line.partition(": ") for line in text.replace("\n ", " ").splitlines() if not line.startswith("#"))
    return tuple((name, tuple(zones.split())) for name, _, zones in lines)


@cache
def _table() -> dict[str, str]:
    return {zone: name for name, zones in _rows() for zone in zones}


@cache
def _default_zones() -> dict[str, str]:
    """Return the zone for each Windows name: CLDR's territory 001, the first of its row."""
    return {name: zones[0] for name, zones in _rows() if name not in NOT_IN_V1}


@cache
def _by_letter() -> dict[str, dict[str, str]]:
    """Return the allowed names, in lower case, by the first letter of their last part."""
    names: dict[str, dict[str, str]] = {}
    for zone, name in _table().items():
        if name not in NOT_IN_V1 and zone not in ODD and not _is_abbreviation(zone):
            names.setdefault(_city(zone)[:1].lower(), {})[zone.lower()] = zone
    return names
