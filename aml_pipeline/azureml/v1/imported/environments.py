"""The environments that steps carry with their whole definition → `environment:`, and the files of definitions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline.azureml.images import BASE_IMAGE
from aml_pipeline.azureml.v1.imported.found import Found, Json
from aml_pipeline.azureml.v1.imported.graph import Node
from aml_pipeline.azureml.v1.imported.notes import Notes, Unsayable
from aml_pipeline.core.masking import safe_file
from aml_pipeline.core.plain import mapping
from aml_pipeline.pipeline.yaml import emitter

FOLDER = "environments"
_CURATED = "AzureML-"
_OURS = r"[0-9a-f]{16}"  # the version of an environment that this program registered, a digest of its definition


@dataclass(slots=True)
class Environments:
    """The environments of a pipeline; ``files`` has those of their definitions by path."""

    found: Found
    files: dict[str, bytes] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)  # by name, kind and content

    def of(self, node: Node, notes: Notes) -> dict[str, Any]:
        """Return the environment of a step. Raises Unsayable."""
        entity = mapping(node.configuration.get("environment"))
        name, version = str(entity.get("name") or ""), str(entity.get("version") or "")
        at = {"version": version} if version else {}
        notes = Notes(f"environment {name}", notes.losses)
        text, is_known = _unsaid(entity), (name, version) in self.found.environments
        if is_known and (text or not re.fullmatch(_OURS, version)):
            if not (text or name.startswith(_CURATED)):
                self._note_definition(name, version, entity, notes)
            return {"curated" if name.startswith(_CURATED) else "registered": name, **at}
        if text:
            raise Unsayable(f"its environment {name or 'without a name'} {text}, and the workspace does not have it")
        if name.startswith(_CURATED):
            new = name.removeprefix(_CURATED)
            notes.lose("the curated environment", f"Azure ML no longer has it. Its definition is called {new}.")
            name = new
        return self._defined(name or node.name, entity, notes)

    def _note_definition(self, name: str, version: str, entity: Json, notes: Notes) -> None:
        """Write the files of a registered environment too, for who moves to another workspace."""
        for key, path in self._defined(name, entity, notes).items():
            if str(path) in self.files:
                cure = f"{path} is a copy. To declare it here, write `name: {name}` and `{key}: {path}`."
                notes.lose(f"the definition of version {version}", f"The workspace has it; {cure}")

    def _defined(self, name: str, entity: Json, notes: Notes) -> dict[str, Any]:
        docker = mapping(entity.get("docker"))
        if docker.get("baseDockerfile"):
            return {"name": name, "dockerfile": self._file(name, "/Dockerfile", str(docker["baseDockerfile"]), notes)}
        image, conda = _image(docker, notes), conda_of(entity)
        if conda is None:
            return {"name": name, "docker_image": image}
        keys = {"name": name, "conda_file": self._file(name, ".yml", emitter.text(conda), notes)}
        return keys if image in {"", BASE_IMAGE} else {**keys, "docker_image": image}

    def _file(self, name: str, ending: str, text: str, notes: Notes) -> str:
        """Return the path of a file with ``text``, one for equal definitions of one name."""
        safe = safe_file(text)
        if safe != text:
            cure = "Write it with variables that pip reads, such as https://${USER}:${TOKEN}@host/simple."
            notes.lose("a login", f"It looks like a secret. {cure}")
        key = json.dumps([name, ending, safe])
        if key not in self.paths:
            slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "environment"
            choices = (f"{FOLDER}/{slug}{number or ''}{ending}" for number in (0, *range(2, 10_000)))
            self.paths[key] = next(path for path in choices if path not in self.files)
            self.files[self.paths[key]] = safe.encode()
        return self.paths[key]


def conda_of(entity: Json) -> Mapping[str, Any] | None:
    """Return the content of an environment's conda file; None if its image has all packages."""
    python = mapping(entity.get("python"))
    if python.get("userManagedDependencies") or mapping(entity.get("docker")).get("baseDockerfile"):
        return None
    conda = mapping(python.get("condaDependencies"))
    return {key: conda[key] for key in ("channels", "dependencies", *conda) if key in conda and key != "name"}


def _image(docker: Json, notes: Notes) -> str:
    """Return the address of an image, without the login of its registry."""
    image, registry = str(docker.get("baseImage") or ""), mapping(docker.get("baseImageRegistry"))
    address = str(registry.get("address") or "")
    if any(registry.values()):
        cure = "Register the environment in the workspace, and name it with `registered`."
        notes.lose(f"the login of the registry {address}", f"It is a secret. {cure}")
    return f"{address}/{image}" if address and not image.startswith(f"{address}/") else image


def _unsaid(entity: Json) -> str:
    """Return what of a definition pipeline.yaml cannot say, else ""."""
    docker, python = mapping(entity.get("docker")), mapping(entity.get("python"))
    if docker.get("buildContext"):
        return "is built from a folder with a Dockerfile, which Azure ML does not return"
    if docker.get("baseDockerfile") and not python.get("userManagedDependencies"):
        return "has both a Dockerfile and a conda file"
    if entity.get("r"):
        return "has packages of R"
    if _own_python(python):
        return f"has its own Python, {_own_python(python)}"
    if python.get("userManagedDependencies") and not (docker.get("baseImage") or docker.get("baseDockerfile")):
        return "has no image and no packages"
    return ""


def _own_python(python: Json) -> str:
    """Return what is used in place of the Python that is found in an image, or that Azure ML installs, else ""."""
    path = python.get("interpreterPath") if python.get("userManagedDependencies") else None
    return str(path if path not in {None, "", "python"} else python.get("baseCondaEnvironment") or "")


def definition(node: Node) -> dict[str, Any]:
    """Return what a step's environment is built from, to compare: its name and its definition."""
    entity = mapping(node.configuration.get("environment"))
    docker, conda = mapping(entity.get("docker")), conda_of(entity)
    made = {
        "name": str(entity.get("name") or node.name),
        "image": docker.get("baseImage"),
        "Dockerfile": docker.get("baseDockerfile"),
        "Python": _own_python(mapping(entity.get("python"))),
        "packages": None if conda is None else json.dumps(conda, sort_keys=True),
        "registry": "with a login" if any(mapping(docker.get("baseImageRegistry")).values()) else None,
    }
    return {key: _shown(str(value)) for key, value in made.items() if value}


def _shown(text: str) -> str:
    """Return a text without secrets, which is not equal to one that never had them."""
    safe = safe_file(text)
    return safe if safe == text else f"{safe} (with a secret)"
