"""Train a softmax regression by stochastic gradient descent."""

import argparse
import json
import random
import statistics
from pathlib import Path

import classifier
import metrics
import pictures


def main() -> None:
    """Train on one set; log the loss and the accuracy on another one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--flips", choices=["yes", "no"], required=True, help="also learn from mirror images")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()

    examples = pictures.read_set(arguments.images / "train")
    if arguments.flips == "yes":
        examples += [(mirrored(pixels), label) for pixels, label in examples]
    validation = pictures.read_set(arguments.images / "validation")
    weights = {label: [0.0] * (pictures.SIDE**2 + 1) for _, label in examples}
    trained, generator = classifier.Model(weights), random.Random(arguments.seed)
    for epoch in range(arguments.epochs):
        generator.shuffle(examples)
        losses = [trained.learn(pixels, label, arguments.learning_rate) for pixels, label in examples]
        metrics.log("loss", statistics.fmean(losses), step=epoch)
        metrics.log("accuracy", trained.accuracy(validation), step=epoch)
    classifier.save(trained, arguments.output)
    settings = {"learning_rate": arguments.learning_rate, "flips": arguments.flips}
    (arguments.output / "settings.json").write_text(json.dumps(settings), encoding="utf-8")


def mirrored(pixels: pictures.Pixels) -> pictures.Pixels:
    """Return a picture with its left and right side exchanged."""
    rows = (pixels[start : start + pictures.SIDE] for start in range(0, len(pixels), pictures.SIDE))
    return [pixel for row in rows for pixel in reversed(row)]


if __name__ == "__main__":
    main()
