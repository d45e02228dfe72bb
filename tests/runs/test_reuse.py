"""Named parts then and now → whether a step runs, and why."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.runs import differences, reuse
from aml_pipeline.runs.differences import ABSENT
from aml_pipeline.runs.reuse import UP_TO_DATE, Last, Verdict, verdict

PARTS: dict[str, Any] = {
    "script": "train.py",
    "snapshot": {"train.py": "d1", "model.py": "d2"},
    "distribution": {"distribution": "pytorch", "processes": 2},
    "parameters": {"epochs": "2", "rate": "0.10"},
    "arguments": [[{"literal": {"text": "--epochs"}}, {"parameter": {"name": "epochs"}}]],
    "files": {"scores": "a file"},
    "datasets": {"images": "d3", "labels": ABSENT},
    "inputs": {"prepare-data.images": "d4", "clean.tables": "d5"},
    "names": {"training": "datasets.images"},
    "outputs": {"notes": "no argument"},
    "after": {"announce": "attempt-1"},
    "environment": "d6",
    "environment_variables": {"A": "1"},
    "interpreter": {"implementation": "CPython", "version": "3.11", "platform": "linux-x86_64"},
    "packages": {"torch": "2.4.0", "missing": None},
}


def changed(*path: object, to: object = "…", without: bool = False) -> dict[str, Any]:
    """Return the parts with one place changed."""
    parts = copy.deepcopy(PARTS)
    place: Any = parts
    for key in path[:-1]:
        place = place[key]
    if without:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return parts


def difference(then: differences.Parts, now: differences.Parts) -> str | None:
    return differences.summary(differences.changes(then, now)) or None


def test_the_example_has_every_part() -> None:
    assert tuple(PARTS) == tuple(differences._TELLERS)


CHANGES = [
    (changed("script", to="fit.py"), "script train.py → fit.py"),
    (changed("snapshot", "train.py"), "train.py changed"),
    (changed("snapshot", "new.py"), "new.py is new"),
    (changed("snapshot", "model.py", without=True), "model.py is gone"),
    (changed("distribution", "processes", to=4), "processes 2 → 4"),
    (changed("distribution", "distribution", to="mpi"), "distribution pytorch → mpi"),
    (changed("distribution", without=True), "distribution is gone, and 1 more change"),
    (changed("parameters", "epochs", to="5"), "parameter epochs 2 → 5"),
    (changed("parameters", "rate", to="0.1"), "parameter rate 0.10 → 0.1"),  # the text counts
    (changed("parameters", "seed", to="0"), "parameter seed is new"),
    (changed("parameters", "rate", without=True), "parameter rate is gone"),
    (changed("parameters", "epochs", to="x" * 100), f"parameter epochs 2 → {'x' * 39}…"),
    (changed("arguments", 0, 0, "literal", "text", to="--e"), "argument --epochs → --e"),
    (changed("arguments", to=[]), "argument --epochs is gone"),
    (changed("arguments", to=None), "arguments changed"),
    (changed("files", "scores", without=True), "output scores is no longer a file"),
    (changed("outputs", "notes", without=True), "output notes is gone"),
    (
        changed(
            "arguments", 0, 1, to={"text": {"parts": [{"literal": {"text": "x-"}}, {"parameter": {"name": "epochs"}}]}}
        ),
        "argument --epochs parameters.epochs → x-${{ parameters.epochs }}",
    ),
    (changed("datasets", "images"), "dataset images changed"),
    (changed("datasets", "images", to=ABSENT), "dataset images is gone"),
    (changed("datasets", "labels", to="d7"), "dataset labels is new"),
    (changed("datasets", "more", to="d8"), "dataset more is new"),
    (changed("inputs", "prepare-data.images"), "input prepare-data.images changed"),
    (changed("inputs", "clean.more", to="d9"), "input clean.more is new"),
    (changed("inputs", "clean.tables", without=True), "input clean.tables is gone"),
    (changed("names", "training", to="datasets.labels"), "input training datasets.images → datasets.labels"),
    (changed("names", "more", to="datasets.labels"), "input more is new"),
    (changed("after", "announce", to="attempt-2"), "step announce ran again"),
    (changed("after", "other", to="attempt-1"), "order after other changed"),
    (changed("after", "announce", without=True), "order after announce changed"),
    (changed("environment"), "the environment's definition changed"),
    (changed("environment_variables", "A", to="2"), "variable A 1 → 2"),
    (changed("environment_variables", "B", to=""), "variable B is new"),
    (changed("interpreter", "version", to="3.12"), "Python's version 3.11 → 3.12"),
    (changed("packages", "torch", to="2.5.1"), "torch 2.4.0 → 2.5.1"),
    (changed("packages", "missing", to="1.0"), "missing is new"),
    (changed("packages", "torch", to=None), "torch is not installed in this Python (select another with --python)"),
    (changed("packages", "mlflow", to=None), "mlflow is not installed in this Python (select another with --python)"),
    (changed("packages", "missing", without=True), "missing is gone"),
    (changed("packages", "torch", without=True), "torch is gone"),
]


@pytest.mark.parametrize(("now", "words"), CHANGES, ids=[words for _, words in CHANGES])
def test_a_change_of_any_part_changes_the_key_and_is_named(now: dict[str, Any], words: str) -> None:
    assert reuse.key(now) != reuse.key(PARTS)
    assert difference(PARTS, now) == words
    assert difference(now, PARTS) not in {None, words} or "changed" in words or "again" in words
    assert verdict(now, Last(PARTS, "accepted"), accepted=False) == Verdict("run", words)


def test_a_program_that_is_gone_is_no_package() -> None:
    then, now = ({**PARTS, "packages": {"program tool": digest}} for digest in ("d1", None))
    assert difference(then, now) == "program tool was not found on this machine"


def test_every_part_is_among_the_changes() -> None:
    assert {name for now, _ in CHANGES for name in PARTS if now.get(name) != PARTS[name]} == set(PARTS)


def shuffled(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return equal data with its keys in another order, as a file that was read back may have them."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(one) for one in value] if isinstance(value, list) else value


def test_equal_parts_have_an_equal_key_whatever_their_order() -> None:
    same = shuffled(json.loads(json.dumps(PARTS)))
    assert list(same) != list(PARTS)
    assert reuse.key(same) == reuse.key(PARTS)
    assert difference(PARTS, same) is None
    assert verdict(same, Last(PARTS, "accepted"), accepted=True) == UP_TO_DATE


def test_the_order_of_arguments_counts() -> None:
    assert reuse.key(changed("arguments", to=[["a"], ["b"]])) != reuse.key(changed("arguments", to=[["b"], ["a"]]))


def test_a_key_is_a_digest_that_can_name_a_file() -> None:
    assert re.fullmatch(r"[0-9a-f]{32,}", reuse.key(PARTS))
    assert reuse.key(PARTS) == reuse.key(copy.deepcopy(PARTS))


def test_a_key_is_what_it_was_in_earlier_versions() -> None:
    """Else every result in the store would be lost: a new meaning of a part needs a new FORMAT."""
    parts = {"script": "é.py", "arguments": [["a"], None], "after": {}}
    assert reuse.text_of(parts) == '[1,{"after":{},"arguments":[["a"],null],"script":"é.py"}]'.encode()
    assert reuse.key(parts) == hashlib.sha256(reuse.text_of(parts)).hexdigest()
    assert reuse.text_of({"script": "\udcff"}) == b'[1,{"script":"\xff"}]'  # a name that is not UTF-8


VALUES = st.sampled_from(["", "a", "b", ABSENT, "é"])
MAPPING = st.dictionaries(st.sampled_from(["x", "s.x", "t.x", "y"]), VALUES, max_size=3)
RANDOM = st.fixed_dictionaries({
    "script": VALUES, "snapshot": MAPPING, "distribution": MAPPING, "parameters": MAPPING,
    "files": st.dictionaries(st.sampled_from("xyz"), st.just("a file")),
    "datasets": MAPPING, "inputs": MAPPING, "names": MAPPING, "outputs": MAPPING,
    "after": MAPPING, "arguments": st.lists(st.lists(VALUES, max_size=2), max_size=2), "environment": VALUES,
    "environment_variables": MAPPING, "interpreter": MAPPING,
    "packages": st.dictionaries(st.sampled_from("xyz"), st.none() | VALUES, max_size=3),
})  # fmt: skip
NOUNS: dict[str, str | tuple[str, ...]] = {
    "script": "script ",
    "snapshot": ("x", "s.x", "t.x", "y"),
    "distribution": ("x", "s.x", "t.x", "y"),
    "parameters": "parameter ",
    "arguments": "arguments changed",
    "datasets": "dataset ",
    "files": "output ",
    "inputs": "input ",
    "names": "input ",
    "outputs": "output ",
    "after": ("step ", "order after "),
    "environment": "the environment's definition changed",
    "environment_variables": "variable ",
    "interpreter": "Python's ",
    "packages": ("x", "y", "z"),
}


@given(RANDOM, RANDOM)
def test_parts_are_equal_and_keys_are_equal_and_no_difference_is_told_alike(
    then: dict[str, Any], now: dict[str, Any]
) -> None:
    assert (then == now) is (reuse.key(then) == reuse.key(now)) is (difference(then, now) is None)


@given(RANDOM, st.sampled_from(list(PARTS)), st.data())
def test_the_part_that_differs_is_the_one_that_is_named(then: dict[str, Any], name: str, data: st.DataObject) -> None:
    now = {**then, name: data.draw(RANDOM)[name]}
    told = difference(then, now)
    if then[name] == now[name]:
        assert told is None
        return
    assert told is not None
    assert told.startswith(NOUNS[name])
    assert verdict(now, Last(then, "accepted"), accepted=False).reason == told


def test_the_first_difference_is_told_in_the_order_of_the_parts() -> None:
    now = {**changed("packages", "torch", to="3"), "script": "fit.py"}
    assert difference(PARTS, now) == "script train.py → fit.py, and 1 more change"
    assert difference(PARTS, {**now, "environment": "x"}) == "script train.py → fit.py, and 2 more changes"


def test_several_differences_of_one_part_are_counted() -> None:
    now = {**PARTS, "parameters": {"epochs": "3", "rate": "0.2"}, "packages": {"torch": "3", "missing": "1"}}
    assert difference(PARTS, now) == "parameter epochs 2 → 3, and 3 more changes"


EXTRA = [{"literal": {"text": "--extra"}}, {"dataset": {"name": "extra"}}]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (
            {**changed("datasets", "extra", to="d9"), "arguments": [*PARTS["arguments"], EXTRA]},
            "argument --extra is new",
        ),
        (
            {**changed("parameters", "epochs", without=True), "arguments": []},
            "argument --epochs is gone",
        ),
        (
            {**changed("datasets", "images", to="d9"), "arguments": [*PARTS["arguments"], EXTRA]},
            "argument --extra is new, and 1 more change",  # it was there before
        ),
        (
            {**PARTS, "script": "fit.py", "snapshot": {"fit.py": "d1", "model.py": "d2"}},
            "script train.py → fit.py",
        ),
        (
            {**changed("packages", "pandas", to="2"), "snapshot": {"train.py": "d9", "model.py": "d2"}},
            "train.py changed",
        ),
        (
            {**changed("packages", "torch", to="3"), "snapshot": {"train.py": "d9", "model.py": "d2"}},
            "train.py changed, and 1 more change",
        ),
    ],
)
def test_what_comes_and_goes_with_another_difference_is_none_of_its_own(now: dict[str, Any], told: str) -> None:
    assert difference(PARTS, now) == told


def row(*words: str) -> list[dict[str, Any]]:
    """Return an argument; a word with a colon is a token of that kind."""
    kinds = [word.partition(":") for word in words]
    return [{kind: {"name": name}} if colon else {"literal": {"text": kind}} for kind, colon, name in kinds]


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        ([row("--sizes", "64", "32")], [row("--sizes", "64", "16")], "argument --sizes 64 32 → 64 16"),
        ([row("--n", "3")], [row("--n", "parameter:epochs")], "argument --n 3 → parameters.epochs"),
        ([row("--to", "output:a")], [row("--to", "output:b")], "argument --to outputs.a → outputs.b"),
        ([row("--n", "3")], [row("--n", "x" * 99)], f"argument --n 3 → {'x' * 39}…"),
        ([row("--loud"), row("--n", "3")], [row("--n", "3")], "argument --loud is gone"),
        ([row("--n", "3")], [row("--n", "3"), row("--loud")], "argument --loud is new"),
        ([row("--loud")], [row("--loud", "3")], "argument --loud changed"),
        ([row("--n", "parameters.a")], [row("--n", "parameter:a")], "argument --n changed"),
        ([row("fit"), row("--n", "3")], [row("predict"), row("--n", "3")], "argument fit → predict"),
        ([row("fit")], [row("fit"), row("more")], "arguments changed"),
        ([row("fit"), row("--n", "3")], [row("--n", "3")], "arguments changed"),
        ([row("--set", "a"), row("--set", "b")], [row("--set", "a"), row("--set", "c")], "argument --set b → c"),
        ([row("--set", "a"), row("--set", "b")], [row("--set", "b")], "arguments changed"),
        ([row("--a", "1"), row("--b", "1")], [row("--b", "1"), row("--a", "1")], "arguments are in another order"),
        ([row("--a", "1"), row("--b", "1")], [row("--a", "1"), row("--c", "1")], "argument --b → --c"),
        (
            [row("--a", "1"), row("--b", "1")],
            [row("--c", "1"), row("--a", "1")],
            "argument --c is new, and 1 more change",
        ),
        ([row("--b", "1")], [row("--c", "2")], "argument --c is new, and 1 more change"),
        ([row("--n", "3")], [["--n", "4"]], "arguments changed"),
        ([row("--n", "3")], [[]], "arguments changed"),
    ],
)
def test_arguments_are_told_where_the_tokens_tell_them(then: list[Any], now: list[Any], told: str) -> None:
    assert difference({**PARTS, "arguments": then}, {**PARTS, "arguments": now}) == told


def test_an_input_among_the_arguments() -> None:
    one, other = ([{"literal": {"text": "--in"}}, {"input": {"step": step, "name": "x"}}] for step in "ab")
    then = {**PARTS, "arguments": [one], "inputs": {"a.x": "d1"}}
    told = difference(then, {**PARTS, "arguments": [other], "inputs": {"b.x": "d2"}})
    assert told == "argument --in steps.a.outputs.x → steps.b.outputs.x"


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        ("ab", "abc", "input c.x is new"),
        ("abc", "ac", "input b.x is gone"),
        ("a", "ab", "input b.x is new"),
        ("ab", "bc", "input c.x is new, and 1 more change"),
        ("ab", "ba", "argument --in steps.a.outputs.x steps.b.outputs.x → steps.b.outputs.x steps.a.outputs.x"),
        ("aa", "a", "argument --in steps.a.outputs.x steps.a.outputs.x → steps.a.outputs.x"),
    ],
)
def test_an_option_that_reads_several_steps(then: str, now: str, told: str) -> None:
    parts = [
        {
            "arguments": [[{"literal": {"text": "--in"}}, *({"input": {"step": step, "name": "x"}} for step in steps)]],
            "inputs": {f"{step}.x": "digest" for step in steps},
        }
        for steps in (then, now)
    ]
    assert difference(*parts) == told


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_an_older_version_did_not_write_is_a_difference(name: str) -> None:
    then = {part: value for part, value in PARTS.items() if part != name}
    assert reuse.key(then) != reuse.key(PARTS)
    assert difference(then, PARTS)
    assert difference(PARTS, then)


# Verdicts.

NEVER = Verdict("run", "never ran")
ACCEPTED = Last(PARTS, "accepted")
WAITING_INPUT = changed("inputs", "prepare-data.images", to=None)
WAITING_AFTER = changed("after", "announce", to=None)


@pytest.mark.parametrize(
    ("now", "last", "words", "expected"),
    [
        (PARTS, None, {}, NEVER),
        (PARTS, None, {"accepted": True}, UP_TO_DATE),  # made by another branch's run, under the same key
        (PARTS, ACCEPTED, {"accepted": True}, UP_TO_DATE),
        (changed("script"), ACCEPTED, {"accepted": True}, UP_TO_DATE),  # going back finds the old result
        (PARTS, Last(PARTS, "failed"), {}, Verdict("run", "last attempt failed")),
        (PARTS, Last(PARTS, "failed"), {"accepted": True}, UP_TO_DATE),
        (PARTS, Last(PARTS, "interrupted"), {}, Verdict("run", "last attempt was interrupted")),
        (PARTS, Last(PARTS, "running"), {}, Verdict("run", "last attempt was interrupted")),  # it was killed
        (PARTS, ACCEPTED, {}, Verdict("run", "result is gone")),
        (PARTS, ACCEPTED, {"damage": "output images was edited"}, Verdict("run", "output images was edited")),
        (changed("environment"), Last(PARTS, "failed"), {}, Verdict("run", "the environment's definition changed")),
        (PARTS, ACCEPTED, {"accepted": True, "forced": "forced"}, Verdict("run", "forced")),
        (WAITING_INPUT, None, {"pending": {"prepare-data": True}}, NEVER),
        (
            WAITING_INPUT,
            ACCEPTED,
            {"pending": {"prepare-data": True}},
            Verdict("depends", "runs if input prepare-data.images changes"),
        ),
        (WAITING_INPUT, ACCEPTED, {"pending": {"prepare-data": True}, "forced": "forced"}, Verdict("run", "forced")),
        (
            {**WAITING_INPUT, "script": "fit.py"},
            ACCEPTED,
            {"pending": {"prepare-data": False}},
            Verdict("run", "script train.py → fit.py"),
        ),
        (WAITING_AFTER, ACCEPTED, {"pending": {"announce": True}}, Verdict("run", "step announce runs again")),
        (
            changed("after", "new", to=None),
            ACCEPTED,
            {"pending": {"new": True}},
            Verdict("run", "step new runs"),  # it was no step before
        ),
        (WAITING_AFTER, ACCEPTED, {"pending": {"announce": False}}, Verdict("depends", "runs if step announce runs")),
        (
            {**WAITING_AFTER, "environment": "x"},
            ACCEPTED,
            {"pending": {"announce": True}},
            Verdict("run", "the environment's definition changed"),
        ),
    ],
)
def test_verdicts(now: dict[str, Any], last: Last | None, words: dict[str, Any], expected: Verdict) -> None:
    assert verdict(now, last, **{"accepted": False, **words}) == expected


def test_a_verdict_has_all_differences_and_none_where_nothing_was_compared() -> None:
    now = {**changed("parameters", "epochs", to="3"), "environment": "x"}
    told = verdict(now, ACCEPTED, accepted=False)
    assert told.changes == ("parameter epochs 2 → 3", "the environment's definition changed")
    assert (
        verdict(now, None, accepted=True).changes == verdict(now, None, accepted=False, forced="forced").changes == ()
    )


def test_parts_of_a_version_that_knew_no_after() -> None:
    then = {name: value for name, value in PARTS.items() if name != "after"}
    told = verdict(WAITING_AFTER, Last(then, "accepted"), accepted=False, pending={"announce": True})
    assert told == Verdict("run", "step announce runs")


TWO_APART = {**changed("parameters", "epochs", to="3"), "environment": "x"}
ONE_APART = changed("environment", to="x")


@pytest.mark.parametrize(
    ("last", "kept", "reason"),
    [
        (TWO_APART, [TWO_APART, ONE_APART], "the environment's definition changed"),
        (ONE_APART, [TWO_APART, changed("script", to="fit.py")], "the environment's definition changed"),  # of equals
        (TWO_APART, [changed("parameters", "rate", to="1")], "parameter rate 1 → 0.10"),
        (None, [TWO_APART], "parameter epochs 3 → 2, and 1 more change"),
        (None, [PARTS], "result is gone"),
    ],
)
def test_the_reason_is_what_differs_from_the_nearest(
    last: dict[str, Any] | None, kept: list[dict[str, Any]], reason: str
) -> None:
    given = Last(last, "accepted") if last else None
    assert verdict(PARTS, given, accepted=False, kept=kept) == Verdict("run", reason)


@pytest.mark.parametrize("pending", [True, False])
def test_the_nearest_counts_while_a_step_waits_too(pending: bool) -> None:  # noqa: FBT001
    given: dict[str, Any] = {"accepted": False, "pending": {"prepare-data": pending}}
    told = verdict(WAITING_INPUT, Last(TWO_APART, "accepted"), kept=[TWO_APART, ONE_APART], **given)
    assert told == Verdict("run", "the environment's definition changed")
    told = verdict(WAITING_INPUT, Last(TWO_APART, "accepted"), kept=[PARTS, ONE_APART], **given)
    assert told == Verdict("depends", "runs if input prepare-data.images changes")


def test_what_is_not_known_yet_is_no_difference() -> None:
    assert difference(PARTS, WAITING_INPUT) is None
    assert difference(PARTS, WAITING_AFTER) is None
    assert difference({**PARTS, "inputs": {}}, WAITING_INPUT) == "input clean.tables is new"
