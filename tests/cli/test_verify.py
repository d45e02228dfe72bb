"""``verify``: whatever is damaged in what is kept is found, and told in words; nothing is changed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aml_pipeline import cli
from aml_pipeline.core import files
from aml_pipeline.core.digests import Digests
from aml_pipeline.local import verification
from aml_pipeline.runs import locks
from tests.patience import no_hang

PIPELINE = """\
name: p
source_directory: steps
parameters: {size: 1}
steps:
  make:
    script: make.py
    arguments: {--size: "${{ parameters.size }}", --output: "${{ outputs.table }}"}
"""
SCRIPT = """\
import sys
for name in "abc":
    open(f"{sys.argv[-1]}/{name}.txt", "w").write(name * int(sys.argv[2]))
"""
WHOLE = "Verified 2 results, 2 run records and 3 code texts (9 bytes of outputs): nothing is damaged.\n"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that ran twice."""
    root = tmp_path_factory.mktemp("ran")
    (root / "steps").mkdir()
    (root / "pipeline.yaml").write_text(PIPELINE)
    (root / "steps" / "make.py").write_text(SCRIPT)
    here = os.getcwd()
    os.chdir(root)
    try:
        for size in (1, 2):
            assert cli.run(["run", "--param", f"size={size}"], dict(os.environ)) == 0
    finally:
        os.chdir(here)
    return root


