"""A pipeline's folder on this disk: paths, snapshots and digests, each read once."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from aml_pipeline.core import files, folders, paths, sealing
from aml_pipeline.core.digests import Digests, Tree
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.settings import Environment
from aml_pipeline.project.environment import definition, dependencies, wheels
from aml_pipeline.project.environment.dependencies import Declaration
from aml_pipeline.project.snapshot import program, snapshot
from aml_pipeline.project.snapshot.snapshot import Snapshot
from aml_pipeline.project.snapshot.source import SourceFolder

if TYPE_CHECKING:
    import ast

    from aml_pipeline.project.contract import Contract

# All state is here, next to the pipeline file.
STATE = ".aml_pipeline"


class Project:
    """The folder of ``plan.file``; everything is read once in the lifetime of this object."""

    def __init__(self, plan: Plan, digests: Digests) -> None:
        self._plan = plan
        self.folder = os.path.dirname(plan.file)
        self.digests = digests
        self._left_out = {plan.file, *(self.path(dataset.local) for dataset in plan.datasets.values() if dataset.local)}
        self.passed: set[tuple[object, ...]] = set()  # checks that found no mistake
        self._real: dict[str, str] = {}
        self._folders: dict[str, SourceFolder] = {}
        self._snapshots: dict[str, Snapshot] = {}
        self._contracts: dict[tuple[str, str], Contract | None] = {}
        self._environments: dict[object, bytes] = {}
        self._declarations: dict[Environment, Declaration] = {}
        self._contexts: dict[str, Snapshot] = {}  # by the path of the Dockerfile
        self._wheels: dict[Environment, dict[str, str]] = {}

    @property
    def state(self) -> str:
        """The folder of this pipeline's state."""
        return os.path.join(self.folder, STATE, self._plan.name)

    @property
    def uploads(self) -> str:
        """The folder for copies of snapshots that are sent to Azure ML."""
        return os.path.join(self.state, "uploads")

    def of(self, plan: Plan) -> Project:
        """Return this project for a plan that differs in values of parameters; what was read is shared."""
        other = copy.copy(self)
        other._plan = plan  # noqa: SLF001 - its own class
        other.__dict__.pop("kept_parameters", None)
        return other

    @cached_property
    def hide(self) -> sealing.Hide:
        """Returns values as they are stored: secrets as seals."""
        return sealing.sealer(self.state)

    @cached_property
    def kept_parameters(self) -> Mapping[str, str]:
        """The values of the parameters as they are stored."""
        return redaction.parameters(self._plan, self.hide)

    def path(self, relative: str) -> str:
        """Return the absolute path of ``relative``, a path in the pipeline file."""
        return os.path.normpath(os.path.join(self.folder, os.path.expanduser(relative)))

    def holds(self, folder: str, path: str) -> bool:
        """Whether ``path`` is ``folder`` or inside it, with links resolved."""
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        real = self._real[folder]
        inner = self._real.get(path) or os.path.realpath(path)
        return paths.is_in(inner, real)

    def snapshot(self, step: Step) -> Snapshot:
        """Return the snapshot of ``step``."""
        known = self._snapshots.get(step.declared)
        if known is None:
            source = self.source(step)
            known = self._snapshots[step.declared] = snapshot.take(source, program.of(step, source), step.snapshot)
        return known

    def contract(self, step: Step) -> Contract | None:
        """Return what the script of ``step`` accepts on its command line; None if that is unknown."""
        source, script = self.source(step), self.snapshot(step).script
        if script is None:
            return None
        if (source.path, script) not in self._contracts:
            tree = source.tree(script)
            self._contracts[source.path, script] = _read_contract(tree) if tree else None
        return self._contracts[source.path, script]

    def source(self, step: Step) -> SourceFolder:
        """Return the folder that the snapshot of ``step`` is taken from."""
        return self._source(self.path(step.source_directory))

    def build_context(self, environment: Environment) -> Snapshot | None:
        """Return the files from which Docker builds an image, its Dockerfile as their script; None without one."""
        path = self.path(environment.dockerfile) if environment.dockerfile else ""
        if path and path not in self._contexts and files.is_file(path):
            source = self._source(os.path.dirname(path))
            taken = source.files(source.all_files, None)
            self._contexts[path] = Snapshot(source.path, os.path.basename(path), files=taken)
        return self._contexts.get(path)

    def wheels(self, environment: Environment) -> dict[str, str]:
        """Return the path of each line of an environment's files that is a wheel of the project."""
        if environment not in self._wheels:
            found = wheels.of(self.declaration(environment).lines, lambda name: files.is_file(self.path(name)))
            inside = {line: name for line, name in found.items() if self.holds(self.folder, self.path(name))}
            self._wheels[environment] = inside
        return self._wheels[environment]

    def contents(self, environment: Environment) -> dict[str, str]:
        """Return the digests of the files of the project from which the image of an environment is built."""
        context = self.build_context(environment)
        digests = {name: self.digests.file(self.path(name)) for name in self.wheels(environment).values()}
        return {**digests, **(snapshot.contents(context) if context else {})}

    def _source(self, path: str) -> SourceFolder:
        known = self._folders.get(path)
        if known is None:
            known = self._folders[path] = SourceFolder(path, self.digests, self._left_out)
        return known

    def forget(self) -> None:
        """Read everything again from now on: a file changed while it was in use."""
        self.passed.clear()
        self._real.clear()
        self._folders.clear()
        self._snapshots.clear()
        self._contracts.clear()
        self._environments.clear()
        self._declarations.clear()
        self._contexts.clear()
        self._wheels.clear()

    def environment_digest(self, step: Step) -> str:
        """Return the digest of the environment that ``step`` declares; a missing file counts as empty."""
        return files.digest_of(self.environment_text(step)) if step.environment else ""

    def environment_text(self, step: Step) -> bytes:
        """Return the definition of the environment that ``step`` declares; empty if it declares none."""
        if step.environment is None:
            return b""
        if step.environment not in self._environments:
            lines = self.declaration(step.environment).lines
            contents = self.contents(step.environment)
            self._environments[step.environment] = definition.text(step.environment, self._read, lines, contents)
        return self._environments[step.environment]

    def _read(self, relative: str) -> bytes:
        path = self.path(relative)
        return files.read(path) if files.look(path) else b""

    def declaration(self, environment: Environment) -> Declaration:
        """Return what the files of ``environment`` declare; a missing file declares nothing."""
        if environment not in self._declarations:
            from aml_pipeline.project.environment import conda_file, pip_file

            declaration = self._declarations[environment] = Declaration()
            if environment.conda_file:
                declaration.add(conda_file.read(environment.conda_file, self._bytes))
            if environment.pip_requirements:
                declaration.add(pip_file.read(environment.pip_requirements, self._bytes))
        return self._declarations[environment]

    def _bytes(self, relative: str) -> bytes | None:
        path = self.path(relative)
        return files.read(path, dependencies.MOST_BYTES) if files.is_file(path) else None

    def code_digest(self, places: Sequence[str]) -> str | None:
        """Return the digest of a module outside the project, which is at ``places``; None if it does not exist."""
        digests = [self._code_digest(place) for place in places]
        return digests[0] if len(digests) == 1 else files.digest_of("\n".join(digests).encode()) if digests else None

    def _code_digest(self, place: str) -> str:
        """Return the digest of a module's file, or of a package's folder without its caches."""
        if not files.is_folder(place):
            return self.digests.file(place)
        entries = folders.walk(place, lambda name, _: name.endswith("__pycache__/"))
        rows = [f"{name}\0{self.digests.file(entry.path)}" for name, entry in entries if not name.endswith("/")]
        return files.digest_of("\n".join(rows).encode("utf-8", "surrogateescape"))

    def kind_of(self, local: str) -> str | None:
        """Return whether a local dataset is a file or a folder; None if it is not here."""
        place = self.path(local)
        if files.is_folder(place):
            return "folder"
        return "file" if files.is_file(place) else None

    def dataset(self, local: str | None) -> Tree | None:
        """Return the content of a local dataset, or None if it is not here."""
        return self.digests.tree(self.path(local)) if local else None


def _read_contract(tree: ast.Module) -> Contract:
    from aml_pipeline.project import contract  # only if a script has options

    return contract.read(tree)
