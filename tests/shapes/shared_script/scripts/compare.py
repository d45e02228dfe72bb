import argparse
import json
import pathlib
import statistics


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("samples", type=pathlib.Path, nargs="+")
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    means = [statistics.fmean(json.loads((one / "sample.json").read_text())) for one in arguments.samples]
    (arguments.output / "means.json").write_text(json.dumps(means))


if __name__ == "__main__":
    main()
