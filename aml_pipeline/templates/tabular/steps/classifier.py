"""Logistic regression: the chance that a row has the label 1."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

MOST = 500.0  # beyond this, exp() overflows


@dataclass
class Model:
    """Weights of the columns, whose values are first brought to the mean 0 and the deviation 1."""

    means: list[float]
    deviations: list[float]
    weights: list[float]
    bias: float = 0.0

    def scaled(self, values: list[float]) -> list[float]:
        """Return the values of the columns as the weights expect them."""
        columns = zip(values, self.means, self.deviations, strict=True)
        return [(value - mean) / deviation for value, mean, deviation in columns]

    def chance(self, scaled: list[float]) -> float:
        """Return the chance of the label 1."""
        total = self.bias + sum(weight * value for weight, value in zip(self.weights, scaled, strict=True))
        return 1 / (1 + math.exp(-max(-MOST, min(MOST, total))))


def save(model: Model, folder: Path) -> None:
    """Write a model into a folder."""
    (folder / "model.json").write_text(json.dumps(asdict(model), indent=2), encoding="utf-8")


def load(folder: Path) -> Model:
    """Read the model of a folder."""
    return Model(**json.loads((folder / "model.json").read_text(encoding="utf-8")))
