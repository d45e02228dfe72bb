from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import pytest

from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError
from aml_pipeline.project.environment import interpreter


def test_this_interpreter_tells_what_it_is_and_has() -> None:
    found = interpreter.inspect(sys.executable, os.environ)
    assert found.implementation == platform.python_implementation()
    assert found.version == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert found.full_version == platform.python_version()
    versions = found.versions({"yaml", "os", "json", "pydantic"})
    assert set(versions) == {"PyYAML", "pydantic"}
    assert versions["pydantic"] == found.distributions["pydantic"]


def test_a_module_that_is_nowhere_has_no_version() -> None:
    assert interpreter.inspect(sys.executable, os.environ).versions({"no_such_module"}) == {"no_such_module": None}


def _python(folder: Path, body: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_the_answer_is_remembered(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    told = interpreter.inspect(sys.executable, os.environ, cache)
    assert interpreter.inspect(sys.executable, os.environ, cache) == told
    files.write_sealed(cache, {**files.read_sealed(cache), "full_version": "kept"})
    assert interpreter.inspect(sys.executable, os.environ, cache).full_version == "kept"


def test_a_shim_is_asked_each_time_for_it_may_start_another_python(tmp_path: Path) -> None:
    cache, project = str(tmp_path / "cache"), tmp_path / "project"
    project.mkdir()
    choice = project / ".choice"  # as .python-version is for pyenv
    python = _python(tmp_path, f'[ -f .choice ] && export PYTHONPATH="$(cat .choice)"; exec "{sys.executable}" "$@"')
    for name in ("first", "second"):
        packages = tmp_path / name
        packages.mkdir()
        (packages / "toy.py").write_text("")
        choice.write_text(str(packages))
        with interpreter.asking(python, os.environ, cache, str(project)) as answer:
            assert answer().code("toy") == [str(packages / "toy.py")]


def test_a_package_that_comes_or_goes_is_noticed(tmp_path: Path) -> None:
    packages, cache = tmp_path / "packages", str(tmp_path / "cache")
    packages.mkdir()
    environ = {**os.environ, "PYTHONPATH": str(packages)}
    assert interpreter.inspect(sys.executable, environ, cache).versions({"toy"}) == {"toy": None}
    (packages / "toy.py").write_text("")
    information = packages / "toy-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (information / "RECORD").write_text("toy.py,,\n")
    assert interpreter.inspect(sys.executable, environ, cache).versions({"toy"}) == {"toy": "1.0"}


def test_what_distributions_ask_for_is_told_without_versions(tmp_path: Path) -> None:
    information = tmp_path / "toy-1.0.dist-info"
    information.mkdir()
    needs = [
        "numpy (>=1.2)",
        "a_b[c]>=1; python_version > '3'",
        "rich; extra == 'all'",
        'x ; os_name=="y" and extra=="z.z"',
    ]
    rows = "".join(f"Requires-Dist: {need}\n" for need in ["numpy", *needs])
    (information / "METADATA").write_text(
        f"Name: toy\nVersion: 1.0\n{rows}\nRequires-Dist: a word of the description\n"
    )
    found = interpreter.inspect(sys.executable, {**os.environ, "PYTHONPATH": str(tmp_path)})
    assert found.requires["toy"] == ["a_b", "numpy", "rich;all", "x;z.z"]


def test_an_answer_that_an_earlier_version_kept_is_asked_for_again(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    first = interpreter.inspect(sys.executable, os.environ, cache)
    kept = files.read_sealed(cache)
    del kept["format"]
    files.write_sealed(cache, kept)
    assert interpreter.inspect(sys.executable, os.environ, cache) == first


def test_variables_that_choose_packages_count(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    for number in ("1.0", "2.0"):
        packages = tmp_path / number
        (packages / f"toy-{number}.dist-info").mkdir(parents=True)
        (packages / f"toy-{number}.dist-info" / "METADATA").write_text(f"Name: toy\nVersion: {number}\n")
        (packages / f"toy-{number}.dist-info" / "RECORD").write_text("toy.py,,\n")
        found = interpreter.inspect(sys.executable, {**os.environ, "PYTHONPATH": str(packages)}, cache)
        assert found.versions({"toy"}) == {"toy": number}


def test_a_module_that_no_distribution_tells_of_is_found(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    found = interpreter.inspect(sys.executable, {**os.environ, "PYTHONPATH": str(tmp_path)})
    assert found.code("mine") == [str(tmp_path / "mine.py")]
    assert found.code("nowhere_at_all") == []


# What stands at the path → a word of the message.
BROKEN = {
    "fails": ("exit 3", "is not a working Python"),
    "prints something else": ("echo hello", "is not a working Python"),
}


@pytest.mark.parametrize(("body", "words"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_python_is_told(tmp_path: Path, body: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        interpreter.inspect(_python(tmp_path, body), os.environ)


def test_a_path_where_nothing_is_or_that_may_not_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no Python interpreter"):
        interpreter.inspect(str(tmp_path / "none"), os.environ)
    (tmp_path / "text").write_text("")
    with pytest.raises(UsageError, match="is not executable"):
        interpreter.inspect(str(tmp_path / "text"), os.environ)


def test_of_a_namespace_only_the_parts_count_that_are_imported(tmp_path: Path) -> None:
    for name, part in (("space-core", "core"), ("space-train", "train"), ("space-old", "")):
        info = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
        (info / "RECORD").write_text(
            f"space/{part}/__init__.py,,\nspace/{part}/more.py,,\n" if part else "space/old.py,,\n"
        )
    found = interpreter.inspect(sys.executable, {**os.environ, "PYTHONPATH": str(tmp_path)})
    assert set(found.versions({"space"})) == {"space-core", "space-train", "space-old"}
    assert found.versions({"space"}, {"space.core", "other.core"}) == {"space-core": "1.0"}
    assert found.versions({"space"}, {"space.old", "space.train"}) == {"space-old": "1.0", "space-train": "1.0"}
    assert set(found.versions({"space"}, {"space.unknown"})) == {"space-core", "space-train", "space-old"}
