"""Datasets to upload: what they contain here, and their paths on a datastore, which follow from the content.

A folder on the datastore never changes once it is complete: other content has another folder, so a run that reads the
old one is not disturbed. Ignore files do not count, since a local run gets all files too; links are followed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from aml_pipeline.azureml import file_names
from aml_pipeline.azureml.file_names import shown
from aml_pipeline.core import files, folders
from aml_pipeline.core.digests import digest_of_contents
from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.problems import Problem
from aml_pipeline.core.wording import counted, size_in_words
from aml_pipeline.pipeline.plan.model import Plan, Step, datasets_of
from aml_pipeline.pipeline.plan.settings import DatasetPlace
from aml_pipeline.project import check
from aml_pipeline.project.folder import Project
from aml_pipeline.runs import locks

ROOT = "aml-pipeline"
_DIGEST_LENGTH = 32


class LocalFile(NamedTuple):
    """A file of a dataset: its path here and its number of bytes."""

    path: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A dataset to upload: its name, its ``place`` here, the digest of its content, and its files by relative name."""

    name: str
    place: str
    datastore: str
    digest: str
    files: Mapping[str, LocalFile] = field(repr=False)

    @property
    def folder(self) -> str:
        """The path of its folder on the datastore."""
        return f"{ROOT}/data/{self.digest[:_DIGEST_LENGTH]}/"

    @property
    def path(self) -> str:
        """The path on the datastore that a step reads: that of its only file, if ``place`` is a file."""
        return self.folder if files.is_folder(self.place) else self.folder + next(iter(self.files))

    @property
    def manifest(self) -> str:
        """The path of the list of its files on the datastore, outside its folder; it is written last."""
        return f"{ROOT}/manifests/{self.digest[:_DIGEST_LENGTH]}.json"

    @property
    def size(self) -> str:
        """Its size, in words."""
        return in_words(self.files.values())

    def contents(self, project: Project) -> dict[str, str]:
        """Return the digest of each file. Raises MachineError if one changed since the upload was planned."""
        if files.is_folder(self.place):
            contents = project.digests.contents(self.place)
        else:
            contents = {os.path.basename(self.place): project.digests.file(self.place)}
        if digest_of_contents(contents) != self.digest:
            raise changed(self.name)
        return {name: digest for name, digest in contents.items() if name in self.files}


def changed(name: str) -> MachineError:
    """Return the error for data that is still being written."""
    what = f"Dataset {name} changed while it was being uploaded."
    return MachineError(f"{what} Wait until the program that writes it has finished, then submit again.")


def planned(
    plan: Plan, project: Project, steps: Iterable[Step], default: Callable[[], str]
) -> tuple[Plan, list[Upload]]:
    """Return the plan with the future locations of the datasets that ``steps`` upload, and these uploads.

    ``default`` returns the name of the default datastore. Reads no file whose digest is cached.
    """
    places, uploads = dict(here(plan, project).datasets), []
    for name in names(plan, steps):
        place = places[name]
        if place.upload:
            upload = _upload(name, place, project, place.datastore or default())
            places[name] = replace(place, datastore=upload.datastore, path=upload.path)
            uploads.append(upload)
    if uploads:
        locks.prepare(os.path.dirname(project.state), plan.name)
        project.digests.save()
    return replace(plan, datasets=places), uploads


def here(plan: Plan, project: Project) -> Plan:
    """Return the plan in which optional datasets that are absent here are not uploaded."""
    absent = {
        name: replace(place, upload=0, datastore=None)
        for name, place in plan.datasets.items()
        if place.upload and place.optional and not files.look(project.path(str(place.local)))
    }
    return replace(plan, datasets={**plan.datasets, **absent}) if absent else plan


def announced(plan: Plan, project: Project, steps: Iterable[Step]) -> list[str]:
    """Return a line for each dataset that ``steps`` upload, without asking Azure ML."""
    rows = ((name, local_files(project.path(str(plan.datasets[name].local)))) for name in names(plan, steps))
    return [f"dataset {name}: {in_words(files.values())}, uploaded unless Azure ML has it" for name, files in rows]


def names(plan: Plan, steps: Iterable[Step]) -> list[str]:
    """Return the names of the datasets that ``steps`` upload."""
    read = datasets_of(steps)
    return [name for name in read if plan.datasets[name].upload]


def _upload(name: str, place: DatasetPlace, project: Project, datastore: str) -> Upload:
    path = project.path(str(place.local))
    tree = project.digests.tree(path)
    assert tree is not None  # noqa: S101 - else it would have been a problem
    digest = tree.digest
    if not files.is_folder(path):
        digest = digest_of_contents({os.path.basename(path): digest})  # as a folder with this file
    return Upload(name, path, datastore, digest, local_files(path))


def local_files(path: str) -> dict[str, LocalFile]:
    """Return the files of a file or folder by relative name; blob storage has no empty folders.

    Raises BrokenLinkError or RepeatedLinksError for links that cannot be followed.
    """
    if not files.is_folder(path):
        look = files.look(path)
        return {os.path.basename(path): LocalFile(path, look.size if look else 0)}
    rows = ((name, entry) for name, entry in folders.walk(path) if not name.endswith("/"))
    return {name: LocalFile(entry.path, _size(name, entry)) for name, entry in rows}


class BrokenLinkError(MachineError):
    """A link in a folder leads nowhere; ``name`` is its path, relative to the folder."""

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        super().__init__(f"{path} is a broken link, so it cannot be uploaded. Remove it.")


def _size(name: str, entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError as error:
        raise BrokenLinkError(name, entry.path) from error


def in_words(rows: Iterable[LocalFile]) -> str:
    """Return the number and size of files, in words."""
    sizes = [row.bytes for row in rows]
    return f"{counted(len(sizes), 'file')}, {size_in_words(sum(sizes))}"


def digests(plan: Plan, project: Project, step: Step) -> dict[str, str]:
    """Return the digests of the datasets that ``step`` uploads, by name."""
    trees = {name: project.dataset(plan.datasets[name].local) for name in names(plan, [step])}
    return {name: tree.digest for name, tree in trees.items() if tree}


def problems(place: DatasetPlace, project: Project, name: str) -> Iterator[Problem]:
    """Yield what prevents an upload of a dataset: its absence, size or file names."""
    path, place_of_local = project.path(str(place.local)), ("datasets", name, "local")
    if not files.look(path):
        if not place.optional:
            yield check.not_found(name, str(place.local))
        return
    try:
        local = local_files(path)
    except BrokenLinkError as error:
        message = f'the file "{shown(error.name)}" of dataset "{name}" is a broken link, so it cannot be uploaded.'
        yield Problem("broken-link", message, "Remove it, or restore the file that it names.", place_of_local)
        return
    except folders.RepeatedLinksError as error:
        message = f'links of dataset "{name}" lead to the same folders over and over: {shown(error.name)}.'
        yield Problem("broken-link", message, "Remove these links.", place_of_local)
        return
    if not local:
        message = f'dataset "{name}" has no files, and Azure ML has no empty folders.'
        yield Problem("missing-dataset", message, "Put the data there.", place_of_local)
    total = sum(file.bytes for file in local.values())
    if total > place.upload:
        most = size_in_words(place.upload)
        message = f'dataset "{name}" has {size_in_words(total)}, and at most {most} may be uploaded.'
        cure = f"To allow it, write `upload: {math.ceil(total / 10**9)} GB`. Or copy it to a datastore, and name that."
        yield Problem("large-upload", message, cure, ("datasets", name, "upload"))
    yield from file_names.faults(local, f'dataset "{name}"', "Rename it", place_of_local, blobs=True)
