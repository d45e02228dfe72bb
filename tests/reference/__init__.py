"""Pages of docs/reference that are made from the code; ``make checks`` (``python -m tests.reference``) writes them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference"


def headed(title: str, source: str, text: str) -> str:
    """Return a page: its mark for fences, its title, and from what it is made."""
    made = f"`make checks` makes this page from {source}; `make test` fails if it is out of date."
    return f"<!-- run: tests/test_reference.py -->\n\n# {title}\n\n{text.strip()}\n\n{made}\n"


def table(*rows: tuple[str, ...]) -> str:
    """Return rows, the first of which is the head, as a table of Markdown."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
