"""Report the mean absolute error of the predictions."""

import argparse
import json
from pathlib import Path
from statistics import fmean

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--predictions", type=Path, required=True)
parser.add_argument("--score-report", type=Path, required=True)

if __name__ == "__main__":
    arguments = parser.parse_args()
    pairs = json.loads((arguments.predictions / "predictions.json").read_text(encoding="utf-8"))
    error = fmean(abs(price - predicted) for price, predicted in pairs)
    (arguments.score_report / "report.json").write_text(json.dumps({"mean_absolute_error": error}), encoding="utf-8")
    print(f"mean absolute error {error:.2f}")
