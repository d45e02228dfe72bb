"""The directions of docs/architecture.md: who may import whom, and what a cheap command imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "aml_pipeline"

# Module (or package) → what it may import of ours. What is not named here fails the test: a new module needs a line.
ALLOWED: dict[str, set[str]] = {
    "__init__": {"errors", "opening", "plan", "scalars"},
    "__main__": {"cli"},
    "arguments": {"names", "problems", "scalars", "tokens"},
    "check": {
        "contract", "files", "imports", "patterns", "plan", "problems", "project", "script", "snapshot", "wording",
    },
    "chosen": {"files"},
    "cleaning": {"files", "removal", "store"},
    "conda_file": {"dependencies", "pip_file", "problems", "source"},
    "dependencies": {"problems", "secret_files"},
    "contents": {"files"},
    "contract": {"plan", "problems", "tokens"},
    "definition": set(),
    "drawing": {"plan"},
    "durability": {"files"},
    "environment": {"dependencies", "files", "plan"},
    "errors": {"problems"},
    "events": set(),
    "export": {
        "errors", "files", "images", "plan", "problems", "project", "publication", "remote", "schedule", "snapshot",
        "tokens",
    },
    "files": {"errors"},
    "graph": {"errors", "problems"},
    "images": {"dependencies", "files", "plan"},
    "import_check": {
        "dependencies", "errors", "files", "installed", "interpreter", "origins", "plan", "problems", "project",
        "providers", "wording",
    },
    "imports": set(),
    "installed": {"dependencies", "interpreter"},
    "interpreter": {"errors", "files"},
    "known_packages": set(),
    "loader": {"plan", "planning", "problems", "profile", "schedule", "source", "spec", "spec_errors", "tokens"},
    "locks": {"errors", "files"},
    "local_data": {"files", "names", "plan", "project", "tokens"},
    "local_paths": {"files", "local_data", "plan", "project", "script", "tokens"},
    "masking": {"secret_files", "secret_words"},
    "memo": set(),
    "metrics": {"wording"},
    "mlflow_files": {"files", "metrics"},
    "names": set(),
    "opening": {"check", "errors", "files", "loader", "plan", "problems", "project", "source"},
    "origins": {"files", "imports", "patterns", "script", "snapshot"},
    "parameters": {"scalars", "wording"},
    "pip_file": {"dependencies", "problems"},
    "plan": {"parameters", "tokens"},
    "planning": {"arguments", "graph", "plan", "problems", "references", "scalars", "spec"},
    "ports": {"plan"},
    "problems": set(),
    "publication": {"errors", "masking", "parameters", "wording"},
    "profile": {"problems", "scalars", "spec"},
    "redaction": {"masking", "plan", "sealing", "tokens"},
    "project": {
        "conda_file", "contract", "dependencies", "environment", "files", "pip_file",
        "plan", "redaction", "sealing", "snapshot",
    },
    "provenance": set(),
    "providers": {"dependencies", "installed", "interpreter", "known_packages"},
    "record": {"contents", "durability", "events", "files", "metrics"},
    "references": {"plan", "problems", "spec", "tokens"},
    "remote": {
        "", "chosen", "plan", "problems", "project", "redaction", "secret_files", "secret_values",
        "snapshot", "tokens", "unbuildable", "wording",
    },
    "report": {"contents", "definition", "files", "masking", "metrics", "record", "reuse", "secret_files", "wording"},
    "retention": {"errors", "record"},
    "reuse": {"definition", "files", "masking", "wording"},
    "scalars": set(),
    "schedule": {"plan", "problems", "wording"},
    "schema": {"spec"},
    "script": {"imports", "problems"},
    "script_check": {
        "files", "imports", "local_paths", "plan", "ports", "problems", "project", "script", "secret_files", "snapshot",
        "tokens", "wording",
    },
    "sealing": {"files", "masking"},
    "secret_files": {"secret_words"},
    "secret_values": {"plan", "problems", "redaction", "secret_files", "tokens"},
    "secret_words": set(),
    "patterns": set(),
    "snapshot": {"chosen", "errors", "files", "imports", "patterns"},
    "snapshot_report": {
        "check", "files", "import_check", "interpreter", "origins", "plan", "project", "providers", "remote",
        "secret_files", "snapshot",
    },
    "source": {"problems", "scalars", "yaml_errors"},
    "spec": {"names", "parameters", "scalars"},
    "spec_errors": {"problems", "scalars", "spec"},
    "removal": {"wording"},
    "store": {"durability", "errors", "files", "removal", "reuse"},
    "tokens": set(),
    "unbuildable": {"dependencies", "plan", "problems", "project"},
    "validation": {
        "check", "import_check", "interpreter", "plan", "problems", "project", "remote", "script_check",
        "secret_values", "unbuildable",
    },
    "verification": {"contents", "errors", "files", "locks", "memo", "record", "store", "wording"},
    "wording": set(),
    "yaml_errors": {"problems"},
    "local": {
        "contents", "errors", "events", "files", "import_check", "interpreter", "local_data", "metrics", "mlflow_files",
        "plan", "project", "providers", "record", "redaction", "removal", "reuse", "secret_files", "snapshot",
        "store", "tokens",
        "wording",
    },
    # What it sends is what `export` writes.
    "azureml_v2": {"errors", "export", "files", "plan", "problems", "project", "provenance", "remote", "workspace"},
    "azureml": {
        "contents", "errors", "files", "images", "metrics", "plan", "ports", "project", "publication", "remote",
        "removal", "reuse",
        "schedule", "snapshot", "tokens", "workspace",
    },
    "workspace": {"errors", "events", "files", "masking", "plan", "problems"},
    # The command line calls everything and is called by nothing but __main__.
    "cli": {
        "", "azureml", "azureml_v2", "check", "cleaning", "contents", "drawing", "errors", "events", "export", "files",
        "graph", "installed", "interpreter", "local", "locks", "masking", "memo", "metrics", "opening", "origins",
        "parameters", "plan", "problems", "project", "provenance", "publication", "record", "redaction", "remote",
        "removal", "report", "retention", "reuse", "scalars", "schedule", "schema", "secret_values",
        "snapshot_report", "store", "validation", "verification", "wording", "workspace",
    },
}  # fmt: skip

# Libraries that only these modules may touch.
OWNERS = {
    "yaml": {"source", "environment", "export"},
    "pydantic": {"spec", "loader"},
    "pydantic_core": {"spec"},
    "azureml": {"azureml"},
    "azure": {"azureml_v2"},
    "packaging": {"pip_file", "installed"},
}
ONLY_HERE = {"print": {"cli"}, "sys.argv": {"cli"}, "os.environ": {"cli"}}


def _modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE).with_suffix("")
        found.append((relative.parts[0], path))
    return found


def _imported(path: Path) -> set[str]:
    """Return the absolute dotted names that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out in full"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _ours(name: str) -> str | None:
    """Return the first part of a name of ours: ``aml_pipeline.local.run`` → ``local``; None for another's."""
    if not name.startswith("aml_pipeline."):
        return "" if name == "aml_pipeline" else None
    part = name.split(".")[1]
    return part if (PACKAGE / f"{part}.py").exists() or (PACKAGE / part).is_dir() else ""


