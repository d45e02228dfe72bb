from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aml_pipeline import cli
from aml_pipeline.core import files
from aml_pipeline.core.digests import Digests
from aml_pipeline.core.errors import MachineError
from aml_pipeline.local import cleaning, evaluate
from aml_pipeline.local.store import Result, Store
from aml_pipeline.runs import locks, reuse
from tests.conftest import Project

PARTS = {reuse.key(parts): parts for parts in ({"parameters": {"epochs": str(number)}} for number in (1, 2, 3))}
K1, K2, K3 = PARTS


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path), Digests())


def _made(store: Store, key: str = K1, text: str = "weights", run: str = "r1") -> Result:
    attempt = store.begin("train", key, PARTS[key], ["model"])
    Path(attempt.outputs["model"], "w.txt").write_text(text)
    result = store.accept(attempt, {"run": run}, store.contents(attempt))
    store.use(result)
    return result


def test_a_new_attempt_has_its_outputs_there_and_empty(store: Store) -> None:
    attempt = store.begin("train", K1, PARTS[K1], ["model", "log"])
    assert [os.listdir(place) for place in attempt.outputs.values()] == [[], []]
    store.note_process(attempt, 4711, "then")
    last = store.last("train")
    assert last is not None
    assert (last.outcome, last.accepted, last.pid, last.started) == ("running", None, 4711, "then")


def test_only_an_accepted_attempt_is_a_result(store: Store) -> None:
    attempt = store.begin("train", K1, PARTS[K1], ["model"])
    assert store.result("train", K1) == (None, "")
    store.fail(attempt)
    assert store.result("train", K1) == (None, "")
    made = _made(store)
    found, damage = store.result("train", K1)
    assert (found, damage) == (made, "")


def test_outputs_do_not_move_when_they_are_accepted(store: Store) -> None:
    attempt = store.begin("train", K1, PARTS[K1], ["model"])
    assert store.accept(attempt, {}, store.contents(attempt)).outputs == attempt.outputs


def test_a_failed_attempt_leaves_the_accepted_one_alone(store: Store) -> None:
    made = _made(store)
    store.fail(store.begin("train", K2, PARTS[K2], ["model"]))
    assert store.result("train", K1)[0] == made
    assert store.latest("train") == made
    last = store.last("train")
    assert last is not None
    assert (last.outcome, last.accepted) == ("failed", K1)


def test_what_a_failed_attempt_wrote_goes_with_the_next(store: Store) -> None:
    failed = store.begin("train", K1, PARTS[K1], ["model"])
    store.fail(failed)
    assert os.path.exists(failed.folder)
    _made(store)
    assert not os.path.exists(failed.folder)


def test_what_was_accepted_before_the_run_could_note_it_is_accepted(store: Store) -> None:
    attempt = store.begin("train", K1, PARTS[K1], ["model"])
    made = store.accept(attempt, {"run": "r1"}, store.contents(attempt))
    again = Store(store.folder, Digests())
    last = again.last("train")
    assert last is not None
    assert (last.outcome, last.accepted, again.latest("train")) == ("accepted", K1, made)
    assert (again.survivors("train"), again.remove_failed("train")) == ([], [])
    assert os.path.isdir(attempt.folder)


def test_only_an_attempt_that_runs_may_have_a_process(store: Store) -> None:
    attempt = store.begin("train", K1, PARTS[K1], ["model"])
    store.note_process(attempt, 4711, "then")
    assert store.survivors("train") == [(attempt.id, 4711, "then")]
    store.at_work.add(attempt.id)
    assert store.survivors("train") == []
    store.at_work.clear()
    store.fail(attempt)
    assert store.survivors("train") == []


def test_the_last_attempt_is_the_one_of_these_parts_though_it_failed_beside_another(store: Store) -> None:
    failed = store.begin("train", K1, PARTS[K1], ["model"])
    store.at_work.add(failed.id)
    attempt = store.begin("train", K2, PARTS[K2], ["model"])
    store.fail(failed)
    store.use(store.accept(attempt, {}, store.contents(attempt)))
    context: Any = SimpleNamespace(store=store)
    step: Any = SimpleNamespace(name="train")
    assert evaluate._last(context, step, PARTS[K1]) == reuse.Last(PARTS[K1], "failed")
    for key in (K2, K3):
        assert evaluate._last(context, step, PARTS[key]) == reuse.Last(PARTS[K2], "accepted")


