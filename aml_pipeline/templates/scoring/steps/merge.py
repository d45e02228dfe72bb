"""Merge the scores of all regions, and report the customers with the highest."""

import argparse
import csv
from pathlib import Path

import metrics


def main() -> None:
    """Write all scores, the highest first, and those above the threshold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=Path, nargs="+", required=True)
    parser.add_argument("--threshold", type=float, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()

    rows = []
    for folder in arguments.scores:
        with (folder / "scores.csv").open(encoding="utf-8", newline="") as file:
            rows += [(row["customer"], float(row["score"])) for row in csv.DictReader(file)]
    rows.sort(key=lambda row: (-row[1], row[0]))
    above = [row for row in rows if row[1] > arguments.threshold]
    for name, chosen in {"scores.csv": rows, "above.csv": above}.items():
        with (arguments.output / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("customer", "score"), *chosen])
    metrics.log("rows", len(rows))
    metrics.log("above_threshold", len(above))


if __name__ == "__main__":
    main()
