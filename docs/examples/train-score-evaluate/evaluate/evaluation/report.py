"""Report the accuracy of the scores."""

import argparse
import json
from pathlib import Path

from evaluation.measures import accuracy

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--scoring-result", type=Path, required=True)
parser.add_argument("--eval-output", type=Path, required=True)

if __name__ == "__main__":
    arguments = parser.parse_args()
    scores = json.loads((arguments.scoring_result / "scores.json").read_text(encoding="utf-8"))
    result = accuracy(scores)
    (arguments.eval_output / "report.json").write_text(json.dumps({"accuracy": result}), encoding="utf-8")
    print(f"accuracy {result:.3f}")
