"""Archives as a workspace may have them: nothing is written outside the folder, and what is left out is reported."""

from __future__ import annotations

import contextlib
import stat
import zipfile
from pathlib import Path

import pytest

from aml_pipeline.azureml.importing import archive
from aml_pipeline.core.errors import AzureError


def _zip(place: Path, *entries: tuple[str, bytes | str, int]) -> str:
    with zipfile.ZipFile(place / "a.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            opened.writestr(entry, content)
    return str(place / "a.zip")


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_files_come_out_with_their_bytes_and_modes(tmp_path: Path) -> None:
    made = _zip(
        tmp_path, ("a.py", "one\r\n", 0o644), ("b/c.sh", b"\0\xff", 0o100755), ("d/", "", 0o40755), ("é", "", 0)
    )
    assert archive.extract(made, str(tmp_path / "out")) == []
    assert _files(tmp_path / "out") == {"a.py": b"one\r\n", "b/c.sh": b"\0\xff", "é": b""}
    assert (tmp_path / "out" / "d").is_dir()
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert modes["c.sh"] == 0o755
    assert not modes["a.py"] & stat.S_IXUSR


HOSTILE = {
    "../x": "outside the folder",
    "a/../../x": "outside the folder",
    "/x": "outside the folder",
    "//host/x": "outside the folder",
    "C:/x": "outside the folder",
    "c:x": "outside the folder",
    "a//x": "empty parts",
    "./x": "empty parts",
    "..\\x": "backslash",
    "a\nb": "control character",
    "\x1b[31mx": "control character",
    "y" * 300: "too long",
    "é" * 200: "too long",
    ".git/config": "git",
    "a/.GIT/config": "git",
    ".aml_pipeline/x": "aml-pipeline",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_left_out_and_reported(name: str, tmp_path: Path) -> None:
    place = tmp_path / "inner" / "out"
    made = _zip(tmp_path, ("a.py", "fine", 0), (name, "hostile", 0))
    said = archive.extract(made, str(place))
    assert len(said) == 1
    assert HOSTILE[name] in said[0]
    assert said[0].isprintable()
    assert len(said[0]) < 400
    assert _files(tmp_path / "inner") == {"out/a.py": b"fine"}


@pytest.mark.parametrize(
    ("kind", "word"), [(stat.S_IFLNK, "a link"), (stat.S_IFIFO, "neither"), (stat.S_IFCHR, "neither")]
)
def test_only_files_and_folders_are_written(kind: int, word: str, tmp_path: Path) -> None:
    made = _zip(tmp_path, ("l", "/etc", kind | 0o777), ("m", "x", 0o644))
    assert archive.extract(made, str(tmp_path / "out"))[0].partition(word)[1]
    assert _files(tmp_path / "out") == {"m": b"x"}


@pytest.mark.parametrize("order", [1, -1])
def test_nothing_is_written_through_a_link(order: int, tmp_path: Path) -> None:
    entries = [("l", "/etc", stat.S_IFLNK | 0o777), ("l/passwd", "x", 0o644), ("m", "x", 0)]
    said = archive.extract(_zip(tmp_path, *entries[::order]), str(tmp_path / "out"))
    assert sorted(said) == ["l/passwd: its folder is a link", "l: it is a link"]
    assert _files(tmp_path / "out") == {"m": b"x"}


@pytest.mark.parametrize("second", ["A.py", "a.PY", "a.py/b", "a.py"])
def test_the_first_of_two_files_for_one_place_stays(second: str, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        if second == "a.py":
            stack.enter_context(pytest.warns(UserWarning, match="Duplicate"))
        made = _zip(tmp_path, ("a.py", "first", 0), (second, "second", 0))
    said = archive.extract(made, str(tmp_path / "out"))
    assert len(said) == 1
    assert _files(tmp_path / "out") == {"a.py": b"first"}


def test_a_folder_that_differs_by_case_is_reported(tmp_path: Path) -> None:
    made = _zip(tmp_path, ("lib/a.py", "a", 0), ("Lib/b.py", "b", 0))
    assert "differs from lib only by case" in archive.extract(made, str(tmp_path / "out"))[0]


def test_what_git_kept_is_one_line(tmp_path: Path) -> None:
    made = _zip(tmp_path, *((f".git/objects/{number}", "x", 0) for number in range(50)))
    assert [line.partition(":")[0] for line in archive.extract(made, str(tmp_path / "out"))] == [
        ".git/objects/0 and 49 more in .git"
    ]


@pytest.mark.parametrize("limit", ["MOST_BYTES", "MOST_FILES"])
def test_a_bomb_is_refused(limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, limit, 10)
    made = _zip(tmp_path, *((str(number), b"\0" * 1000, 0) for number in range(11)))
    with pytest.raises(AzureError, match="which no snapshot has"):
        archive.extract(made, str(tmp_path / "out"))


def test_a_size_that_lies_is_refused(tmp_path: Path) -> None:
    made = Path(_zip(tmp_path, ("a", b"\0" * 100_000, 0)))
    raw = bytearray(made.read_bytes())
    at = raw.rfind(b"PK\x01\x02")
    raw[at + 24 : at + 28] = (10).to_bytes(4, "little")
    made.write_bytes(raw)
    with pytest.raises(AzureError, match="damaged"):
        archive.extract(str(made), str(tmp_path / "out"))


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped"])
def test_a_damaged_archive_is_an_error_in_our_words(damage: str, tmp_path: Path) -> None:
    made = Path(_zip(tmp_path, ("a", bytes(range(256)) * 40, 0)))
    raw = made.read_bytes()
    flipped = raw[:60] + bytes(255 - byte for byte in raw[60:90]) + raw[90:]
    made.write_bytes({"empty": b"", "cut": raw[: len(raw) // 2], "flipped": flipped}[damage])
    with pytest.raises(AzureError, match=r"a\.zip is damaged"):
        archive.extract(str(made), str(tmp_path / "out"))


def test_an_encrypted_archive_is_an_error_in_our_words(tmp_path: Path) -> None:
    made = Path(_zip(tmp_path, ("a", "x", 0)))
    raw = bytearray(made.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.find(sign) + offset] |= 1
    made.write_bytes(raw)
    with pytest.raises(AzureError, match="encrypted"):
        archive.extract(str(made), str(tmp_path / "out"))
