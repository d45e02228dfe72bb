"""Choose the model that is best on the validation set, and measure it on the test set."""

import argparse
import shutil
from pathlib import Path

import classifier
import metrics
import pictures


def main() -> None:
    """Copy the best model; log its accuracy on pictures that chose nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()

    validation = pictures.read_set(arguments.images / "validation")
    best = max(arguments.models, key=lambda folder: classifier.load(folder).accuracy(validation))
    shutil.copytree(best, arguments.output, dirs_exist_ok=True)
    print(f"chose {(best / 'settings.json').read_text(encoding='utf-8')}")
    metrics.log("test_accuracy", classifier.load(best).accuracy(pictures.read_set(arguments.images / "test")))


if __name__ == "__main__":
    main()
