"""Written for a ParallelRunStep, and called here as well."""

import argparse
from pathlib import Path

model = None


def init(folder: Path) -> None:
    global model
    from churn.models.stored import load

    model = load(folder)


def run(rows: list) -> list:
    return [row["customer"] for row in rows]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    init(args.model)
    from churn.tables import read, write

    rows = read(args.table)
    write([{"customer": one} for one in run(rows)], args.output, "predictions.csv")
