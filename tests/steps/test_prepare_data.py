"""prepare_data: the data set that was asked for, whole and unchanged, or one line that says what is wrong."""

import io
import itertools
import json
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import calculate_md5

import image_set
import prepare_data
import published_cifar
import synthetic_cifar
from image_set import ImageSet, ImageSetError
from tests.patience import no_hang


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with ``cifar-10-batches-py`` of synthetic images, and the MD5 of its files."""
    folder = tmp_path_factory.mktemp("copy")
    return folder, synthetic_cifar.write(folder, 4)


@pytest.fixture
def accepted(copy: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An archive folder whose small files torchvision takes for CIFAR-10's, as if they were the published ones."""
    source, md5 = copy
    reader = synthetic_cifar.reader(md5)
    monkeypatch.setattr(CIFAR10, "train_list", reader.train_list)
    monkeypatch.setattr(CIFAR10, "test_list", reader.test_list)
    monkeypatch.setattr(CIFAR10, "meta", reader.meta)
    archive = tmp_path / "archive"
    (archive / synthetic_cifar.FOLDER).mkdir(parents=True)
    for name, content in contents(source).items():
        (archive / name).write_bytes(content)
    return archive


def assert_equal(found: ImageSet, expected: ImageSet) -> None:
    for name, value in found._asdict().items():
        assert np.array_equal(value, getattr(expected, name)), name


def pack(archive: Path, *extra: tarfile.TarInfo, leave_out: str = "") -> Path:
    """Replace the extracted files by a tar of them, and of what else it is given."""
    path = archive / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for member in extra:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
        for name, content in sorted(contents(archive / synthetic_cifar.FOLDER).items()):
            member = tarfile.TarInfo(f"{synthetic_cifar.FOLDER}/{name}")
            member.size = len(content)
            if name != leave_out:
                tar.addfile(member, io.BytesIO(content))
    for file in (archive / synthetic_cifar.FOLDER).iterdir():
        file.unlink()
    (archive / synthetic_cifar.FOLDER).rmdir()
    return path


def trust(monkeypatch: pytest.MonkeyPatch, tar: Path) -> None:
    """Let torchvision take the tar for the published one."""
    monkeypatch.setattr(CIFAR10, "tgz_md5", calculate_md5(tar))


# digits