def test_what_a_killed_run_was_writing_is_no_key(store: Store) -> None:
    _made(store)
    Path(store.manifest_place("train", K2) + ".17.tmp").write_bytes(b"x")
    assert (store.steps(), store.keys("train")) == (["train"], [K1])


def test_a_late_writer_of_a_dead_attempt_cannot_touch_the_result(store: Store) -> None:
    orphan = store.begin("train", K1, PARTS[K1], ["model"])
    with Path(orphan.outputs["model"], "w.txt").open("w") as stream:
        made = _made(store, text="right")
        stream.write("wrong")
    found, _ = store.result("train", K1)
    assert found == made
    assert Path(made.outputs["model"], "w.txt").read_text() == "right"


@pytest.mark.parametrize(
    ("act", "words"), [("edit", "output model was edited"), ("delete", "output model was deleted")]
)
def test_an_output_touched_by_hand_is_no_result_and_the_reason_is_told(store: Store, act: str, words: str) -> None:
    made = _made(store)
    place = Path(made.outputs["model"])
    (place / "w.txt").write_text("WEIGHTS")
    if act == "delete":
        (place / "w.txt").unlink()
        place.rmdir()
    assert store.result("train", K1) == (None, words)


def test_a_removed_output_folder_is_never_accepted(store: Store) -> None:
    attempt = store.begin("train", K1, PARTS[K1], ["model"])
    os.rmdir(attempt.outputs["model"])
    with pytest.raises(MachineError, match="model"):
        store.accept(attempt, {}, store.contents(attempt))
    assert store.result("train", K1) == (None, "")


def test_old_results_are_found_by_their_keys(store: Store) -> None:
    first, second = _made(store, K1, "one"), _made(store, K2, "two")
    assert store.result("train", K1)[0] == first
    assert store.latest("train") == second
    store.use(first)
    assert store.latest("train") == first
    link = store.link("train", "model")
    assert os.path.realpath(link) == os.path.realpath(first.outputs["model"])


def test_the_link_leads_to_the_accepted_output(store: Store) -> None:
    made = _made(store)
    link = store.link("train", "model")
    assert Path(link, "w.txt").read_text() == "weights"
    assert not os.path.isabs(os.readlink(link)), "the project may be moved"
    assert os.path.realpath(link) == os.path.realpath(made.outputs["model"])


@pytest.mark.parametrize("name", [f"result.{K1}", "last"])
def test_a_damaged_file_of_state_counts_as_missing(store: Store, name: str) -> None:
    _made(store)
    path = Path(store.folder, "steps", "train", name)
    path.write_bytes(path.read_bytes()[:-20])
    assert Store(store.folder, Digests()).latest("train") is None


def test_cleaning_keeps_the_newest_result_of_each_step(store: Store) -> None:
    old = _made(store, K1, "one", run="r1")
    new = _made(store, K2, "two", run="r2")
    failed = store.begin("train", K3, PARTS[K3], ["model"])
    store.fail(failed)
    assert cleaning.makers(store) == {"train": "r2"}
    earlier, vain = cleaning.unused(store)
    assert (earlier.kind, vain.kind) == ("result", "attempt without a result")
    assert earlier.bytes >= len("one")
    for one in (earlier, vain):
        one.remove()
    assert cleaning.unused(store) == []
    assert store.result("train", K1) == (None, "")
    assert store.result("train", K2)[0] == new
    assert not os.path.exists(failed.folder)
    assert not os.path.exists(old.outputs["model"])


def test_cleaning_names_all_that_lies_beside_results(store: Store) -> None:
    made = _made(store)
    torn = Path(store.folder, "steps", "train", "result.torn")
    torn.write_bytes(b"x")
    Path(torn.parent, "last.17.tmp").write_bytes(b"x")
    os.mkdir(store.scratch("train", "model"))
    copy = Path(torn.parent, f"attempt.{made.attempt}", "working-copy")
    copy.mkdir()
    found = {one.kind: [Path(place).name for place in one.places] for one in cleaning.unused(store)}
    assert found == {
        "result": ["result.torn"],
        "output of --debug": ["debug.model"],
        "leftover": ["last.17.tmp"],
        "working copy": ["working-copy"],
    }


def test_the_state_folder_ignores_itself(tmp_path: Path) -> None:
    folder = locks.prepare(str(tmp_path / ".aml_pipeline"), "cifar10")
    assert os.path.isdir(folder)
    assert (tmp_path / ".aml_pipeline" / ".gitignore").read_text() == "*\n"


