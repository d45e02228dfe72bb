#!/usr/bin/env python
"""Train the model that the variable MODEL names."""

import argparse
import os
import pathlib

import numpy
import sklearn
from churn.models import MODELS
from churn.models.stored import save

try:
    import mlflow
except ImportError:
    mlflow = None


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--features", type=pathlib.Path, required=True)
    parser.add_argument("--trees", type=int, default=10)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    return parser.parse_args()


def main() -> None:
    args = parse()
    data = numpy.load(args.features / "features.npz")
    model = MODELS[os.environ["MODEL"]](args.trees).fit(data["x"], data["y"])
    save(model, args.output, {"sklearn": sklearn.__version__, "accuracy": model.score(data["x"], data["y"])})
    if mlflow is not None and os.environ.get("MLFLOW_TRACKING_URI"):
        mlflow.log_metric("accuracy", model.score(data["x"], data["y"]))


if __name__ == "__main__":
    main()
