"""The directions of docs/explanation/architecture.md: which package may import which; imports of cheap commands."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests import module_map

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "aml_pipeline"

# Package → the packages that it may import.
ALLOWED: dict[str, set[str]] = {
    "core": set(),
    "pipeline": {"core"},
    "project": {"core", "pipeline"},
    "runs": {"core"},
    "local": {"core", "pipeline", "project", "runs"},
    "azureml": {"core", "pipeline", "project", "runs"},
    "report": {"core", "runs"},
    "doctor": {"core", "pipeline", "project", "azureml"},
    # The command line calls everything and is called by nothing but __main__.
    "cli": {"core", "pipeline", "project", "runs", "local", "azureml", "report", "doctor"},
}

# Libraries that only these modules, or those below them, may touch.
OWNERS = {
    "yaml": {"pipeline.yaml", "project.environment.definition"},
    "pydantic": {"pipeline.spec", "pipeline.loader"},
    "pydantic_core": {"pipeline.spec"},
    "azureml": {"azureml.v1"},
    "azure": {"azureml.v2"},
    "packaging": {"project.environment.pip_file", "project.environment.installed", "doctor.packages"},
}
ONLY_HERE = {"print": {"cli"}, "sys.argv": {"cli"}, "os.environ": {"cli", ""}}


@cache
def _modules() -> dict[str, Path]:
    """Return the modules by their names below the package; "" is the package itself."""
    names = {path.relative_to(PACKAGE).with_suffix("").parts: path for path in sorted(PACKAGE.rglob("*.py"))}
    names = {parts: path for parts, path in names.items() if parts[0] != "templates"}  # projects of users
    return {".".join(parts[:-1] if parts[-1] == "__init__" else parts): path for parts, path in names.items()}


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_modules()[module].read_text(encoding="utf-8"))


@cache
def _imported(module: str) -> frozenset[str]:
    """Return the absolute dotted names that a module imports."""
    names: set[str] = set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are written out in full"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


@cache
def _ours(module: str) -> frozenset[str]:
    """Return the modules of this package that a module imports; the version, which all may read, is none."""
    names = {f"{name}."[len("aml_pipeline.") : -1] for name in _imported(module) if name.startswith("aml_pipeline.")}
    found = {name if name in _modules() else name.rpartition(".")[0] for name in names - {"__version__"}}
    return frozenset(found - {module})


def _package(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    modules = [module for module in _modules() if _package(module) == package]
    assert modules
    edges = {(module, other) for module in modules for other in _ours(module)}
    assert {edge for edge in edges if _package(edge[1]) not in ALLOWED[package] | {package}} == set()
    assert ALLOWED[package] - {_package(other) for _, other in edges} == set(), "nothing of it is used: forbid it"


def test_every_package_has_a_rule() -> None:
    assert {_package(module) for module in _modules()} == {*ALLOWED, "", "__main__"}


def test_a_schedule_is_understood_once() -> None:
    """When the plan is built: whatever comes behind it takes what the plan holds, and reads no cron."""
    readers = {f"pipeline.schedule.{name}" for name in ("cron", "declared", "exact")}
    inside = {module for module in _modules() if module.startswith("pipeline.schedule")}
    assert {module for module in _modules() if readers & _ours(module)} - inside == set()
    users = {module for module in _modules() if "aml_pipeline.pipeline.schedule.understand" in _imported(module)}
    assert users == {"pipeline.plan.build"}


def test_names_of_ports_are_made_in_one_place() -> None:
    made = re.compile(r"""["'](input_|parameter_|after__)\{""")
    assert {module for module, path in _modules().items() if made.search(path.read_text(encoding="utf-8"))} == {
        "pipeline.plan.ports"
    }


def test_no_sdk_knows_the_other() -> None:
    between = {
        (module, other)
        for module in _modules()
        for other in _ours(module)
        if {module.split(".v")[0], other.split(".v")[0]} == {"azureml"}
        and {f"{module}."[:11], f"{other}."[:11]} == {"azureml.v1.", "azureml.v2."}
    }
    assert between == set()


def test_no_module_imports_itself_in_a_circle() -> None:
    """Not even within functions: what needs each other belongs together, or has a third thing in common."""
    left = {module: set(_ours(module)) for module in _modules()}
    while ends := {module for module, needed in left.items() if not needed & left.keys()}:
        left = {module: needed for module, needed in left.items() if module not in ends}
    assert left == {}


@pytest.mark.parametrize(("library", "owners"), OWNERS.items())
def test_a_library_is_touched_by_its_owners_only(library: str, owners: set[str]) -> None:
    users = {module for module in _modules() for name in _imported(module) if name.split(".")[0] == library}
    assert {user for user in users if not any(f"{user}.".startswith(f"{owner}.") for owner in owners)} == set()


@pytest.mark.parametrize(("word", "owners"), ONLY_HERE.items())
def test_printing_and_the_process_belong_to_the_command_line(word: str, owners: set[str]) -> None:
    users = set()
    for module in _modules():
        for node in ast.walk(_tree(module)):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == word
            read = isinstance(node, ast.Attribute) and ast.unparse(node) == word
            if called or read:
                users.add(_package(module))
    # The question that is asked of another interpreter is a text, not code of this process.
    assert users <= owners


def test_a_command_is_the_module_of_its_name() -> None:
    from aml_pipeline.cli.table import COMMANDS

    defined = {
        name: {node.name for node in _tree(f"cli.commands.{name}").body if isinstance(node, ast.FunctionDef)}
        for name in (command.function for command in COMMANDS.values())
    }
    assert [name for name, functions in defined.items() if name not in functions] == []


def test_the_map_is_that_of_the_package() -> None:
    assert module_map.written().splitlines() == module_map.current().splitlines(), "run `make checks`"


def _loaded(code: str) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return {line.rpartition("|")[2].strip() for line in answer.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        ("import aml_pipeline", {"typing", "dataclasses", "json", "argparse"}),
        ("from aml_pipeline.cli import run; run(['--version'], {})", {"dataclasses", "json", "argparse", "pydantic"}),
        (
            "from aml_pipeline.cli import run; run(['run', '--help'], {})",
            {"dataclasses", "json", "argparse", "pydantic"},
        ),
        ("from aml_pipeline.cli import run; run(['validate'], {})", {"azureml", "torch", "sklearn"}),
    ],
)
def test_a_command_imports_only_what_it_needs(code: str, forbidden: set[str]) -> None:
    loaded = _loaded(code)
    assert "aml_pipeline" in loaded
    assert loaded & forbidden == set()


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("core.memo", {"dataclasses", "json", "typing"}),
        ("azureml.sendable", {"aml_pipeline.azureml.v1", "aml_pipeline.azureml.v2"}),
        ("azureml.v2.export", {"aml_pipeline.azureml.v1"}),
    ],
)
def test_a_folder_costs_nothing_but_what_is_asked_of_it(module: str, forbidden: set[str]) -> None:
    loaded = _loaded(f"import aml_pipeline.{module}")
    assert f"aml_pipeline.{module}" in loaded
    assert loaded & forbidden == set()
