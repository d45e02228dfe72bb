"""The environment of a v2 job → ``environment`` of pipeline.yaml, with its files."""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline.azureml import images
from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.v2.imported.files import Part
from aml_pipeline.azureml.v2.imported.repository import Repository
from aml_pipeline.azureml.v2.imported.unsayable import Unsayable
from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.masking import safe_file
from aml_pipeline.pipeline.yaml import emitter

_REGISTRY = re.compile(
    r"azureml://registries/(?P<registry>[\w.-]+)/environments/(?P<name>[\w.-]+)/(versions/(?P<version>[\w.-]+)|labels/latest)"
)
_REFERENCE = re.compile(r"azureml:(?P<name>[A-Za-z0-9][\w.-]*)(:(?P<version>[\w.-]+)|@latest)?")
_NAME = re.compile(r"(?!(?i:azureml|microsoft))[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")


@dataclass(slots=True)
class Environments:
    """The environments of a pipeline: the ``files`` that they need, and the build contexts, in ``code``, by path."""

    repository: Repository
    losses: list[Loss]
    files: dict[str, bytes] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)

    def keys(self, part: Part, step: str) -> dict[str, str]:
        """Return the keys for an environment of the step called ``step``. Raises Unsayable, UsageError."""
        if part.is_mapping:
            return self._defined(part, step)
        text = str(part.value)
        match = _REGISTRY.fullmatch(text) or _REFERENCE.fullmatch(text)
        if match is None and re.search(r"\.ya?ml$", text):
            return self._defined(self._file_of(part.beside(text.removeprefix("file:"))), step)
        if match is None:
            why = "it is no reference to an environment. Write it like azureml:NAME:VERSION, or define it here."
            raise Unsayable(f"{part.where}: environment {text}: {why}")
        found = match.groupdict()
        defined = definition(self.repository, text)
        if defined is not None:
            return self._defined(self._file_of(defined), step)
        key = "curated" if found["name"].startswith("AzureML-") and "registry" not in found else "registered"
        return {key: found.pop("name"), **{name: value for name, value in found.items() if value}}

    def _file_of(self, path: str) -> Part:
        part = self.repository.file(path)
        for key in ("$schema", "version"):  # the version of a definition is that of its content
            part.get(key)
        return part

    def _defined(self, part: Part, step: str) -> dict[str, str]:
        """Return the keys for a definition."""
        build = part.get("build")
        if build is not None and build.is_mapping:
            name = self._name(part, step)
            return {"name": name, "dockerfile": self._context(build, name)}
        image, conda = part.text("image"), part.get("conda_file")
        if not image:
            raise Unsayable(f"{part.where}: the environment has neither an image nor a Dockerfile. Add an image.")
        keys = {"name": self._name(part, posixpath.basename(image).partition(":")[0] or step)}
        if image != images.BASE_IMAGE or conda is None:  # that of an export
            keys["docker_image"] = image
        return keys | (self._conda(conda, keys["name"]) if conda is not None else {})

    def _name(self, part: Part, default: str) -> str:
        given = part.text("name")
        if _NAME.fullmatch(given):
            return given
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", given or default)[:80].strip("_-.") or "environment"
        name = name if _NAME.fullmatch(name) else f"environment-{name}"
        if given:
            why = f"Azure ML does not accept it. It is {name} here."
            self.losses.append(part.lost(f"the name {given} of an environment", why))
        return name

    def _context(self, build: Part, name: str) -> str:
        """Return the path of the Dockerfile in the project."""
        path = build.beside(build.text("path").removeprefix("file:") or ".")
        dockerfile = posixpath.normpath(build.text("dockerfile_path") or "Dockerfile")
        if not files.is_file(os.path.join(path, dockerfile)):
            raise UsageError(f"{build.where}: {os.path.join(path, dockerfile)} was not found. Correct the path.")
        if posixpath.dirname(dockerfile):
            why = "the folder of a Dockerfile is its build context. Move it to the root of the context."
            raise Unsayable(f"{build.where}: {dockerfile}: {why}")
        folder = next((known for known, source in self.code.items() if source == path), None)
        if folder is None:
            folder = _free(f"environments/{name}", self.code)
            self.code[folder] = path
        return f"{folder}/{dockerfile}"

    def _conda(self, part: Part, name: str) -> dict[str, str]:
        """Return the key for a conda file, which is copied; one that an export made of a pip file is that again."""
        if part.is_mapping:
            text = emitter.plain(part.whole()).encode()
        else:
            path = part.beside(str(part.value).removeprefix("file:"))
            if not files.is_file(path):
                raise UsageError(f"{part.where}: {part.value} was not found. Correct the path of the conda file.")
            text = files.read(path)
        text = self._safe(part, text)
        packages = _of_pip(text)
        if packages is None:
            return {"conda_file": self._file(f"environments/{name}.yml", text)}
        lines = "".join(f"{line}\n" for line in packages)
        return {"pip_requirements": self._file(f"environments/{name}.txt", lines.encode())}

    def _safe(self, part: Part, text: bytes) -> bytes:
        """Return a conda file without secrets; logins of variables stay."""
        shown = text.decode("utf-8", "surrogateescape")
        safe = safe_file(shown)
        if safe != shown:
            why = "it is not written. Write ${NAME} in its place, and set the variable from a secret."
            self.losses.append(part.lost("what looks like a secret in a conda file", why))
        return safe.encode("utf-8", "surrogateescape")

    def _file(self, path: str, content: bytes) -> str:
        path = path if self.files.get(path) == content else _free(path, self.files)
        self.files[path] = content
        return path


def _free(path: str, taken: Mapping[str, Any]) -> str:
    """Return ``path``, or the first numbered one that is free; cases are not told apart, as on some disks."""
    stem, dot, ending = path.rpartition(".") if posixpath.splitext(path)[1] in {".yml", ".txt"} else (path, "", "")
    lower, number, free = {name.lower() for name in taken}, 1, path
    while free.lower() in lower:
        number += 1
        free = f"{stem}-{number}{dot}{ending}"
    return free


def _of_pip(conda: bytes) -> list[str] | None:
    """Return the lines of the pip file from which an export made ``conda`` (``images.packages_file``), if it did."""
    made = json.loads(images.packages_file(()))
    try:
        found = json.loads(conda)
        lines: list[str] = found["dependencies"][-1]["pip"]
    except (ValueError, LookupError, TypeError):
        return None
    made["dependencies"][-1]["pip"] = lines
    return lines if found == made and isinstance(lines, list) else None


def definition(repository: Repository, reference: str) -> str | None:
    """Return the file of the repository that defines the environment of a reference with a version, if one does."""
    match = _REFERENCE.fullmatch(reference)
    if match is None or match["version"] is None:
        return None
    found = repository.assets(reference, "image", "conda_file", "build")
    exact = [part.path for part in found if "version" in part and str(part.parts["version"].value) == match["version"]]
    return exact[0] if len(exact) == 1 else None
