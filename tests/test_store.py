from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from aml_pipeline import cleaning, locks
from aml_pipeline import store as stores
from aml_pipeline.errors import MachineError
from aml_pipeline.files import Digests
from aml_pipeline.store import Result, Store

PARTS = {"parameters": {"epochs": "2"}}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path), Digests())


def _made(store: Store, key: str = "k1", text: str = "weights", run: str = "r1") -> Result:
    attempt = store.begin("train", key, PARTS, ["model"])
    Path(attempt.outputs["model"], "w.txt").write_text(text)
    result = store.accept(attempt, {"run": run})
    store.use(result)
    return result


def test_a_new_attempt_has_its_outputs_there_and_empty(store: Store) -> None:
    attempt = store.begin("train", "k1", PARTS, ["model", "log"])
    assert [os.listdir(place) for place in attempt.outputs.values()] == [[], []]
    store.note_process(attempt, 4711, "then")
    last = store.last("train")
    assert last is not None
    assert (last.outcome, last.accepted, last.pid, last.started) == ("running", None, 4711, "then")


def test_only_an_accepted_attempt_is_a_result(store: Store) -> None:
    attempt = store.begin("train", "k1", PARTS, ["model"])
    assert store.result("train", "k1") == (None, "")
    store.fail(attempt)
    assert store.result("train", "k1") == (None, "")
    made = _made(store)
    found, damage = store.result("train", "k1")
    assert (found, damage) == (made, "")


def test_outputs_do_not_move_when_they_are_accepted(store: Store) -> None:
    attempt = store.begin("train", "k1", PARTS, ["model"])
    assert store.accept(attempt, {}).outputs == attempt.outputs


def test_a_failed_attempt_leaves_the_accepted_one_alone(store: Store) -> None:
    made = _made(store)
    store.fail(store.begin("train", "k2", PARTS, ["model"]))
    assert store.result("train", "k1")[0] == made
    assert store.latest("train") == made
    last = store.last("train")
    assert last is not None
    assert (last.outcome, last.accepted) == ("failed", "k1")


def test_what_a_failed_attempt_wrote_goes_with_the_next(store: Store) -> None:
    failed = store.begin("train", "k1", PARTS, ["model"])
    store.fail(failed)
    assert os.path.exists(failed.folder)
    _made(store)
    assert not os.path.exists(failed.folder)


def test_a_late_writer_of_a_dead_attempt_cannot_touch_the_result(store: Store) -> None:
    orphan = store.begin("train", "k1", PARTS, ["model"])
    with Path(orphan.outputs["model"], "w.txt").open("w") as stream:
        made = _made(store, text="right")
        stream.write("wrong")
    found, _ = store.result("train", "k1")
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
    assert store.result("train", "k1") == (None, words)


def test_a_removed_output_folder_is_never_accepted(store: Store) -> None:
    attempt = store.begin("train", "k1", PARTS, ["model"])
    os.rmdir(attempt.outputs["model"])
    with pytest.raises(MachineError, match="model"):
        store.accept(attempt, {})
    assert store.result("train", "k1") == (None, "")


def test_a_link_to_nothing_in_an_output_is_refused(store: Store) -> None:
    attempt = store.begin("train", "k1", PARTS, ["model"])
    os.symlink("/nowhere/model.pt", os.path.join(attempt.outputs["model"], "latest.pt"))
    with pytest.raises(MachineError, match=r"latest\.pt, a link to nothing"):
        store.accept(attempt, {})


def test_old_results_are_found_by_their_keys(store: Store) -> None:
    first, second = _made(store, "k1", "one"), _made(store, "k2", "two")
    assert store.result("train", "k1")[0] == first
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


@pytest.mark.parametrize("name", ["result.k1", "last"])
def test_a_damaged_file_of_state_counts_as_missing(store: Store, name: str) -> None:
    _made(store)
    path = Path(store.folder, "steps", "train", name)
    path.write_bytes(path.read_bytes()[:-20])
    assert Store(store.folder, Digests()).latest("train") is None


def test_cleaning_keeps_the_newest_result_of_each_step(store: Store) -> None:
    old = _made(store, "k1", "one", run="r1")
    new = _made(store, "k2", "two", run="r2")
    failed = store.begin("train", "k3", PARTS, ["model"])
    store.fail(failed)
    assert cleaning.makers(store) == {"train": "r2"}
    earlier, vain = cleaning.unused(store)
    assert (earlier.kind, vain.kind) == ("result", "attempt without a result")
    assert earlier.bytes >= len("one")
    for one in (earlier, vain):
        one.remove()
    assert cleaning.unused(store) == []
    assert store.result("train", "k1") == (None, "")
    assert store.result("train", "k2")[0] == new
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
    folder = stores.prepare(str(tmp_path / ".aml_pipeline"), "cifar10")
    assert os.path.isdir(folder)
    assert (tmp_path / ".aml_pipeline" / ".gitignore").read_text() == "*\n"


_HOLDER = """
import sys
from aml_pipeline import locks
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
from aml_pipeline import locks
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
