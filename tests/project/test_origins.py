"""Why files are in a snapshot: held against what ``snapshot.take`` decided, also for folders that nobody thought of."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.core.digests import Digests
from aml_pipeline.project.snapshot import snapshot
from aml_pipeline.project.snapshot.origins import Origins, Pattern, explain
from aml_pipeline.project.snapshot.program import of_script
from aml_pipeline.project.snapshot.snapshot import Place, Snapshot
from aml_pipeline.project.snapshot.source import SourceFolder


def _explained(
    folder: Path, contents: dict[str, str], patterns: tuple[str, ...] | None = None, left_out: tuple[str, ...] = ()
) -> tuple[Snapshot, Origins]:
    for name, text in contents.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    source = SourceFolder(str(folder), Digests(), [str(folder / name) for name in left_out])
    taken = snapshot.take(source, of_script("run.py"), patterns)
    return taken, explain(source, taken, patterns)


def _rules(found: Origins) -> dict[str, tuple[str, Place | None]]:
    return {one.name: (one.rule, one.place) for one in found.members}


def test_each_file_is_told_with_the_line_that_put_it_in(tmp_path: Path) -> None:
    run = "import os\n\nimport pkg.mod\nopen('words/list.txt')\nsubprocess.run(['python', './tool.py'])\n"
    contents = {
        "run.py": run, "pkg/__init__.py": "", "pkg/mod.py": "\nfrom . import other\n", "pkg/other.py": "",
        "words/list.txt": "", "tool.py": "import deep\n", "deep.py": "",
    }  # fmt: skip
    _, found = _explained(tmp_path, contents)
    assert _rules(found) == {
        "run.py": ("script", None),
        "pkg/__init__.py": ("import", Place("run.py", 3)),
        "pkg/mod.py": ("import", Place("run.py", 3)),
        "pkg/other.py": ("import", Place("pkg/mod.py", 2)),
        "words/list.txt": ("named", Place("run.py", 4)),
        "tool.py": ("named", Place("run.py", 5)),
        "deep.py": ("import", Place("tool.py", 1)),
    }
    assert found.members[0].bytes == len(run)


def test_an_import_counts_more_than_a_text(tmp_path: Path) -> None:
    _, found = _explained(tmp_path, {"run.py": "'late.py'\nimport a\n", "a.py": "import late\n", "late.py": ""})
    assert _rules(found)["late.py"] == ("import", Place("a.py", 1))


def test_the_last_pattern_that_fits_is_told(tmp_path: Path) -> None:
    contents = {"run.py": "__file__", "data/a.csv": "", "data/b.json": "", "c.csv": ""}
    _, found = _explained(tmp_path, contents, ("# all", "data/**", "*.csv", "!c.csv"))
    patterns = {one.name: one.pattern for one in found.members if one.rule == "pattern"}
    assert patterns == {"data/a.csv": Pattern("*.csv"), "data/b.json": Pattern("data/**")}
    assert [one.name for one in found.left_out] == ["c.csv"]


def test_what_is_left_out_is_told_with_its_reason(tmp_path: Path) -> None:
    contents = {
        "run.py": "__file__", ".amlignore": "# data\n\n*.csv\n!keep.csv\nlogs/  \n", "a.csv": "", "keep.csv": "",
        "logs/x": "", ".git/config": "", "lib/x.pyc": "", "env/pyvenv.cfg": "", "env/a.py": "", "big/a.bin": "",
    }  # fmt: skip
    _, found = _explained(tmp_path, contents, left_out=("big",))
    assert {(one.name, one.why, one.pattern) for one in found.left_out} == {
        ("a.csv", "ignored", Pattern("*.csv", Place(".amlignore", 3))),
        ("logs/", "ignored", Pattern("logs/", Place(".amlignore", 5))),
        (".git/", "cache", None),
        ("lib/x.pyc", "cache", None),
        ("env/", "virtual environment", None),
        ("big/", "declared", None),
    }


def test_a_closed_snapshot_leaves_out_what_it_does_not_need(tmp_path: Path) -> None:
    _, found = _explained(tmp_path, {"run.py": "", "other.py": "", "sub/x.txt": ""})
    assert [(one.name, one.why) for one in found.left_out] == [("other.py", "not needed"), ("sub/x.txt", "not needed")]


# A script → the modules that it needs from elsewhere.
NEEDED = {
    "all kinds": ("import a.b, c\nfrom d.e import f\ndef g():\n    import h\n", ["a.b", "c", "d.e", "h"]),
    "one of a kind": ("import a.b\nimport a.c\n", ["a.b"]),
    "by name": ("import importlib\nimportlib.import_module('a.b')", ["importlib", "a.b"]),
    "tried": ("try:\n    import a\nexcept ImportError:\n    import b\nimport c", ["c"]),
    "tried for all": ("try:\n    import a\nexcept:\n    pass", []),
    "tried among others": ("try:\n    import a\nexcept (OSError, ModuleNotFoundError):\n    pass", []),
    "tried for another reason": ("try:\n    import a\nexcept OSError:\n    pass", ["a"]),
    "cleaned up after": ("try:\n    import a\nfinally:\n    pass", ["a"]),
    "suppressed": ("import contextlib\nwith contextlib.suppress(ImportError):\n    import a", ["contextlib"]),
    "within another block": ("with open('x'):\n    import a", ["a"]),
    "for types": ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a", ["typing"]),
    "for some Pythons": ("import sys\nif sys.version_info < (3, 11):\n    import a\nelse:\n    import b", ["sys"]),
    "if it is wanted": ("if wanted:\n    import a", ["a"]),
    "tried, then needed": ("try:\n    import a\nexcept ImportError:\n    pass\nimport a.b", ["a.b"]),
    "of a file here": ("import mine\nimport folder", []),
    "of a file that is imported": ("import other", ["from_other"]),
    "of a file that is named": ("open('named.py')", []),
}


@pytest.mark.parametrize(("script", "expected"), NEEDED.values(), ids=NEEDED)
def test_the_imports_that_a_script_needs_are_told(tmp_path: Path, script: str, expected: list[str]) -> None:
    contents = {"run.py": script, "mine.py": "", "folder/x.txt": "", "other.py": "import from_other"}
    _, found = _explained(tmp_path, {**contents, "named.py": "import from_named"})
    assert [one.module for one in found.needed] == expected


def test_what_a_whole_folder_holds_need_not_run(tmp_path: Path) -> None:
    _, found = _explained(tmp_path, {"run.py": "__file__\nimport a", "test_run.py": "import pytest"})
    assert [(one.module, one.place) for one in found.needed] == [("a", Place("run.py", 2))]


def test_a_script_that_cannot_be_parsed_is_told_alone(tmp_path: Path) -> None:
    taken, found = _explained(tmp_path, {"run.py": "import (", "a.py": ""})
    assert taken.faults
    assert _rules(found) == {"run.py": ("script", None)}


_NAMES = [
    "a.py", "b.py", "pkg/__init__.py", "pkg/c.py", "data/x.csv", "data/deep/y.json", "words.txt", ".env", "[odd] #.txt",
    "__pycache__/a.pyc", "lib.pyc", "env/pyvenv.cfg", "env/d.py", ".git/config", ".gitignore", "pkg/words.txt",
]  # fmt: skip
_LINES = [
    "import a", "import b", "from pkg import c", "import pkg.c", "from . import c", "from env import d",
    "import nothing", "open('words.txt')", "open('data/x.csv')", "'b.py'", "__file__", "from pkg import *", "import (",
    "try: import b\nexcept: 0",
]  # fmt: skip
_PATTERNS = [
    "*.csv",
    "data/",
    "data/**",
    "!data/x.csv",
    "*.txt",
    "pkg/",
    "b.py",
    "/words.txt",
    "# x",
    "",
    "**",
    "!pkg/**",
    "!",
]


@st.composite
def _folders(draw: st.DrawFn) -> dict[str, str]:
    names = draw(st.lists(st.sampled_from(_NAMES), unique=True))
    code = st.lists(st.sampled_from(_LINES), max_size=4).map("\n".join)
    contents = {name: draw(code) if name.endswith(".py") else name for name in ["run.py", *names]}
    if draw(st.booleans()):
        contents[".amlignore"] = "\n".join(draw(st.lists(st.sampled_from(_PATTERNS), max_size=4)))
    return contents


@given(
    contents=_folders(),
    patterns=st.none() | st.lists(st.sampled_from(_PATTERNS), max_size=3).map(tuple),
    left_out=st.lists(st.sampled_from(["data", "pkg", "words.txt", "b.py"]), max_size=2).map(tuple),
)
def test_every_file_is_in_or_left_out_and_not_both(
    contents: dict[str, str], patterns: tuple[str, ...] | None, left_out: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        taken, found = _explained(Path(folder), contents, patterns, left_out)
        names = [one.name for one in found.members]
        assert sorted(names) == sorted(taken.digests)
        snapshot.write(taken, os.path.join(folder, "copy"))
        copied = {
            str(path.relative_to(Path(folder, "copy"))) for path in Path(folder, "copy").rglob("*") if path.is_file()
        }
        assert copied == set(names)
        assert sum(one.bytes for one in found.members) == sum(len(contents[name].encode()) for name in names)
        out = [one.name for one in found.left_out]
        for name in contents.keys() - set(names):
            assert sum(name == one or (one.endswith("/") and name.startswith(one)) for one in out) == 1, (name, out)
        assert not set(out) & set(names)
        same = {"import": "reached", "named": "reached"}
        for one in found.members:
            assert same.get(one.rule, one.rule) == same.get(taken.rules[one.name], taken.rules[one.name])
            assert (one.place is not None) == (one.rule in {"import", "named"})
            assert (one.pattern is not None) == (one.rule == "pattern")
        for gone in found.left_out:
            assert (gone.pattern is not None) == (gone.why == "ignored"), gone
