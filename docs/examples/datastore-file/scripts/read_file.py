"""Count the words of a file, and the files of a listing."""

import argparse
import json
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--input-data", type=Path, required=True)
parser.add_argument("--listing", type=Path, required=True)
parser.add_argument("--output-data", type=Path, required=True)

if __name__ == "__main__":
    arguments = parser.parse_args()
    words = len(arguments.input_data.read_text(encoding="utf-8").split())
    files = len((arguments.listing / "listing.txt").read_text(encoding="utf-8").splitlines())
    (arguments.output_data / "counts.json").write_text(json.dumps({"words": words, "files": files}), encoding="utf-8")
    print(f"{words} words, {files} files")
