"""Measure how far estimated prices are from the real ones, on average."""

import argparse
import csv
import json
from pathlib import Path

from current_run import current_run

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--flats", type=Path, required=True)
parser.add_argument("--model", type=Path, required=True)
parser.add_argument("--output", type=Path, required=True)
arguments = parser.parse_args()

model = json.loads((arguments.model / "model.json").read_text(encoding="utf-8"))
with (arguments.flats / "flats.csv").open(encoding="utf-8", newline="") as file:
    errors = [
        abs(
            1e5 * (model["area"] * float(row["area"]) / 100 + model["floor"] * int(row["floor"]) / 6 + model["base"])
            - float(row["price"])
        )
        for row in csv.DictReader(file)
    ]
current_run().log("mean_error", sum(errors) / len(errors))
(arguments.output / "report.json").write_text(json.dumps({"mean_error": sum(errors) / len(errors)}), encoding="utf-8")
