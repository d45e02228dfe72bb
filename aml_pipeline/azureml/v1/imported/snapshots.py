"""Downloads the code of steps: their snapshots, each once, several at a time, never whole in memory."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aml_pipeline.azureml.importing import archive
from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.sdks import require_v1
from aml_pipeline.azureml.v1.imported.asking import Services, each, quoted, services
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace.refusals import may_pass
from aml_pipeline.azureml.workspace.waiting import reminding, say
from aml_pipeline.core import removal
from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.wording import counted, size_in_words

_THREADS = 4
_PART_BYTES = 1 << 20
_TRIES = 3
_GONE = "Azure ML does not have snapshot {} any more. Copy the code of these steps there."
_PAUSE_SECONDS = 2.0
_PATIENCE_SECONDS = 600.0  # for Azure ML to make a zip file


def fetch(workspace: Sdk, code: Mapping[str, str], target: str) -> list[Loss]:
    """Download a snapshot into each folder of ``code`` below ``target``; return the files that were left out, and why.

    Equal snapshots are downloaded once, and copied. Nothing is written outside ``target``. Raises AzureError when
    Azure ML refuses or cannot be reached, MachineError when the disk does.
    """
    require_v1(workspace)
    folders = {snapshot: [folder for folder, known in code.items() if known == snapshot] for snapshot in code.values()}
    with doing("downloading snapshots"), services(workspace) as asked:
        work = _Download(asked, target, len(folders))
        say(f"Downloading {counted(len(folders), 'snapshot')} of {counted(len(code), 'folder')}.")
        with reminding(work.progress):
            found = each(
                lambda snapshot: work.run(snapshot, folders[snapshot]),
                folders,
                threads=_THREADS,
                told=work.tell,
                stop=work.stopped.set,
            )
        say(f"Downloaded {counted(len(work.done), 'snapshot')}, {work.size}.")
    return [loss for losses in found.values() for loss in losses]


@dataclass(slots=True)
class _Download:
    """The download of ``count`` snapshots into folders below ``target``; bytes by snapshot, and how many are done."""

    asked: Services
    target: str
    count: int
    received: dict[str, int] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def progress(self) -> str:
        """Return what is done at the moment."""
        return f"downloading snapshots, {len(self.done)} of {self.count}, {self.size} so far"

    def tell(self, done: int) -> None:
        """Report each tenth of all snapshots, as a bar."""
        tenths = done * 10 // self.count
        if done < self.count and tenths > (done - 1) * 10 // self.count:
            say(f"[{'#' * tenths:·<10}] {done} of {counted(self.count, 'snapshot')}, {self.size}")

    @property
    def size(self) -> str:
        """How much has arrived, in words."""
        return size_in_words(sum(list(self.received.values())))

    def run(self, snapshot: str, folders: Sequence[str]) -> list[Loss]:
        """Download a snapshot into its folders."""
        first, *others = (os.path.join(self.target, folder) for folder in folders)
        file = f"{first}.zip"
        os.makedirs(first, exist_ok=True)
        try:
            is_there = self.download(snapshot, file)
            left = archive.extract(file, first) if is_there else [_GONE.format(snapshot)]
        finally:
            removal.remove(file)
        for other in others:
            shutil.copytree(first, other, dirs_exist_ok=True)
        self.done.append(snapshot)
        return [Loss(folder, "code", text) for folder in folders for text in left]

    def download(self, snapshot: str, file: str) -> bool:
        """Save a snapshot as a zip file; return whether Azure ML has it. Breaks of the connection are tried again."""
        for attempt in range(1, _TRIES + 1):
            try:
                address = self.address(snapshot)
                if address:
                    self.save(snapshot, address, file)
                return bool(address)
            except Exception as error:  # requests has many
                if attempt == _TRIES or not may_pass(error):
                    raise
        raise AssertionError  # the last attempt returned or raised

    def address(self, snapshot: str) -> str:
        """Return the address of a snapshot's zip file, which Azure ML may have to make first; "" without snapshot."""
        answer = self.asked.post("content", f"snapshots/{quoted(snapshot)}/zip")
        if answer is None:
            return ""
        location, waited = str(answer.get("location")), 0.0
        while "zipSasUri" not in answer:
            if waited >= _PATIENCE_SECONDS or self.stopped.is_set():
                raise AzureError(f"Azure ML did not make a zip file of snapshot {snapshot} in time. Try again.")
            time.sleep(_PAUSE_SECONDS)
            waited += _PAUSE_SECONDS
            answer = self.asked.at(location)
        return str(answer["zipSasUri"])

    def save(self, snapshot: str, address: str, file: str) -> None:
        """Save what is at an address that has its own signature."""
        self.received[snapshot] = 0
        with self.asked.download(address) as answer, open(file, "wb") as stream:
            for part in answer.iter_content(_PART_BYTES):
                if self.stopped.is_set():
                    raise AzureError(f"The download of snapshot {snapshot} was stopped.")
                stream.write(part)
                self.received[snapshot] += len(part)
