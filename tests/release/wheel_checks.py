"""The wheel alone, installed and used as newcomers do; run by ``make test-wheel``, which prints what each took."""

# ruff: noqa: T201 - what a walk took is printed
from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.release import ROOT, FailedError, building, called, pythons, tool
from tests.release.installing import INSTALLERS, Program
from tests.tutorial import MARK, walk

PYTHONS = pythons.found()
PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if MARK in page.read_text(encoding="utf-8")]
TEMPLATES = sorted(path.name for path in (ROOT / "aml_pipeline" / "templates").iterdir())
# PyPI's torch for Linux brings gigabytes of libraries for GPUs, so only wheels on this disk are tried.
TORCH = [
    path
    for name in ("PIP_FIND_LINKS", "UV_FIND_LINKS")
    for path in sorted(Path(os.environ.get(name) or "/nowhere").glob("torch*-cp3*.whl"))
]
IN_AZURE = """
name: small
compute: cpu-cluster
environment: {name: small, registered: small}
steps:
  greet:
    script: greet.py
    arguments: {--greeting: hello, --output: "${{ outputs.text }}"}
"""
CONFIG = ("subscription_id", "resource_group", "workspace_name")
IMPORTS = {
    "azureml": "import azureml.core, azureml.pipeline.core, azureml.pipeline.steps",
    "azureml-v2": "import azure.ai.ml, azure.identity",
}

Installed = Callable[[str, str], Program]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel") / "dist"
    (path,) = building.built(ROOT, folder, "--wheel", umask=0o022, zone="UTC", seed="0")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Return the program as an installer installs it for a version of Python; each is installed once."""

    @cache
    def install(installer: str, version: str) -> Program:
        folder = tmp_path_factory.mktemp(f"{installer}-{version}") / "clean é"
        with timed(f"{installer} {version}", "install"):
            return INSTALLERS[installer](PYTHONS[version], str(wheel), folder)

    return install


SECONDS: dict[str, list[str]] = {}


@contextlib.contextmanager
def timed(who: str, what: str) -> Iterator[None]:
    """Note how long the block took."""
    start = time.perf_counter()
    yield
    SECONDS.setdefault(who, []).append(f"{what} {time.perf_counter() - start:.1f} s")


@pytest.fixture(scope="module", autouse=True)
def _told() -> Iterator[None]:
    """Print at the end what each walk took."""
    yield
    absent = [version for version in pythons.VERSIONS if version not in PYTHONS]
    print("", *(f"{who:<18} {', '.join(rows)}" for who, rows in SECONDS.items()), sep="\n")
    print(f"left out, for want of a Python: {', '.join(absent)}" if absent else "every version was tried")


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("installer", INSTALLERS)
def test_from_an_empty_folder_to_the_page_of_a_run(
    installer: str, version: str, installed: Installed, wheel: Path, tmp_path: Path
) -> None:
    program = installed(installer, version)
    where = called(program.python, "-c", "import aml_pipeline; print(aml_pipeline.__file__)", cwd=tmp_path).stdout
    assert Path(where).is_relative_to(program.python.parents[1])
    with timed(f"{installer} {version}", "init to page"):
        assert program("--version", cwd=tmp_path) == f"aml-pipeline {wheel.name.split('-')[1]}\n"
        program("init", cwd=tmp_path)
        assert "no errors" in program("validate", cwd=tmp_path)
        assert " done " in program("run", cwd=tmp_path)
        assert "up to date" in program("run", cwd=tmp_path)
        assert "up to date" in program("plan", cwd=tmp_path)
        assert len(program("runs", cwd=tmp_path).splitlines()) == 2
        assert Path(program("report", cwd=tmp_path).strip()).is_file()


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_pages_that_newcomers_follow(page: Path, version: str, installed: Installed, tmp_path: Path) -> None:
    program = installed("pip", version)
    with timed(f"pip {version}", page.stem):
        assert walk(page.read_text(encoding="utf-8"), tmp_path, program.environ) == []


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template(template: str, version: str, installed: Installed, tmp_path: Path) -> None:
    program = installed("pip", version)
    with timed(f"pip {version}", template):
        program("init", "--template", template, cwd=tmp_path)
        assert " done " in program("run", cwd=tmp_path)


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("extra", ["azureml", "azureml-v2"])
def test_an_extra_alone(extra: str, version: str, installed: Installed, wheel: Path, tmp_path: Path) -> None:
    """Without it, a message says which to install; with it, the SDK imports, and is the one that we ask for."""
    program = installed("uv", version)
    program("init", cwd=tmp_path)
    (tmp_path / "pipeline.yaml").write_text(IN_AZURE)
    (tmp_path / "config.json").write_text(json.dumps(dict.fromkeys(CONFIG, "none")))
    has_sdk = extra != "azureml" or version in {"3.10", "3.11"}
    cure = f"aml-pipeline-yaml[{extra}]" if has_sdk else "3.10 and 3.11 only"
    refused = _refused(program, "submit", "--sdk", "v1" if extra == "azureml" else "v2", cwd=tmp_path)
    assert cure in refused
    with timed(f"uv {version}", f"install [{extra}]"):
        program = INSTALLERS["uv"](PYTHONS[version], f"{wheel}[{extra}]", tmp_path / "with it")
    if has_sdk:
        called(program.python, "-c", IMPORTS[extra], cwd=tmp_path)


def _refused(program: Program, *words: str, cwd: Path) -> str:
    with pytest.raises(FailedError) as refused:
        program(*words, cwd=cwd)
    assert "Traceback" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("version", PYTHONS)
def test_the_steps_extra(version: str, wheel: Path, tmp_path: Path) -> None:
    """The shipped pipeline in a copy, by the wheel and the packages of its steps."""
    wheels = [path for path in TORCH if f"-cp{version.replace('.', '')}-" in path.name]
    if len(wheels) < 2:
        pytest.skip(f"no wheels of torch and torchvision for Python {version} in PIP_FIND_LINKS")
    python = tmp_path / "env" / "bin" / "python"
    called(tool("uv"), "venv", "--quiet", "--no-config", "--python", PYTHONS[version], tmp_path / "env")
    install = (tool("uv"), "pip", "install", "--quiet", "--no-config", "--python", python)
    with timed(f"uv {version}", "install [steps]"):
        called(*install, f"{wheel}[steps]", *wheels)
    for name in ("pipeline.yaml", "steps", ".azureml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    with timed(f"uv {version}", "quickstart"):
        assert "train" in Program(python.parent, python)("run", "--profile", "quickstart", cwd=tmp_path)
