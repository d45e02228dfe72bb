"""`upload: true`: the real command line and SDKs, against loopback services and a loopback storage account."""

from __future__ import annotations

import json
import re
import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from aml_pipeline.azureml import connect
from aml_pipeline.azureml.uploads import Upload
from aml_pipeline.azureml.workspace import storage as sending
from aml_pipeline.core import digests
from aml_pipeline.core.wording import size_in_words
from tests.azureml.side import Either
from tests.loopback.faults import DROP
from tests.loopback.lesson import Lesson, a_lesson
from tests.loopback.serving import quiet
from tests.loopback.state import Sdk
from tests.loopback.storage import KEY, SAS, Storage, storing
from tests.loopback.wire import Request
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2
from tests.patience import PATIENCE, until

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
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


# The code that sends is one for both SDKs: what it alone decides is shown with either, by turns.
BY_V1 = pytest.mark.parametrize("lesson", [a_lesson], ids=["v1"], indirect=True)
BY_V2 = pytest.mark.parametrize("lesson", [a_lesson_v2], ids=["v2"], indirect=True)


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
        job = list(lesson.service.jobs.values())[-1]["properties"]
        return str(job["inputs"]["images"]["uri"]).removeprefix("azureml://datastores/workspaceblobstore/paths/")
    sent, saved = lesson.service.sent, lesson.service.state.saved_datasets
    if not sent:  # a published pipeline has a parameter for it
        (interface,) = lesson.service.state.interfaces.values()
        return str(interface["DataPathParameters"][0]["DefaultValue"]["RelativePath"])
    graph = json.dumps(lesson.service.graph_of(sent[-1]))
    (flow,) = (json.dumps(data) for known, data in saved.items() if known in graph)
    found = re.search(r"paths/([^\s'\"\\\\]+)", flow)
    assert found, flow
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


def change(lesson: Either, name: str, text: str) -> None:
    """Write a file of the dataset."""
    lesson.write({f"images/{name}": text})


@pytest.mark.parametrize("count", [50, pytest.param(20_000, marks=pytest.mark.more)])
def test_of_a_changed_folder_the_changed_file_is_sent_and_the_others_are_copied(
    lesson: Either, storage: Storage, capsys: Capture, count: int
) -> None:
    lesson.write({f"images/many/{number:05}.txt": f"{number:05}" for number in range(count)})
    assert lesson.here(capsys, *lesson.submit).status == 0
    (old,) = folders(storage)
    before = storage.files(old)
    storage.forget()
    change(lesson, "many/00017.txt", "new")
    done = lesson.here(capsys, *lesson.submit)
    whole = size_in_words(5 * count + 3)
    assert done.err.splitlines()[0] == (
        f"Uploading 1 file (3 bytes) of dataset images ({count + 4} files, {whole}) to datastore workspaceblobstore. "
        f"{count + 3} files will be copied there from earlier uploads."
    )
    new = bound(lesson)
    assert folders(storage) == [old, new]
    assert (storage.sent, len(storage.copied)) == ([f"{new}many/00017.txt"], count + 3)
    assert storage.files(new) == local(lesson)
    assert storage.files(old) == before, "a run that reads the old folder is not disturbed"
    storage.forget()
    change(lesson, "many/00017.txt", "00017")
    assert lesson.here(capsys, *lesson.submit).status == 0
    assert (storage.writes(), bound(lesson)) == ([], old)


@BY_V2
def test_equal_files_are_sent_once(lesson: Either, storage: Storage, capsys: Capture) -> None:
    lesson.write({f"images/{number}.txt": "the same" for number in range(5)})
    assert lesson.here(capsys, *lesson.submit).status == 0
    assert (len(storage.sent), len(storage.copied)) == (5, 4)
    assert storage.files(bound(lesson)) == local(lesson)


def test_a_file_is_a_file_there(lesson: Either, storage: Storage, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "local: images", "local: images/deep/b.txt")
    assert lesson.here(capsys, *lesson.submit).status == 0
    (place,) = folders(storage)
    assert bound(lesson) == f"{place}b.txt"
    assert storage.files(place) == {"b.txt": b"b"}


def test_optional_data_that_is_not_here_is_left_out(lesson: Either, storage: Storage, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "upload: true", "upload: true, optional: true")
    shutil.rmtree(lesson.root / "images")
    said = 'Azure ML has no dataset images, so --images of step "train" is omitted.\n'
    assert said in lesson.here(capsys, *lesson.submit, "--dry-run").out
    done = lesson.here(capsys, *lesson.submit)
    assert (done.status, done.err) == (0, said)
    assert storage.requests == []


