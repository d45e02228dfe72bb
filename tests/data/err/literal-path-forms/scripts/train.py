import argparse
import glob
import os
from pathlib import Path

DATA = Path("literal-path-forms") / "data"

parser = argparse.ArgumentParser()
parser.add_argument("--tables", type=Path, default=DATA)
parser.add_argument("--output", type=Path)
arguments = parser.parse_args()
for name in ("a", "b"):
    print((DATA / f"{name}.csv").read_text())
print(open("../data/table.csv").read())
print(glob.glob("literal-path-forms/data/*.csv"))
print(os.listdir("words"))
print(open("literal-path-forms/env.txt").read())
print(open("literal-path-forms/scripts/train.py").read())
print({"table": "literal-path-forms/data/table.csv"})
open("literal-path-forms/data/new.csv", "w").write("")
