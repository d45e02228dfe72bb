"""List the files of a folder."""

import argparse
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--input-data", type=Path, required=True)
parser.add_argument("--input-string", default="")
parser.add_argument("--output-data", type=Path, required=True)

if __name__ == "__main__":
    arguments = parser.parse_args()
    print(arguments.input_string)
    names = sorted(path.relative_to(arguments.input_data).as_posix() for path in arguments.input_data.rglob("*.txt"))
    (arguments.output_data / "listing.txt").write_text("\n".join(names), encoding="utf-8")