@BY_V1
def test_a_dry_run_says_what_would_be_uploaded(lesson: Either, storage: Storage, capsys: Capture) -> None:
    done = lesson.here(capsys, *lesson.submit, "--dry-run")
    assert "\ndataset images: 4 files, 5 bytes, uploaded unless Azure ML has it\n" in done.out
    assert storage.requests == []


@BY_V1
def test_an_upload_that_was_killed_is_finished_by_the_next(lesson: Either, storage: Storage, capsys: Capture) -> None:
    lesson.write({f"images/many/{number:03}.txt": f"{number:03}" for number in range(100)})
    reached = threading.Event()

    def stop(_: Request) -> None:
        if len(storage.sent) > 30:
            reached.set()
            threading.Event().wait(PATIENCE)

    with storage.meeting(stop):
        process = lesson.start_azure(*lesson.submit)
        assert reached.wait(PATIENCE)
        process.kill()
        process.communicate()
    (place,) = folders(storage)
    there = set(storage.files(place))
    assert 0 < len(there) < 104
    assert (storage.files("aml-pipeline/manifests/"), lesson.service.sent) == ({}, [])
    storage.forget()
    done = lesson.here(capsys, *lesson.submit)
    assert done.status == 0
    assert {path.removeprefix(place) for path in storage.sent} == set(local(lesson)) - there
    assert storage.files(bound(lesson)) == local(lesson)
    assert len(storage.files("aml-pipeline/manifests/")) == 1


