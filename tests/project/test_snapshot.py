from __future__ import annotations

import filecmp
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.azureml.v2 import export
from aml_pipeline.core import folders
from aml_pipeline.core.digests import Digests
from aml_pipeline.project.snapshot import snapshot
from aml_pipeline.project.snapshot.program import of_script
from aml_pipeline.project.snapshot.snapshot import Snapshot
from aml_pipeline.project.snapshot.source import SourceFolder
from tests.corpus import link_all
from tests.work import memory_taken


def _take(
    folder: Path, contents: dict[str, str], script: str = "run.py", patterns: tuple[str, ...] | None = None
) -> Snapshot:
    for name, text in contents.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return snapshot.take(SourceFolder(str(folder), Digests()), of_script(script), patterns)


# Files of a source folder → what the snapshot of run.py holds, and why the case exists.
CLOSED = {
    "the script alone": ({"run.py": "import os", "other.py": ""}, {"run.py"}),
    "a module beside it": (
        {"run.py": "import model", "model.py": "import net", "net.py": ""},
        {"run.py", "model.py", "net.py"},
    ),
    "a cycle of imports": ({"run.py": "import a", "a.py": "import b", "b.py": "import a"}, {"run.py", "a.py", "b.py"}),
    "a package": (
        {"run.py": "import pkg.mod", "pkg/__init__.py": "", "pkg/mod.py": "", "pkg/other.py": ""},
        {"run.py", "pkg/__init__.py", "pkg/mod.py"},
    ),
    "names that are modules": (
        {"run.py": "from pkg import mod, thing", "pkg/__init__.py": "thing = 1", "pkg/mod.py": ""},
        {"run.py", "pkg/__init__.py", "pkg/mod.py"},
    ),
    "relative imports": (
        {
            "run.py": "import pkg.a.b",
            "pkg/__init__.py": "",
            "pkg/a/__init__.py": "",
            "pkg/a/b.py": "from . import c\nfrom .. import d\nfrom ..e import f",
            "pkg/a/c.py": "",
            "pkg/d.py": "",
            "pkg/e.py": "f = 1",
        },
        {"run.py", "pkg/__init__.py", "pkg/a/__init__.py", "pkg/a/b.py", "pkg/a/c.py", "pkg/d.py", "pkg/e.py"},
    ),
    "a folder without __init__": ({"run.py": "import ns.mod", "ns/mod.py": ""}, {"run.py", "ns/mod.py"}),
    "an import inside a function": ({"run.py": "def f():\n    import late", "late.py": ""}, {"run.py", "late.py"}),
    "import_module of a constant": (
        {"run.py": "import importlib\nimportlib.import_module('plugin')", "plugin.py": ""},
        {"run.py", "plugin.py"},
    ),
    "a file named in a text": (
        {"run.py": "open('words/list.txt')", "words/list.txt": "", "words/more.txt": ""},
        {"run.py", "words/list.txt"},
    ),
    "a script that it starts": (
        {"run.py": "['python', 'helper.py']", "helper.py": "import lib", "lib.py": ""},
        {"run.py", "helper.py", "lib.py"},
    ),
    "model.eval() is no eval": ({"run.py": "model.eval()", "x.py": ""}, {"run.py"}),
}


@pytest.mark.parametrize(("contents", "expected"), CLOSED.values(), ids=CLOSED)
def test_the_imports_are_followed(tmp_path: Path, contents: dict[str, str], expected: set[str]) -> None:
    taken = _take(tmp_path, contents)
    assert set(taken.digests) == expected
    assert (taken.opening, taken.whole) == (None, False)


def test_a_script_in_a_subfolder_imports_from_its_own_folder_as_python_does(tmp_path: Path) -> None:
    contents = {"jobs/run.py": "import lib", "jobs/lib.py": "", "lib.py": ""}
    assert set(_take(tmp_path, contents, "jobs/run.py").digests) == {"jobs/run.py", "jobs/lib.py"}


# Files of a source folder → what the snapshot of jobs/run.py holds, and why the case exists.
FROM_ROOT = {
    "a module at the root": ({"jobs/run.py": "import lib", "lib.py": ""}, {"jobs/run.py", "lib.py"}),
    "a package at the root": (
        {"jobs/run.py": "from util.helper import f", "util/__init__.py": "", "util/helper.py": "f = 1", "other.py": ""},
        {"jobs/run.py", "util/__init__.py", "util/helper.py"},
    ),
    "a folder without __init__ at the root": (
        {"jobs/run.py": "from util import helper", "util/helper.py": ""},
        {"jobs/run.py", "util/helper.py"},
    ),
    "a package of the script's folder hides that of the root": (
        {"jobs/run.py": "import util.b", "jobs/util/__init__.py": "", "util/__init__.py": "", "util/b.py": ""},
        {"jobs/run.py", "jobs/util/__init__.py"},
    ),
    "a namespace has parts in both": (
        {"jobs/run.py": "from util import a, b", "jobs/util/a.py": "", "util/b.py": ""},
        {"jobs/run.py", "jobs/util/a.py", "util/b.py"},
    ),
    "a module at the root imports from the script's folder": (
        {"jobs/run.py": "import lib", "lib.py": "import near", "jobs/near.py": "", "near.py": ""},
        {"jobs/run.py", "lib.py", "jobs/near.py"},
    ),
    "the script's own package, by its name": (
        {"jobs/run.py": "from jobs.model import fit", "jobs/__init__.py": "", "jobs/model.py": "fit = 1"},
        {"jobs/run.py", "jobs/__init__.py", "jobs/model.py"},
    ),
    "relative imports stay in their package": (
        {"jobs/run.py": "import util.a", "util/__init__.py": "", "util/a.py": "from . import b", "b.py": ""},
        {"jobs/run.py", "util/__init__.py", "util/a.py"},
    ),
}


