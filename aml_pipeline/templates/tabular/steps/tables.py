"""Tables of numbers as CSV files: a line of names, then rows; the last column is the label, 0 or 1."""

import csv
import sys
from pathlib import Path

Row = list[float]


def read(path: Path) -> tuple[list[str], list[Row]]:
    """Return the names of the columns and the rows; end the step if a row does not fit."""
    with path.open(encoding="utf-8-sig", newline="") as file:  # without the byte order mark that Excel writes
        names, *lines = csv.reader(file)
    rows = []
    for number, line in enumerate(lines, start=2):
        try:
            row = [float(text) for text in line]
        except ValueError:
            row = []
        if len(row) != len(names) or row[-1] not in {0, 1}:
            expected = f"a number for each of {', '.join(names)}, the last of them 0 or 1"
            sys.exit(f"{path.name}, line {number}: expected {expected}; got {', '.join(line)}")
        rows.append(row)
    return names, rows


def write(path: Path, names: list[str], rows: list[Row]) -> None:
    """Write a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *rows])
