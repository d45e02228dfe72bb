"""Write a CIFAR-10-shaped set of labelled images (``image_set.py``) from exactly the requested data set.

- ``cifar10``: a copy in the archive folder (``cifar-10-batches-py/`` or the published ``cifar-10-python.tar.gz``; the
  folder takes precedence), else the published tar, downloaded. torchvision's MD5 of each file is checked, and the
  archive folder is never written to.
- ``digits``: scikit-learn's 1,797 real handwritten digits, enlarged; no network.
- ``synthetic``: drawn by ``synthetic_cifar.py``; for tests and benchmarks.

The same data set gives the same bytes in any folder.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import image_set
import synthetic_cifar
from image_set import ImageSet, ImageSetError

if TYPE_CHECKING:
    from torchvision.datasets import CIFAR10


def main(argv: Sequence[str] | None = None) -> None:
    """Write the data set into ``--output``; exit with 1 if that fails, with 2 if an argument is wrong."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.images_per_batch is not None and args.dataset != "synthetic":
        parser.error("argument --images-per-batch: only allowed with --dataset synthetic")
    if args.images_per_batch is not None and args.images_per_batch < 1:
        parser.error(f"argument --images-per-batch: must be 1 or more, not {args.images_per_batch}")
    try:
        if args.dataset == "cifar10":
            images = cifar10(args.archive)
        elif args.dataset == "digits":
            images = digits()
        else:
            images = synthetic(args.images_per_batch or synthetic_cifar.IMAGES_PER_BATCH)
        image_set.write(images, args.output)
    except (ImageSetError, OSError) as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    print(image_set.summary(images))


def cifar10(archive: Path | None) -> ImageSet:
    """Return CIFAR-10 from the copy in ``archive``, else downloaded.

    Raises ImageSetError, naming the wrong file, or the cures if there is neither a copy nor a network.
    """
    import published_cifar

    with tempfile.TemporaryDirectory() as scratch:
        return _read(
            published_cifar.CIFAR10,
            published_cifar.find(archive, Path(scratch)),
            name="cifar10",
            description="CIFAR-10's real photographs",
            source="CIFAR-10 (Krizhevsky, 2009), the published Python version, each file checked by its MD5",
        )


def digits() -> ImageSet:
    """Return scikit-learn's handwritten digits as dark ink on white paper: 8 x 8 made 24 x 24, centred in 32 x 32.

    Every tenth image of each class is for testing, the others for training. The same people wrote both parts: who wrote
    which digit is not published.
    """
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    test = np.zeros(len(labels), dtype=bool)
    for label in range(10):
        test[np.flatnonzero(labels == label)[9::10]] = True
    paper = _enlarge(images.astype(np.int64).reshape(-1, 8, 8))
    return ImageSet(
        name="digits",
        description="real handwritten digits",
        source="scikit-learn's copy of the UCI test set of handwritten digits, enlarged and centred",
        classes=[str(label) for label in range(10)],
        train_images=paper[~test],
        train_labels=labels[~test].astype(np.int64),
        test_images=paper[test],
        test_labels=labels[test].astype(np.int64),
    )


def synthetic(images_per_batch: int) -> ImageSet:
    """Return synthetic images, five batches to train and one to test.

    They are written as CIFAR-10's files and read back by torchvision, which checks their MD5.
    """
    with tempfile.TemporaryDirectory() as scratch:
        md5 = synthetic_cifar.write(Path(scratch), images_per_batch)
        return _read(
            synthetic_cifar.reader(md5),
            Path(scratch),
            name="synthetic",
            description="SYNTHETIC images, not real ones",
            source="synthetic: drawn by synthetic_cifar.py, for each class a fixed pattern of blocks under noise",
        )


def _enlarge(ink: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Return N x 8 x 8 amounts of ink, 0 to 16, as uint8 N x 3 x 32 x 32, centred by the mass of the ink."""
    blocks = (255 - ink * 255 // 16).repeat(3, axis=1).repeat(3, axis=2)
    paper = np.full((len(ink), 32, 32), 255, dtype=np.uint8)
    rows, columns = ink.sum(axis=2), ink.sum(axis=1)
    for page, block, top, left in zip(paper, blocks, _margins(rows), _margins(columns), strict=True):
        page[top : top + 24, left : left + 24] = block
    return paper[:, np.newaxis].repeat(3, axis=1)


def _margins(ink: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the margin, 0 to 8 of 32 pixels, before 8 lines of 3 pixels with these amounts of ink (N x 8)."""
    off_centre = ink @ np.arange(-7, 8, 2) * 3 / (2 * ink.sum(axis=1))  # of integers, so it is the same everywhere
    margins: npt.NDArray[np.int64] = np.clip(4 - np.rint(off_centre), 0, 8).astype(np.int64)
    return margins


def _read(dataset: "type[CIFAR10]", root: Path, *, name: str, description: str, source: str) -> ImageSet:
    """Return what torchvision reads from ``root``."""
    train, test = dataset(root, train=True), dataset(root, train=False)
    return ImageSet(
        name=name,
        description=description,
        source=source,
        classes=list(train.classes),
        train_images=train.data.transpose(0, 3, 1, 2),  # torchvision has the colours last
        train_labels=np.asarray(train.targets, dtype=np.int64),
        test_images=test.data.transpose(0, 3, 1, 2),
        test_labels=np.asarray(test.targets, dtype=np.int64),
    )


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="prepare_data.py", description="Write a CIFAR-10-shaped set of images.", allow_abbrev=False
    )
    parser.add_argument("--dataset", choices=["cifar10", "digits", "synthetic"], required=True, help="data set")
    parser.add_argument("--archive", type=Path, help="a folder that may hold a copy of CIFAR-10; only cifar10 reads it")
    parser.add_argument("--output", type=Path, required=True, help="the folder for the .npy files and dataset.json")
    parser.add_argument("--images-per-batch", type=int, help="size of each of the six batches of synthetic (10000)")
    return parser


if __name__ == "__main__":
    main()
