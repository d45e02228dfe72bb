"""The pages of docs/ that a reader follows, command by command; see tests/tutorial.py for what a page is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import forking
from tests.conftest import ROOT
from tests.tutorial import MARK, walk

TUTORIAL = ROOT / "docs" / "tutorials" / "first-pipeline.md"
# docs/tutorials/first-pipeline.md has tests of its own parts, too.
PAGES = {
    "tutorials": ["first-pipeline.md"],
    "explanation": ["why-a-step-reruns.md"],
    "how-to": [
        "data-elsewhere.md",
        "debug-a-step.md",
        "dev-test-prod.md",
        "gpu.md",
        "port-a-v1-notebook.md",
        "port-from-az-ml.md",
        "port-from-dvc.md",
        "port-from-snakemake.md",
        "private-packages.md",
        "secrets.md",
    ],
}
WALKED = [f"{folder}/{name}" for folder, names in PAGES.items() for name in names]
SMALL = f"""
# A page

Write `deep/a.py`:

{MARK}
```python
print("one", "1.5 s")
```

Add to the end of `deep/a.py`:

{MARK}
```python
print("run", "2026-01-01T00-00-00-000-abcd", "two", "three")
```

{MARK}
```console
$ cd deep
$ python3 a.py
one  0.1 s
run  2026-11-28T12-13-14-155-0a1b  two  …
$ echo "run 0a1b"; false  # exits with 1
run abcd
$ cat a.py
…
```
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a reader: `aml-pipeline` and `python3` are those of this Python."""
    programs = {"aml-pipeline": "-m aml_pipeline ", "python3": ""}
    (tmp_path / "bin").mkdir()
    for name, words in programs.items():
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {words}"$@"\n')
        program.chmod(0o755)
    variables = forking.environ()
    return {**variables, "PATH": f"{tmp_path / 'bin'}:{variables['PATH']}"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


def test_a_walk_writes_runs_and_compares(folder: Path, environ: dict[str, str]) -> None:
    assert walk(SMALL, folder, environ) == []


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("one  0.1 s", "two  0.1 s", "-two TIME\n"),
        ("one  0.1 s\n", "", "+one TIME"),
        ("two  …", "three  …", "three …"),
        ("…\n```\n", "```\n", '+print("one"'),
        ("  # exits with 1", "", "exited with 1, not 0"),
        ("run abcd\n", "run abcd\nmore\n", "-more"),
    ],
)
def test_a_walk_tells_what_differs(right: str, wrong: str, told: str, folder: Path, environ: dict[str, str]) -> None:
    assert SMALL.count(right) == 1
    first, *_ = walk(SMALL.replace(right, wrong), folder, environ)
    assert told in first


def test_the_first_half_of_the_tutorial(folder: Path, environ: dict[str, str]) -> None:
    """From an empty folder to a run of four steps; `make test-more` walks all of the page."""
    first, heading, _ = TUTORIAL.read_text(encoding="utf-8").partition("\n## 5. ")
    assert heading
    assert walk(first, folder, environ) == []


def test_every_page_with_a_mark_is_walked() -> None:
    docs = ROOT / "docs"
    marked = [page for page in docs.rglob("*.md") if MARK in page.read_text(encoding="utf-8")]
    assert sorted(page.relative_to(docs).as_posix() for page in marked) == sorted(WALKED)


@pytest.mark.more
@pytest.mark.parametrize("page", WALKED)
def test_every_page_can_be_followed(page: str, folder: Path, environ: dict[str, str]) -> None:
    assert walk((ROOT / "docs" / page).read_text(encoding="utf-8"), folder, environ) == []
