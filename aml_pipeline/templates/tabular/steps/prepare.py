"""Split a table into rows to train with and rows to test with."""

import argparse
import math
import random
from pathlib import Path

import tables

NAMES = ["age", "visits", "spent", "returns"]


def synthetic(count: int, generator: random.Random) -> list[tables.Row]:
    """Draw customers: whether they return depends on age and visits, not on what they spent, and on chance."""
    rows = []
    for _ in range(count):
        age, visits, spent = generator.gauss(40, 12), generator.gauss(8, 3), generator.gauss(100, 30)
        chance = 1 / (1 + math.exp(-(visits - 8) - (age - 40) / 10))
        rows.append([round(age, 1), round(visits, 1), round(spent, 1), float(generator.random() < chance)])
    return rows


def main() -> None:
    """Prepare the table that is given, or a synthetic one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", type=Path, help="CSV file; the last column is the label")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()

    generator = random.Random(arguments.seed)
    names, rows = tables.read(arguments.table) if arguments.table else (NAMES, synthetic(arguments.rows, generator))
    generator.shuffle(rows)
    tested = max(1, len(rows) // 5)
    tables.write(arguments.output / "test.csv", names, rows[:tested])
    tables.write(arguments.output / "train.csv", names, rows[tested:])
    print(f"{len(rows)} rows from {arguments.table or 'a synthetic table'}, {tested} of them to test with")


if __name__ == "__main__":
    main()
