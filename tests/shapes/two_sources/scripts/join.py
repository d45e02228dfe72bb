import argparse
import csv
import json
import pathlib
import sys


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=pathlib.Path, required=True)
    parser.add_argument("--customers", type=pathlib.Path, required=True)
    parser.add_argument("--discounts", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    names = {}
    for file in sorted(arguments.customers.iterdir()):
        names.update(dict(csv.reader(file.read_text().splitlines())))
    off = dict(csv.reader(arguments.discounts.read_text().splitlines())) if arguments.discounts else {}
    rows = [
        {"name": names[row["customer"]], "amount": float(row["amount"]) - float(off.get(row["customer"], 0))}
        for row in csv.DictReader(arguments.orders.read_text().splitlines())
    ]
    (arguments.output / "joined.json").write_text(json.dumps(rows))
    (arguments.output / "argv.json").write_text(json.dumps(sys.argv))


if __name__ == "__main__":
    main()