def test_digits_are_the_real_ones_all_of_them_once_as_blocks_on_white_paper(digits: Path) -> None:
    images = image_set.read(digits)
    ink, labels = load_digits(return_X_y=True)
    order = np.concatenate([np.flatnonzero(~last_of_ten(labels)), np.flatnonzero(last_of_ten(labels))])
    assert np.concatenate([images.train_labels, images.test_labels]).tolist() == labels[order].tolist()
    drawn = np.concatenate([images.train_images, images.test_images])
    assert (drawn == drawn[:, :1]).all(), "grey"
    blocks = np.kron(255 - ink[order].astype(int).reshape(-1, 8, 8) * 255 // 16, np.ones((3, 3), int))
    found = np.zeros(len(drawn), dtype=bool)
    for top, left in itertools.product(range(9), range(9)):
        margins = ((0, 0), (top, 8 - top), (left, 8 - left))
        found |= (np.pad(blocks, margins, constant_values=255) == drawn[:, 0]).all(axis=(1, 2))
    assert found.all()


def test_digits_are_centred_as_far_as_the_paper_reaches(digits: Path) -> None:
    darkness = 255.0 - image_set.read(digits).train_images[:, 0]
    lines = np.arange(32) - 15.5
    for axis in (1, 2):
        centre = (darkness.sum(axis=axis) @ lines) / darkness.sum(axis=(1, 2))
        assert (abs(centre) < 0.55).mean() > 0.99, "to the pixel, but for what rounding the grey moves"
        assert abs(centre).max() < 2


def last_of_ten(labels: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Say which images are every tenth of their class."""
    return np.array(
        [labels[: index + 1].tolist().count(label) % 10 == 0 for index, label in enumerate(labels.tolist())]
    )


def test_digits_are_split_by_class_and_nothing_leaks(digits: Path) -> None:
    images = image_set.read(digits)
    everything = np.bincount(load_digits().target)
    assert np.bincount(images.test_labels).tolist() == (everything // 10).tolist()
    train = {image.tobytes() for image in images.train_images}
    assert not [image for image in images.test_images if image.tobytes() in train]


def test_digits_say_what_they_are(digits: Path) -> None:
    record = json.loads((digits / "dataset.json").read_text(encoding="utf-8"))
    assert list(record) == ["name", "description", "source", "classes", "sizes", "sha256"]
    assert (record["name"], record["description"]) == ("digits", "real handwritten digits")
    assert record["classes"] == list("0123456789")
    assert record["sizes"] == {"train": 1621, "test": 176}
    assert record["sha256"]["train_images.npy"] == "4b74c548ed4471d726d5ce1c8d36d05096e5b035714af9b84e873ea617792d8d"


def test_digits_need_no_torch_and_are_the_same_bytes_elsewhere(script: Any, digits: Path, tmp_path: Path) -> None:  # noqa: ANN401
    output = tmp_path / "a" / "b c"
    code = f"""\
import sys, prepare_data
prepare_data.main(["--dataset", "digits", "--archive", "no such folder", "--output", {str(output)!r}])
print(sorted({{"torch", "torchvision", "azureml"}} & set(sys.modules)))
"""
    (tmp_path / "run.py").write_text(code, encoding="utf-8")
    done = script(tmp_path / "run.py", environ={"PYTHONPATH": str(Path(prepare_data.__file__).parent)}, anew=True)
    assert done.stdout.endswith("\n[]\n")
    assert contents(output) == contents(digits)


# synthetic


def test_synthetic_is_called_so_and_read_from_the_files(synthetic: Path, tmp_path: Path) -> None:
    md5 = synthetic_cifar.write(tmp_path, 67)
    images = image_set.read(synthetic)
    assert (images.name, images.description) == ("synthetic", "SYNTHETIC images, not real ones")
    assert "synthetic" in images.source
    for train, pixels, labels in (
        (True, images.train_images, images.train_labels),
        (False, images.test_images, images.test_labels),
    ):
        dataset = synthetic_cifar.reader(md5)(tmp_path, train=train)
        assert np.array_equal(pixels.transpose(0, 2, 3, 1), dataset.data)
        assert labels.tolist() == dataset.targets


def test_synthetic_at_full_size_is_the_same_on_every_machine(script: Any, tmp_path: Path) -> None:  # noqa: ANN401
    done = script("prepare_data.py", "--dataset", "synthetic", "--output", tmp_path)
    sizes = "50000 training and 10000 test images"
    assert done.stdout == f"data set: synthetic (SYNTHETIC images, not real ones), {sizes}\n"
    assert json.loads((tmp_path / "dataset.json").read_text(encoding="utf-8"))["sha256"] == {
        "train_images.npy": "ab444d310e918b7d60f652adad7e2227fce7520d0df69344a171e9d2e6e4795a",
        "train_labels.npy": "3b9d77623c83b0143755c7a1b9981852f412e0b9c732d87faa5aabebcf76fca5",
        "test_images.npy": "28f43022c0d70341e67ddb8d3e3ffe543792f49dc74dba94a70bded3685c9757",
        "test_labels.npy": "1a38e274c7dde19df233a213b967a5deedd4805545780fa695f4f23505a08829",
    }


# cifar10


def test_cifar10_over_synthetic_files_fails_and_names_the_file(script: Any, tmp_path: Path) -> None:  # noqa: ANN401
    script("synthetic_cifar.py", "--output", tmp_path / "data", "--images-per-batch", 5)
    before = contents(tmp_path)
    options = ("--dataset", "cifar10", "--archive", tmp_path / "data", "--output", tmp_path / "out")
    done = script("prepare_data.py", *options, status=1)
    named = tmp_path / "data" / "cifar-10-batches-py" / "data_batch_1"
    problem = "is not the published CIFAR-10 file (MD5 c99cafc152244af753f735de768cd75f)"
    assert done.stderr == f"prepare_data.py: error: {named} {problem}: it is damaged or belongs to another data set\n"
    assert not done.stdout
    assert contents(tmp_path) == before


def test_cifar10_without_copy_and_network_fails_with_the_cures(script: Any, tmp_path: Path) -> None:  # noqa: ANN401
    options = ("--dataset", "cifar10", "--archive", tmp_path, "--output", tmp_path / "out")
    last = script("prepare_data.py", *options, status=1).stderr.splitlines()[-1]
    assert last.startswith("prepare_data.py: error: CIFAR-10 could not be downloaded from https://")
    assert "--dataset digits" in last
    assert "Put cifar-10-python.tar.gz or cifar-10-batches-py/ into the folder that --archive names" in last
    assert not list(tmp_path.iterdir())


def test_a_network_that_never_answers_counts_as_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    test_is_over = threading.Event()

    def look_up(_: str) -> None:
        test_is_over.wait()
        raise OSError

    monkeypatch.setattr(published_cifar, "PATIENCE", 0.2)
    monkeypatch.setattr("urllib.request.urlopen", look_up)
    try:
        with no_hang(), pytest.raises(ImageSetError, match=r"no answer in 0\.2 seconds.*--dataset digits"):
            prepare_data.cifar10(tmp_path)
    finally:
        test_is_over.set()


def test_an_extracted_copy_is_read_and_left_alone(accepted: Path, copy: tuple[Path, dict[str, str]]) -> None:
    before = contents(accepted)
    images = prepare_data.cifar10(accepted)
    assert images.name == "cifar10"
    expected = synthetic_cifar.reader(copy[1])(accepted)
    assert np.array_equal(images.train_images.transpose(0, 2, 3, 1), expected.data)
    assert contents(accepted) == before


def test_a_published_tar_is_read_and_left_alone(accepted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extracted = prepare_data.cifar10(accepted)
    trust(monkeypatch, pack(accepted))
    before = contents(accepted)
    packed = prepare_data.cifar10(accepted)
    assert_equal(packed, extracted)
    assert contents(accepted) == before


def test_a_tar_cannot_write_elsewhere(accepted: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    outside = [tarfile.TarInfo("../outside"), tarfile.TarInfo(f"{tmp_path}/outside"), tarfile.TarInfo("link")]
    outside[0].size = outside[1].size = 1
    outside[2].type, outside[2].linkname = tarfile.SYMTYPE, "../.."
    trust(monkeypatch, pack(accepted, *outside))
    scratch = tmp_path / "a" / "scratch"
    scratch.mkdir(parents=True)
    published_cifar.find(accepted, scratch)
    files = [name for name, _ in published_cifar._files()]
    assert sorted(contents(tmp_path / "a")) == sorted(f"scratch/{synthetic_cifar.FOLDER}/{name}" for name in files)
    assert not (tmp_path / "outside").exists()


def test_a_tar_that_lacks_a_file_is_named(accepted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tar = pack(accepted, leave_out="data_batch_4")
    trust(monkeypatch, tar)
    with pytest.raises(ImageSetError, match=f"{tar} does not contain the file cifar-10-batches-py/data_batch_4"):
        prepare_data.cifar10(accepted)


def test_a_tar_of_other_bytes_is_named(accepted: Path) -> None:
    tar = pack(accepted)
    with pytest.raises(ImageSetError, match=rf"^{tar} is not the published CIFAR-10 file"):
        prepare_data.cifar10(accepted)


@pytest.mark.parametrize("name", [*synthetic_cifar.TRAIN_FILES, synthetic_cifar.TEST_FILE, synthetic_cifar.META_FILE])
def test_each_file_that_is_cut_short_or_gone_is_named(accepted: Path, name: str) -> None:
    path = accepted / synthetic_cifar.FOLDER / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ImageSetError, match=f"{name} is not the published CIFAR-10 file"):
        prepare_data.cifar10(accepted)
    path.unlink()
    with pytest.raises(ImageSetError, match=f"{name} is missing"):
        prepare_data.cifar10(accepted)


def test_an_empty_copy_is_no_reason_to_download(tmp_path: Path) -> None:
    (tmp_path / synthetic_cifar.FOLDER).mkdir()
    with pytest.raises(ImageSetError, match="data_batch_1 is missing: this copy of CIFAR-10 is incomplete"):
        prepare_data.cifar10(tmp_path)


def test_an_archive_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageSetError, match=f"the archive folder {tmp_path}/nowhere is not a folder"):
        prepare_data.cifar10(tmp_path / "nowhere")


def test_without_a_copy_the_published_tar_is_downloaded(
    accepted: Path, monkeypatch: pytest.MonkeyPatch, http_server: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    expected = prepare_data.cifar10(accepted)
    tar = pack(accepted)
    trust(monkeypatch, tar)
    published = tar.read_bytes()
    tar.unlink()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http_server(lambda *_: (200, published)) as address:
        monkeypatch.setattr(CIFAR10, "url", f"{address}/cifar-10-python.tar.gz")
        for archive, where in ((accepted, str(accepted)), (None, "an archive folder (--archive)")):
            assert_equal(prepare_data.cifar10(archive), expected)
            assert f"no copy of CIFAR-10 in {where}: downloading {address}" in capsys.readouterr().err
    assert not list(accepted.iterdir())


@pytest.mark.parametrize(("status", "reason"), [(200, "corrupted"), (404, "404"), (503, "503")])
def test_a_download_of_something_else_fails_with_the_cures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, http_server: Callable[..., Any], status: int, reason: str
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http_server(lambda *_: (status, b"a login page")) as address:
        monkeypatch.setattr(CIFAR10, "url", f"{address}/cifar-10-python.tar.gz")
        with pytest.raises(ImageSetError, match=rf"could not be downloaded .*{reason}.*--dataset digits"):
            prepare_data.cifar10(tmp_path)


# the command line


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--dataset", "mnist"], "argument --dataset: invalid choice: 'mnist'"),
        (["--dataset", "CIFAR10"], "argument --dataset: invalid choice: 'CIFAR10'"),
        ([], "the following arguments are required: --dataset"),
        (["--data", "digits"], "the following arguments are required: --dataset"),
        (
            ["--dataset", "synthetic", "--images-per-batch", "0"],
            "argument --images-per-batch: must be 1 or more, not 0",
        ),
        (["--dataset", "synthetic", "--images-per-batch", "x"], "argument --images-per-batch: invalid int value: 'x'"),
        (
            ["--dataset", "digits", "--images-per-batch", "9"],
            "--images-per-batch: only allowed with --dataset synthetic",
        ),
    ],
)
def test_a_bad_argument_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str], problem: str
) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        prepare_data.main([*options, "--output", str(tmp_path / "out")])
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("prepare_data.py: error: ")
    assert problem in last
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_a_file_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match=r"^1$"):
        prepare_data.main(["--dataset", "digits", "--output", str(tmp_path / "file")])
    assert capsys.readouterr().err == f"prepare_data.py: error: [Errno 17] File exists: '{tmp_path / 'file'}'\n"
