"""The repository around a pipeline job: files of schedules that run it, and of components and environments by name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cached_property

from aml_pipeline.azureml.v2.imported.files import Part, read
from aml_pipeline.core import files
from aml_pipeline.core.errors import PipelineError, UsageError

_REFERENCE = re.compile(r"azureml:(?P<name>[^:@/\s]+)(?::(?P<version>[^:@/\s]+)|@latest)?")


class Repository:
    """The YAML files of the git repository of the file ``job``, or of its folder if there is none; hidden folders not.

    Each is read once, so that it knows what was taken of it.
    """

    def __init__(self, job: str) -> None:
        self.job = os.path.realpath(job)
        self.base = os.path.dirname(self.job)
        self._root = _root_of(self.base)
        self._parsed: dict[str, Part | None] = {}  # None: no valid YAML
        self._used: dict[str, Part] = {}

    def file(self, path: str) -> Part:
        """Return the content of a YAML file. Raises UsageError or PipelineError, see ``files.read``."""
        path = os.path.realpath(path)
        self._used[path] = self._parsed.get(path) or read(path, self.base)
        self._parsed[path] = self._used[path]
        return self._used[path]

    @property
    def read(self) -> list[Part]:
        """The files that were read and used, in order."""
        return list(self._used.values())

    @cached_property
    def _texts(self) -> dict[str, bytes]:
        return {path: files.read(path) for path in sorted(_yaml_files(self._root))}

    @property
    def broken(self) -> list[str]:
        """The files that may be schedules and are no valid YAML, as paths for the reader."""
        paths = [path for path, text in self._texts.items() if b"create_job" in text and self._parse(path) is None]
        return [os.path.relpath(path, self.base).replace(os.sep, "/") for path in paths]

    def schedules(self) -> Iterator[Part]:
        """Yield the files of schedules that run the job."""
        for part in self._having("create_job"):
            action = part.parts.get("create_job")
            job = action.parts.get("job") if action and action.is_mapping else action
            named = str(job.value).removeprefix("file:") if job else "azureml:"
            if not named.startswith("azureml:") and os.path.realpath(part.beside(named)) == self.job:
                yield self.file(part.path)

    def assets(self, reference: str, *keys: str) -> list[Part]:
        """Return the files of assets called ``azureml:NAME:VERSION`` that have one of the ``keys``.

        A reference without a version, or to the latest one, means any version, and so does a file without one.
        """
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            return []
        found = [part for part in self._having(rf"\bname\W+{re.escape(match['name'])}\b") if _is_asset(part, match)]
        return [part for part in found if not part.parts.keys().isdisjoint(keys)]

    def _having(self, pattern: str) -> Iterator[Part]:
        """Yield the files that are mappings in YAML, and have a text that matches ``pattern``."""
        for path in [path for path, text in self._texts.items() if re.search(pattern.encode(), text)]:
            part = self._parse(path)
            if part is not None and part.is_mapping:
                yield part

    def _parse(self, path: str) -> Part | None:
        path = os.path.realpath(path)
        if path not in self._parsed:
            try:
                self._parsed[path] = read(path, self.base)
            except (PipelineError, UsageError):
                self._parsed[path] = None
        return self._parsed[path]


def _is_asset(part: Part, wanted: re.Match[str]) -> bool:
    version = part.parts.get("version")
    is_version = version is None or wanted["version"] in {None, str(version.value)}
    return "name" in part and str(part.parts["name"].value) == wanted["name"] and is_version


def _root_of(folder: str) -> str:
    above = folder
    while not os.path.exists(os.path.join(above, ".git")):
        if os.path.dirname(above) == above:
            return folder
        above = os.path.dirname(above)
    return above


def _yaml_files(root: str) -> Iterator[str]:
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".")]
        paths = (os.path.join(folder, name) for name in names if name.endswith((".yml", ".yaml")))
        yield from filter(files.is_file, paths)
