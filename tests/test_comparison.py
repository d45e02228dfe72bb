"""docs/explanation/comparison.md: each cell has its source, of the tool that it is about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "explanation" / "comparison.md"
TEXT = PAGE.read_text(encoding="utf-8")
DEFINED = dict(re.findall(r"^\[([a-z-]+)\]: (\S+)", TEXT, re.MULTILINE))
OWN = "aml-pipeline"
# Tool → the beginnings of the addresses of its own documentation.
DOMAINS = {
    "DVC": ("https://doc.dvc.org/",),
    "Snakemake": ("https://snakemake.readthedocs.io/en/stable/",),
    "Kedro": ("https://docs.kedro.org/en/stable/",),
    "ZenML": ("https://github.com/zenml-io/zenml/blob/",),
    "az ml (CLI v2)": (
        "https://learn.microsoft.com/azure/machine-learning/",
        "https://learn.microsoft.com/cli/azure/ml/",
    ),
}


def table() -> dict[tuple[str, str], str]:
    """Return the cells by row and tool."""
    lines = [re.split(r" ?(?<!\\)\| ?", line)[1:-1] for line in TEXT.splitlines() if line.startswith("|")]
    head, _, *rows = lines
    assert {len(row) for row in rows} == {len(head)}
    return {(row[0], tool): cell for row in rows for tool, cell in zip(head[1:], row[1:], strict=True)}


CELLS = table()


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub and MkDocs make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_table_compares_each_tool_in_each_row() -> None:
    assert {tool for _, tool in CELLS} == {OWN, *DOMAINS}
    assert len({row for row, _ in CELLS}) >= 15
    assert [place for place, cell in CELLS.items() if not cell.strip()] == []


@pytest.mark.parametrize("tool", DOMAINS)
def test_each_cell_has_a_page_of_the_tool_itself(tool: str) -> None:
    for (row, other), cell in CELLS.items():
        if other != tool:
            continue
        names = re.findall(r"\]\[([a-z-]+)\]", cell)
        assert names, f"{row}: {cell}"
        for name in names:
            assert DEFINED[name].startswith(DOMAINS[tool]), f"{row}: {DEFINED[name]}"


def test_our_own_cells_link_to_our_pages() -> None:
    for (row, tool), cell in CELLS.items():
        if tool != OWN:
            continue
        links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)", cell)
        assert links, f"{row}: {cell}"
        for target, anchor in links:
            page = (PAGE.parent / target).resolve()
            assert page.is_file(), target
            assert not anchor or anchor in anchors(page), f"{target}#{anchor}"


def test_each_address_is_used_and_none_is_missing() -> None:
    used = set(re.findall(r"\]\[([a-z-]+)\]", TEXT))
    assert used == DEFINED.keys()


def test_it_says_when_the_pages_were_read_and_what_others_do_better() -> None:
    assert re.search(r"read on \d{4}-\d\d-\d\d", TEXT)
    better = TEXT.partition("\n## What they do better\n")[2].partition("\n## ")[0]
    for tool in DOMAINS:
        assert f"**{tool.partition(' (')[0]}**" in better
