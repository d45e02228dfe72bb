"""Tables as lists of rows, in CSV files."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

NAME = "customers.csv"


def read(folder: Path) -> list[dict[str, str]]:
    with open(folder / NAME, newline="") as stream:
        return list(csv.DictReader(stream))


def write(rows: list[dict[str, str]], folder: Path, name: str = "customers.csv") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, "w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def frame(rows: list[dict[str, str]]) -> pd.DataFrame:
    """Return rows as a table of pandas, for notebooks."""
    import pandas

    return pandas.DataFrame(rows)


if __name__ == "__main__":
    import rich

    rich.print(open("data/raw/customers.csv").read())
