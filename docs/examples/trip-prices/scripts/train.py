"""Fit a line by least squares; keep every fifth trip for the test."""

import argparse
import csv
import json
from pathlib import Path
from statistics import linear_regression

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--training-data", type=Path, required=True)
parser.add_argument("--test-data", type=Path, required=True)
parser.add_argument("--model-output", type=Path, required=True)

if __name__ == "__main__":
    arguments = parser.parse_args()
    with (arguments.training_data / "trips.csv").open(encoding="utf-8", newline="") as file:
        rows = [(float(row["distance"]), float(row["price"])) for row in csv.DictReader(file)]
    training = [row for index, row in enumerate(rows) if index % 5]
    slope, intercept = linear_regression(*zip(*training, strict=True))
    model = {"slope": slope, "intercept": intercept}
    (arguments.model_output / "model.json").write_text(json.dumps(model), encoding="utf-8")
    (arguments.test_data / "trips.json").write_text(json.dumps(rows[::5]), encoding="utf-8")
    print(f"price = {slope:.3f} × distance + {intercept:.3f}")
