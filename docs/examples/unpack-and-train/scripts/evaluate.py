"""Report the mean squared error of the line."""

import argparse
import json
from pathlib import Path
from statistics import fmean

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data-dir", type=Path, required=True)
parser.add_argument("--model-dir", type=Path, required=True)
parser.add_argument("--report-dir", type=Path, required=True)

if __name__ == "__main__":
    arguments = parser.parse_args()
    slope, intercept = json.loads((arguments.model_dir / "model.json").read_text(encoding="utf-8"))
    points = json.loads((arguments.data_dir / "points.json").read_text(encoding="utf-8"))
    error = fmean((slope * x + intercept - y) ** 2 for x, y in points)
    (arguments.report_dir / "report.json").write_text(json.dumps({"mean_squared_error": error}), encoding="utf-8")
    print(f"mean squared error {error:.4f}")
