"""Choose the better of two models."""

import argparse
import glob
import json
import os

import yaml

parser = argparse.ArgumentParser()
parser.add_argument("models", nargs=2)
parser.add_argument("--output", required=True)
args = parser.parse_args()
about = {folder: json.load(open(os.path.join(folder, "about.json"))) for folder in args.models}
best = max(about, key=lambda folder: about[folder]["accuracy"])
for path in glob.glob(os.path.join(best, "*.json")):
    print(os.path.basename(path))
with open(f"{args.output}/choice.yaml", "w") as stream:
    yaml.safe_dump({"best": args.models.index(best)}, stream)
