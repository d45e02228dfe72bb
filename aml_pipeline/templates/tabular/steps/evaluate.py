"""Evaluate a model on rows that it has not seen."""

import argparse
import json
from pathlib import Path

import classifier
import metrics
import tables


def main() -> None:
    """Log the accuracy on test.csv, and the baseline: that of always the more frequent label."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()

    _, rows = tables.read(arguments.tables / "test.csv")
    trained = classifier.load(arguments.model)
    right = sum((trained.chance(trained.scaled(values)) >= 0.5) == (label == 1) for *values, label in rows)
    ones = sum(row[-1] for row in rows)
    results = {"accuracy": right / len(rows), "baseline": max(ones, len(rows) - ones) / len(rows)}
    for name, value in results.items():
        metrics.log(name, value)
    (arguments.output / "report.json").write_text(json.dumps(results, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
