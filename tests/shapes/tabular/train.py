import argparse
import json
import pathlib
import statistics

import table  # type: ignore[import-not-found]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    widths, weights = zip(*table.read(arguments.data / "train.csv"), strict=True)
    line = statistics.linear_regression(widths, weights)
    (arguments.output / "model.json").write_text(json.dumps(line._asdict()))


if __name__ == "__main__":
    main()