_HOLDER = """
import sys
from aml_pipeline.runs import locks
with locks.locked(sys.argv[1], "aml-pipeline run train"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_told_who_holds_the_lock_and_a_kill_frees_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(_HOLDER), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(MachineError, match=f"process {holder.pid} on .* since .*: aml-pipeline run train"):
            locks.locked(str(tmp_path), "aml-pipeline run").__enter__()
        holder.kill()
    with locks.locked(str(tmp_path), "aml-pipeline run"):
        pass


_READER = """
import sys
from aml_pipeline.runs import locks
while True:
    locks.is_locked(sys.argv[1])
    print("looked", flush=True)
"""


def test_who_only_looks_whether_a_run_is_there_keeps_none_from_beginning(tmp_path: Path) -> None:
    with locks.locked(str(tmp_path), "aml-pipeline run"):
        pass
    command = [sys.executable, "-c", textwrap.dedent(_READER), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        try:
            for _ in range(2000):
                assert reader.stdout.readline() == "looked\n"
                with locks.locked(str(tmp_path), "aml-pipeline run"):
                    pass
        finally:
            reader.kill()


@pytest.mark.parametrize("what", ["of another key", "of another step", "of no result"])
def test_a_manifest_under_another_name_is_not_believed(store: Store, what: str) -> None:
    _made(store, K1, "one")
    _made(store, K2, "two")
    steps = Path(store.folder, "steps")
    place = steps / "train" / f"result.{K1}"
    if what == "of another key":
        other = place.with_name(f"result.{K2}")
        kept = place.read_bytes()
        place.write_bytes(other.read_bytes())
        other.write_bytes(kept)
    elif what == "of another step":
        os.rename(steps / "train", steps / "other")
    else:
        place.write_bytes(place.with_name("last").read_bytes())
    moved = Store(store.folder, Digests())
    step = "other" if what == "of another step" else "train"
    assert moved.result(step, K1) == (None, "")
    assert PARTS[K1] not in moved.kept_parts(step)
    assert (moved.latest(step) is None) == (what != "of no result")
    cleaning.unused(moved)


@pytest.mark.parametrize("source", [f"result.{K1}", "../other/last"])
def test_a_last_attempt_of_another_step_counts_as_missing(store: Store, source: str) -> None:
    _made(store)
    store.begin("other", K1, PARTS[K1], ["model"])
    place = Path(store.folder, "steps", "train", "last")
    place.write_bytes((place.parent / source).read_bytes())
    assert Store(store.folder, Digests()).last("train") is None


def test_what_an_earlier_version_wrote_is_believed(store: Store) -> None:
    """It noted no step in its files."""
    made = _made(store)
    for name in (f"result.{K1}", "last"):
        place = os.path.join(store.folder, "steps", "train", name)
        data = files.read_sealed(place)
        del data["step"]
        files.write_sealed(place, data)
    assert Store(store.folder, Digests()).latest("train") == made


def _without_locks(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the kernel refuse every lock with the error ``number``, or grant every one (0)."""

    def flock(_descriptor: int, _operation: int) -> None:
        if number:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", flock)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EPERM, 0])
def test_where_locks_do_not_work_no_run_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    _without_locks(monkeypatch, number)
    why = os.strerror(number) if number else "they have no effect"
    with pytest.raises(MachineError) as refused:
        locks.locked(str(tmp_path), "aml-pipeline run").__enter__()
    assert str(refused.value) == (
        f"File locks do not work in {tmp_path} ({why}), so two simultaneous runs could not be kept apart. "
        "Move the project to a local disk, or mount its file system with lock support, and run again."
    )
    assert not locks.is_locked(str(tmp_path))
    with locks.recording(str(tmp_path)):
        pass


def test_a_second_run_where_locks_do_not_work_says_so_too(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline = 'name: one\nsteps: {only: {script: only.py, arguments: {--output: "${{ outputs.out }}"}}}\n'
    project.write({"pipeline.yaml": pipeline, "only.py": ""})
    monkeypatch.chdir(project.root)
    _without_locks(monkeypatch, errno.ENOLCK)
    for command in ("run", "run", "clean"):
        assert cli.run([command], {}) == 6
        told = capsys.readouterr().err.splitlines()
        assert len(told) == 1
        assert told[0].startswith("File locks do not work in ")
    assert cli.run(["plan"], {}) == 0
    assert cli.run(["runs"], {}) == 0
