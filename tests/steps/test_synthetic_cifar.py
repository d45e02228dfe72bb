"""synthetic_cifar: the same bytes everywhere, in CIFAR-10's format, under torchvision's MD5 checks."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import synthetic_cifar

FULL_SIZE_MD5 = {
    "data_batch_1": "2787dc717ba21b41c7f563e3aabc702f",
    "data_batch_2": "f7b8cb9df64e0d70331ec40707792333",
    "data_batch_3": "2a2035bd6367da2d32fcb5a8ee89443e",
    "data_batch_4": "cbeb07285420c6326b40d6477f0ceb4f",
    "data_batch_5": "12a623dae440f2726ae136b24a9ac9a4",
    "test_batch": "a5104ae4631ddeff0807eaad1c46c913",
    "batches.meta": "b6d9b4dc8c40aec6ba1c3a8a40537d2b",
}


def test_the_full_size_is_the_same_on_every_machine(tmp_path: Path) -> None:
    assert synthetic_cifar.write(tmp_path) == FULL_SIZE_MD5


def test_torchvision_reads_it_as_cifar10(tmp_path: Path) -> None:
    md5 = synthetic_cifar.write(tmp_path, 20)
    train = synthetic_cifar.reader(md5)(tmp_path, train=True)
    test = synthetic_cifar.reader(md5)(tmp_path, train=False)
    assert train.data.shape == (100, 32, 32, 3)
    assert test.data.shape == (20, 32, 32, 3)
    assert train.classes == synthetic_cifar.CLASSES
    assert train.targets == list(range(10)) * 10


@pytest.mark.parametrize("name", [*synthetic_cifar.TRAIN_FILES, synthetic_cifar.TEST_FILE, synthetic_cifar.META_FILE])
def test_torchvision_refuses_a_changed_file(tmp_path: Path, name: str) -> None:
    md5 = synthetic_cifar.write(tmp_path, 1)
    path = tmp_path / synthetic_cifar.FOLDER / name
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(RuntimeError, match="corrupted"):
        synthetic_cifar.reader(md5)(tmp_path)


def test_a_batch_is_laid_out_as_cifar10s(tmp_path: Path) -> None:
    synthetic_cifar.write(tmp_path, 5)
    batch: dict[str, Any] = pickle.loads((tmp_path / synthetic_cifar.FOLDER / "data_batch_2").read_bytes())  # noqa: S301
    assert list(batch) == ["batch_label", "labels", "data", "filenames"]
    assert batch["data"].dtype == np.uint8
    assert batch["data"].shape == (5, 3072)
    assert batch["labels"] == [0, 1, 2, 3, 4]
    assert len(set(batch["filenames"])) == 5


def test_no_image_is_in_two_batches(tmp_path: Path) -> None:
    md5 = synthetic_cifar.write(tmp_path, 30)
    sets = [synthetic_cifar.reader(md5)(tmp_path, train=train) for train in (True, False)]
    images = [image.tobytes() for images in sets for image in images.data]
    assert len(set(images)) == len(images) == 180


def test_files_that_are_there_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / synthetic_cifar.FOLDER).mkdir()
    with pytest.raises(FileExistsError):
        synthetic_cifar.write(tmp_path, 1)
    assert not list((tmp_path / synthetic_cifar.FOLDER).iterdir())


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--output", str(tmp_path / "new"), "--images-per-batch", "2"]
    synthetic_cifar.main(arguments)
    folder = tmp_path / "new" / synthetic_cifar.FOLDER
    assert capsys.readouterr().out == f"wrote SYNTHETIC images, 6 x 2, to {folder}\n"
    assert len(list(folder.iterdir())) == 7
    with pytest.raises(SystemExit, match=r"^1$"):
        synthetic_cifar.main(arguments)
    assert capsys.readouterr().err == f"synthetic_cifar.py: error: [Errno 17] File exists: '{folder}'\n"


def test_a_batch_without_images_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        synthetic_cifar.main(["--output", str(tmp_path), "--images-per-batch", "0"])
    assert capsys.readouterr().err.endswith("error: argument --images-per-batch: must be 1 or more, not 0\n")
    assert not list(tmp_path.iterdir())
