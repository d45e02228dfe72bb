"""Fit a logistic curve by gradient descent."""

import argparse
import csv
import json
import math
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--training-data", type=Path, required=True)
parser.add_argument("--max-epochs", type=int, required=True)
parser.add_argument("--learning-rate", type=float, default=0.01)
parser.add_argument("--learning-rate-schedule", choices=["time-based", "constant"], default="time-based")
parser.add_argument("--model-output", type=Path, required=True)

if __name__ == "__main__":
    arguments = parser.parse_args()
    with (arguments.training_data / "measurements.csv").open(encoding="utf-8", newline="") as file:
        rows = [(float(row["value"]), int(row["label"])) for row in csv.DictReader(file)]
    slope = intercept = 0.0
    for epoch in range(arguments.max_epochs):
        rate = arguments.learning_rate / (1 + epoch * (arguments.learning_rate_schedule == "time-based") / 10)
        errors = [(1 / (1 + math.exp(-slope * value - intercept)) - label, value) for value, label in rows]
        slope -= rate * sum(error * value for error, value in errors) / len(rows)
        intercept -= rate * sum(error for error, _ in errors) / len(rows)
    model = {"slope": slope, "intercept": intercept}
    (arguments.model_output / "model.json").write_text(json.dumps(model), encoding="utf-8")
    print(f"slope {slope:.3f}, intercept {intercept:.3f}")
