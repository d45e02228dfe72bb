"""The checks of a release find what they are for; ``make dist`` applies them to the real distributions."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tests.release import FailedError, building, called


def _sdist(folder: Path, names: list[str]) -> Path:
    path = folder / "aml_pipeline_yaml-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"aml_pipeline_yaml-1.0/{name}"), io.BytesIO())
    return path


def test_builds_with_different_bytes_are_named(tmp_path: Path) -> None:
    paths = [tmp_path / "one" / "a.whl", tmp_path / "other" / "a.whl"]
    for path, content in zip(paths, ("1", "1"), strict=True):
        path.parent.mkdir()
        path.write_text(content)
    building.require_equal(paths[:1], paths[1:])
    paths[1].write_text("2")
    with pytest.raises(FailedError, match=r"differ in a\.whl"):
        building.require_equal(paths[:1], paths[1:])
    with pytest.raises(FailedError, match="different files"):
        building.require_equal(paths[:1], [])


def test_an_sdist_holds_what_git_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracked = ["LICENSE", "aml_pipeline/__init__.py", ".gitignore"]
    answer = called("printf", "\n".join(tracked))
    monkeypatch.setattr(building, "called", lambda *_words: answer)
    building.require_tracked_files(_sdist(tmp_path, [*tracked, "PKG-INFO"]))
    with pytest.raises(FailedError, match=r"It has also \['notes'\], and lacks \['LICENSE'\]"):
        building.require_tracked_files(_sdist(tmp_path, [*tracked[1:], "PKG-INFO", "notes"]))


def test_what_a_tool_printed_is_in_the_message(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match=r"(?s)exit status 7:.*because"):
        called("sh", "-c", "echo because; exit 7", cwd=tmp_path)
