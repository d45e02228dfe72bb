import argparse
import collections
import json
import pathlib


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--joined", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    totals: collections.Counter[str] = collections.Counter()
    for row in json.loads((arguments.joined / "joined.json").read_text()):
        totals[row["name"]] += row["amount"]
    (arguments.output / "totals.json").write_text(json.dumps(totals, sort_keys=True))


if __name__ == "__main__":
    main()
