from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_pipeline.core import digests, files, folders
from aml_pipeline.core.digests import Digests
from aml_pipeline.core.errors import MachineError
from tests.corpus import link_all
from tests.work import lines_run


def _aged(path: Path, seconds: float = 10) -> None:
    """Set the times of a file back; ctime cannot be set, so callers that need it old must wait."""
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust looks at once, so that remembering can be tested without waiting two seconds."""
    monkeypatch.setattr(digests, "YOUNG_NS", -1)


def test_sealed_data_comes_back(tmp_path: Path) -> None:
    files.write_sealed(str(tmp_path / "a"), {"key": ["é", 1, None]})
    assert files.read_sealed(str(tmp_path / "a")) == {"key": ["é", 1, None]}
    assert os.listdir(tmp_path) == ["a"]


def test_a_missing_file_is_no_data(tmp_path: Path) -> None:
    assert files.read_sealed(str(tmp_path / "none")) is None
    (tmp_path / "file").write_bytes(b"")
    assert files.read_sealed(str(tmp_path / "file" / "below")) is None


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_counts_as_missing_under_a_right_seal_too(tmp_path: Path, text: bytes) -> None:
    """Fuzzing found the seal of an empty text."""
    (tmp_path / "a").write_bytes(files.digest_of(text).encode() + b"\n" + text)
    assert files.read_sealed(str(tmp_path / "a")) is None


def test_every_truncation_of_sealed_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    files.write_sealed(str(path), {"key": "value"})
    whole = path.read_bytes()
    for length in range(len(whole) - 1):  # the last byte is a newline that carries nothing
        path.write_bytes(whole[:length])
        assert files.read_sealed(str(path)) is None, length


def test_every_bit_flip_of_sealed_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    files.write_sealed(str(path), {"key": "value"})
    whole = path.read_bytes()
    for index in range(len(whole) - 1):
        for bit in range(8):
            path.write_bytes(whole[:index] + bytes([whole[index] ^ (1 << bit)]) + whole[index + 1 :])
            assert files.read_sealed(str(path)) is None, (index, bit)


def test_a_write_that_fails_leaves_the_old_bytes_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    files.write(str(path), b"old")

    def refuse(_old: str, _new: str) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="full"):
        files.write(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def _tree(folder: Path, contents: dict[str, bytes]) -> str:
    for name, data in contents.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    found = Digests().tree(str(folder))
    assert found is not None
    return found.digest


def test_a_tree_counts_by_names_and_bytes_not_by_times_or_place(tmp_path: Path) -> None:
    one = _tree(tmp_path / "one", {"a": b"1", "b/c": b"2"})
    (tmp_path / "one" / "a").chmod(0o600)
    _aged(tmp_path / "one" / "a")
    assert _tree(tmp_path / "two", {"b/c": b"2", "a": b"1"}) == one == _tree(tmp_path / "one", {})


@pytest.mark.parametrize(
    "contents",
    [{"a": b"2"}, {"a": b"1", "b": b""}, {"b": b"1"}, {"a/a": b"1"}, {}],
    ids=["other bytes", "an empty file more", "another name", "deeper", "nothing"],
)
def test_trees_that_differ_have_other_digests(tmp_path: Path, contents: dict[str, bytes]) -> None:
    (tmp_path / "two").mkdir()
    assert _tree(tmp_path / "one", {"a": b"1"}) != _tree(tmp_path / "two", contents)


def test_an_empty_folder_counts(tmp_path: Path) -> None:
    before = _tree(tmp_path, {"a": b"1"})
    (tmp_path / "empty").mkdir()
    assert _tree(tmp_path, {}) != before


def test_a_link_counts_by_what_it_leads_to_and_a_broken_one_by_its_target(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    plain = _tree(one, {"a": b"1"})
    two.mkdir()
    (two / "a").symlink_to(one / "a")
    assert _tree(two, {}) == plain
    (two / "broken").symlink_to("nowhere")
    first = _tree(two, {})
    (two / "circle").symlink_to("circle")
    assert _tree(two, {}) != first
    (two / "circle").unlink()
    (two / "broken").unlink()
    (two / "broken").symlink_to("elsewhere")
    assert _tree(two, {}) != first


def test_a_folder_that_contains_itself_is_walked_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "loop").symlink_to(tmp_path / "b")
    (tmp_path / "b" / "c").write_bytes(b"2")
    assert [name for name, _ in folders.walk(str(tmp_path))] == ["a", "b/c"]


def test_what_two_links_lead_to_counts_twice(tmp_path: Path) -> None:
    for name in ("common", "one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "common" / "a").write_bytes(b"1")
    (tmp_path / "one" / "more").symlink_to(tmp_path / "common")
    (tmp_path / "two" / "more").symlink_to(tmp_path / "common")
    assert [name for name, _ in folders.walk(str(tmp_path))] == ["common/a", "one/more/a", "two/more/a"]


def test_folders_that_all_link_to_each_other_are_refused_by_name(tmp_path: Path) -> None:
    link_all(tmp_path, 8)
    with pytest.raises(
        MachineError, match=rf"^Symbolic links in {tmp_path} lead to the same folders over and over \(0/to-"
    ):
        Digests().tree(str(tmp_path))


def test_the_work_at_folders_that_all_link_to_each_other_is_bounded(tmp_path: Path) -> None:
    def walk(count: int) -> None:
        with pytest.raises(folders.RepeatedLinksError):
            list(folders.walk(str(tmp_path / str(count))))

    for count in (8, 16):
        link_all(tmp_path / str(count), count)
    assert lines_run(lambda: walk(16)) <= lines_run(lambda: walk(8)) * 1.5


def test_links_may_lead_again_to_some_times_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_MOST_REPEATED", 0)
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "a").write_bytes(b"1")
    for number in range(12):
        (tmp_path / f"link-{number:02}").symlink_to("common")
    assert len(list(folders.walk(str(tmp_path)))) == 13
    monkeypatch.setattr(folders, "_MOST_TIMES", 1)
    with pytest.raises(folders.RepeatedLinksError):
        list(folders.walk(str(tmp_path)))


def test_a_folder_may_be_as_deep_as_a_path_is_long(tmp_path: Path) -> None:
    levels = sys.getrecursionlimit() + 100
    place = tmp_path.joinpath(*"d" * levels)
    for folder in [*reversed(place.parents), place]:
        folder.mkdir(exist_ok=True)
    (place / "a").write_bytes(b"1")
    try:
        assert [name for name, _ in folders.walk(str(tmp_path))] == ["d/" * levels + "a"]
    finally:
        (place / "a").unlink()
        for folder in [place, *place.parents][:levels]:  # shutil.rmtree, which clears up after tests, is not as deep
            folder.rmdir()


def _by_definition(folder: str, prefix: str = "", above: tuple[str, ...] = ()) -> list[str]:
    """Walk as the promise has it, in the plainest way."""
    found = []
    for name in sorted(os.listdir(folder)):
        path, real = os.path.join(folder, name), os.path.realpath(os.path.join(folder, name))
        if not os.path.isdir(path):
            found.append(prefix + name)
        elif real not in above:
            found += _by_definition(path, f"{prefix}{name}/", (*above, real)) or [f"{prefix}{name}/"]
    return found


@settings(max_examples=60, deadline=None)
@given(st.sets(st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y"]), st.sampled_from("abcf.")), max_size=6))
def test_links_are_followed_as_promised(links: set[tuple[str, str, str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        for name in "abc":
            Path(place, name).mkdir()
        Path(place, "f").write_bytes(b"1")
        for folder, name, target in sorted(links):
            if not Path(place, folder, name).is_symlink():
                Path(place, folder, name).symlink_to(f"../{target}")
        assert [name for name, _ in folders.walk(place)] == _by_definition(place)


def test_what_is_neither_file_nor_folder_is_refused_by_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MachineError, match="pipe"):
        Digests().tree(str(tmp_path))
    with pytest.raises(MachineError, match="pipe"):
        Digests().file(str(tmp_path / "pipe"))


def test_nothing_there_is_no_tree(tmp_path: Path) -> None:
    assert Digests().tree(str(tmp_path / "none")) is None


@pytest.mark.usefixtures("patient")
def test_a_known_look_saves_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, data = str(tmp_path / "cache"), tmp_path / "data"
    data.mkdir()
    (data / "a").write_bytes(b"1")
    first = Digests(cache)
    digests = first.tree(str(data)), first.file(str(data / "a"))
    first.save()

    def refuse(_path: str) -> str:
        pytest.fail("it was read again")

    monkeypatch.setattr("aml_pipeline.core.digests._stable_digest", refuse)
    again = Digests(cache)
    assert (again.tree(str(data)), again.file(str(data / "a"))) == digests


@pytest.mark.usefixtures("patient")
def test_an_edit_of_the_same_size_with_its_time_put_back_is_noticed(tmp_path: Path) -> None:
    cache, path = str(tmp_path / "cache"), tmp_path / "data"
    path.write_bytes(b"1")
    status = path.stat()
    first = Digests(cache)
    before = first.file(str(path))
    first.save()
    path.write_bytes(b"2")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert Digests(cache).file(str(path)) != before


def test_a_young_look_is_not_remembered(tmp_path: Path) -> None:
    cache, path = str(tmp_path / "cache"), tmp_path / "data"
    path.write_bytes(b"1")
    digests = Digests(cache)
    digests.file(str(path))
    digests.save()
    assert not os.path.exists(cache)


@pytest.mark.usefixtures("patient")
def test_a_damaged_cache_is_no_cache(tmp_path: Path) -> None:
    cache, path = tmp_path / "cache", tmp_path / "data"
    path.write_bytes(b"1")
    cache.write_bytes(b"garbage")
    digests = Digests(str(cache))
    expected = digests.file(str(path))
    digests.save()
    assert Digests(str(cache)).file(str(path)) == expected


@pytest.mark.usefixtures("patient")
def test_what_is_gone_from_the_disk_is_forgotten(tmp_path: Path) -> None:
    cache, path = tmp_path / "cache", tmp_path / "data"
    path.write_bytes(b"1")
    first = Digests(str(cache))
    first.file(str(path))
    first.save()
    assert str(path) in cache.read_text()
    path.unlink()
    (tmp_path / "other").write_bytes(b"2")
    second = Digests(str(cache))
    second.file(str(tmp_path / "other"))
    second.save()
    assert str(path) not in cache.read_text()


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text("ab/", min_size=1, max_size=4), st.binary(max_size=4), max_size=4))
def test_two_trees_are_equal_exactly_when_names_and_bytes_are(contents: dict[str, bytes]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        written: dict[str, bytes] = {}
        for name, data in contents.items():
            place = Path(first, name.strip("/") or "x")
            if any(parent.is_file() for parent in place.parents) or place.is_dir():
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            written[str(place.relative_to(first))] = data
        same = _tree(Path(second), written) == _tree(Path(first), {})
        assert same
        _tree(Path(second), {"more": b"!"})
        assert _tree(Path(second), {}) != _tree(Path(first), {})
