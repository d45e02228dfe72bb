"""image_set: what is written comes back, and nothing else passes for it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import image_set
from image_set import ImageSet, ImageSetError


def example(train: int = 3, test: int = 2, **changes: Any) -> ImageSet:  # noqa: ANN401 - of each field's own type
    numbers = np.random.default_rng(train)
    parts: dict[str, Any] = {
        "train_images": numbers.integers(0, 256, (train, 3, 32, 32), dtype=np.uint8),
        "train_labels": numbers.integers(0, 10, train),
        "test_images": numbers.integers(0, 256, (test, 3, 32, 32), dtype=np.uint8),
        "test_labels": numbers.integers(0, 10, test),
    }
    words: dict[str, Any] = {"name": "n", "description": "d", "source": "ß", "classes": [str(n) for n in range(10)]}
    return ImageSet(**{**words, **parts, **changes})


@given(train=st.integers(1, 4), test=st.integers(1, 4))
@settings(max_examples=10, deadline=None)
def test_what_is_written_comes_back(tmp_path_factory: pytest.TempPathFactory, train: int, test: int) -> None:
    folder = tmp_path_factory.mktemp("set")
    written = example(train, test)
    image_set.write(written, folder)
    for name, value in image_set.read(folder)._asdict().items():
        assert np.array_equal(value, getattr(written, name)), name


def test_the_same_images_are_the_same_bytes_in_any_folder_and_layout(tmp_path: Path) -> None:
    colours_last = np.ascontiguousarray(example().train_images.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    image_set.write(example(), tmp_path / "a")
    image_set.write(
        example(train_images=colours_last, train_labels=example().train_labels.astype(">i8")), tmp_path / "b"
    )
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(
        ["dataset.json", *(f"{name}.npy" for name in image_set.ARRAYS)]
    )
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


@given(name=st.sampled_from(image_set.ARRAYS), where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=40, deadline=None)
def test_no_flipped_bit_passes(tmp_path_factory: pytest.TempPathFactory, name: str, where: float, bit: int) -> None:
    folder = tmp_path_factory.mktemp("set")
    image_set.write(example(), folder)
    path = folder / f"{name}.npy"
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1 << bit
    path.write_bytes(content)
    with pytest.raises(ImageSetError, match=rf"{name}\.npy is not the file that dataset\.json beside it describes"):
        image_set.read(folder)


@pytest.mark.parametrize("name", ["dataset.json", *(f"{name}.npy" for name in image_set.ARRAYS)])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    image_set.write(example(), tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ImageSetError, match=f"{name} is missing"):
        image_set.read(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImageSetError, match="file is not a folder"):
        image_set.read(tmp_path / "file")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        "\xff",
        "{}",
        '{"name": "n", "description": "d", "source": "s", "classes": [], "sha256": []}',
    ],
)
def test_a_record_of_something_else_is_named(tmp_path: Path, text: str) -> None:
    image_set.write(example(), tmp_path)
    (tmp_path / "dataset.json").write_text(text, encoding="latin-1")
    with pytest.raises(ImageSetError, match=r"dataset\.json is not a record that prepare_data\.py wrote"):
        image_set.read(tmp_path)


@pytest.mark.parametrize(
    "change", [{"classes": ["only one"]}, {"classes": list(range(10))}, {"name": 1}, {"sha256": {}}]
)
def test_a_record_that_lacks_what_is_used_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    image_set.write(example(), tmp_path)
    record = json.loads((tmp_path / "dataset.json").read_text(encoding="utf-8"))
    (tmp_path / "dataset.json").write_text(json.dumps({**record, **change}), encoding="utf-8")
    with pytest.raises(ImageSetError, match=r"dataset\.json is not a record"):
        image_set.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("train_images", np.zeros((3, 3, 32, 31), np.uint8)),
        ("train_images", np.zeros((3, 32, 32, 3), np.uint8)),
        ("test_images", np.zeros((0, 3, 32, 32), np.uint8)),
        ("test_images", np.zeros((2, 3, 32, 32), np.float32)),
        ("test_images", np.uint8(3)),
        ("train_labels", np.zeros(2, np.int64)),
        ("train_labels", np.full(3, 10)),
        ("test_labels", np.full(2, -1)),
        ("test_labels", np.zeros(2, np.int32)),
        ("test_labels", np.zeros((2, 1), np.int64)),
    ],
)
def test_an_array_of_another_shape_is_named(tmp_path: Path, name: str, array: "np.ndarray[Any, Any]") -> None:
    image_set.write(example(), tmp_path)
    np.save(tmp_path / f"{name}.npy", array)
    accept(tmp_path, name)
    with pytest.raises(ImageSetError, match=rf"{name}\.npy (contains|does not contain)"):
        image_set.read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"text", b"\x80\x04N."])
def test_a_file_that_is_no_array_is_named(tmp_path: Path, content: bytes) -> None:
    image_set.write(example(), tmp_path)
    (tmp_path / "train_images.npy").write_bytes(content)
    accept(tmp_path, "train_images")
    with pytest.raises(ImageSetError, match=r"train_images\.npy is not an array that prepare_data\.py wrote"):
        image_set.read(tmp_path)


def accept(folder: Path, name: str) -> None:
    """Put the present file's digest into the record, as a producer of other shapes would."""
    record = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    record["sha256"][f"{name}.npy"] = image_set._sha256(folder / f"{name}.npy")
    (folder / "dataset.json").write_text(json.dumps(record), encoding="utf-8")