def test_a_large_file_is_sent_in_blocks_and_goes_on_with_those_that_are_missing(
    lesson: Either, storage: Storage, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_BLOCK_BYTES", 100)
    change(lesson, "large.bin", "".join(f"{number:03}\n" for number in range(250)))
    storage.fail("large.bin", 403, method="PUT", first=7)
    done = lesson.here(capsys, *lesson.submit)
    assert (done.status, lesson.service.sent) == (4, [])
    assert "large.bin" not in storage.files(folders(storage)[0]), "half a file is no file"
    storage.forget()
    assert lesson.here(capsys, *lesson.submit).status == 0
    assert [path for path in storage.sent if path.endswith("large.bin")] == [f"{bound(lesson)}large.bin"] * 4
    assert storage.files(bound(lesson)) == local(lesson)


CHANGED = "Dataset images changed while it was being uploaded."


@BY_V2
@pytest.mark.parametrize("size", [5, 1000])
def test_a_file_that_changes_meanwhile_is_noticed(
    lesson: Either, storage: Storage, capsys: Capture, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(sending, "_BLOCK_BYTES", 100)
    change(lesson, "z.txt", "a" * size)
    known = sending._known

    def write(container: Sdk, upload: Upload, wanted: set[str]) -> dict[str, str]:
        change(lesson, "z.txt", "b" * size)
        return known(container, upload, wanted)

    monkeypatch.setattr(sending, "_known", write)
    done = lesson.here(capsys, *lesson.submit)
    assert (done.status, done.err.splitlines()[-1]) == (
        6,
        f"{CHANGED} Wait until the program that writes it has finished, then submit again.",
    )
    assert not [path for path in storage.files() if path.endswith("z.txt")]
    assert lesson.service.sent == []
    monkeypatch.setattr(sending, "_known", known)
    assert lesson.here(capsys, *lesson.submit).status == 0
    assert storage.files(bound(lesson)) == local(lesson)


REFUSALS = {
    403: "You are not allowed to use the storage account of this workspace. Ask its owner for the role Storage Blob "
    "Data Contributor;",
    404: "Azure ML cannot find it. Check the names that you gave and those in .azureml/config.json.",
    409: "Something with that name exists with different content, or is being changed right now.",
    503: "Azure ML had an internal error (HTTP 503). Try again in a while.",
    DROP: "Azure ML cannot be reached. Check the network and HTTPS_PROXY, then try again.",
}


@pytest.mark.parametrize("status", REFUSALS)
def test_what_storage_refuses_is_told_in_our_words(
    lesson: Either, storage: Storage, capsys: Capture, status: int
) -> None:
    storage.fail("/manifests/", status, method="PUT", times=100)
    done = lesson.here(capsys, *lesson.submit)
    assert done.status == 4
    assert done.err.splitlines()[-1].startswith(f"Uploading dataset images failed. {REFUSALS[status]}"), done.err
    assert lesson.service.sent == []


def test_no_secret_is_told_or_kept(lesson: Either, storage: Storage, capsys: Capture) -> None:
    lesson.service.unlock("Sas", SAS)
    assert lesson.here(capsys, *lesson.submit).status == 0
    change(lesson, "a.txt", "changed")
    done = lesson.here(capsys, *lesson.submit)
    assert (done.status, len(storage.copied)) == (0, 3), "the source of a copy has the signature too"
    change(lesson, "a.txt", "again")
    storage.fail("images|/data/", 403, times=100)
    refused = lesson.here(capsys, *lesson.submit)
    assert refused.status == 4
    kept = b"".join(path.read_bytes() for path in (lesson.root / ".aml_pipeline").rglob("*") if path.is_file())
    sent = json.dumps([str(one.body) for one in lesson.service.requests])
    for part in (SAS, "dGhlIHNpZ25hdHVyZQ"):
        assert part not in done.out + done.err + refused.err + sent
        assert part.encode() not in kept


@BY_V2
def test_copies_that_are_refused_or_gone_are_sent_instead(lesson: Either, storage: Storage, capsys: Capture) -> None:
    assert lesson.here(capsys, *lesson.submit).status == 0
    (old,) = folders(storage)
    del storage.state.blobs[f"workspaceblobstore/{old}deep/b.txt"]
    storage.forget()
    change(lesson, "a.txt", "changed")
    assert lesson.here(capsys, *lesson.submit).status == 0
    assert sorted(storage.sent) == [f"{bound(lesson)}a.txt", f"{bound(lesson)}deep/b.txt"]
    assert storage.files(bound(lesson)) == local(lesson)


@BY_V1
def test_a_copy_that_takes_its_time_is_waited_for(lesson: Either, storage: Storage, capsys: Capture) -> None:
    assert lesson.here(capsys, *lesson.submit).status == 0
    change(lesson, "a.txt", "changed")
    storage.state.late_copies = 20
    assert lesson.here(capsys, *lesson.submit).status == 0
    assert storage.state.late_copies == 0
    assert storage.files(bound(lesson)) == local(lesson)


@BY_V1
def test_what_somebody_deleted_in_azure_is_sent_again(lesson: Either, storage: Storage, capsys: Capture) -> None:
    assert lesson.here(capsys, *lesson.submit).status == 0
    gone = f"{bound(lesson)}a.txt"
    del storage.state.blobs[f"workspaceblobstore/{gone}"]
    storage.forget()
    assert lesson.here(capsys, *lesson.submit).status == 0
    assert storage.sent == [gone]


@BY_V1
def test_progress_is_told(lesson: Either, storage: Storage) -> None:
    lesson.write({f"images/many/{number:03}.txt": f"{number:03}" for number in range(100)})
    told = threading.Event()

    def slow(_: Request) -> None:
        if len(storage.sent) > 30:
            told.wait(PATIENCE)

    with storage.meeting(slow):
        process = lesson.start_azure(*lesson.submit, environ={"LOOPBACK_SILENCE": "0.1"})
        lines = iter(process.stderr.readline, "")
        line = next(line for line in lines if "still uploading dataset images, " in line and " 0 of " not in line)
        told.set()
        process.communicate()
    assert re.fullmatch(r"still uploading dataset images, \d+ of 104 files, \d+ bytes of 305 bytes \(\d+ s\)\n", line)
    assert process.returncode == 0


@BY_V1
def test_a_manifest_that_somebody_damaged_is_no_help_and_no_harm(
    lesson: Either, storage: Storage, capsys: Capture
) -> None:
    assert lesson.here(capsys, *lesson.submit).status == 0
    for path, blob in storage.state.blobs.items():
        if "/manifests/" in path:
            blob.data = b'{"files": ["a.txt"'
    storage.forget()
    change(lesson, "a.txt", "changed")
    assert lesson.here(capsys, *lesson.submit).status == 0
    assert (len(storage.sent), storage.copied) == (4, [])
    assert storage.files(bound(lesson)) == local(lesson)


@BY_V2
def test_a_list_of_files_may_have_pages(lesson: Either, storage: Storage, capsys: Capture) -> None:
    storage.state.page = 2
    assert lesson.here(capsys, *lesson.submit).status == 0
    storage.forget()
    assert lesson.here(capsys, *lesson.submit).status == 0
    assert storage.writes() == []


@BY_V2
def test_an_interrupt_ends_an_upload(lesson: Either, storage: Storage) -> None:
    lesson.write({f"images/many/{number:03}.txt": f"{number:03}" for number in range(500)})
    process = lesson.start_azure(*lesson.submit)
    until(lambda: len(storage.sent) > 20)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == -signal.SIGINT
    assert "Stopping after the current uploads; interrupt again to stop at once.\n" in err
    assert (storage.files("aml-pipeline/manifests/"), lesson.service.sent) == ({}, [])
    assert len(storage.sent) < 504


@BY_V2
def test_the_record_says_what_was_uploaded(lesson: Either, storage: Storage, capsys: Capture) -> None:
    assert lesson.here(capsys, *lesson.submit).status == 0
    parts = lesson.record()["parts"]
    assert list(parts["train"]["datasets"]) == ["images"]
    assert "datasets" not in parts["prepare"]
    assert storage.files()


@BY_V2
def test_what_is_no_longer_whole_in_azure_is_sent_again(lesson: Either, storage: Storage, capsys: Capture) -> None:
    assert lesson.here(capsys, *lesson.submit).status == 0
    for name in ("a.txt", "deep/b.txt"):
        storage.state.blobs[f"workspaceblobstore/{bound(lesson)}{name}"].data = b"another size"
    assert lesson.here(capsys, *lesson.submit).status == 0
    assert storage.files(bound(lesson)) == local(lesson)


@BY_V1
def test_a_file_that_is_still_being_copied_does_not_count(lesson: Either, storage: Storage, capsys: Capture) -> None:
    assert lesson.here(capsys, *lesson.submit).status == 0
    path = f"workspaceblobstore/{bound(lesson)}a.txt"
    storage.state.copying.add(path)
    done = lesson.here(capsys, *lesson.submit)
    assert (done.status, len(lesson.service.sent)) == (4, 1)
    assert f"Uploading dataset images failed. {REFUSALS[409]}" in done.err
    storage.state.copying.clear()
    assert lesson.here(capsys, *lesson.submit).status == 0


@BY_V1
def test_links_are_followed_and_a_broken_one_is_refused(lesson: Either, storage: Storage, capsys: Capture) -> None:
    lesson.write({"elsewhere/c.txt": "c"})
    (lesson.root / "images/linked").symlink_to(lesson.root / "elsewhere")
    (lesson.root / "images/empty").mkdir()
    assert lesson.here(capsys, *lesson.submit).status == 0
    assert storage.files(bound(lesson)) == {**local(lesson), "linked/c.txt": b"c"}
    (lesson.root / "images/broken").symlink_to("nowhere")
    done = lesson.here(capsys, *lesson.submit)
    assert done.status == 2
    assert done.err.startswith('pipeline.yaml:8:19: the file "broken" of dataset "images" is a broken link, so it ')


@BY_V1
@pytest.mark.parametrize("name", ["ends.", "folder./a.txt", "back\\slash"])
def test_a_name_that_blobs_cannot_have(lesson: Either, storage: Storage, capsys: Capture, name: str) -> None:
    change(lesson, name, "text")
    done = lesson.here(capsys, *lesson.submit)
    assert done.status == 2
    assert done.err.startswith(
        f'pipeline.yaml:8:19: the file "{name}" of dataset "images" cannot have that name in Azure ML.'
    )
    assert storage.requests == []


@BY_V2
def test_data_that_is_not_here(lesson: Either, storage: Storage, capsys: Capture) -> None:
    for path in (lesson.root / "images").rglob("*.txt"):
        path.unlink()
    done = lesson.here(capsys, *lesson.submit)
    assert done.status == 2
    assert 'dataset "images" has no files, and Azure ML has no empty folders. Put the data there. [' in done.err
    shutil.rmtree(lesson.root / "images")
    done = lesson.here(capsys, *lesson.submit)
    assert done.status == 2
    assert 'dataset "images" was not found at images. Put the data there, or add `optional: true` if ' in done.err
    assert storage.requests == []


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lesson]:
    with a_lesson(tmp_path, monkeypatch) as lesson:
        prepare(lesson)
        lesson.service.unlock("AccountKey", KEY)
        yield lesson


def test_publishing_uploads_and_says_so(
    first: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with storing(first.service.guard, tmp_path, monkeypatch) as storage:
        row = "  + data images"
        dry = first.here(capsys, "publish", "--dry-run")
        assert (dry.out.splitlines()[0].startswith(row), storage.writes()) == (True, []), dry
        assert dry.out.splitlines()[0].endswith("4 files, 5 bytes; as it is now")
        done = first.here(capsys, "publish")
        assert (done.status, done.out.splitlines()[0].startswith(row)) == (0, True)
        assert storage.files(bound(first)) == local(first)
        assert "Azure ML is up to date with the file.\n" in first.here(capsys, "publish").out
        change(first, "a.txt", "changed")
        assert "published pipeline" in first.here(capsys, "publish").out


@BY_V2
def test_publishing_by_v2_uploads_and_schedules_read_it(
    lesson: LessonV2, storage: Storage, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "YOUNG_NS", -1)
    nightly = "schedules:\n  nightly: {cron: 0 2 * * *}\n\nsteps:\n"
    lesson.replace("pipeline.yaml", "steps:\n", nightly)
    publish = ("publish", "--sdk", "v2")
    dry = lesson.here(capsys, *publish, "--dry-run").out.splitlines()[0]
    assert (dry.startswith("  + data images"), dry.endswith("4 files, 5 bytes; as it is now")) == (True, True)
    assert storage.writes() == []

    def read() -> str:
        job = lesson.service.schedules["lesson_nightly"]["properties"]["action"]["jobDefinition"]
        return str(job["inputs"]["images"]["uri"]).removeprefix("azureml://datastores/workspaceblobstore/paths/")

    assert lesson.here(capsys, *publish).status == 0
    (place,) = folders(storage)
    assert (storage.files(place), read()) == (local(lesson), place)
    lesson.service.forget()
    assert "Azure ML is up to date with the file.\n" in lesson.here(capsys, *publish).out
    assert [request for request in lesson.service.writes() if request.method == "PUT"] == []
    change(lesson, "a.txt", "changed")
    (changed,) = [line for line in lesson.here(capsys, *publish).out.splitlines() if "~" in line]
    assert ("parameter images: azureml://" in changed, read()) == (True, folders(storage)[-1])


def test_plan_remote_says_what_would_be_uploaded(lesson: Either, storage: Storage, capsys: Capture) -> None:
    words = ("plan", "--remote", *lesson.submit[1:])
    line = "A submission would upload dataset images (4 files, 5 bytes), or the files of it that are missing.\n"
    assert lesson.here(capsys, *words).err == line
    assert storage.writes() == []
    lesson.here(capsys, *lesson.submit)
    assert lesson.here(capsys, *words).err == ""
    change(lesson, "a.txt", "changed")
    assert "dataset images changed" in lesson.here(capsys, *words).out


def test_a_file_whose_name_looks_like_a_pattern_is_a_path_too(
    first: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    first.write({"run[1].csv": "1"})
    first.replace("pipeline.yaml", "local: images", "local: 'run[1].csv'")
    with storing(first.service.guard, tmp_path, monkeypatch):
        assert first.here(capsys, "publish").status == 0
    assert bound(first).endswith("/run[1].csv")


def test_a_datastore_that_cannot_take_data(first: Lesson, capsys: Capture) -> None:
    section = first.service.state.datastores["workspaceblobstore"]["azureStorageSection"]
    section.update(credentialType="None", accountKey=None)
    assert first.here(capsys, "submit").err == (
        "Datastore workspaceblobstore has no account key or SAS token, and SDK v1 needs one to upload data. Use "
        "v2, `sdk: v2` in the file, or name another datastore by `datastore:`.\n"
    )


def test_v2_uses_its_own_login_for_a_datastore_without_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with a_lesson_v2(tmp_path, monkeypatch) as lesson, storing(lesson.service.guard, tmp_path, monkeypatch) as storage:
        prepare(lesson)
        done = lesson.here(capsys, *lesson.submit)
        assert (done.status, storage.files(bound(lesson))) == (0, local(lesson)), done


def test_an_export_names_the_data_here_and_azure_ai_ml_uploads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with a_lesson_v2(tmp_path, monkeypatch) as lesson, storing(lesson.service.guard, tmp_path, monkeypatch) as storage:
        lesson.service.unlock("AccountKey", KEY)
        prepare(lesson)
        assert lesson.here(capsys, "export", "v2").status == 0
        written = yaml.safe_load((lesson.root / "v2/pipeline.yml").read_text(encoding="utf-8"))
        assert written["inputs"]["images"] == {"type": "uri_folder", "path": "../images"}
        lesson.service.state.environments["training", environment_version(lesson)] = {"properties": {"image": "x"}}
        from azure.ai.ml import load_job

        client = connect(str(lesson.root), sdk="v2")
        client.jobs.create_or_update(load_job(lesson.root / "v2/pipeline.yml"), skip_validation=True)
        place = bound(lesson)
        assert place.startswith("LocalUpload/")
        assert storage.files(place) == local(lesson)
