"""Score each measurement with the model."""

import argparse
import csv
import json
import math
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--model-input", type=Path, required=True)
parser.add_argument("--test-data", type=Path, required=True)
parser.add_argument("--score-output", type=Path, required=True)

if __name__ == "__main__":
    arguments = parser.parse_args()
    model = json.loads((arguments.model_input / "model.json").read_text(encoding="utf-8"))
    with (arguments.test_data / "measurements.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    scores = [
        [1 / (1 + math.exp(-model["slope"] * float(row["value"]) - model["intercept"])), int(row["label"])]
        for row in rows
    ]
    (arguments.score_output / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
