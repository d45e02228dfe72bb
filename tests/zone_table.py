"""CLDR's table of time zones, as ``tzlocal`` keeps it, in the form of the package's ``windows_zones.txt``.

``python -m tests.zone_table`` writes that file anew; a test compares. ``tzlocal`` is no dependency of the program:
the names that Azure ML SDK v1 takes do not change any more, and users have one package less to install.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

TABLE = Path(__file__).parents[1] / "aml_pipeline" / "pipeline" / "schedule" / "windows_zones.txt"

# Names that IANA keeps for old (its file "backward") and CLDR does not map any more.
ADDED = {
    "Europe/Uzhgorod": "FLE Standard Time",
    "Europe/Zaporozhye": "FLE Standard Time",
    "US/East-Indiana": "US Eastern Standard Time",
}
_HEAD = """\
# CLDR's windowsZones: each name of Windows, then IANA's names, that of its territory 001 first.
# Longer lines go on indented. Written by `python -m tests.zone_table` from tzlocal {version}.
"""


def rows() -> list[str]:
    """Return a line for each name of Windows, wrapped."""
    from tzlocal.windows_tz import tz_win, win_tz

    names: dict[str, set[str]] = {name: set() for name in win_tz}
    for zone, name in {**tz_win, **ADDED}.items():
        if zone:
            names[name].add(zone)
    found = []
    for name, zones in sorted(names.items()):
        first = win_tz[name]
        line = f"{name}: {' '.join([first, *sorted(zones - {first})])}"
        found += textwrap.wrap(line, 118, subsequent_indent=" ", break_on_hyphens=False, break_long_words=False)
    return found


def table() -> str:
    """Return the table as it should be."""
    from importlib.metadata import version

    return _HEAD.format(version=version("tzlocal")) + "".join(f"{row}\n" for row in rows())


if __name__ == "__main__":
    sys.exit(TABLE.write_text(table(), encoding="utf-8") < 0)
