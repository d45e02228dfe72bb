"""Patterns of ignore files, compared with pathspec, git and a naive matcher."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from aml_pipeline.project.snapshot.patterns import git_pattern, is_choice, is_pattern, matcher
from tests.patience import PATIENCE

NAMES = st.text("ab.", min_size=1, max_size=5)
PATHS = st.builds("{}{}".format, st.lists(NAMES, min_size=1, max_size=4).map("/".join), st.sampled_from(["", "/"]))
SEGMENTS = st.one_of(st.just("**"), st.text("ab.*?", min_size=1, max_size=6))
CLASSES = st.sampled_from(["[ab]", "[!a]b", "[^a.]", "[a-b]*", "*[]a]", "[!]]", "[a", "[.-]", "[a-]", "\\a", "a[b\\]"])
PATTERNS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "/"]),
    st.lists(st.one_of(SEGMENTS, CLASSES), min_size=1, max_size=5).map("/".join),
    st.sampled_from(["", "/"]),
)


@cache
def _pathspec() -> Any:  # noqa: ANN401 - one of two classes, by the version of pathspec
    try:
        return import_module("pathspec.patterns.gitignore.spec").GitIgnoreSpecPattern
    except ImportError:
        return import_module("pathspec.patterns.gitwildmatch").GitWildMatchPattern


@given(PATTERNS, PATHS)
@example("**/**/a", "b/a")
@example("a/**/**/b", "a/b")
@example("**/", "a/")
@example("a/***", "a/")
def test_a_pattern_matches_what_pathspec_says(pattern: str, path: str) -> None:
    assume(not re.fullmatch(r"/(\*\*/)+", pattern))  # of which pathspec says that it matches nothing
    regex = _pathspec()(pattern).regex
    assume(regex is not None)  # of which pathspec 1.x says the same: "/" and an open bracket
    expression = regex.pattern
    expression = re.sub(r"\[\^", "(?!/)[^", re.sub(r"\[\^/\]", "\0", expression)).replace("\0", "[^/]")  # as git has it
    assert git_pattern(pattern).match(path) == bool(re.search(expression, path))  # since 1.0, not all begin with ^


def _fits(segments: list[str], names: list[str]) -> bool:
    """Tell whether ``names`` fit, or begin with what fits, in every way that there is."""
    if not segments:
        return True
    first, *rest = segments
    if first == "**":
        return any(_fits(rest, names[index:]) for index in range(len(names) + 1))
    return bool(names) and _alike(first, names[0]) and _fits(rest, names[1:])


def _alike(glob: str, name: str) -> bool:
    if not glob:
        return not name
    if glob[0] == "*":
        return any(_alike(glob[1:], name[index:]) for index in range(len(name) + 1))
    return bool(name) and glob[0] in {"?", name[0]} and _alike(glob[1:], name[1:])


@given(
    st.lists(st.one_of(st.just("**"), st.text("ab*?", min_size=1, max_size=8)), min_size=2, max_size=6),
    st.lists(st.text("ab", min_size=1, max_size=6), min_size=1, max_size=6),
)
@example(["**", "a*b", "**", "a*b*b"], ["ab", "b", "aab", "abab"])
@example(["**", "a", "**", "a", "b"], ["a", "a", "b", "a", "b"])
def test_a_pattern_matches_if_there_is_any_way(segments: list[str], names: list[str]) -> None:
    below = ["*"] if segments[-1] == "**" else []  # at the end it stands for one name or more
    assert git_pattern("/".join(segments)).match("/".join(names)) == _fits([*segments, *below], names)


OF_GIT = [
    "a", "/a", "a/", "*.py", "/*.py", "a/*", "a/**", "**/a", "**/a/b", "a/**/b", "**", "a*b", "?", "[ab]", "[!a]",
    "a?b", "/a/b", "a/b", "*", "/*", "*/b", "b*/", "\\#x", "\\!x", "a\\*", "**/b/**", "[a-c]b", "a[!b]b", "x.?y",
]  # fmt: skip
OF_DISK = [
    "a", "b", "ab", "a/b", "a/a", "b/a", "b/a/b", "a/x/b", "a/x/y/b", "x.py", "a/x.py", "axb", "#x", "!x", "a*", "cb",
    "bb/q", "c/b/d", "x.py/z", "a/b/c/d",
]  # fmt: skip


def test_a_pattern_matches_what_git_says(tmp_path: Path) -> None:
    """One folder for each pattern, whose ignore file holds it."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for number, pattern in enumerate(OF_GIT):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / ".gitignore").write_text(f"{pattern}\n")
    asked = [f"{number}/{path}" for number in range(len(OF_GIT)) for path in OF_DISK]
    command = ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "--stdin"]
    said = subprocess.run(command, input="\n".join(asked), capture_output=True, text=True, check=True)
    ours = [f"{number}/{path}" for number, one in enumerate(OF_GIT) for path in OF_DISK if git_pattern(one).match(path)]
    assert ours == said.stdout.splitlines()
    assert len(ours) > len(OF_GIT)


def test_the_last_pattern_that_matches_decides() -> None:
    matches = matcher(["# data", "", "*.csv", "!keep.csv", "[z-a]", "keep.csv/x"])
    assert [matches(path) for path in ("a.csv", "deep/a.csv", "keep.csv", "keep.csv/x", "a.txt")] == [
        True, True, False, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["[z-a]", "a\\", "!", "a" * 10_001])
def test_what_is_no_pattern(line: str) -> None:
    assert not is_pattern(line)
    assert not is_choice(line)


@pytest.mark.parametrize(("line", "chooses"), [("a", True), ("!a", False), ("# a", False), ("", False), ("/", False)])
def test_what_takes_files_in(line: str, *, chooses: bool) -> None:
    assert is_pattern(line)
    assert is_choice(line) == chooses


LONG = {
    "stars": ("a*" * 60 + "b", "a" * 250),
    "stars before a class": ("*a" * 60 + "[bc]", "a" * 250),
    "stars and single characters": ("a*?" * 40 + "b", "a" * 250),
    "folders": ("/".join(["**", "a"] * 60) + "/b", "a/" * 900 + "a"),
    "folders of stars": ("**/" * 30 + "/".join(["**", "a*a*a"] * 20) + "/b", "aaaaaaa/" * 200 + "a"),
    "folders that are empty": ("**/" * 900 + "b", "a/" * 900 + "a"),
    "nearly": ("/".join(["**", "a*a*c"] * 30) + "/b", ("a" * 60 + "c/") * 30 + "a"),
}


@pytest.mark.parametrize("name", LONG)
def test_no_pattern_goes_back_on_its_choices(name: str) -> None:
    """Trying every way would take longer than anybody waits: in a process that can be given up, then."""
    program = (
        "import sys; from aml_pipeline.project.snapshot.patterns import git_pattern as g; "
        "print(g(sys.argv[1]).match(sys.argv[2]))"
    )
    command = [sys.executable, "-c", program, *LONG[name]]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout == "False\n"
