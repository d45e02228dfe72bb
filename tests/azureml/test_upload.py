"""`upload: true`: the real command line and SDKs, against loopback services and a loopback storage account."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from aml_pipeline.azureml import connect
from aml_pipeline.core import digests
from tests.loopback.lesson import Lesson, a_lesson
from tests.loopback.serving import quiet
from tests.loopback.storage import KEY, Storage, storing
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
Either = Lesson | LessonV2
DATA = "parameters:\n", "datasets:\n  images: {local: images, upload: true}\nparameters:\n"
READ = "--epochs: ", "--images: ${{ datasets.images }}\n      --epochs: "
FILES = {"images/a.txt": "a", "images/deep/b.txt": "b", "images/empty.txt": "", "images/ü and #%.txt": "odd"}


def prepare(lesson: Either) -> None:
    """Let the step train read a folder that is uploaded."""
    lesson.replace("pipeline.yaml", *DATA)
    lesson.replace("pipeline.yaml", *READ)
    lesson.write(FILES)


def environment_version(lesson: Either) -> str:
    """Return the version of the environment in an export."""
    text = (lesson.root / "v2/environments/training.yml").read_text(encoding="utf-8")
    return str(yaml.safe_load(text)["version"])


@pytest.fixture(params=[a_lesson, a_lesson_v2], ids=["v1", "v2"])
def lesson(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Either]:
    with request.param(tmp_path, monkeypatch) as lesson:
        prepare(lesson)
        lesson.service.unlock("AccountKey", KEY)
        yield lesson


@pytest.fixture
def storage(lesson: Either, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    with storing(lesson.service.guard, tmp_path, monkeypatch) as storage:
        yield storage


def folders(storage: Storage) -> list[str]:
    """Return the folders of data, in order of time."""
    paths = (path.partition("/")[2] for path in storage.state.blobs)
    found = (re.match(r"aml-pipeline/data/[0-9a-f]{32}/", path) for path in paths)
    return list(dict.fromkeys(match[0] for match in found if match))


def local(lesson: Either) -> dict[str, bytes]:
    """Return the files of the dataset."""
    root = lesson.root / "images"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def bound(lesson: Either) -> str:
    """Return the path that the last run's step reads on its datastore."""
    if isinstance(lesson, LessonV2):
        job = list(lesson.service.jobs.values())[-1]["properties"]["jobs"]["train"]
        return str(job["inputs"]["data__images"]["uri"]).removeprefix("azureml://datastores/workspaceblobstore/paths/")
    saved = list(lesson.service.state.saved_datasets.values())
    found = re.search(r"paths/([^\s'\"\\\\]+)", json.dumps(saved))
    assert found, saved
    return found[1]


def test_a_folder_is_uploaded_once_and_read_from_there(
    lesson: Either, storage: Storage, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "YOUNG_NS", -1)
    done = lesson.here(capsys, *lesson.submit)
    assert (done.status, done.err) == (
        0,
        "Uploading dataset images (4 files, 5 bytes) to datastore workspaceblobstore.\n",
    )
    (place,) = folders(storage)
    assert storage.files(place) == local(lesson)
    assert bound(lesson) == place
    storage.forget()
    read: list[str] = []
    reads = digests._stable_digest

    def noted(path: str) -> str:
        read.append(path)
        return reads(path)

    monkeypatch.setattr(digests, "_stable_digest", noted)
    done = lesson.here(capsys, *lesson.submit)
    there = "Dataset images (4 files, 5 bytes) is already in datastore workspaceblobstore.\n"
    assert (done.status, done.err, storage.writes()) == (0, there, [])
    assert not [path for path in read if "images" in path]


def test_an_export_names_the_data_here_and_azure_ai_ml_uploads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with a_lesson_v2(tmp_path, monkeypatch) as lesson, storing(lesson.service.guard, tmp_path, monkeypatch) as storage:
        lesson.service.unlock("AccountKey", KEY)
        prepare(lesson)
        assert lesson.here(capsys, "export", "v2").status == 0
        written = yaml.safe_load((lesson.root / "v2/pipeline.yml").read_text(encoding="utf-8"))
        read = {"type": "uri_folder", "path": "../images", "mode": "ro_mount"}
        assert written["jobs"]["train"]["inputs"]["data__images"] == read
        lesson.service.state.environments["training", environment_version(lesson)] = {"properties": {"image": "x"}}
        from azure.ai.ml import load_job

        client = connect(str(lesson.root), sdk="v2")
        client.jobs.create_or_update(load_job(lesson.root / "v2/pipeline.yml"), skip_validation=True)
        place = bound(lesson)
        assert place.startswith("LocalUpload/")
        assert storage.files(place) == local(lesson)
