"""Softmax regression: the class of a picture, from its pixels."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from pictures import Pixels


@dataclass
class Model:
    """For each class, a weight for each pixel and one more."""

    weights: dict[str, list[float]]

    def chances(self, pixels: Pixels) -> dict[str, float]:
        """Return the chance of each class."""
        scores = {
            label: math.fsum(map(float.__mul__, weights, [*pixels, 1.0])) for label, weights in self.weights.items()
        }
        highest = max(scores.values())
        powers = {label: math.exp(score - highest) for label, score in scores.items()}
        return {label: power / sum(powers.values()) for label, power in powers.items()}

    def learn(self, pixels: Pixels, label: str, rate: float) -> float:
        """Move the weights towards one example; return its loss before."""
        chances = self.chances(pixels)
        for other, weights in self.weights.items():
            change = rate * ((other == label) - chances[other])
            self.weights[other] = [
                weight + change * pixel for weight, pixel in zip(weights, [*pixels, 1.0], strict=True)
            ]
        return -math.log(max(chances[label], 1e-12))

    def accuracy(self, examples: list[tuple[Pixels, str]]) -> float:
        """Return the share of examples whose most likely class is theirs."""
        chances = ((self.chances(pixels), label) for pixels, label in examples)
        return sum(max(each, key=each.__getitem__) == label for each, label in chances) / len(examples)


def save(model: Model, folder: Path) -> None:
    """Write a model into a folder."""
    (folder / "model.json").write_text(json.dumps(asdict(model)), encoding="utf-8")


def load(folder: Path) -> Model:
    """Read the model of a folder."""
    return Model(**json.loads((folder / "model.json").read_text(encoding="utf-8")))
