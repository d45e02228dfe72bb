"""The folder of images that ``prepare_data.py`` writes and ``train.py`` reads, for any data set.

It is CIFAR-10-shaped: four plain ``.npy`` files (``train_images``, ``train_labels``, ``test_images``, ``test_labels``;
images are uint8 N x 3 x 32 x 32, labels int64 N, 0 to 9) and ``dataset.json``, which describes them and contains
their sha256 digests. It has no paths and no times: the same images give the same bytes in any folder.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

RECORD = "dataset.json"
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
IMAGE_SHAPE = (3, 32, 32)
CLASS_COUNT = 10


class ImageSetError(Exception):
    """The images are missing or damaged; the message names the wrong file, or the cures."""


class ImageSet(NamedTuple):
    """A labelled set of images, split into training and test.

    ``description`` is a few words ("real handwritten digits"), ``source`` says in full where the images come from,
    ``classes`` names the ten labels in order.
    """

    name: str
    description: str
    source: str
    classes: list[str]
    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.int64]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.int64]


def summary(images: ImageSet) -> str:
    """Name the data set and its sizes in one line, for logs."""
    sizes = f"{len(images.train_labels)} training and {len(images.test_labels)} test images"
    return f"data set: {images.name} ({images.description}), {sizes}"


def write(images: ImageSet, folder: Path) -> None:
    """Write the set into ``folder``, which is created if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ARRAYS:
        dtype = "|u1" if name.endswith("images") else "<i8"  # little-endian everywhere, for the same bytes everywhere
        np.save(folder / f"{name}.npy", np.ascontiguousarray(getattr(images, name), dtype=dtype))
    record = {
        "name": images.name,
        "description": images.description,
        "source": images.source,
        "classes": images.classes,
        "sizes": {"train": len(images.train_labels), "test": len(images.test_labels)},
        "sha256": {f"{name}.npy": _sha256(folder / f"{name}.npy") for name in ARRAYS},
    }
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8", newline="\n")


def read(folder: Path) -> ImageSet:
    """Read the set in ``folder`` and check it: digests, types, shapes, labels.

    Raises ImageSetError, naming the file, if something is missing, changed or has the wrong shape.
    """
    if not folder.is_dir():
        raise ImageSetError(f"{folder} is not a folder")
    record = _read_record(folder / RECORD)
    arrays = {name: _read_array(folder / f"{name}.npy", record["sha256"][f"{name}.npy"]) for name in ARRAYS}
    for part in ("train", "test"):
        _check_part(folder, part, arrays[f"{part}_images"], arrays[f"{part}_labels"])
    return ImageSet(record["name"], record["description"], record["source"], record["classes"], **arrays)


def _read_record(path: Path) -> dict[str, Any]:
    """Return the content of ``dataset.json``, with the parts in use checked."""
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        texts = [record[key] for key in ("name", "description", "source")]
        texts += [record["sha256"][f"{name}.npy"] for name in ARRAYS] + record["classes"]
        whole = all(isinstance(text, str) for text in texts) and len(record["classes"]) == CLASS_COUNT
    except FileNotFoundError:
        raise ImageSetError(f"{path} is missing: {path.parent} was not written by prepare_data.py") from None
    except (ValueError, LookupError, TypeError):
        whole = False
    if not whole:
        raise ImageSetError(f"{path} is not a record that prepare_data.py wrote")
    return record


def _read_array(path: Path, sha256: str) -> npt.NDArray[Any]:
    """Return the array in ``path`` if the file is the one that was written."""
    if not path.is_file():
        raise ImageSetError(f"{path} is missing")
    if _sha256(path) != sha256:
        raise ImageSetError(f"{path} is not the file that {RECORD} beside it describes: it is damaged or was changed")
    try:
        array: npt.NDArray[Any] = np.load(path, allow_pickle=False)
    except (ValueError, EOFError):
        raise ImageSetError(f"{path} is not an array that prepare_data.py wrote") from None
    return array


def _check_part(folder: Path, part: str, images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
    """Raise ImageSetError unless the part is CIFAR-10-shaped, not empty, and has a label from 0 to 9 for each image."""
    if images.dtype != np.uint8 or images.ndim == 0 or images.shape[1:] != IMAGE_SHAPE or not len(images):
        found = f"{images.dtype} {images.shape}"
        raise ImageSetError(f"{folder / part}_images.npy contains {found}, expected images: uint8 (N, 3, 32, 32)")
    if (
        labels.dtype != np.int64
        or labels.shape != images.shape[:1]
        or not set(labels.tolist()) <= set(range(CLASS_COUNT))
    ):
        wanted = f"one int64 label from 0 to 9 for each of the {len(images)} images"
        raise ImageSetError(f"{folder / part}_labels.npy does not contain {wanted}")


def _sha256(path: Path) -> str:
    """Return the digest of a file's bytes, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
