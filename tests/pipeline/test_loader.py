"""Text → plan: what a script receives, and that no text at all breaks the reading of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.core import problems
from aml_pipeline.core.problems import Problem
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.loader import Loaded
from aml_pipeline.pipeline.plan.tokens import Literal, Output, Token
from tests.patience import no_hang

EXAMPLE = (Path(__file__).parents[2] / "pipeline.yaml").read_bytes()
HEAD = "name: example\nsteps:\n  train:\n    script: train.py\n"
LIBRARY_WORDS = re.compile(
    r"pydantic|libyaml|Traceback|Error\b|Exception|NoneType|<class|input should|scanner|while (parsing|scanning)"
)


def usable(loaded: loader.Loaded) -> bool:
    return loaded.plan is not None and not problems.errors(loaded.problems)


def load(text: str | bytes) -> Loaded:
    return loader.load(text.encode() if isinstance(text, str) else text, "pipeline.yaml")


def received(text: str) -> list[Token]:
    """Return the tokens of the one argument ``--value`` that a step is given by ``text``."""
    loaded = load(f"{HEAD}    arguments:\n      --value: {text}\n")
    assert loaded.plan is not None, loaded.problems
    assert problems.errors(loaded.problems) == []
    ((option, *values),) = [argument.tokens for argument in loaded.plan.steps[0].arguments]
    assert option == Literal("--value")
    return values


@pytest.mark.parametrize(
    "text",
    [
        "0.10", "012", "1e-3", "2026-01-01", ".inf", "-.INF", ".nan", "0o17", "0x1F", "+1", "-0", "1.", ".5", "1_000",
        "1e400", "9" * 5000, "0." + "1" * 5000, "12:30:45", "2026-01-01T02:00:00Z", "=", "<<", "a b", "a#b", "é",
        "1:30", "\uff11", "--other", "}}", "$HOME", "a:", "%20", "C:\\data", "a/b", "~user", "nullable", "1.2.3", "-1",
    ],
)  # fmt: skip
def test_a_script_receives_the_text_that_was_written(text: str) -> None:
    quoted = f"'{text}'" if text in {"}}", "%20", "a:"} else text
    assert received(quoted) == [Literal(text)]
    assert received(f"[{quoted}, {quoted}]") == [Literal(text), Literal(text)] if "{" not in text else True


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off"])
def test_words_that_yaml_1_1_takes_for_booleans_arrive_too(word: str) -> None:
    assert received(word) == [Literal(word)]
    assert received(f"'{word}'") == [Literal(word)]


PRINTABLE = st.text(
    st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S", "Zs"], include_characters="\n\t"), max_size=40
).filter(lambda text: "${{" not in text and not text.startswith(("parameter:", "$AZUREML_", "Dataset")))


@given(PRINTABLE, st.sampled_from(['"', "'", "|", ">"]), st.booleans())
def test_whatever_text_is_quoted_properly_arrives_as_it_is(text: str, style: str, unicode: bool) -> None:  # noqa: FBT001
    data = {"name": "example", "steps": {"train": {"script": "train.py", "arguments": {"--value": text}}}}
    written = yaml.safe_dump(data, default_style=style, allow_unicode=unicode, sort_keys=False)
    loaded = load(written)
    if any(one.code == "not-text" for one in loaded.problems):
        assert re.search("[\x85\u2028\u2029\ufeff]", written)  # line separators, which that library leaves as they are
        return
    assert loaded.plan is not None, loaded.problems
    assert problems.errors(loaded.problems) == []
    assert loaded.plan.steps[0].arguments[0].values == (Literal(text),)


@given(st.lists(st.text("ab \"'\\\n\t:#,[]{}&*!|>%@`é😀", max_size=12), min_size=1, max_size=5))
def test_texts_in_double_quotes_with_escapes_arrive_as_they_are(texts: list[str]) -> None:
    quoted = ", ".join(
        yaml.safe_dump(one, default_style='"', allow_unicode=False, width=10_000).strip() for one in texts
    )
    assert received(f"[{quoted}]") == [Literal(one) for one in texts]


def in_order(found: list[Problem]) -> bool:
    return found == problems.ordered(found)


def assert_told_well(loaded: Loaded) -> None:
    """Every problem stands inside the text, has a cure, and speaks our words."""
    lines = loaded.text.split("\n")
    for one in loaded.problems:
        assert one.position is not None
        assert 1 <= one.position.line <= len(lines), one
        assert 1 <= one.position.column <= len(lines[one.position.line - 1]) + 1, one
        assert one.message
        assert one.cure
        quoted = re.sub(r'"[^"]*"|`[^`]*`', "", f"{one.message} {one.cure}")
        assert not LIBRARY_WORDS.search(quoted), one
    assert in_order(loaded.problems)
    assert loaded.plan is not None or problems.errors(loaded.problems)
    printed = problems.as_text(loaded.problems, {"pipeline.yaml": loaded.text})
    assert all(char in "\n\t" or char.isprintable() for char in printed)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(raw: bytes) -> None:
    assert_told_well(load(raw))


@given(st.text(max_size=100))
def test_no_text_breaks_it(text: str) -> None:
    assert_told_well(load(text.encode("utf-8", "replace")))


VOCABULARY = (
    "name steps train script after arguments parameters default type integer choices minimum environment conda_file "
    "compute datasets local optional profiles quick schedules nightly cron recurrence version timeout 10m retries 1 "
    "0.10 true null ~ yes .inf '' [] {} [a] x-a <<"
)
WORDS = st.sampled_from(re.findall(r"\S+", VOCABULARY))
TREES = st.recursive(
    WORDS.map(str) | st.just("${{ parameters.epochs }}") | st.just("${{ steps.train.outputs.model }}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)


def flow(tree: object) -> str:
    """Return a tree of our own words as YAML; a scalar stands as it is, unless YAML would not take it so."""
    if isinstance(tree, dict):
        return (
            "{"
            + ", ".join(f"{key if key not in {'[]', '{}', '[a]'} else 'key'}: {flow(one)}" for key, one in tree.items())
            + "}"
        )
    if isinstance(tree, list):
        return "[" + ", ".join(map(flow, tree)) + "]"
    return f'"{tree}"' if "$" in str(tree) else str(tree)


@given(st.dictionaries(WORDS, TREES, max_size=8))
def test_no_arrangement_of_our_own_keys_breaks_it(tree: dict[str, object]) -> None:
    assert_told_well(load(flow(tree)))


@given(st.dictionaries(WORDS, TREES, max_size=6))
def test_no_arrangement_of_our_own_keys_in_a_step_breaks_it(tree: dict[str, object]) -> None:
    assert_told_well(
        load(f"name: example\nsteps: {{train: {flow({**tree, 'script': 'train.py'})}, 'two': {{script: a.py}}}}")
    )


@given(
    st.lists(st.tuples(st.integers(0, len(EXAMPLE)), st.integers(0, 30), st.binary(max_size=8)), min_size=1, max_size=3)
)
def test_no_damage_to_a_real_file_breaks_it(damages: list[tuple[int, int, bytes]]) -> None:
    raw = EXAMPLE
    for place, length, instead in damages:
        raw = raw[:place] + instead + raw[place + length :]
    assert_told_well(load(raw))


def test_the_shipped_pipeline_is_without_fault() -> None:
    loaded = load(EXAMPLE)
    assert loaded.problems == []
    assert usable(loaded)
    assert loaded.plan is not None
    assert [step.name for step in loaded.plan.steps] == ["prepare-data", "train", "register-environment"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_a_byte_order_mark_give_the_same_plan_and_places(end: str, mark: bytes) -> None:
    def read(raw: bytes) -> Loaded:
        return load(mark + raw.replace(b"\n", end.encode()))

    assert read(EXAMPLE).plan == load(EXAMPLE).plan
    wrong = EXAMPLE.replace(b"script: train.py", b"script: 5")
    assert read(wrong).problems == load(wrong).problems
    text = problems.as_text(read(wrong).problems, {"pipeline.yaml": read(wrong).text})
    assert text == problems.as_text(load(wrong).problems, {"pipeline.yaml": wrong.decode()})


def test_a_mistake_inside_a_step_does_not_take_the_step_away() -> None:
    loaded = load("name: t\nsteps:\n  train:\n    compute: {vm: x}\n")
    assert {one.code for one in loaded.problems} == {"missing-key", "unknown-key"}


def test_what_is_too_much_is_refused_before_it_is_a_pipeline() -> None:
    head = "x-a: &a {timeout: 1m}\n"
    for text in (
        "x: " + "[" * 60 + "]" * 60 + "\n",
        "x-b: &b [" + "*a, " * 40 + "]\nx-c: [" + "*b, " * 40 + "]\n",
        "# " + "x" * (1 << 20) + "\n",
        "x-d: [" + "1, " * 100_001 + "]\n",
    ):
        with no_hang():
            loaded = load(head + text + HEAD)
        assert loaded.plan is None
        assert loaded.document.root is None
        assert len(loaded.problems) == 1


def test_an_expression_that_is_not_closed_is_read_quickly() -> None:
    with no_hang():
        loaded = load(f"{HEAD}    arguments: ['${{{{{' ' * 500_000}']\n")
    assert [one.code for one in loaded.problems] == ["bad-expression"]


def test_keys_that_begin_with_x_are_a_home_for_anchors_and_nothing_else() -> None:
    text = "x-common: &common {timeout: 10m, retries: 2}\nx-any: ['${{ x }}', {deep: [null]}]\n"
    loaded = load(text + HEAD + "    <<: *common\n    retries: 3\n")
    assert loaded.problems == []
    assert loaded.plan is not None
    assert (loaded.plan.steps[0].timeout, loaded.plan.steps[0].retries) == (600, 3)
    assert [one.code for one in load(HEAD + "    x-own: 1\n").problems] == ["unknown-key"]  # at the top alone


def test_a_mistake_in_an_anchor_is_told_once_where_it_is_written() -> None:
    loaded = load("x-a: &a {--rate: '${{ parameters.rat }}', --x: '${{ y }}'}\n" + HEAD + "    arguments: *a\n")
    assert [(one.code, one.position.line if one.position else 0) for one in loaded.problems] == [
        ("unknown-parameter", 1),
        ("bad-expression", 1),
    ]


def test_an_expression_binds_in_the_arguments_of_a_step_alone() -> None:
    text = (
        HEAD
        + "    arguments: ['${{ outputs.model }}']\ndescription: '${{ parameters.x }}'\nx-a: '${{ parameters.x }}'\n"
    )
    assert [one.code for one in load(text).problems] == ["misplaced-expression"]
    assert received("' ${{outputs.model}} '") == [Output("model")]


def test_a_plan_with_errors_is_not_usable_and_one_with_warnings_is() -> None:
    warned = load(HEAD + "    arguments: {--a: yes}\n")
    assert warned.problems
    assert usable(warned)
    broken = load(HEAD + "    after: [nobody]\n")
    assert broken.plan is not None
    assert not usable(broken)
    assert not usable(load(""))


def test_what_was_told_to_be_wrong_is_not_told_again_by_later_checks() -> None:
    loaded = load("name: example\nsteps:\n  a: {script: 5, after: [b]}\n  b: {arguments: {--x: 1}}\n")
    told = list(loaded.problems)
    assert [one.code for one in told] == ["wrong-type", "missing-key"]
    loaded.add([Problem("missing-script", "m", "c", ("steps", name, "script")) for name in ("a", "b")])
    assert loaded.problems == told
    loaded.add([Problem("other", "m", "c", ("steps", "b", "arguments"))])
    assert len(loaded.problems) == len(told) + 1


def test_nor_is_what_the_step_has_from_the_pipeline() -> None:
    loaded = load(HEAD + "environment: {name: e, conda_file: 5}\ncompute: [cpu]\ntimeout: 1h\n")
    told = list(loaded.problems)
    assert [one.code for one in told] == ["wrong-type", "wrong-type"]
    places = [("environment", "conda_file"), ("compute", "name")]
    loaded.add([Problem("other", "m", "c", place) for place in places])
    loaded.add([Problem("other", "m", "c", ("steps", "train", *place)) for place in places])
    assert loaded.problems == told
    loaded.add([Problem("other", "m", "c", ("steps", "train", "timeout"))])
    assert [one.position.line for one in loaded.problems if one.code == "other" and one.position] == [7]


def test_problems_of_other_files_keep_their_place() -> None:
    loaded = load(HEAD)
    elsewhere = Problem("c", "m", "c", file="steps/train.py", position=problems.Position(3, 1))
    loaded.add([elsewhere])
    assert loaded.problems == [elsewhere]


def test_the_file_of_a_plan_is_the_one_it_was_told() -> None:
    loaded = loader.load(HEAD.encode(), "p.yaml", file="/some/where/p.yaml")
    assert loaded.plan is not None
    assert loaded.plan.file == "/some/where/p.yaml"
    assert loader.load(b"", "p.yaml").problems[0].file == "p.yaml"


def test_of_very_many_choices_the_first_are_held_against_scripts() -> None:
    """Each is asked of the parameter, which looks through them all: 20,000 took 36 s."""
    choices = ", ".join(f"c{number}" for number in range(1000))
    loaded = load(
        f"name: p\nparameters: {{p: {{default: c0, choices: [{choices}]}}}}\nsteps: {{s: {{script: s.py}}}}\n"
    )
    assert [one.text for one in loaded.other_values] == [f"c{number}" for number in range(64)]