@pytest.mark.parametrize(("contents", "expected"), FROM_ROOT.values(), ids=FROM_ROOT)
def test_imports_are_looked_for_at_the_root_too(tmp_path: Path, contents: dict[str, str], expected: set[str]) -> None:
    taken = _take(tmp_path, contents, "jobs/run.py")
    assert set(taken.digests) == expected
    assert not taken.external


def test_a_star_import_of_a_package_takes_the_whole_folder(tmp_path: Path) -> None:
    """Its ``__all__`` may name modules, which Python then imports."""
    taken = _take(tmp_path, {"run.py": "from pkg import *", "pkg/__init__.py": "__all__ = ['a']", "pkg/a.py": ""})
    assert "pkg/a.py" in taken.digests
    assert taken.opening is not None


OPEN = {
    "__file__": "import pathlib\nHERE = pathlib.Path(__file__).parent",
    "a computed import": "import importlib\nimportlib.import_module(name)",
    "__import__": "import os\n__import__(name)",
    "package data": "import os\nfrom importlib import resources",
    "the search path": "import sys\nsys.path.insert(0, 'lib')",
    "exec": "import os\nexec(text)",
    "pkgutil": "import os\nimport pkgutil",
}


@pytest.mark.parametrize("text", OPEN.values(), ids=OPEN)
def test_what_the_syntax_tree_cannot_prove_takes_the_whole_folder(tmp_path: Path, text: str) -> None:
    taken = _take(tmp_path, {"run.py": text, "data/a.json": "", "b.py": ""})
    assert set(taken.digests) == {"run.py", "data/a.json", "b.py"}
    assert taken.whole
    assert taken.opening is not None
    assert (taken.opening.file, taken.opening.line) == ("run.py", 2)


def test_an_opening_in_an_imported_module_counts(tmp_path: Path) -> None:
    taken = _take(tmp_path, {"run.py": "import lib", "lib.py": "__file__", "x.txt": ""})
    assert taken.whole
    assert taken.opening is not None
    assert taken.opening.file == "lib.py"


def test_patterns_say_what_to_add_to_the_imports(tmp_path: Path) -> None:
    contents = {"run.py": "__file__", "data/a.json": "", "data/deep/b.json": "", "c.json": "", "d.py": ""}
    taken = _take(tmp_path, contents, patterns=("data/**",))
    assert set(taken.digests) == {"run.py", "data/a.json", "data/deep/b.json"}
    assert not taken.whole
    assert taken.rules == {"run.py": "script", "data/a.json": "pattern", "data/deep/b.json": "pattern"}


def test_no_pattern_at_all_closes_an_open_snapshot(tmp_path: Path) -> None:
    assert set(_take(tmp_path, {"run.py": "__file__", "a.txt": ""}, patterns=()).digests) == {"run.py"}


def test_the_ignore_file_holds(tmp_path: Path) -> None:
    contents = {"run.py": "__file__", "a.csv": "", "keep/b.txt": "", ".amlignore": "*.csv\n", ".gitignore": "keep/\n"}
    assert set(_take(tmp_path, contents).digests) == {"run.py", "keep/b.txt", ".amlignore", ".gitignore"}


def test_gitignore_stands_in_for_a_missing_amlignore(tmp_path: Path) -> None:
    assert "a.csv" not in _take(tmp_path, {"run.py": "__file__", "a.csv": "", ".gitignore": "*.csv\n"}).digests


def test_an_import_that_is_ignored_is_told(tmp_path: Path) -> None:
    taken = _take(tmp_path, {"run.py": "import model", "model.py": "", ".amlignore": "model.py\n"})
    assert taken.ignored == ["model.py"]
    assert "model.py" not in taken.digests


