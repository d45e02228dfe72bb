"""Imports that an environment does not name: told by every ``validate``, and never wrongly."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

import pytest

from aml_pipeline.core.problems import Problem
from aml_pipeline.project import import_check
from aml_pipeline.project.environment import conda_file, known_packages, pip_file
from aml_pipeline.project.environment.dependencies import Declared
from aml_pipeline.project.environment.interpreter import Interpreter, unasked
from aml_pipeline.project.environment.providers import Providers
from aml_pipeline.project.environment.steps_python import Pythons
from aml_pipeline.project.opening import Opened, open_pipeline
from tests.conftest import ROOT, Project
from tests.corpus import this_python
from tests.project.test_contract_real import real_scripts

HEAD = "name: p\nsource_directory: steps\n"
STEPS = "steps: {train: {script: t.py}}\n"


def _warned(opened: Opened, pythons: Pythons = this_python) -> list[Problem]:
    plan, project = opened.require()
    return import_check.warnings(plan, project, pythons)


def _shown(found: list[Problem]) -> list[str]:
    """Return each warning as its line and the module."""
    modules = [one.message.split('"')[-2] for one in found]
    return [f"{one.position.line if one.position else 0} {name}" for one, name in zip(found, modules, strict=True)]


def _open(project: Project, files: dict[str, str]) -> Opened:
    project.write(
        {
            "pipeline.yaml": f"{HEAD}environment: {{name: e, pip_requirements: r.txt}}\n{STEPS}",
            **files,
        }
    )
    return open_pipeline(str(project.root / "pipeline.yaml"))


# Requirements, script → the lines and modules that are told.
CASES = {
    "missing": ("scikit-learn", "import lightgbm", ["1 lightgbm"]),
    "another name": ("scikit-learn", "import sklearn.svm", []),
    "names that differ": ("pillow\nPyYAML\nopencv-python", "import PIL, yaml, cv2", []),
    "types are no package": ("types-PyYAML", "import yaml", ["1 yaml"]),
    "comes along": ("pandas", "import numpy, dateutil", []),
    "comes along with what comes along": ("seaborn", "import numpy, PIL, six", []),
    "does not come along": ("seaborn", "import sklearn", ["1 sklearn"]),
    "of an extra nobody knows": ("pandas[excel]", "import openpyxl", []),
    "a namespace": ("azureml-core", "from azureml.core import Run", []),
    "another part of a namespace": ("azureml-mlflow", "import azureml.mlflow", []),
    "a namespace that is missing": ("numpy", "from azureml.core import Run", ["1 azureml.core"]),
    "not known here": ("a-package-that-nobody-has", "import lightgbm", []),
    "an address": ("git+https://example.com/x.git", "import lightgbm", []),
    "a path": ("./wheels/x-1.0-py3-none-any.whl", "import lightgbm", []),
    "a constraint": ("-c c.txt\nscikit-learn", "import lightgbm", ["1 lightgbm"]),
    "included": ("-r c.txt", "import lightgbm", []),
    "the standard library": ("numpy", "import os.path, tomllib, distutils.core, asyncore, zoneinfo", []),
    "what pip has": ("numpy", "import setuptools, pkg_resources, pip", []),
    "tried": ("numpy", "try:\n    import lightgbm\nexcept ImportError:\n    lightgbm = None", []),
    "for types": ("numpy", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import lightgbm", []),
    "for one Python": ("numpy", "import sys\nif sys.version_info < (3, 8):\n    import lightgbm", []),
    "where it is asked for": ("numpy", "import sys\nif 'GPU' in sys.argv:\n    import lightgbm", []),
    "in a loop": ("numpy", "for one in rows:\n    import lightgbm", []),
    "in a case": ("numpy", "match kind:\n    case 1:\n        import lightgbm", []),
    "in any case": ("numpy", "if True:\n    import lightgbm", ["2 lightgbm"]),
    "in no case": ("numpy", "if 0:\n    import lightgbm", []),
    "in a function": ("numpy", "def f():\n    import lightgbm", []),
    "in a class": ("numpy", "class A:\n    import lightgbm", ["2 lightgbm"]),
    "in a program": ("numpy", "if __name__ == '__main__':\n    import lightgbm", ["2 lightgbm"]),
    "its own": ("numpy", "import helper", ["1 lightgbm"]),
    "in a function of its own": ("numpy", "import lazy", []),
    "in a program of its own": ("numpy", "import program", []),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_certainly_missing_is_told(project: Project, case: str) -> None:
    requirements, script, expected = CASES[case]
    files = {
        "c.txt": "lightgbm",
        "steps/helper.py": "import lightgbm",
        "steps/lazy.py": "def f():\n    import lightgbm",
        "steps/program.py": "if __name__ == '__main__':\n    import lightgbm",
    }
    opened = _open(project, {**files, "r.txt": requirements, "steps/t.py": script})
    assert _shown(_warned(opened)) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("{name: e, conda_file: e.yml}", ["1 lightgbm"]),
        ("{name: e, conda_file: gpu.yml}", ["1 lightgbm"]),
        ("{name: e, conda_file: more.yml}", []),
        ("{name: e, docker_image: 'ubuntu:24.04', pip_requirements: r.txt}", []),
        ("{name: e, docker_image: 'ubuntu:24.04'}", []),
        ("{curated: AzureML-x}", []),
        ("{registered: x}", []),
    ],
)
def test_environments_of_every_kind(project: Project, environment: str, expected: list[str]) -> None:
    opened = _open(
        project,
        {
            "pipeline.yaml": f"{HEAD}environment: {environment}\n{STEPS}",
            "r.txt": "numpy",
            "e.yml": "dependencies: [python=3.11, numpy, pip, {pip: [scikit-learn]}]",
            "gpu.yml": "dependencies: [python=3.11, numpy, pytorch-cuda=12.1, cudatoolkit=11]",
            "more.yml": "dependencies: [python=3.11, numpy, a-package-of-conda]",
            "steps/t.py": "import lightgbm, numpy",
        },
    )
    assert _shown(_warned(opened)) == expected


# Files, import → the cure.
CURES = {
    "beside the pipeline file": (
        ["common/__init__.py"],
        "import common",
        "common is next to the pipeline file: move it to steps/, from which snapshots are taken.",
    ),
    "a folder without __init__.py": (
        ["common/x.py"],
        "import common",
        "common is next to the pipeline file: move it to steps/, from which snapshots are taken.",
    ),
    "deep in such a folder": (
        ["common/deep/x.py"],
        "from common.deep import x",
        "common is next to the pipeline file: move it to steps/, from which snapshots are taken.",
    ),
    "a folder that only has the name": (
        ["wandb/run.log"],
        "import wandb",
        (
            "Add the package that provides wandb to r.txt, "
            "or import wandb inside a `try:` if the script can do without it."
        ),
    ),
    "the source folder itself": (
        ["steps/lib/x.py"],
        "from steps.lib import x",
        "Import it without `steps.`: a step runs in a copy of steps/.",
    ),
    "all of the source folder": (
        ["steps/lib.py"],
        "from steps import lib",
        "Import it without `steps.`: a step runs in a copy of steps/.",
    ),
}


@pytest.mark.parametrize("case", CURES)
def test_a_module_of_the_project_is_told_with_where_it_belongs(project: Project, case: str) -> None:
    names, script, cure = CURES[case]
    files = {"r.txt": "numpy", "steps/t.py": script, **dict.fromkeys(names, "")}
    (problem,) = _warned(_open(project, files), _bare)
    assert problem.cure == cure


def test_a_source_folder_within_another_is_told_whole(project: Project) -> None:
    files = {"r.txt": "numpy", "src/steps/t.py": "from src.steps import lib", "src/steps/lib.py": ""}
    pipeline = f"name: p\nsource_directory: src/steps\nenvironment: {{name: e, pip_requirements: r.txt}}\n{STEPS}"
    (problem,) = _warned(_open(project, {**files, "pipeline.yaml": pipeline}))
    assert problem.cure == "Import it without `src.steps.`: a step runs in a copy of src/steps/."
    (problem,) = _warned(_open(project, {**files, "pipeline.yaml": pipeline, "src/steps/t.py": "import src.common"}))
    assert problem.cure == "Move it to src/steps/, from which snapshots are taken, and import it without `src.`."


@pytest.mark.parametrize("place", ["lib/helper.py", "lib/helper/x.txt", "a/b/helper.py"])
def test_a_module_that_a_search_path_may_lead_to_is_not_told(project: Project, place: str) -> None:
    script = "import sys\nsys.path.insert(0, 'lib')\nimport helper"
    assert _warned(_open(project, {"r.txt": "numpy", "steps/t.py": script, f"steps/{place}": ""})) == []


def _bare(_declared: str | None) -> Interpreter:
    """Return a Python with nothing installed."""
    return unasked()


# Module, file → what to add, where the Python of the steps does not have it.
SUGGESTED = {
    ("matplotlib", "r.txt"): "`matplotlib` to r.txt",
    ("matplotlib", "e.yml"): "`matplotlib` to e.yml",
    ("torch", "r.txt"): "`torch` to r.txt",
    ("torch", "e.yml"): "`pytorch` to e.yml",
    ("cv2", "e.yml"): "`opencv` to e.yml",
    ("keras", "r.txt"): "`keras` to r.txt",
    ("google.cloud", "r.txt"): "the package that provides google.cloud to r.txt",
    ("google.protobuf", "r.txt"): "`protobuf` to r.txt",
    ("azure.storage.blob", "e.yml"): "the package that provides azure.storage.blob to e.yml",
    ("azureml.core", "r.txt"): "`azureml-core` to r.txt",
    ("azureml.core", "e.yml"): "`azureml-core` to the `pip:` list of e.yml",
    ("serial", "r.txt"): "`pyserial` to r.txt",
    ("magic", "e.yml"): "`python-magic` to e.yml",
    ("dotenv", "r.txt"): "`python-dotenv` to r.txt",
    ("umap", "r.txt"): "`umap-learn` to r.txt",
    ("wx", "r.txt"): "`wxpython` to r.txt",
    ("ruamel.yaml", "r.txt"): "`ruamel.yaml` to r.txt",
    ("sklearn", "r.txt"): "`scikit-learn` to r.txt",
    ("no_such", "r.txt"): "the package that provides no_such to r.txt",
    ("_no_such", "e.yml"): "the package that provides _no_such to e.yml",
}


@pytest.mark.parametrize(("module", "file"), SUGGESTED)
def test_a_package_is_named_only_where_it_is_known(project: Project, module: str, file: str) -> None:
    kind = "conda_file" if file == "e.yml" else "pip_requirements"
    files = {"r.txt": "six", "e.yml": "dependencies: [python=3.11, six]", "steps/t.py": f"import {module}"}
    pipeline = f"{HEAD}environment: {{name: e, {kind}: {file}}}\n{STEPS}"
    (problem,) = _warned(_open(project, {**files, "pipeline.yaml": pipeline}), _bare)
    assert problem.cure.startswith(f"Add {SUGGESTED[module, file]}, or import "), problem.cure


def test_what_the_python_of_the_steps_has_names_the_package() -> None:
    modules = {
        "a": ["one"],
        "b": ["one", "two"],
        "sklearn": ["-cikit-learn", "scikit-learn"],
        "azure": ["azure-core"],
        "google": ["-rotobuf"],
        "azure.x": ["azure-x"],
    }
    distributions = {name: "1" for names in modules.values() for name in names}
    python = Interpreter("", "CPython", "3.11", "3.11.1", "", frozenset(), modules, distributions, ())
    suggested = Providers([], python).suggested
    assert [suggested(name) for name in ("a", "b", "sklearn", "azure.x.y", "azure.y", "google", "google.cloud")] == [
        "one", None, "scikit-learn", "azure-x", None, None, None,
    ]  # fmt: skip


def test_the_python_is_asked_only_where_a_doubt_is_left(project: Project) -> None:
    def python(_: str | None) -> Interpreter:
        raise AssertionError("asked")

    files = {"r.txt": "scikit-learn\npandas", "steps/t.py": "import os, numpy, pandas, sklearn, joblib"}
    assert _warned(_open(project, files), python) == []
    with pytest.raises(AssertionError):
        _warned(_open(project, {"steps/t.py": "import lightgbm"}), python)


def test_it_is_told_by_the_command_and_once_for_all_steps(project: Project) -> None:
    steps = "steps:\n  one: {script: t.py}\n  two: {script: u.py}\n  three: {script: t.py}\n"
    _open(project, {"r.txt": "numpy", "steps/t.py": "import lightgbm", "steps/u.py": "import os\nimport lightgbm"})
    project.write({"pipeline.yaml": f"{HEAD}environment: {{name: e, pip_requirements: r.txt}}\n{steps}"})
    told = project.cli("validate").stdout.splitlines()
    assert told[0] == (
        'steps/t.py:1:8: warning: no package in r.txt (environment of step "one" and 2 more) provides "lightgbm". '
        "Add `lightgbm` to r.txt, or import lightgbm inside a `try:` if the script can do without it. [unnamed-import]"
    )
    assert told[-1] == "pipeline.yaml: no errors, 1 warning."


def test_the_shipped_pipeline_names_all(tmp_path: Path) -> None:
    for name in ("steps", ".azureml"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pipeline.yaml", tmp_path)
    opened = open_pipeline(str(tmp_path / "pipeline.yaml"))
    assert _warned(opened) == []
    environment = tmp_path / ".azureml" / "pytorch-env.yml"
    environment.write_text(environment.read_text().replace("  - pytorch>=2.6\n  - torchvision>=0.21\n", ""))
    told = _shown(_warned(open_pipeline(str(tmp_path / "pipeline.yaml"))))
    assert {text.split()[1] for text in told} == {"torch", "torchvision"}


def _declared(names: list[str]) -> list[Declared]:
    found = pip_file.read("r.txt", lambda _: "\n".join(names).encode())
    assert found.problems == []
    return found.packages


def test_no_import_of_a_real_script_is_told_where_its_packages_are_named() -> None:
    """The scripts of ``contract/real.txt``: each with its own imports, in an environment of what is installed."""
    python = this_python()
    every = Providers(_declared(list(python.distributions)), python)
    count = 0
    for _, path in real_scripts():
        for module in _modules(path):
            if python.modules.get(module) or module in python.standard:
                count += 1
                assert every.of(module).verdict == "named", (path, module)
    assert count > 200


def test_each_installed_package_names_its_own_modules() -> None:
    python = this_python()
    checked = 0
    for module, names in python.modules.items():
        if "." in module or module.startswith("_"):
            continue
        for name in names:
            checked += 1
            assert Providers(_declared([name]), python).of(module).verdict == "named", (module, name)
    assert checked > 50


def test_each_installed_package_brings_along_what_it_asks_for() -> None:
    python = this_python()
    modules: dict[str, list[str]] = {}
    for module, names in python.modules.items():
        for name in names if "." not in module else ():
            modules.setdefault(_normalized(name), []).append(module)
    checked = 0
    for name, needs in python.requires.items():
        providers = Providers(_declared([name]), python)
        for module in (one for need in needs if ";" not in need for one in modules.get(_normalized(need), ())):
            checked += 1
            assert providers.of(module).verdict in {"named", "comes along"}, (name, module)
    assert checked > 50


def test_what_is_known_of_packages_holds_for_those_that_are_installed() -> None:
    """A package must not ask for one that the table lacks: its modules would be told as missing."""
    checked = 0
    for distribution in metadata.distributions():
        name = _normalized(distribution.metadata["Name"])
        if known_packages.asks_for(name) is None:
            continue
        checked += 1
        bare = Providers(_declared([name]), unasked())
        along = set(bare._along)
        assert _asked_for(distribution.requires or ()) <= along | {name}, name
    assert checked > 20


def _asked_for(requires: list[str] | tuple[str, ...]) -> set[str]:
    names: set[str] = set()
    for need in requires:
        if "extra ==" not in need and "platform_system" not in need and "python_version <" not in need:
            names.add(_normalized(re.match(r"[\w.-]+", need)[0]))  # type: ignore[index]
    return names


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _modules(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    found = {alias.name.partition(".")[0] for one in nodes if isinstance(one, ast.Import) for alias in one.names}
    return found | {
        (one.module or "").partition(".")[0] for one in nodes if isinstance(one, ast.ImportFrom) and not one.level
    }


def test_a_python_that_has_no_list_of_its_standard_library_raises_no_alarm() -> None:
    old = Interpreter("", "CPython", "3.9", "3.9.1", "", frozenset(sys.builtin_module_names), {}, {}, ())
    found = conda_file.read("e.yml", lambda _: b"dependencies: [python=3.9]")
    assert Providers(found.packages, old).of("json").verdict == "named"
    assert Providers(found.packages, old).of("tomllib").verdict == "not named"
