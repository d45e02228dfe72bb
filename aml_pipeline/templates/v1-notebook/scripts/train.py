"""Fit a price to the area and the floor of flats by gradient descent."""

import argparse
import csv
import json
from pathlib import Path

from current_run import current_run

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--flats", type=Path, required=True)
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--learning-rate", type=float, required=True)
parser.add_argument("--output", type=Path, required=True)
arguments = parser.parse_args()

with (arguments.flats / "flats.csv").open(encoding="utf-8", newline="") as file:
    # In units in which all three are near 1.
    rows = [
        (float(row["area"]) / 100, int(row["floor"]) / 6, float(row["price"]) / 1e5) for row in csv.DictReader(file)
    ]
run = current_run()
area = floor = base = 0.0
for _ in range(arguments.epochs):
    errors = [(area * x + floor * y + base - price, x, y) for x, y, price in rows]
    area -= arguments.learning_rate * sum(error * x for error, x, _ in errors) / len(rows)
    floor -= arguments.learning_rate * sum(error * y for error, _, y in errors) / len(rows)
    base -= arguments.learning_rate * sum(error for error, _, _ in errors) / len(rows)
    run.log("loss", sum(error * error for error, _, _ in errors) / len(rows))
(arguments.output / "model.json").write_text(json.dumps({"area": area, "floor": floor, "base": base}), encoding="utf-8")
