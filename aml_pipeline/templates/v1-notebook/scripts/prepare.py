"""Draw synthetic flats: their area, their floor, and a price that follows from both, with noise."""

import argparse
import csv
import random
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--rows", type=int, required=True)
parser.add_argument("--output", type=Path, required=True)
arguments = parser.parse_args()

generator = random.Random(1)
with (arguments.output / "flats.csv").open("w", encoding="utf-8", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["area", "floor", "price"])
    for _ in range(arguments.rows):
        area, floor = generator.uniform(20, 120), generator.randint(0, 6)
        writer.writerow([f"{area:.1f}", floor, f"{3000 * area + 5000 * floor + generator.gauss(0, 20000):.0f}"])
