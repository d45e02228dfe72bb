"""A project with a step that waits, an environment whose packages are installed in many ways, and what a row is."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import editables

from tests.conftest import Project
from tests.patience import PATIENCE

# A step waits for this file if a variable says so, which is in no key: something changes here while the step runs.
GATE = "TEST_GATE"
SCRIPT = """
    import os, pathlib, subprocess, sys, time

    gate = os.environ.get("TEST_GATE")
    if gate:
        pathlib.Path(gate, "started").touch()
        while not pathlib.Path(gate, "go").exists():
            time.sleep(0.002)
    {look}
    pathlib.Path(sys.argv[-1], "value").write_text(repr(value))
    """
PIPELINE = """
    name: sees
    source_directory: src
    parameters: {number: 0}
    datasets:
      raw: {local: raw}
      other: {local: other.csv}
      extra: {local: extra.csv, optional: true}
      linked: {local: current}
    steps:
      first:
        script: first.py
        arguments: {--output: "${{ outputs.made }}"}
      only:
        script: only.py
        environment_variables: {DECLARED: "0"}
        arguments:
          - ${{ parameters.number }}
          - ${{ steps.first.outputs.made }}
          - ${{ datasets.raw }}
          - ${{ datasets.other }}
          - ${{ datasets.linked }}
          - --extra: ${{ datasets.extra }}
          - ${{ outputs.seen }}
    """
FILES = {
    "pipeline.yaml": PIPELINE,
    "src/first.py": "import sys\nopen(sys.argv[-1] + '/made.csv', 'w').write('as made')\n",
    "src/module.py": "VALUE = 0\n",
    "src/words.txt": "0",
    "raw/a.csv": "a0",
    "raw/b.csv": "b0",
    "other.csv": "other",
    "versions/0/c.csv": "0",
    "versions/1/c.csv": "1",
    "versions/2/c.csv": "2",
    "absolute.txt": "0",
}


@dataclass
class Place:
    """A project, the Python of its steps, and what a row may change."""

    project: Project
    shared: Environment
    environ: dict[str, str]
    python: str
    address: str = ""
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.project.root


class Environment:
    """A virtual environment with helper packages in it, each installed in another way."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder / "venv", symlinks=True)
        self.folder = folder
        self.python = str(folder / "venv/bin/python")
        (self.packages,) = (folder / "venv").glob("lib/python*/site-packages")
        shutil.copytree(Path(editables.__file__).parent, self.packages / "editables")  # what hooks of hatchling import
        for name, backend in BACKENDS.items():
            self._write_library(name, backend)
        libraries = (word for name in BACKENDS for word in ("-e", str(folder / name)))
        _pip("install", "--no-build-isolation", "--prefix", str(folder / "venv"), *libraries)

    def upgrade(self, wheel: str) -> None:
        """Let pip install a wheel in the place of what is there."""
        _pip("--python", self.python, "install", "--no-compile", "--upgrade", wheel)

    def _write_library(self, name: str, backend: str) -> None:
        code = self.folder / name / "src" / name
        code.mkdir(parents=True)
        (code / "__init__.py").write_text("VALUE = 0\n")
        settings = f'{backend}[project]\nname = "{name}"\nversion = "1.0"\n'
        (self.folder / name / "pyproject.toml").write_text(settings)

    def wheel(self, name: str, version: str, value: object) -> str:
        """Build a wheel and return its path."""
        path = self.folder / f"{name}-{version}-py3-none-any.whl"
        notes = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{name}/__init__.py", f"VALUE = {value!r}\n")
            archive.writestr(f"{notes}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            archive.writestr(f"{notes}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{notes}/RECORD", "")
        return str(path)


NOTED = ("METADATA", "RECORD")


def write_package(packages: Path, name: str, version: str, value: object, built: str = "") -> None:
    """Write what an installer of wheels writes; ``built``: the commit, for one that is from a repository."""
    for old in packages.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    notes = packages / f"{name}-{version}.dist-info"
    notes.mkdir()
    (notes / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    listed = (f"{name}/__init__.py,sha256={built or version},", *(f"{notes.name}/{one},," for one in NOTED))
    (notes / "RECORD").write_text("\n".join(listed))
    if built:
        (notes / "direct_url.json").write_text("{}")
    (packages / name).mkdir(exist_ok=True)
    (packages / name / "__init__.py").write_text(f"VALUE = {value!r}\n")


BACKENDS = {
    "by_setuptools": '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
    "by_hatchling": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
    "by_hook": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    "[tool.hatch.build]\ndev-mode-exact = true\n",
}


def _pip(*words: str) -> None:
    """Run the real pip, which takes nothing from a network."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words, "--no-deps", "--no-index"]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)


Change = Callable[[Place, int], object]
NO, YES, UNFELT = "no", "yes", "no effect"


@dataclass(frozen=True)
class Row:
    """What changes, to the state of a number, and how: ``look`` is what a script sees of it (``value``).

    ``between``: whether the next run notices. ``meanwhile``: YES, the step fails; NO, it sees the change, and is done;
    UNFELT, it does not see it. ``differs`` is false where the step sees the same afterwards.
    """

    look: str
    change: Change
    between: str
    meanwhile: str
    differs: bool = True
    before: Change = lambda _place, _number: None


def imports(module: str) -> str:
    """Return what a script sees of a module."""
    return f"from {module} import VALUE as value"


def edited_and_back(file: Callable[[Place], Path]) -> Change:
    """Return a change of a file that leaves what was there."""

    def change(place: Place, number: int) -> None:
        text = file(place).read_text()
        file(place).write_text(f"{text}{number}")
        file(place).write_text(text)

    return change
