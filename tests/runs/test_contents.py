"""Texts by their digest: kept once, believed only when whole, freed when no record refers to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.core import files
from aml_pipeline.runs import contents, reuse
from aml_pipeline.runs.contents import Contents


def put(kept: Contents, data: bytes) -> str:
    digest = files.digest_of(data)
    kept.keep(digest, data)
    return digest


def parts(kept: Contents, **texts: bytes) -> tuple[str, dict[str, Any]]:
    """Keep the parts of a step with these files; return their key and them."""
    snapshot = {f"{name}.py": put(kept, text) for name, text in texts.items()}
    made = {"script": "a.py", "snapshot": snapshot, "environment": put(kept, b'{"docker_image": "a"}')}
    return put(kept, reuse.text_of(made)), made


def test_a_text_is_read_as_it_was_kept(tmp_path: Path) -> None:
    kept = Contents(str(tmp_path))
    key, made = parts(kept, a=b"print()\n", b=b"")
    assert kept.parts(key) == made
    assert kept.read(made["snapshot"]["a.py"]) == b"print()\n"
    assert kept.definition(made["environment"]) == {"docker_image": "a"}
    assert kept.worded(made) == {**made, "environment": {"docker_image": "a"}}
    assert key == reuse.key(made)


@pytest.mark.parametrize("damage", [b"", b"[1,{", b"[1,{}]", b"\xff", None])
def test_a_text_that_was_torn_or_altered_is_not_believed(tmp_path: Path, damage: bytes | None) -> None:
    kept = Contents(str(tmp_path))
    key, made = parts(kept, a=b"print()\n")
    for digest in (key, made["environment"], made["snapshot"]["a.py"]):
        place = Path(kept.folder, digest)
        place.unlink() if damage is None else place.write_bytes(damage)
    assert kept.parts(key) is None
    assert kept.definition(made["environment"]) is None
    assert kept.read(made["snapshot"]["a.py"]) is None
    assert kept.worded(made) == made


@pytest.mark.parametrize("name", ["", "../runs", "x" * 64 + "/..", None])
def test_only_a_digest_is_a_name(tmp_path: Path, name: Any) -> None:  # noqa: ANN401 - as a record may say
    assert Contents(str(tmp_path)).definition(name) is None


def test_what_no_kept_record_refers_to_is_freed(tmp_path: Path) -> None:
    kept = Contents(str(tmp_path))
    first, made = parts(kept, shared=b"1", old=b"2")
    second, _ = parts(kept, shared=b"1", new=b"3")
    half = Path(kept.folder, f"{'0' * 64}.17.tmp")
    half.write_bytes(b"half")
    gone = contents.unreferenced(str(tmp_path), [second])
    names = {one.name for one in Path(kept.folder).iterdir()}
    assert {first, half.name, made["snapshot"]["old.py"]} == {Path(path).name for path in gone}
    assert all(Path(path).exists() for path in gone)
    gone = contents.unreferenced(str(tmp_path), [], [{"environment": made["environment"]}])
    assert {Path(path).name for path in gone} == names - {made["environment"]}
    assert contents.unreferenced(str(tmp_path / "nowhere"), []) == []
