"""Sets of grey pictures: a folder for each class, with files in the format PGM."""

from pathlib import Path

SIDE = 16
HEAD = f"P5 {SIDE} {SIDE} 255\n".encode()
Pixels = list[float]


def write(path: Path, pixels: Pixels) -> None:
    """Write a picture whose pixels are between 0 and 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(HEAD + bytes(round(255 * min(1.0, max(0.0, pixel))) for pixel in pixels))


def read(path: Path) -> Pixels:
    """Read the pixels of a picture."""
    return [value / 255 for value in path.read_bytes()[len(HEAD) :]]


def read_set(folder: Path) -> list[tuple[Pixels, str]]:
    """Read the pictures of a folder, each with its class."""
    return [(read(path), path.parent.name) for path in sorted(folder.glob("*/*.pgm"))]