@pytest.mark.parametrize(("module", "path"), _modules(), ids=lambda value: str(getattr(value, "stem", value)))
def test_imports_go_in_the_allowed_directions(module: str, path: Path) -> None:
    assert module in ALLOWED, f"{module} is new: say in this table what it may import"
    used = {part for name in _imported(path) if (part := _ours(name)) is not None} - {module}
    assert used <= ALLOWED[module], f"{path.name} must not import {sorted(used - ALLOWED[module])}"


def test_the_table_allows_nothing_that_is_not_used() -> None:
    used: dict[str, set[str]] = {}
    for module, path in _modules():
        used.setdefault(module, set()).update(part for name in _imported(path) if (part := _ours(name)) is not None)
    assert {module: allowed - used[module] for module, allowed in ALLOWED.items() if allowed - used[module]} == {}


def test_no_backend_knows_another() -> None:
    backends = {"local", "azureml", "azureml_v2", "export"}
    assert ALLOWED["azureml_v2"] & backends == {"export"}  # it sends what that writes
    backends.remove("azureml_v2")
    assert [(one, ALLOWED[one] & backends) for one in backends if ALLOWED[one] & backends] == []


@pytest.mark.parametrize(("library", "owners"), OWNERS.items())
def test_a_library_is_touched_by_its_owners_only(library: str, owners: set[str]) -> None:
    users = {module for module, path in _modules() for name in _imported(path) if name.split(".")[0] == library}
    assert users <= owners


@pytest.mark.parametrize(("word", "owners"), ONLY_HERE.items())
def test_printing_and_the_process_belong_to_the_command_line(word: str, owners: set[str]) -> None:
    users = set()
    for module, path in _modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == word
            read = isinstance(node, ast.Attribute) and ast.unparse(node) == word
            if called or read:
                users.add(module)
    # The question that is asked of another interpreter is a text, not code of this process.
    assert users <= owners


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
