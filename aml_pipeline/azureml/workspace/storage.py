"""Sends datasets into a blob container: only the bytes that it does not have yet, and the list of files last.

A container is a ``ContainerClient`` of azure-storage-blob; each SDK brings one. A file appears in a container only when
it is complete and verified, so the next upload continues one that was killed.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from aml_pipeline.azureml.uploads import ROOT, Upload, changed
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.refusals import FAULT, NOT_FOUND, status_of
from aml_pipeline.core import files, plain
from aml_pipeline.core.wording import counted, size_in_words
from aml_pipeline.project.folder import Project

Container = Any  # of either SDK
Doing = Callable[[str], AbstractContextManager[None]]

_BLOCK_BYTES = 8 << 20
_THREADS = 10  # as many connections as requests keeps open to a host
_MOST_MANIFESTS = 10
_CONFLICT = 409
_PAUSE_SECONDS = 0.5


def missing(container: Container, upload: Upload) -> list[str]:
    """Return the files of a dataset that the container does not have."""
    listed = container.list_blobs(name_starts_with=upload.folder, include=["copy"])
    there = {blob.name: blob.size for blob in listed if not _is_partial(blob)}
    return [name for name, file in upload.files.items() if there.get(upload.folder + name) != file.bytes]


def _is_partial(blob: Container) -> bool:
    """Whether a blob is still being copied, or could not be copied."""
    return blob.copy.status not in {None, "success"}


def send(container: Container, upload: Upload, project: Project, doing: Doing) -> None:
    """Bring a dataset into the container, unless it is there; report its size before, and the progress.

    Raises AzureError when Azure refuses, MachineError when a file changes meanwhile.
    """
    with doing(f"looking up the files of dataset {upload.name}"):
        names = missing(container, upload)
        complete = not names and container.get_blob_client(upload.manifest).exists()
    if complete:
        waiting.say(f"Dataset {upload.name} ({upload.size}) is already in datastore {upload.datastore}.")
        return
    contents = upload.contents(project)
    with doing(f"looking up earlier uploads of dataset {upload.name}"):
        known = _known(container, upload, {contents[name] for name in names})
    sending = _Sending(container, upload, contents, known)
    waiting.say(sending.announced(names))
    with doing(f"uploading dataset {upload.name}"), waiting.reminding(sending.progress):
        sending.run(names)
        manifest = json.dumps({"dataset": upload.name, "files": contents}).encode()
        blob = container.get_blob_client(upload.manifest)
        blob.upload_blob(manifest, overwrite=True, metadata={"dataset": upload.name})


def _known(container: Container, upload: Upload, wanted: set[str]) -> dict[str, str]:
    """Return the paths of blobs in earlier uploads by digest, of those ``wanted``.

    The latest uploads of a dataset with the same name are the most similar.
    """
    known: dict[str, str] = {}
    listed = container.list_blobs(name_starts_with=f"{ROOT}/manifests/", include=["metadata"]) if wanted else ()
    others = [blob for blob in listed if blob.name != upload.manifest]  # its own files are those that are missing
    by_age = sorted(others, key=lambda blob: blob.last_modified, reverse=True)
    for blob in islice(sorted(by_age, key=lambda blob: not _is_of(upload, blob)), _MOST_MANIFESTS):
        if wanted <= known.keys():
            break
        folder = blob.name.replace("/manifests/", "/data/").removesuffix(".json")
        text = container.get_blob_client(blob.name).download_blob().readall()
        rows = {digest: f"{folder}/{name}" for name, digest in _files_of(text).items() if digest in wanted}
        known = {**rows, **known}
    return known


def _is_of(upload: Upload, blob: Container) -> bool:
    return bool((blob.metadata or {}).get("dataset") == upload.name)


def _files_of(manifest: bytes) -> Mapping[str, Any]:
    try:
        return plain.mapping(plain.mapping(json.loads(manifest)).get("files"))
    except ValueError:
        return {}


@dataclass(slots=True)
class _Sending:
    """An upload in progress: ``contents`` are the digests of its files, ``known`` the blobs that have some of them."""

    container: Container
    upload: Upload
    contents: Mapping[str, str]
    known: dict[str, str]
    total: int = 0  # bytes to send
    sent: int = 0
    count: int = 0  # files to send and copy
    done: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def announced(self, names: Sequence[str]) -> str:
        """Return what will be done for the missing files ``names``."""
        fresh, copied = self._divided(names)
        rows = [self.upload.files[name] for name in fresh]
        self.total, self.count = sum(row.bytes for row in rows), len(names)
        what = ""
        if len(fresh) < len(self.upload.files):
            what = f"{counted(len(rows), 'file')} ({size_in_words(self.total)}) of "
        text = f"Uploading {what}dataset {self.upload.name} ({self.upload.size}) to datastore {self.upload.datastore}."
        more = f" {counted(len(copied), 'file')} will be copied there from earlier uploads." if copied else ""
        return f"{text}{more}"

    def _divided(self, names: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the files whose bytes must be sent, each content once, and those that can be copied in Azure."""
        fresh = {self.contents[name]: name for name in reversed(names) if self.contents[name] not in self.known}
        first = set(fresh.values())
        return [name for name in names if name in first], [name for name in names if name not in first]

    def progress(self) -> str:
        """Return what is done at the moment."""
        done = f"{self.done} of {counted(self.count, 'file')}"
        return (
            f"uploading dataset {self.upload.name}, {done}, {size_in_words(self.sent)} of {size_in_words(self.total)}"
        )

    def run(self, names: Sequence[str]) -> None:
        """Send and copy the missing files ``names``."""
        fresh, copied = self._divided(names)
        self._each([partial(self._send, name) for name in fresh])
        self.known |= {self.contents[name]: self.upload.folder + name for name in fresh}
        self._each([partial(self._copy, name) for name in copied])

    def _each(self, parts: Sequence[Callable[[], None]]) -> None:
        """Do all ``parts`` in threads; the first error, or a signal, stops the others at the end of their block."""
        executor = ThreadPoolExecutor(_THREADS)
        try:
            for future in as_completed([executor.submit(part) for part in parts]):
                future.result()
                self.done += 1
        except BaseException:
            self.stopped.set()
            raise
        finally:
            executor.shutdown(cancel_futures=True)

    def _send(self, name: str) -> None:
        """Send a file; it appears in Azure only once it is complete, and only with the bytes of its digest."""
        file, blob = self.upload.files[name], self.container.get_blob_client(self.upload.folder + name)
        if file.bytes > _BLOCK_BYTES:
            self._send_blocks(name, blob)
            return
        data = files.read(file.path, _BLOCK_BYTES)
        self._verify(name, files.digest_of(data))
        try:
            blob.upload_blob(data, overwrite=False)
        except Exception as error:  # the SDK has a class of its own
            if status_of(error) != _CONFLICT:
                raise
            there = blob.get_blob_properties()
            if there.size != len(data) or _is_partial(there):  # else someone else uploads the same
                blob.upload_blob(data, overwrite=True)
        self._note(len(data))

    def _send_blocks(self, name: str, blob: Container) -> None:
        """Send a large file in blocks, without those that a killed upload has sent."""
        hasher, there = hashlib.sha256(), _staged(blob)
        ids: list[str] = []
        with files.opened(self.upload.files[name].path) as stream:
            while not self.stopped.is_set() and (data := stream.read(_BLOCK_BYTES)):
                hasher.update(data)
                ids.append(f"{len(ids):05}-{files.digest_of(data)[:32]}")
                if ids[-1] not in there:
                    blob.stage_block(ids[-1], data)
                self._note(len(data))
        if not self.stopped.is_set():
            self._verify(name, hasher.hexdigest())
            blob.commit_block_list(ids)

    def _copy(self, name: str) -> None:
        """Copy a file in Azure; send it if that is refused, for example because the other one was deleted."""
        blob = self.container.get_blob_client(self.upload.folder + name)
        source = self.container.get_blob_client(self.known[self.contents[name]])
        try:
            status = blob.start_copy_from_url(source.url)["copy_status"]
            while status == "pending" and not self.stopped.is_set():
                time.sleep(_PAUSE_SECONDS)
                status = blob.get_blob_properties().copy.status
        except Exception as error:  # the SDK has classes of its own
            if (status_of(error) or FAULT) >= FAULT:
                raise
            status = "failed"
        if status in {"failed", "aborted"}:
            self._send(name)

    def _verify(self, name: str, digest: str) -> None:
        if digest != self.contents[name]:
            raise changed(self.upload.name)

    def _note(self, number: int) -> None:
        with self.lock:
            self.sent += number


def _staged(blob: Container) -> set[str]:
    """Return the names of the blocks of a file that was not completed."""
    try:
        _, blocks = blob.get_block_list("uncommitted")
    except Exception as error:  # the SDK has a class of its own
        if status_of(error) == NOT_FOUND:
            return set()
        raise
    return {block.id for block in blocks}
