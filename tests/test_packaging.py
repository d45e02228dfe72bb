"""What is shipped: the wheel, what it asks for, and that it needs nothing else."""

import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

import aml_pipeline
from aml_pipeline.core.addresses import SOURCE
from aml_pipeline.project.environment import conda_file

ROOT = Path(__file__).parents[1]
NAME = "aml-pipeline-yaml"  # aml-pipeline on PyPI is another project
CORE = {"packaging", "pydantic", "pyyaml"}


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the hatchling that is installed, so without a network."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, cwd=ROOT)
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def told(wheel: Path) -> Message:
    """Read the metadata of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def requirements(told: Message, *extras: str, **environment: str) -> dict[str, Requirement]:
    """Tell what an installation with these extras asks for."""
    asked = [Requirement(text) for text in told.get_all("Requires-Dist", [])]
    return {
        canonicalize_name(each.name): each
        for each in asked
        if not each.marker or any(each.marker.evaluate({**environment, "extra": extra}) for extra in ["", *extras])
    }


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    package = ROOT / "aml_pipeline"
    ours = {path.relative_to(ROOT).as_posix() for path in package.rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    info = f"{NAME.replace('-', '_')}-{aml_pipeline.__version__}.dist-info"
    assert held == {name for name in ours if "__pycache__" not in name} | {
        f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    }
    assert held >= {
        "aml_pipeline/py.typed",
        "aml_pipeline/pipeline.schema.json",
        "aml_pipeline/pipeline/schedule/windows_zones.txt",
    }


def test_the_core_asks_for_little(told: Message) -> None:
    assert told["Name"] == NAME
    assert told["Version"] == aml_pipeline.__version__
    assert set(requirements(told)) - {"tzdata"} == CORE
    assert set(requirements(told, sys_platform="win32")) == CORE | {"tzdata"}


def test_links_of_the_readme_lead_to_the_repository(told: Message) -> None:
    """PyPI shows it alone."""
    links = re.findall(r"\]\(([^)]+)\)", str(told.get_payload()))
    assert f"{SOURCE}/blob/main/docs/faq.md" in links
    assert any(link.startswith("https://raw.githubusercontent.com/") and link.endswith(".png") for link in links)
    assert [link for link in links if not link.startswith("https://")] == []


def test_the_extras_hold_the_rest(told: Message) -> None:
    assert set(told.get_all("Provides-Extra", [])) == {"azureml", "azureml-v2", "dev", "steps"}
    assert set(requirements(told, "azureml-v2")) - CORE == {"azure-ai-ml", "azure-identity"}
    steps = set(requirements(told, "steps")) - CORE
    assert steps == {"numpy", "scikit-learn", "torch", "torchvision"}
    azureml = set(requirements(told, "azureml", python_version="3.11", sys_platform="linux")) - CORE
    assert azureml == {"azureml-core", "azureml-pipeline-core", "azureml-pipeline-steps"}


def test_messages_say_to_install_this_distribution() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "aml_pipeline").rglob("*.py")]
    named = [name for text in texts for name in re.findall(r'\b(aml-pipeline[\w-]*)\[|DISTRIBUTION = "([^"]+)"', text)]
    assert {"".join(name) for name in named} == {NAME}


def test_no_extra_is_called_like_a_version(told: Message) -> None:
    """Else pip 24.1 to 25.3 install nothing: they hold the names of other extras against it, as versions."""
    for extra in told.get_all("Provides-Extra", []):
        with pytest.raises(InvalidVersion):
            Version(extra)


@pytest.mark.parametrize(
    ("environment", "has_azureml"),
    [
        ({"python_version": "3.11", "sys_platform": "linux", "platform_machine": "x86_64"}, True),
        ({"python_version": "3.10", "sys_platform": "darwin", "platform_machine": "x86_64"}, True),
        ({"python_version": "3.11", "sys_platform": "darwin", "platform_machine": "arm64"}, False),
        ({"python_version": "3.12", "sys_platform": "linux", "platform_machine": "x86_64"}, False),
        ({"python_version": "3.14", "sys_platform": "linux", "platform_machine": "x86_64"}, False),
    ],
)
def test_sdk_v1_is_asked_for_only_where_it_installs(
    told: Message, environment: dict[str, str], *, has_azureml: bool
) -> None:
    """Elsewhere pip would end in a conflict that names no Python; the commands say what SDK v1 needs."""
    for extra in ("azureml", "dev"):
        asked = {name for name in requirements(told, extra, **environment) if name.startswith("azureml-")}
        assert bool(asked - {"azureml-v2"}) == has_azureml, extra


def test_no_extra_asks_for_a_namesake(told: Message) -> None:
    """Hatchling replaces an extra of this very distribution by what it holds; under another name it would stay."""
    asked = {Requirement(text).name for text in told.get_all("Requires-Dist", [])}
    assert {name for name in asked if name.replace("_", "-").startswith("aml-pipeline")} == set()


def test_nothing_caps_the_core_for_the_sake_of_sdk_v1(told: Message) -> None:
    asked = requirements(told)
    assert asked["packaging"].specifier.contains("26.4")


@pytest.mark.parametrize("version", ["3.10.4", "3.11.9", "3.12.8", "3.13.5", "3.14.6"])
@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_constraints_pin_once_all_that_is_asked_for_but_torch(told: Message, version: str, system: str) -> None:
    environment = {"python_full_version": version, "python_version": version[:4], "sys_platform": system}
    environment["platform_machine"] = "arm64" if system == "darwin" else "x86_64"
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    pinned = [pin for pin in pins if not pin.marker or pin.marker.evaluate({**environment})]
    versions: dict[str, str] = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pinned}
    assert len(versions) == len(pinned)

    asked = requirements(told, "steps", "azureml", "azureml-v2", "dev", **environment)
    assert asked.keys() - versions.keys() == {"torch", "torchvision"}
    for name in asked.keys() & versions.keys():
        assert asked[name].specifier.contains(versions[name]), name


def test_the_conda_file_holds_what_the_steps_import(told: Message) -> None:
    conda = (ROOT / ".azureml/pytorch-env.yml").read_text()
    listed = {line.strip().removeprefix("- ").partition(">=")[0] for line in conda.splitlines()}
    named = {"torch": "pytorch"}
    assert {named.get(name, name) for name in requirements(told, "steps").keys() - CORE} <= listed


# The last version with a hole that became public.
HOLES = [
    ("azure-identity", "1.16.0"),  # CVE-2024-35255: a user of the machine may read what only its administrator may
    ("torch", "2.5.1"),  # CVE-2025-32434: torch.load runs code, weights_only or not
    ("torchvision", "0.20.1"),  # goes with torch 2.5.1
    ("scikit-learn", "1.4.2"),  # CVE-2024-5206: TfidfVectorizer keeps the words of what it was fitted to
    ("pyyaml", "5.3.1"),  # CVE-2020-14343: full_load runs code
    ("pydantic", "2.3.0"),  # CVE-2024-3772: a mail address takes exponential time
    ("pytest", "9.0.2"),  # CVE-2025-71176: a folder in /tmp that another user may have made
    ("setuptools", "78.1.0"),  # CVE-2025-47273: a package leaves the folder that it is downloaded into
]


@pytest.mark.parametrize(("name", "version"), HOLES)
def test_no_extra_takes_a_version_with_a_known_hole(told: Message, name: str, version: str) -> None:
    asked = requirements(told, "steps", "azureml", "azureml-v2", "dev")
    assert not asked[name].specifier.contains(version)


@pytest.mark.parametrize(
    ("name", "version"), [("pytorch", "2.5.1"), ("torchvision", "0.20.1"), ("scikit-learn", "1.4.2")]
)
def test_nor_does_the_conda_file(name: str, version: str) -> None:
    found = conda_file.read("env.yml", lambda _path: (ROOT / ".azureml/pytorch-env.yml").read_bytes())
    (declared,) = [one for one in found.packages if one.name == name]
    assert not any(SpecifierSet(one).contains(version) for one in declared.versions)


def with_what_they_need(names: set[str]) -> set[str]:
    """Follow the requirements of installed distributions."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = canonicalize_name(todo.pop())
        if name not in found:
            found.add(name)
            asked = map(Requirement, metadata.requires(name) or [])
            todo += [each.name for each in asked if not each.marker or each.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel where there is nothing but what the core needs: copied from here, so without a network."""
    venv = tmp_path_factory.mktemp("only the core é")
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=venv)
    python = venv / "bin/python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=venv).strip())
    for name in with_what_they_need(CORE):
        for file in metadata.files(name) or []:
            if ".." not in file.parts:
                target = site / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_binary())
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps", wheel, cwd=venv)
    return python


def test_the_command_runs_on_the_core_alone(python: Path, tmp_path: Path) -> None:
    command = python.with_name("aml-pipeline")
    assert aml_pipeline.__version__ in run(command, "--version", cwd=tmp_path)
    assert run(command, "--version", cwd=tmp_path) == run(python, "-m", "aml_pipeline", "--version", cwd=tmp_path)


def test_every_module_imports_on_the_core_alone(python: Path, tmp_path: Path) -> None:
    program = """
import importlib, pathlib, pkgutil, sys, aml_pipeline
for module in pkgutil.walk_packages(aml_pipeline.__path__, "aml_pipeline."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert pathlib.Path(aml_pipeline.__file__).is_relative_to(sys.prefix)
for name in ("torch", "azureml", "numpy"):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        print("no", name)
"""
    assert run(python, "-c", program, cwd=tmp_path) == "no torch\nno azureml\nno numpy\n"
