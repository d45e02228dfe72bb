import argparse
import json
import pathlib


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    (arguments.output / "sample.json").write_text(json.dumps(list(range(arguments.size))))


if __name__ == "__main__":
    main()
