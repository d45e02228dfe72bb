"""Packages that are installed in place or again: what their code is counts, not the version alone.

Each is installed by the real pip and its real backend into a virtual environment of its own, without a network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

import editables
import pytest

from aml_pipeline.core.digests import Digests
from aml_pipeline.project.environment import interpreter
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import open_pipeline

_SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
_HATCHLING = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
_PROJECT = '[project]\nname = "helper"\nversion = "1.0"\n'
_MAPPED = '[tool.setuptools]\npackages = ["helper"]\npackage-dir = {helper = "lib"}\n'
_EXACT = "[tool.hatch.build]\ndev-mode-exact = true\n"

# How a package is laid out and built: its pyproject.toml, and where its code lies.
LAYOUTS = {
    "setuptools, src": (_SETUPTOOLS + _PROJECT, "src/helper/__init__.py"),
    "setuptools, flat": (_SETUPTOOLS + _PROJECT, "helper/__init__.py"),
    "setuptools, an import hook": (_SETUPTOOLS + _PROJECT + _MAPPED, "lib/__init__.py"),
    "setuptools, one module": (_SETUPTOOLS + _PROJECT + '[tool.setuptools]\npy-modules = ["helper"]\n', "helper.py"),
    "hatchling, a path": (_HATCHLING + _PROJECT, "src/helper/__init__.py"),
    "hatchling, an import hook": (_HATCHLING + _PROJECT + _EXACT, "src/helper/__init__.py"),
}
IN_MORE = {"setuptools, flat", "setuptools, one module", "hatchling, a path"}


class Environment:
    """A virtual environment, and what a step that imports ``helper`` would be keyed by in it."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder / "venv", symlinks=True)
        self.folder = folder / "venv"
        shutil.copytree(Path(editables.__file__).parent, self.packages / "editables")  # what hooks of hatchling import
        self.python = str(self.folder / "bin" / "python")
        (folder / "run.py").write_text("")
        (folder / "pipeline.yaml").write_text("name: small\nsteps: {only: {script: run.py}}\n")
        plan, _ = open_pipeline(str(folder / "pipeline.yaml"), None, {}).require()
        self._project = Project(plan, Digests())
        self._cache = str(folder / "cache")

    @property
    def packages(self) -> Path:
        (place,) = self.folder.glob("lib/python*/site-packages")
        return place

    def install(self, *words: str) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        options = ["--no-build-isolation", "--no-index", "--prefix", str(self.folder)]
        subprocess.run([*pip, *options, *words], check=True, capture_output=True, text=True, timeout=120)

    def ask(self) -> Interpreter:
        return interpreter.inspect(self.python, dict(os.environ), self._cache)

    def part(self) -> Mapping[str, str | None]:
        """Return the part of a key."""
        found = self.ask()
        return {
            name: version or self._project.code_digest(found.code(name))
            for name, version in found.versions({"helper"}).items()
        }


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path)


def _write(folder: Path, settings: str, code: str, text: str) -> Path:
    place = folder / "library" / code
    place.parent.mkdir(parents=True, exist_ok=True)
    (folder / "library" / "pyproject.toml").write_text(settings)
    place.write_text(text)
    return place


@pytest.mark.parametrize(
    ("settings", "code"),
    [pytest.param(*LAYOUTS[one], id=one, marks=pytest.mark.more if one in IN_MORE else ()) for one in LAYOUTS],
)
def test_code_that_is_developed_in_place_counts(
    environment: Environment, tmp_path: Path, settings: str, code: str
) -> None:
    place = _write(tmp_path, settings, code, "VALUE = 1\n")
    environment.install("-e", str(tmp_path / "library"))
    before = environment.part()
    assert environment.part() == before
    assert set(before) == {"helper"}
    assert before["helper"]
    place.write_text("VALUE = 22\n")
    assert environment.part() != before


def test_the_same_version_built_from_other_code_counts(environment: Environment, tmp_path: Path) -> None:
    code = LAYOUTS["setuptools, src"]
    place = _write(tmp_path, *code, "VALUE = 1\n")
    environment.install(str(tmp_path / "library"))
    before = environment.part()
    assert str(before["helper"]).startswith("1.0 (build ")
    place.write_text("VALUE = 22\n")
    assert environment.part() == before  # it is a copy that was installed
    shutil.rmtree(tmp_path / "library" / "build")  # setuptools takes a file of the same second from there
    environment.install("--ignore-installed", str(tmp_path / "library"))
    assert environment.part() != before


def test_a_path_file_that_is_edited_in_place_is_noticed(environment: Environment, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "helper.py").write_text(f"VALUE = {name!r}\n")
    leading = environment.packages / "helper.pth"
    leading.write_text(f"{tmp_path / 'old'}\n")
    before = environment.part()
    with leading.open("r+") as stream:  # the folder of packages looks the same afterwards
        stream.write(f"{tmp_path / 'new'}\n")
    assert environment.part() != before


def test_an_extension_module_that_a_path_file_leads_to_counts(environment: Environment, tmp_path: Path) -> None:
    (environment.packages / "helper.pth").write_text(f"{tmp_path}\n")
    extension = tmp_path / f"helper{environment.ask().suffixes[0]}"
    extension.write_bytes(b"one")
    before = environment.part()
    assert before["helper"]
    extension.write_bytes(b"another")
    assert environment.part() != before
