"""Draw a labelled set of synthetic images in CIFAR-10's own pickle format, for tests and benchmarks of the full size.

By hand: ``python synthetic_cifar.py --output DIR [--images-per-batch N]`` writes ``DIR/cifar-10-batches-py``. Each
class is a fixed pattern of coloured blocks under noise, so that a network can learn it. The bytes are the same on every
machine: all arithmetic is on integers, the noise is the raw stream of a fixed bit generator, and the pickles name
nothing that moved between numpy's versions.
"""

import argparse
import copyreg
import hashlib
import io
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torchvision.datasets import CIFAR10

FOLDER = "cifar-10-batches-py"
TRAIN_FILES = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST_FILE = "test_batch"
META_FILE = "batches.meta"
IMAGES_PER_BATCH = 10_000
CLASSES = [f"synthetic pattern {number}" for number in range(10)]
PIXELS = 3 * 32 * 32


def write(root: Path, images_per_batch: int = IMAGES_PER_BATCH) -> dict[str, str]:
    """Write five training batches, a test batch and the class names into ``root/cifar-10-batches-py``.

    Each batch has ``images_per_batch`` images. Returns the MD5 of each file by name. Raises FileExistsError if the
    folder already exists: it may contain the real CIFAR-10.
    """
    folder = root / FOLDER
    folder.mkdir(parents=True)
    md5 = {}
    for seed, name in enumerate((*TRAIN_FILES, TEST_FILE), start=1):
        md5[name] = _dump(_batch(name, seed, images_per_batch), folder / name)
    meta = {"num_cases_per_batch": images_per_batch, "label_names": CLASSES, "num_vis": PIXELS}
    return {**md5, META_FILE: _dump(meta, folder / META_FILE)}


def reader(md5: Mapping[str, str]) -> "type[CIFAR10]":
    """Return torchvision's CIFAR10 with the MD5 lists that ``write`` returned, so that its checks stay on."""
    from torchvision.datasets import CIFAR10

    class SyntheticCIFAR10(CIFAR10):
        """torchvision's reader over synthetic files."""

        train_list = tuple((name, md5[name]) for name in TRAIN_FILES)
        test_list = ((TEST_FILE, md5[TEST_FILE]),)
        meta = {"filename": META_FILE, "key": "label_names", "md5": md5[META_FILE]}  # noqa: RUF012 - as torchvision has it

    return SyntheticCIFAR10


def main(argv: Sequence[str] | None = None) -> None:
    """Write the files into ``--output``; exit with 1 if they cannot be written, with 2 if an argument is wrong."""
    parser = argparse.ArgumentParser(
        prog="synthetic_cifar.py", description="Write synthetic images as CIFAR-10's files.", allow_abbrev=False
    )
    parser.add_argument("--output", type=Path, required=True, help="the folder that gets cifar-10-batches-py")
    parser.add_argument("--images-per-batch", type=int, default=IMAGES_PER_BATCH, help="in each of six batches (10000)")
    args = parser.parse_args(argv)
    if args.images_per_batch < 1:
        parser.error(f"argument --images-per-batch: must be 1 or more, not {args.images_per_batch}")
    try:
        write(args.output, args.images_per_batch)
    except OSError as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    print(f"wrote SYNTHETIC images, 6 x {args.images_per_batch}, to {args.output / FOLDER}")


def _batch(name: str, seed: int, size: int) -> dict[str, Any]:
    """Return one batch as CIFAR-10 has it: labels, pixels (uint8, size x 3072, planes of colours), file names."""
    labels = np.arange(size) % len(CLASSES)
    noise = _random_bytes(seed, size * PIXELS).reshape(size, PIXELS)
    return {
        "batch_label": f"synthetic {name}",
        "labels": labels.tolist(),
        "data": _patterns()[labels] // 2 + noise // 2,
        "filenames": [f"synthetic_{name}_{number:05}.png" for number in range(size)],
    }


def _patterns() -> npt.NDArray[np.uint8]:
    """Return each class's pattern, uint8 10 x 3072: per colour 4 x 4 blocks of 8 x 8 pixels."""
    blocks = _random_bytes(0, len(CLASSES) * 3 * 4 * 4).reshape(len(CLASSES), 3, 4, 4)
    return blocks.repeat(8, axis=2).repeat(8, axis=3).reshape(len(CLASSES), PIXELS)


def _random_bytes(seed: int, count: int) -> npt.NDArray[np.uint8]:
    """Return ``count`` bytes of a bit generator's raw stream, which numpy promises never to change."""
    words = np.asarray(np.random.PCG64(seed).random_raw(-(-count // 8)), dtype="<u8")
    return words.view(np.uint8)[:count]


def _dump(content: dict[str, Any], path: Path) -> str:
    """Pickle ``content`` into ``path`` and return the MD5 of the bytes."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=4)
    # numpy pickles an array by a private function whose module was renamed in numpy 2; the public type stays.
    pickler.dispatch_table = {**copyreg.dispatch_table, np.ndarray: _reduce_bytes}
    pickler.dump(content)
    path.write_bytes(buffer.getbuffer())
    return hashlib.md5(buffer.getbuffer(), usedforsecurity=False).hexdigest()


def _reduce_bytes(array: npt.NDArray[np.uint8]) -> tuple[type, tuple[tuple[int, ...], str, bytes]]:
    """Tell pickle how to make the array again."""
    return np.ndarray, (array.shape, "u1", array.tobytes())


if __name__ == "__main__":
    main()
