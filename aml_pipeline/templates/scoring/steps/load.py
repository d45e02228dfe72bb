"""Draw synthetic rows of each region, in the place of a query for the new rows of a day."""

import argparse
import csv
import random
from pathlib import Path

REGIONS = {"north": 1.0, "south": 1.2, "west": 0.8}  # how many more visits than usual


def main() -> None:
    """Write a CSV file for each region."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, required=True, help="of each region")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()

    for region, factor in REGIONS.items():
        generator = random.Random(region)
        with (arguments.output / f"{region}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["customer", "visits", "returns", "months"])
            for number in range(arguments.rows):
                visits = int(generator.expovariate(1 / (8 * factor)))
                row = [f"{region}-{number}", visits, generator.randint(0, 3), generator.randint(1, 60)]
                writer.writerow(row)
    print(f"drew {arguments.rows} synthetic rows for each of {', '.join(REGIONS)}")


if __name__ == "__main__":
    main()