@pytest.fixture
def root(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that project, in which commands are given."""
    root = tmp_path / "project"
    shutil.copytree(ran, root, symlinks=True)
    monkeypatch.chdir(root)
    return root


Verify = Callable[[int], str]


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    """Give what ``verify`` prints, with what differs from run to run left out."""

    def told(status: int) -> str:
        capsys.readouterr()
        with no_hang():
            assert cli.run(["verify"], {}) == status
        text = capsys.readouterr().out
        text = re.sub(r"\b[0-9a-f]{12,64}\b", "KEY", text)
        return re.sub(r"\d{4}-\d\d-\d\dT[\w-]+|(?<=attempt\.)[\w-]+", "ID", text)

    return told


def _state(root: Path) -> Path:
    return root / ".aml_pipeline" / "p"


def _manifest(root: Path) -> Path:
    """Return the manifest of the result in use."""
    last = files.read_sealed(str(_state(root) / "steps/make/last"))
    return _state(root) / "steps" / "make" / f"result.{last['accepted']}"


def _table(root: Path) -> Path:
    """Return the output in use."""
    return (_state(root) / "outputs/make/table").resolve()


def _edit(root: Path) -> None:
    (_table(root) / "b.txt").write_text("B")


def _add(root: Path) -> None:
    for name in ("d", "e", "f", "g", "h"):
        (_table(root) / f".{name}\x1b").write_text("new")


def _take_away(root: Path) -> None:
    (_table(root) / "b.txt").unlink()


def _delete(root: Path) -> None:
    shutil.rmtree(_table(root))


def _pipe(root: Path) -> None:
    os.mkfifo(_table(root) / "pipe")


def _tear(name: str) -> Callable[[Path], None]:
    def tear(root: Path) -> None:
        (place,) = _state(root).glob(name)
        place.write_bytes(place.read_bytes()[:-9])

    return tear


def _swap(root: Path) -> None:
    one, two = (_state(root) / "steps/make").glob("result.*")
    kept = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(kept)


def _lose(root: Path) -> None:
    _manifest(root).unlink()


def _tear_record(name: str) -> Callable[[Path], None]:
    def tear(root: Path) -> None:
        place = min((_state(root) / "runs").iterdir()) / name
        place.write_bytes(place.read_bytes()[:-9])

    return tear


def _alter_text(root: Path) -> None:
    place = next(place for place in (_state(root) / "code").iterdir() if place.read_text() == SCRIPT)
    place.write_text(SCRIPT + "\n")


def _write(name: str, text: str) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        place = root / ".aml_pipeline" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)

    return write


def _unlink_link(root: Path) -> None:
    place = _state(root) / "outputs/make/table"
    place.unlink()
    place.mkdir()


def _lead_nowhere(root: Path) -> None:
    place = _state(root) / "outputs/make/table"
    place.unlink()
    place.symlink_to("nowhere")


def _odd_lock(root: Path) -> None:
    (_state(root) / "recording").symlink_to("/dev/null")


AS_ANEW = "It counts as missing and will be recreated: no action is needed."
LOST = "Its content cannot be restored; the rest of the record is still usable."
USED = "make: output table of result KEY (in use, from run ID)"
AGAIN = "The next run that needs it will recreate it."
STATE = ".aml_pipeline/p"


_PIPE = "/pipe is neither a file nor a folder, so its content cannot be read. Remove it."
_SWAPPED = (
    f"make: the manifest of result KEY is damaged or belongs to another result: {STATE}/steps/make/result.KEY. "
    f"The result counts as missing. Remove {STATE}/steps/make/result.KEY; the next run that needs it will recreate it."
)
_LAST = (
    f"make: the file about its last attempt is damaged or belongs to another step: {STATE}/steps/make/last. The next "
    "run finds its results by their keys. Run before you clean: until then, no result is in use."
)
_SHORT = "Remove it: run.json is read instead, and nothing is lost."
_TEXT = (
    f"a stored code text does not match its name: {STATE}/code/KEY. It counts as not recorded. Remove "
    f"{STATE}/code/KEY; a run of the same code will store it again."
)
_LINK = "is not a link to an output. Move it away; the next run will recreate the link."
DAMAGES = {
    "edited": (_edit, f"{USED} was edited after it was accepted: b.txt. {AGAIN}"),
    "added": (_add, rf"{USED} was edited after it was accepted: .d\x1b, .e\x1b, .f\x1b and 2 more. {AGAIN}"),
    "removed": (_take_away, f"{USED} has lost 1 file since it was accepted. {AGAIN}"),
    "deleted": (_delete, f"{USED} was deleted. {AGAIN}"),
    "a pipe": (_pipe, f"{USED} cannot be read. {_PIPE} {AGAIN}"),
    "swapped": (_swap, f"{_SWAPPED}\n{_SWAPPED}"),
    "lost": (_lose, f"make: result KEY, which is in use, is missing. {AGAIN}"),
    "last": (_tear("steps/make/last"), _LAST),
    "run.json": (_tear_record("run.json"), f"run ID: run.json is damaged or belongs to another run. {LOST}"),
    "short.json": (_tear_record("short.json"), f"run ID: short.json is damaged or belongs to another run. {_SHORT}"),
    "events.jsonl": (
        _tear_record("events.jsonl"),
        f"run ID: events.jsonl is damaged or belongs to another run. {LOST}",
    ),
    "code": (_alter_text, _TEXT),
    "digests": (_write("p/digests", "x"), f"a cache is damaged: {STATE}/digests. {AS_ANEW}"),
    "interpreter": (_write(".interpreter", "x"), f"a cache is damaged: .aml_pipeline/.interpreter. {AS_ANEW}"),
    "memo": (_write(".memo/0a0b", "x"), f"a cache is damaged: .aml_pipeline/.memo/0a0b. {AS_ANEW}"),
    "no link": (_unlink_link, f"{STATE}/outputs/make/table {_LINK}"),
    "link": (_lead_nowhere, f"{STATE}/outputs/make/table does not point to the output. The next run will fix it."),
    "lock": (_odd_lock, f"a lock is not a regular file: {STATE}/recording. Move it away while no run is in progress."),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_damaged_is_told(root: Path, verify: Verify, name: str) -> None:
    damage, told = DAMAGES[name]
    place = re.sub(r"(?<=attempt\.)[\w-]+", "ID", str(_table(root)))
    assert verify(0) == WHOLE
    damage(root)
    text, _, end = verify(1).replace(place, "").partition("\nVerified ")
    assert text == told
    count = told.count("\n") + 1
    assert f": {count} {'is' if count == 1 else 'are'} damaged." in end


def test_bytes_that_were_lost_without_a_trace_are_found(root: Path, verify: Verify) -> None:
    """Nothing looks changed, and so every run believes what is remembered of the files."""
    manifest = _manifest(root)
    data = files.read_sealed(str(manifest))
    data["contents"]["table"][0] = "0" * 64
    files.write_sealed(str(manifest), data)
    recall, remembered = Digests._recall, data["contents"]["table"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Digests, "_recall", lambda self, *about: remembered if self._cache else recall(self, *about))
        told = verify(1).splitlines()[0]
    assert told == (
        f"{USED} has different content than was accepted, although no file is newer: the disk or a power cut lost "
        "data, or a file was replaced by an older one. A run would not notice this. "
        f"Remove {STATE}/steps/make/result.KEY; the next run that needs the result will recreate it."
    )
    manifest.unlink()
    assert cli.run(["run", "--param", "size=2"], dict(os.environ)) == 0
    assert verify(0).startswith("Verified")


def _sealed(state: Path) -> Iterator[Path]:
    """Give every file whose content is checked."""
    for place in sorted(state.rglob("*")):
        is_plain = place.suffix == ".log" or place.name in {"format", "lock", "recording"}
        if place.is_file() and not place.is_symlink() and not is_plain:
            yield place


def test_no_byte_can_be_flipped_unnoticed(root: Path, verify: Verify) -> None:
    """Of records only what makes no JSON, or names another run, can be told: they are not sealed."""
    places = list(_sealed(_state(root)))
    assert {place.name.partition(".")[0] for place in places} >= {"result", "last", "run", "short", "events", "a"}
    for place in places:
        kept, times = place.read_bytes(), place.stat()
        for at in (0, len(kept) // 2, len(kept) - 2) if place.suffix not in {".json", ".jsonl"} else (0,):
            place.write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
            os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
            assert "damaged" in verify(1), f"byte {at} of {place}"
        place.write_bytes(kept)


def test_it_changes_nothing(root: Path, verify: Verify) -> None:
    def looks() -> dict[Path, os.stat_result]:
        return {place: place.lstat() for place in (root / ".aml_pipeline").rglob("*")}

    def told() -> dict[Path, tuple[float, int]]:
        return {place: (look.st_mtime_ns, look.st_size) for place, look in looks().items()}

    _edit(root)
    before = told()
    verify(1)
    assert told() == before


def test_leftovers_are_no_damage(root: Path, verify: Verify) -> None:
    place = _state(root) / "steps/make/attempt.left/table"
    place.mkdir(parents=True)
    (place / "x").write_bytes(bytes(1000))
    for name in ("steps/make/result.0a.17.tmp", "code/0a.17.tmp", "digests.17.tmp"):  # of runs that were killed
        (_state(root) / name).write_text("torn")
    assert verify(0) == f"{WHOLE}1 leftover (1.0 kB) belongs to no result: `aml-pipeline clean` frees that.\n"


def test_a_run_may_go_on_meanwhile(root: Path, verify: Verify, capsys: pytest.CaptureFixture[str]) -> None:
    (_state(root) / "steps/make/attempt.running").mkdir()
    (_state(root) / "runs/2999-01-01T00-00-00-000-abcd").mkdir()
    with locks.locked(str(_state(root)), "aml-pipeline run"):
        assert verify(0) == WHOLE.replace("2 run records", "3 run records")
        assert cli.run(["verify"], {}) == 0
        assert capsys.readouterr().err == "A run is in progress: its unfinished results are not verified.\n"


def test_what_is_removed_meanwhile_is_not_reported(root: Path) -> None:
    found = list(verification.items(str(_state(root)), str(root / ".aml_pipeline/.memo")))
    for name in ("steps", "runs", "code", "outputs"):
        shutil.rmtree(_state(root) / name)
    assert [finding for item in found for finding in item.findings()] == []


def test_where_nothing_ran_there_is_nothing_to_verify(root: Path, verify: Verify) -> None:
    shutil.rmtree(root / ".aml_pipeline")
    assert verify(0) == "There is nothing to verify.\n"
