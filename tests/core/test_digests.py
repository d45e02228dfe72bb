"""What is remembered of digests, for which files, and what else a process then knows of the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_pipeline.core import digests, files
from aml_pipeline.core.digests import Digests, Tree
from aml_pipeline.core.errors import MachineError


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Trust metadata at once, remember files of four bytes on their own; give the names of files as they are read."""
    read: list[str] = []
    real: Callable[[str], str] = digests._stable_digest

    def noted(path: str) -> str:
        read.append(os.path.basename(path))
        return real(path)

    monkeypatch.setattr(digests, "_stable_digest", noted)
    monkeypatch.setattr(digests, "YOUNG_NS", -1)
    monkeypatch.setattr(digests, "_REMEMBERED_BYTES", 4)
    monkeypatch.setattr(files, "seen", seen := files.Seen())
    monkeypatch.setattr(digests, "seen", seen)
    return read


def test_a_file_is_a_tree_of_one_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert Digests().tree(str(tmp_path / "a")) == Tree(files.digest_of(b"12345"), 1, 5)


def test_a_large_file_is_remembered_though_its_folder_changed(tmp_path: Path, readings: list[str]) -> None:
    (tmp_path / "large").write_bytes(b"1234")
    (tmp_path / "small").write_bytes(b"123")
    known = Digests()
    before = known.tree(str(tmp_path))
    (tmp_path / "small").write_bytes(b"124")
    after = known.tree(str(tmp_path))
    assert sorted(readings) == ["large", "small", "small"]
    assert before
    assert after
    assert before.digest != after.digest
    assert before[1:] == after[1:] == (2, 7)


def test_a_cache_that_learned_nothing_since_is_not_written_again(tmp_path: Path, readings: list[str]) -> None:
    (tmp_path / "a").write_bytes(b"1")
    known = Digests(str(tmp_path / "cache"))
    known.file(str(tmp_path / "a"))
    known.save()
    (tmp_path / "cache").unlink()
    known.file(str(tmp_path / "a"))
    known.save()
    assert readings == ["a"]
    assert not (tmp_path / "cache").exists()


@pytest.mark.usefixtures("readings")
def test_what_is_seen_of_a_folder_is_what_other_readers_see(tmp_path: Path) -> None:
    """Answers of this process depend on it: the memory of them compares it the next time."""
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "broken").symlink_to("nowhere")
    Digests().tree(str(tmp_path))
    a, broken = str(tmp_path / "a"), str(tmp_path / "broken")
    assert {path: files.seen.looks[path] for path in (a, broken)} == {a: files.look_of(os.stat(a)), broken: None}
    assert files.seen.links == {broken: files.look_of(os.lstat(broken))}


@pytest.mark.usefixtures("readings")
def test_no_answer_depends_on_the_cache(tmp_path: Path) -> None:
    Digests(str(tmp_path / "cache"))
    assert not files.seen.looks


def test_why_there_is_no_digest(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"/none was deleted\. Put a regular file there"):
        Digests().file(str(tmp_path / "none"))
    with pytest.raises(MachineError, match=r"is not a regular file\. Put a regular file there"):
        Digests().file(str(tmp_path))
