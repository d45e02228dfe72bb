"""Half an SDK: what `doctor` finds where some of its packages are missing, too old, or cannot be imported."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import pytest

from tests import forking, v1
from tests.patience import PATIENCE

PACKAGES = Path(site.getsitepackages()[0])


def without(folder: Path, *left_out: str) -> Path:
    """Make a folder of packages like that of this Python, without some paths; ``*`` stands for any text."""
    gone = {path for pattern in left_out for path in PACKAGES.glob(pattern)}
    assert gone
    opened = {parent for path in gone for parent in path.parents}
    _link(PACKAGES, folder, gone, opened)
    return folder


def _link(source: Path, target: Path, gone: set[Path], opened: set[Path]) -> None:
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path in opened:
            _link(path, target / path.name, gone, opened)
        elif path not in gone:
            (target / path.name).symlink_to(path)


def doctor(packages: Path, *words: str) -> tuple[int, Mapping[str, Mapping[str, str]]]:
    """Run `doctor` as a process that has these packages and no others; return its status and findings."""
    done = _run(packages, "doctor", "--offline", "--format", "json", *words)
    assert done.stderr == ""
    return done.returncode, {row["name"]: row for row in json.loads(done.stdout)["findings"]}


def _run(packages: Path, *words: str) -> subprocess.CompletedProcess[str]:
    python_path = os.pathsep.join([str(packages), str(forking.ROOT)])
    return subprocess.run(
        [sys.executable, "-S", "-m", "aml_pipeline", *words],
        cwd=packages,
        env={**forking.environ(), "PYTHONPATH": python_path, "HOME": str(packages)},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def problems(found: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the names of the problems but that of the configuration, which these folders have none of."""
    return [name for name, row in found.items() if row["state"] == "problem" and name != "configuration"]


def test_a_package_of_v2_is_missing(tmp_path: Path) -> None:
    packages = without(tmp_path / "packages", "azure/identity", "azure_identity-*.dist-info")
    status, found = doctor(packages, "--sdk", "v2")
    assert (status, problems(found)) == (6, ["SDK v2"])
    version = metadata.version("azure-ai-ml")
    assert found["SDK v2"]["seen"] == f"half installed: azure-identity is missing; installed: azure-ai-ml {version}"
    assert found["SDK v2"]["cure"] == "Install all of it: pip install 'aml-pipeline-yaml[azureml-v2]'."


@pytest.mark.parametrize("package", ["packaging", pytest.param("yaml", marks=pytest.mark.more)])
def test_a_package_of_its_own_is_missing(tmp_path: Path, package: str) -> None:
    packages = without(tmp_path / "packages", package)
    done = _run(packages, "doctor", "--offline")
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr == (
        f'The module "{package}" is missing in {sys.executable}. '
        "Install aml-pipeline again: pip install --force-reinstall aml-pipeline-yaml.\n"
    )


# Ends the process as soon as it connects, looks up a name, or starts a program but uname, which an SDK asks.
WATCHED = """
import os, sys
NEVER = {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.posix_spawn", "os.exec", "os.system"}
def watch(event, given):
    if event in NEVER and given[0] != "uname":
        os.write(2, f"{event} {given}".encode())
        os._exit(99)
sys.addaudithook(watch)
from aml_pipeline.__main__ import main
sys.exit(main())
"""


@pytest.mark.more
def test_offline_a_new_process_asks_nobody(tmp_path: Path) -> None:
    """Importing azure-ai-ml asks the address of its clouds, if one is set."""
    environ = {**forking.environ(), "ARM_CLOUD_METADATA_URL": "https://127.0.0.1:9/metadata/endpoints"}
    command = [sys.executable, "-c", WATCHED, "doctor", "--offline"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert "ok       SDK v2" in done.stdout


@pytest.mark.more
def test_a_package_of_v1_is_missing(tmp_path: Path) -> None:
    v1.module("azureml.pipeline.steps")
    left_out = ("azureml/pipeline/steps", "azureml_pipeline_steps-*.dist-info")
    packages = without(tmp_path / "packages", *left_out)
    status, found = doctor(packages, "--sdk", "v1")
    assert (status, problems(found)) == (6, ["SDK v1"])
    assert "half installed: azureml-pipeline-steps is missing; installed: azureml-core " in found["SDK v1"]["seen"]
    status, found = doctor(packages)  # so v2 is used, and half of v1 is in nobody's way
    assert (status, problems(found), found["SDK v1"]["state"]) == (2, [], "warning")


@pytest.mark.more
@pytest.mark.parametrize(("sdk", "package"), [("v1", "msrest"), ("v2", "azure/core")])
def test_an_sdk_that_cannot_be_imported(tmp_path: Path, sdk: str, package: str) -> None:
    """What it needs itself is missing: its own distributions are all there."""
    packages = without(tmp_path / "packages", package)
    status, found = doctor(packages, "--sdk", sdk)
    assert (status, f"SDK {sdk}" in problems(found)) == (6, True)
    missing = package.replace("/", ".")
    assert f"importing it fails (ModuleNotFoundError: No module named '{missing}" in found[f"SDK {sdk}"]["seen"]
    assert "pip install --force-reinstall 'aml-pipeline-yaml[azureml" in found[f"SDK {sdk}"]["cure"]


@pytest.mark.more
def test_a_package_that_is_too_old(tmp_path: Path) -> None:
    packages = without(tmp_path / "packages", "azure_identity-*.dist-info")
    old = packages / "azure_identity-1.5.0.dist-info"
    old.mkdir()
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: azure-identity\nVersion: 1.5.0\n")
    status, found = doctor(packages, "--sdk", "v2")
    assert (status, problems(found)) == (6, ["SDK v2"])
    assert "half installed: azure-identity 1.5.0 is not >=1.16.1; installed: " in found["SDK v2"]["seen"]


@pytest.mark.more
def test_no_sdk_at_all(tmp_path: Path) -> None:
    packages = without(tmp_path / "packages", "azure", "azure_*", "azureml", "azureml_*")
    status, found = doctor(packages)
    assert (status, problems(found)) == (2, [])
    assert f"no SDK is installed for {sys.executable}: local runs need none" in str(found)
    for sdk in ("v1", "v2"):
        status, found = doctor(packages, "--sdk", sdk)
        assert (status, problems(found)) == (6, [f"SDK {sdk}"])