def test_a_source_folder_of_links_that_lead_round_and_round_is_walked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link_all(tmp_path / "data", 8)
    walks = []
    walk = folders.walk

    def counted(*given: Any) -> Any:  # noqa: ANN401 - what walk takes and gives
        walks.append(given)
        return walk(*given)

    monkeypatch.setattr(folders, "walk", counted)
    (tmp_path / "run.py").write_text("__file__")
    source = SourceFolder(str(tmp_path), Digests())
    for _ in range(3):
        with pytest.raises(folders.RepeatedLinksError, match="data/0/to-"):
            snapshot.take(source, of_script("run.py"))
    assert len(walks) == 1
    assert source.may_hold_module("torch"), "nobody can tell"
    (tmp_path / ".amlignore").write_text("data\n")
    assert set(snapshot.take(SourceFolder(str(tmp_path), Digests()), of_script("run.py")).digests) == {
        ".amlignore",
        "run.py",
    }


def test_state_caches_and_environments_are_never_taken(tmp_path: Path) -> None:
    never = [".git/a", ".aml_pipeline/a", "__pycache__/a.pyc", "x.pyc", "env/lib/a.py", ".mypy_cache/a"]
    contents = {"run.py": "__file__", "env/pyvenv.cfg": "", **dict.fromkeys(never, "")}
    assert set(_take(tmp_path, contents).digests) == {"run.py"}


def test_what_is_left_out_for_the_project_is_left_out(tmp_path: Path) -> None:
    for name in ("run.py", "pipeline.yaml", "data/big.bin"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("__file__")
    left_out = [str(tmp_path / "pipeline.yaml"), str(tmp_path / "data")]
    taken = snapshot.take(SourceFolder(str(tmp_path), Digests(), left_out), of_script("run.py"))
    assert set(taken.digests) == {"run.py"}


def test_modules_from_elsewhere_are_named(tmp_path: Path) -> None:
    taken = _take(
        tmp_path, {"run.py": "import torch.nn\nfrom numpy import array\nimport lib", "lib.py": "import os.path"}
    )
    assert taken.external == {"torch", "numpy", "os"}


def test_a_syntax_error_is_told_with_its_place(tmp_path: Path) -> None:
    taken = _take(tmp_path, {"run.py": "import lib", "lib.py": "x = 1\ndef f(:\n"})
    assert [(one.file, one.line) for one in taken.faults] == [("lib.py", 2)]


def test_writing_copies_bytes_and_never_links(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    contents = {"run.py": "import pkg.tool", "pkg/__init__.py": "", "pkg/tool.py": "x = 1"}
    plain = _take(source, contents)
    (source / "run.py").chmod(0o755)
    taken = snapshot.take(SourceFolder(str(source), Digests()), of_script("run.py"))
    assert taken.digests != plain.digests, "the right to execute counts"
    assert snapshot.write(taken, str(target)) == []
    assert (target / "pkg" / "tool.py").read_text() == "x = 1"
    assert (target / "run.py").stat().st_mode & 0o100
    assert (target / "run.py").stat().st_ino != (source / "run.py").stat().st_ino
    (target / "run.py").write_text("changed by the step")
    assert (source / "run.py").read_text() == "import pkg.tool"


def test_files_taken_whole_count_with_what_they_import(tmp_path: Path) -> None:
    contents = {"run.py": "__file__", "plug/p1.py": "import torch, run, helper", "helper.py": ""}
    assert _take(tmp_path, contents).external == {"torch"}
    assert _take(tmp_path, contents, patterns=("plug/",)).external == {"torch"}


def test_a_file_that_changed_since_is_told_when_it_is_copied(tmp_path: Path) -> None:
    taken = _take(tmp_path / "source", {"run.py": "x = 1"})
    (tmp_path / "source" / "run.py").write_text("x = 2")
    assert snapshot.write(taken, str(tmp_path / "target")) == ["run.py"]


def test_a_large_file_is_copied_in_pieces(tmp_path: Path) -> None:
    large = tmp_path / "source" / "weights.bin"
    _take(tmp_path / "source", {"run.py": "open('weights.bin')", "weights.bin": "begin"})
    with large.open("r+b") as stream:
        stream.truncate(1 << 26)
    taken = snapshot.take(SourceFolder(str(tmp_path / "source"), Digests()), of_script("run.py"))
    changed: list[str] = []
    assert memory_taken(lambda: changed.extend(snapshot.write(taken, str(tmp_path / "target")))) < 1 << 23
    assert changed == []
    assert filecmp.cmp(large, tmp_path / "target" / "weights.bin", shallow=False)


def test_a_large_file_is_exported_in_pieces(tmp_path: Path) -> None:
    _take(tmp_path / "source", {"run.py": "open('weights.bin')", "weights.bin": ""})
    with (tmp_path / "source" / "weights.bin").open("r+b") as stream:
        stream.truncate(1 << 26)
    taken = snapshot.take(SourceFolder(str(tmp_path / "source"), Digests()), of_script("run.py"))
    place = str(tmp_path / "v2")
    for _ in ("the first time", "over what is there"):
        assert memory_taken(lambda: export.folder.write(place, {}, {"code/train": taken}, "{}", force=False)) < 1 << 23
    assert filecmp.cmp(tmp_path / "source" / "weights.bin", tmp_path / "v2/code/train/weights.bin", shallow=False)
