"""The map in ``docs/explanation/architecture.md``: a line per folder and module, the first sentence of its docstring.

``make checks`` (``python -m tests.module_map``) writes it; a test compares.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation" / "architecture.md"
# From what imports nothing of ours to what may import everything.
ORDER = ("core", "pipeline", "project", "runs", "local", "azureml", "report", "doctor", "cli", "__main__")
_MAP = re.compile(r"(?<=^## The map\n\n)(?: *- .*\n)*", re.MULTILINE)


def written() -> str:
    """Return the map as the page has it."""
    place = _MAP.search(PAGE.read_text(encoding="utf-8"))
    return place[0] if place else ""


def current() -> str:
    """Return the map of the package as it is."""
    return "".join(f"{line}\n" for line in _lines(ROOT / "aml_pipeline", 0))


def _lines(folder: Path, depth: int) -> Iterator[str]:
    modules = [path for path in folder.glob("*.py") if path.stem != "__init__"]
    folders = [path.parent for path in folder.glob("*/__init__.py")]
    for path in sorted([*modules, *folders], key=lambda path: (_rank(path, depth), path.is_file(), path.stem)):
        name, source = (f"{path.name}/", path / "__init__.py") if path.is_dir() else (path.stem, path)
        yield f"{'  ' * depth}- `{name}` {_sentence(source)}"
        if path.is_dir():
            yield from _lines(path, depth + 1)


def _rank(path: Path, depth: int) -> int:
    return ORDER.index(path.stem) if depth == 0 else 0


def _sentence(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    text = " ".join(docstring.partition("\n\n")[0].split()).replace("``", "`")
    return re.split(r"(?<=[a-z)`])\. (?=[A-Z`])", text)[0].rstrip(".")


if __name__ == "__main__":
    PAGE.write_text(_MAP.sub(lambda _: current(), PAGE.read_text(encoding="utf-8"), count=1), encoding="utf-8")
