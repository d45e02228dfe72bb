"""Score a model on the features."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from churn.models.stored import load
from sklearn.metrics import accuracy_score, f1_score

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("features", "model", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--threshold", type=float, default=0.5)
    args = parser.parse_args()
    data = np.load(args.features / "features.npz")
    guessed = load(args.model).predict_proba(data["x"])[:, 1] >= args.threshold
    scores = {"accuracy": accuracy_score(data["y"], guessed), "f1": f1_score(data["y"], guessed)}
    (args.output / "scores.json").write_text(json.dumps(scores))
    print(f"accuracy: {scores['accuracy']}", tomllib.__name__)


if __name__ == "__main__":
    main()
