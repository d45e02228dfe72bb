"""Merge the files of all companies into one; drop trips without a distance or a price."""

import argparse
import csv
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--raw-data", type=Path, required=True)
parser.add_argument("--prepared-data", type=Path, required=True)

if __name__ == "__main__":
    arguments = parser.parse_args()
    rows = []
    for path in sorted(arguments.raw_data.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += [row for row in csv.DictReader(file) if row["distance"] and row["price"]]
    with (arguments.prepared_data / "trips.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["distance", "price"])
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} trips")
