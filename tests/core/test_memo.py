from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

import aml_pipeline
from aml_pipeline.core import memo

ASKED = memo.question(["run"], {}, "1.0")


def _old(path: Path) -> Path:
    """Wait until the looks of ``path`` are old enough to be trusted: ctime cannot be set back."""
    while time.time_ns() - os.stat(path).st_ctime_ns < memo._YOUNG_NS:
        time.sleep(0.05)
    return path


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust young looks, so that a test need not wait two seconds."""
    monkeypatch.setattr(memo, "_YOUNG_NS", -1)


def _keep(folder: Path, seen: list[Path], links: list[Path] | None = None, answer: str = "all up to date\n") -> str:
    place = str(folder / "memo" / "m")
    looks: Mapping[str, memo.Fields] = {str(path): memo._look(str(path)) for path in seen}
    own = {str(path): memo._look(str(path), follow=False) for path in links or []}
    assert memo.keep(place, ASKED, looks, own, answer)
    return place


@pytest.mark.usefixtures("trusting")
def test_an_answer_comes_back_while_nothing_looks_different(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    place = _keep(tmp_path, [tmp_path / "a", tmp_path / "none"], answer="déjà vu\n")
    assert memo.recall(place, ASKED) == "déjà vu\n"
    assert memo.recall(place, ASKED) == "déjà vu\n"


def test_young_looks_are_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    looks = {str(tmp_path / "a"): memo._look(str(tmp_path / "a"))}
    assert not memo.keep(str(tmp_path / "m"), ASKED, looks, {}, "x")
    assert not (tmp_path / "m").exists()


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("change", ["edit", "same size", "touch", "chmod", "delete", "replace", "appear"])
def test_whatever_looks_different_takes_the_answer_back(tmp_path: Path, change: str) -> None:
    path, absent = tmp_path / "a", tmp_path / "absent"
    path.write_text("1")
    place = _keep(tmp_path, [path, absent])
    status = path.stat()
    if change == "edit":
        path.write_text("12")
    elif change == "same size":
        path.write_text("2")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif change == "touch":
        path.touch()
    elif change == "chmod":
        path.chmod(0o600)
    elif change == "delete":
        path.unlink()
    elif change == "replace":
        (tmp_path / "b").write_text("1")
        os.replace(tmp_path / "b", path)
    else:
        absent.write_text("")
    assert memo.recall(place, ASKED) is None


@pytest.mark.usefixtures("trusting")
def test_a_name_more_in_a_listed_folder_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    place = _keep(tmp_path, [folder])
    (folder / "shadow.py").write_text("")
    assert memo.recall(place, ASKED) is None


@pytest.mark.usefixtures("trusting")
def test_a_link_that_is_turned_is_noticed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("1")
    link = tmp_path / "link"
    link.symlink_to("one")
    place = _keep(tmp_path, [], [link])
    assert memo.recall(place, ASKED) is not None
    link.unlink()
    link.symlink_to("two")
    assert memo.recall(place, ASKED) is None


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize(
    ("words", "environ", "version"),
    [
        (["run", "--force"], {}, "1.0"),
        (["run"], {"PYTHONPATH": "x"}, "1.0"),
        (["run"], {"PATH": "/x"}, "1.0"),
        (["run"], {}, "1.1"),
    ],
    ids=["another command line", "another search path", "another PATH", "another version of ours"],
)
def test_another_question_has_no_answer(
    tmp_path: Path, words: list[str], environ: dict[str, str], version: str
) -> None:
    place = _keep(tmp_path, [])
    assert memo.recall(place, memo.question(words, environ, version)) is None


def test_variables_that_nothing_reads_do_not_count() -> None:
    assert memo.question(["run"], {"TERM": "x", "SSH_AUTH_SOCK": "y"}, "1.0") == ASKED


@pytest.mark.usefixtures("trusting")
def test_another_folder_is_another_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = _keep(tmp_path, [])
    monkeypatch.chdir(tmp_path)
    assert memo.recall(place, memo.question(["run"], {}, "1.0")) is None


@pytest.mark.usefixtures("trusting")
def test_3000_random_corruptions_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    place = Path(_keep(tmp_path, [tmp_path / "a"]))
    whole = place.read_bytes()
    chance = random.Random(0)  # noqa: S311 - the same corruptions each time
    for _ in range(3000):
        data = bytearray(whole)
        kind = chance.randrange(3)
        if kind == 0:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[chance.randrange(len(data)) :]
        else:
            start = chance.randrange(len(data))
            data[start : start + 8] = chance.randbytes(8)
        if data != whole:
            place.write_bytes(data)
            assert memo.recall(str(place), ASKED) is None


def test_a_file_that_is_missing_or_a_folder_is_no_answer(tmp_path: Path) -> None:
    assert memo.recall(str(tmp_path / "none"), ASKED) is None
    assert memo.recall(str(tmp_path), ASKED) is None


def test_a_place_that_cannot_be_written_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "_YOUNG_NS", -1)
    (tmp_path / "file").write_text("")
    assert not memo.keep(str(tmp_path / "file" / "m"), ASKED, {}, {}, "x")


@pytest.mark.usefixtures("trusting")
def test_the_program_itself_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "site-packages"
    library.mkdir()
    monkeypatch.syspath_prepend(str(library))
    place = _keep(tmp_path, [])
    assert memo.recall(place, ASKED) is not None
    (library / "new-1.0.dist-info").mkdir()
    assert memo.recall(place, ASKED) is None


def test_an_answer_depends_on_every_file_of_this_package() -> None:
    package = Path(aml_pipeline.__file__).parent
    assert {str(path) for path in package.rglob("*.py")} <= set(memo._program())
