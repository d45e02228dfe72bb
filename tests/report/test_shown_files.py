"""Pictures and small tables among the outputs: which are shown, within which limits, and what a page makes of them."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from aml_pipeline.report import shown_files
from aml_pipeline.report.parts import MOST_BYTES
from aml_pipeline.report.reading import read
from aml_pipeline.report.run_page import page
from aml_pipeline.report.shown_files import read_files
from tests.page import recorded

PNG = recorded.DOT


def folder(tmp_path: Path, **contents: bytes) -> dict[str, str]:
    """Return an output with these files, ``__`` in a name for its dot."""
    place = tmp_path / "steps" / "out"
    place.mkdir(parents=True)
    for name, data in contents.items():
        (place / name.replace("__", ".")).write_bytes(data)
    return {"train.out": str(place)}


def test_pictures_and_tables_are_shown_and_other_files_are_not(tmp_path: Path) -> None:
    folders = folder(
        tmp_path, a__png=PNG, b__svg=recorded.SVG.encode(), metrics__json=b'{"acc": 0.5, "of": {"cat": [1, 2]}}',
        rows__csv=b"x,y\n1,2\n3,4\n", model__pt=b"weights", other__json=b"{}",
    )  # fmt: skip
    shown = read_files(folders, str(tmp_path))
    assert [(file.path, file.kind) for file in shown.files] == [
        ("a.png", "image/png"), ("b.svg", "image/svg+xml"), ("metrics.json", "table"), ("rows.csv", "table"),
    ]  # fmt: skip
    assert shown.files[2].rows == (("name", "value"), ("acc", "0.5"), ("of.cat", "[1, 2]"))
    assert shown.files[3].rows == (("x", "y"), ("1", "2"), ("3", "4"))
    assert shown.left_out == ()


@pytest.mark.parametrize(
    ("name", "data"),
    [("a__png", b"GIF89a"), ("a__svg", b"<html>"), ("metrics__json", b"[1]"), ("metrics__json", b"{"),
     ("a__csv", b"\xff\xfe\x00"), ("a__csv", b"head,only\n"), ("a__jpg", b"")],
)  # fmt: skip
def test_what_is_not_what_its_name_says_is_left_out_and_named(tmp_path: Path, name: str, data: bytes) -> None:
    shown = read_files(folder(tmp_path, **{name: data}), str(tmp_path))
    assert shown.files == ()
    assert shown.left_out == (f"train.out/{name.replace('__', '.')}",)


def test_each_picture_and_all_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_files, "PICTURE_BYTES", 1_000)
    monkeypatch.setattr(shown_files, "PICTURES_BYTES", 1_500)
    large, small = PNG.ljust(1_001), PNG.ljust(700)
    shown = read_files(folder(tmp_path, a__png=large, b__png=small, c__png=small, d__png=small), str(tmp_path))
    assert [file.path for file in shown.files] == ["b.png", "c.png"]
    assert shown.left_out == ("train.out/a.png", "train.out/d.png")


def test_no_file_outside_the_state_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    state = tmp_path / "state"
    folders = folder(state, a__png=PNG)
    os.symlink(tmp_path / "secret.png", state / "steps" / "out" / "b.png")
    folders |= {"outside": str(tmp_path), "none": "/x\0y", "gone": str(state / "gone")}
    assert [file.path for file in read_files(folders, str(state)).files] == ["a.png"]


def test_a_page_has_pictures_as_data_and_the_beginning_of_tables(tmp_path: Path) -> None:
    text = page(read(recorded.rich(tmp_path), "failed"))
    assert f'src="data:image/png;base64,{base64.b64encode(PNG).decode()}" alt="choose.out/confusion.png"' in text
    assert 'src="data:image/svg+xml;base64,' in text
    assert "Showing the first 20 of 30." in text
    assert "Not shown, because too large or not readable: choose.out/broken.jpg. Limits: 500.0 kB for a picture" in text


def test_the_largest_page_has_3_mb() -> None:
    assert MOST_BYTES + shown_files.PICTURES_BYTES * 4 / 3 + 60 * 500 <= 3_000_000
