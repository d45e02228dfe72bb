"""Predict the prices of the test trips."""

import argparse
import json
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--model-input", type=Path, required=True)
parser.add_argument("--test-data", type=Path, required=True)
parser.add_argument("--predictions", type=Path, required=True)

if __name__ == "__main__":
    arguments = parser.parse_args()
    model = json.loads((arguments.model_input / "model.json").read_text(encoding="utf-8"))
    trips = json.loads((arguments.test_data / "trips.json").read_text(encoding="utf-8"))
    predicted = [[price, model["slope"] * distance + model["intercept"]] for distance, price in trips]
    (arguments.predictions / "predictions.json").write_text(json.dumps(predicted), encoding="utf-8")
