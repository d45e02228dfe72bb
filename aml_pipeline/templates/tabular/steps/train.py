"""Train a logistic regression by stochastic gradient descent."""

import argparse
import math
import random
import statistics
from pathlib import Path

import classifier
import metrics
import tables


def main() -> None:
    """Train on train.csv; log the loss of each epoch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()

    _, rows = tables.read(arguments.tables / "train.csv")
    columns = list(zip(*rows, strict=True))[:-1]
    means, deviations = map(statistics.fmean, columns), (statistics.pstdev(column) or 1.0 for column in columns)
    trained = classifier.Model(list(means), list(deviations), weights=[0.0] * len(columns))
    examples = [(trained.scaled(values), label) for *values, label in rows]
    generator = random.Random(arguments.seed)
    for epoch in range(arguments.epochs):
        generator.shuffle(examples)
        losses = [learn(trained, scaled, label, arguments.learning_rate) for scaled, label in examples]
        metrics.log("loss", statistics.fmean(losses), step=epoch)
    classifier.save(trained, arguments.output)


def learn(trained: classifier.Model, scaled: list[float], label: float, rate: float) -> float:
    """Move the weights towards one example; return its loss before."""
    chance = trained.chance(scaled)
    change = rate * (label - chance)
    trained.weights = [weight + change * value for weight, value in zip(trained.weights, scaled, strict=True)]
    trained.bias += change
    return -math.log(max(chance if label else 1 - chance, 1e-12))


if __name__ == "__main__":
    main()
