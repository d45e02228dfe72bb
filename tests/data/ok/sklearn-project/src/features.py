"""Turn the table into numbers, as config/features.json says."""

import argparse
import json
import os

import numpy as np
from churn.tables import read
from pathlib import Path

CONFIG = "config/features.json"


def features(rows, config):
    numbers = [[float(row[name]) for name in config["numbers"]] for row in rows]
    words = [[float(row[name] == word) for name, known in config["words"].items() for word in known] for row in rows]
    return np.hstack([np.array(numbers), np.array(words)])


parser = argparse.ArgumentParser()
parser.add_argument("--table", required=True)
parser.add_argument("--output", required=True)
parser.add_argument("--config", default=CONFIG)
arguments = parser.parse_args()
with open(arguments.config) as stream:
    config = json.load(stream)
rows = read(Path(arguments.table))
os.makedirs("logs/features", exist_ok=True)
with open("logs/features/names.txt", "w") as stream:
    stream.write("\n".join(config["numbers"]))
np.savez(os.path.join(arguments.output, "features.npz"), x=features(rows, config), y=[int(row["left"]) for row in rows])
