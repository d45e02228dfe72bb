import argparse
import json
import math
import pathlib

import table  # type: ignore[import-not-found]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    line = json.loads((arguments.model / "model.json").read_text())
    rows = table.read(arguments.data / "test.csv")
    errors = [line["slope"] * width + line["intercept"] - weight for width, weight in rows]
    rmse = math.sqrt(sum(error**2 for error in errors) / len(errors))
    (arguments.output / "metrics.json").write_text(json.dumps({"rmse": rmse, "rows": len(rows)}))
    print(f"rmse {rmse:.3f}")


if __name__ == "__main__":
    main()
