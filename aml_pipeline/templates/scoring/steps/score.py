"""Score the rows of one region with a model."""

import argparse
import csv
import json
import math
import statistics
from pathlib import Path

import metrics


def main() -> None:
    """Write each customer with the score, and log their number and the mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()

    model = json.loads((arguments.model / "model.json").read_text(encoding="utf-8"))
    with (arguments.rows / f"{arguments.region}.csv").open(encoding="utf-8", newline="") as file:
        scores = [(row["customer"], score(model, row)) for row in csv.DictReader(file)]
    with (arguments.output / "scores.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("customer", "score"), *((name, f"{value:.4f}") for name, value in scores)])
    metrics.log("rows", len(scores))
    metrics.log("mean_score", statistics.fmean(value for _, value in scores))


def score(model: dict, row: dict[str, str]) -> float:
    """Return the score of a row, between 0 and 1."""
    total = model["bias"] + sum(weight * float(row[name]) for name, weight in model["weights"].items())
    return 1 / (1 + math.exp(-total))


if __name__ == "__main__":
    main()
