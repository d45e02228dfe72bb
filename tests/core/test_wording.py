"""Numbers and lists in what is told."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from aml_pipeline.core.wording import counted, listed, shortened, size_in_words
from tests.conftest import ROOT, Project

NOUNS = {
    "files", "steps", "runs", "records", "results", "packages", "errors", "warnings", "changes", "values", "bytes",
    "lines", "fields", "schedules", "parameters", "metrics", "attempts", "characters", "problems",
}  # fmt: skip
VERBS = ("runs", "changes", "results", "records")  # which follow a name too
# Where the number is more than one in any case.
MANY = {
    ("names.py", "{len(name)} characters"),
    ("problems.py", "{length} characters"),
    ("text.py", "{len(text)} characters"),
    ("parameters.py", "{len(text)} characters"),
    ("timeline.py", "{len(step.attempts)} attempts"),
    ("recorded.py", "{len(newest)} runs"),
    ("board.py", "{self._steps} steps"),
    ("history.py", "{len(self)} runs"),
    ("run_tables.py", "{len(metrics)} metrics"),
    ("step_summary.py", "{len(names)} metrics"),
    ("submit_combined.py", "{len(names)} runs"),
}


@pytest.mark.parametrize(("number", "said"), [(0, "0 copies"), (1, "1 copy"), (2, "2 copies"), (1234, "1234 copies")])
def test_what_is_counted_has_the_form_of_its_number(number: int, said: str) -> None:
    assert counted(number, "copy", "copies") == said
    assert counted(number, "file") == said.replace("copies", "files").replace("copy", "file")


def test_a_list_in_a_sentence() -> None:
    assert [listed("abc"[:length]) for length in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_one_byte() -> None:
    assert [size_in_words(one) for one in (0, 1, 2)] == ["0 bytes", "1 byte", "2 bytes"]


def plurals(path: Path) -> Iterator[tuple[str, str]]:
    """Give each value in an f-string that a plural follows whatever the value is, but for constants."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for value, after in pairwise(parts):
            if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant):
                words = str(after.value).removeprefix(" ").split(" ")
                word = words[words[0] == "more" and len(words) > 1].strip(".,;:)(")
                name = ast.unparse(value.value)
                is_number = word not in VERBS or "len(" in name or "count" in name
                if str(after.value).startswith(" ") and word in NOUNS and is_number and not name.strip("_").isupper():
                    yield path.name, f"{{{name}}} {word}"


def test_no_plural_stands_after_a_number_that_may_be_one() -> None:
    found = {one for path in (ROOT / "aml_pipeline").rglob("*.py") for one in plurals(path)}
    assert found - MANY == set()
    assert MANY - found == set(), "no longer needed"


def test_a_dry_run_of_submit_counts_files(project: Project) -> None:
    project.write(
        {
            "pipeline.yaml": """
                name: small
                compute: cpu
                environment: {curated: AzureML-sklearn-1.0}
                source_directory: src
                steps:
                  none: {script: none.py}
                  one: {script: one.py}
                  two: {script: two.py}
                """,
            "src/none.py": "",
            "src/one.py": "import none\n",
            "src/two.py": "import none, one\n",
        }
    )
    lines = project.cli("submit", "--dry-run").stdout.splitlines()
    told = [line.partition(", on ")[0] for line in lines if ", on " in line]
    assert told == ["none: none.py", "one: one.py and 1 more file", "two: two.py and 2 more files"]


@pytest.mark.parametrize(
    ("words", "most", "expected"),
    [
        ("", 1, ""),
        ("a", 1, "a"),
        ("ab", 1, "a and 1 more"),
        ("abc", 3, "a, b and c"),
        ("abcde", 3, "a, b, c and 2 more"),
    ],
)
def test_long_lists_are_shortened(words: str, most: int, expected: str) -> None:
    assert shortened(list(words), most) == expected
