import argparse
import pathlib
import random

import table  # type: ignore[import-not-found]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", type=pathlib.Path, required=True)
    parser.add_argument("--test-share", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    rows = table.read(arguments.table)
    random.Random(arguments.seed).shuffle(rows)  # noqa: S311 - no secret
    count = round(len(rows) * arguments.test_share)
    table.write(arguments.output / "test.csv", rows[:count])
    table.write(arguments.output / "train.csv", rows[count:])
    print(f"{len(rows) - count} rows to train, {count} to test")


if __name__ == "__main__":
    main()
