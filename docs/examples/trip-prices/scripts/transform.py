"""Write distances in kilometres instead of miles."""

import argparse
import csv
from pathlib import Path

KILOMETRES = 1.609344

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--clean-data", type=Path, required=True)
parser.add_argument("--transformed-data", type=Path, required=True)

if __name__ == "__main__":
    arguments = parser.parse_args()
    with (arguments.clean_data / "trips.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (arguments.transformed_data / "trips.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["distance", "price"])
        writer.writerows([f"{float(row['distance']) * KILOMETRES:.3f}", row["price"]] for row in rows)
