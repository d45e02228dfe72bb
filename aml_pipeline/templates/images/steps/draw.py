"""Draw synthetic pictures of shapes: a disc, a square or a cross, somewhere, with noise."""

import argparse
import random
from collections.abc import Callable
from pathlib import Path

import pictures

# Whether a shape covers the point (x, y) of its own centre.
SHAPES: dict[str, Callable[[int, int], bool]] = {
    "cross": lambda x, y: min(abs(x), abs(y)) <= 1 and max(abs(x), abs(y)) <= 5,
    "disc": lambda x, y: x * x + y * y <= 20,
    "square": lambda x, y: max(abs(x), abs(y)) <= 4,
}
SETS = {"train": 3, "validation": 1, "test": 1}  # their shares
NOISE = 0.25


def drawn(shape: Callable[[int, int], bool], generator: random.Random) -> pictures.Pixels:
    """Return the pixels of one picture."""
    left, top = (pictures.SIDE // 2 + generator.randint(-1, 1) for _ in range(2))
    places = [(x - left, y - top) for y in range(pictures.SIDE) for x in range(pictures.SIDE)]
    return [0.2 + 0.6 * shape(x, y) + generator.gauss(0, NOISE) for x, y in places]


def main() -> None:
    """Draw the pictures of all sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, required=True, help="of each class")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()

    generator = random.Random(arguments.seed)
    sets = [name for name, share in SETS.items() for _ in range(share)]
    for label, shape in SHAPES.items():
        for number in range(arguments.images):
            folder = arguments.output / sets[number % len(sets)] / label
            pictures.write(folder / f"{number:04}.pgm", drawn(shape, generator))
    print(f"drew {arguments.images} synthetic pictures of each shape: {', '.join(SHAPES)}")


if __name__ == "__main__":
    main()
