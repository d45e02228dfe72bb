"""What a script accepts and what a step gives it: a law beside Python's own argparse, and each feature by hand."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from aml_pipeline.core.problems import Problem
from aml_pipeline.pipeline.plan.tokens import Argument, Dataset, Input, Literal, Output, Parameter, Text
from aml_pipeline.project import contract
from tests.contract import scripts
from tests.contract.oracle import (
    Written,
    arguments_of,
    is_complete,
    is_decided,
    plan_of,
    read,
    reported,
    step_of,
    verdict,
)
from tests.work import grows_in_step, lines_run

HEAD = "import argparse, os, sys\nparser = argparse.ArgumentParser()\n"
PARSE = "\nargs = parser.parse_args()\n"


def _sections(name: str) -> dict[str, str]:
    """Return the sections of a file of scripts by their names; what it is about stands on its first line."""
    text = (Path(__file__).parents[1] / "contract" / f"{name}.txt").read_text(encoding="utf-8")
    rows = (one.partition("\n") for one in text.split("\n=== ")[1:])
    return {title: script.rstrip("\n") for title, _, script in rows}


@settings(
    max_examples=4 * settings().max_examples, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(scripts.scripts(), scripts.command_lines())
def test_what_argparse_accepts_is_no_fault_and_what_it_refuses_is_one(source: str, written: list[Written]) -> None:
    """The exceptions: what is read in part, and what versions of argparse read differently (``is_decided``)."""
    found = read(source)
    verdicts = {verdict(source, written, environment) for environment in ({"X": ""}, {"X": "1"})}
    if "broken" in verdicts:
        return
    problems = reported(found, written)
    if verdicts != {"refuses"}:
        assert problems == []
    elif is_complete(found) and is_decided(found, written):
        assert problems != []


def _problems(source: str, *written: Written) -> list[Problem]:
    step = step_of(arguments_of(written))
    return contract.faults(read(source), step, plan_of(step))


def _said(declarations: str, *written: Written) -> list[tuple[str, str]]:
    return [(one.code, f"{one.message} {one.cure}") for one in _problems(HEAD + declarations + PARSE, *written)]


@pytest.mark.parametrize(
    ("declarations", "written", "code", "message"),
    [
        ("parser.add_argument('--epochs')", ("--epoc", ("2",)), "option-abbreviated",
         "--epoc means --epochs (train.py:3) only until another option begins with it. Write --epochs."),
        ("parser.add_argument('--epochs')", ("--epocs", ("2",)), "unknown-option",
         'train.py has no option --epocs. Did you mean "--epochs"?'),
        ("parser.add_argument('--rate', type=float)", ("--rate", ("-1e-5",)), "option-values",
         ('--rate (train.py:3) expects one value, but "-1e-5" begins with "-" and is read as an option. '
          'Write both as one: `"--rate=-1e-5": true`.')),
        ("parser.add_argument('--size', type=int)", ("--size", ("1.5",)), "option-type",
         '--size (train.py:3) expects an integer, got "1.5". Give an integer.'),
        ("parser.add_argument('--size', type=float)", ("--size", ("big",)), "option-type",
         '--size (train.py:3) expects a number, got "big". Give a number.'),
        ("parser.add_argument('--kind', choices=['cnn', 'mlp'])", ("--kind", ("cn",)), "option-choice",
         '--kind (train.py:3) does not accept "cn"; choices: cnn, mlp. Did you mean "cnn"?'),
        ("parser.add_argument('--n', type=int, choices=range(1, 4))", ("--n", ("4",)), "option-choice",
         '--n (train.py:3) does not accept "4"; choices: 1 to 3. Use one of the choices.'),
        ("parser.add_argument('--fast', action='store_true')", ("--fast", ("yes",)), "option-values",
         '"yes" is one value too many for --fast (train.py:3), which expects no value. Write `--fast: true`.'),
        ("parser.add_argument('--fast', action='store_true')", ("--fast=yes", ()), "option-values",
         '--fast (train.py:3) expects no value, got "yes". Write the option alone.'),
        ("parser.add_argument('--size')", ("--size", ()), "option-values",
         "--size (train.py:3) expects one value, got none. Write `--size:` with its value."),
        ("parser.add_argument('--size', nargs=2)", ("--size", ("1",)), "option-values",
         "--size (train.py:3) expects 2 values, got 1. Write `--size:` with its values in a list."),
        ("parser.add_argument('--size', nargs=2)", ("--size", ("1", "2", "3")), "option-values",
         '"3" is one value too many for --size (train.py:3), which expects 2 values. Delete it.'),
        ("parser.add_argument('--rest', nargs=argparse.PARSER)", ("--rest", ()), "option-values",
         "--rest (train.py:3) expects at least one value, got none. Write `--rest:` with its values in a list."),
        ("parser.add_argument('--data', required=True)", None, "missing-option",
         "--data (train.py:3) is required. Add `--data:` under `arguments:`."),
        ("parser.add_argument('data')", None, "missing-argument",
         "the positional value data is required (train.py:3). Write `arguments:` as a list, and add it as an item."),
        ("", (None, ("x",)), "too-many-arguments",
         'train.py accepts no positional values, got "x". Delete it, or name its option.'),
        ("parser.add_argument('--ab')\nparser.add_argument('--ac')", ("--a", ("x",)), "ambiguous-option",
         "--a is ambiguous in train.py: --ab or --ac. Write the full name."),
        ("s = parser.add_subparsers()\ns.add_parser('fit')", (None, ("fitt",)), "subcommand-choice",
         'unknown subcommand "fitt" (train.py:3). Did you mean "fit"?'),
        ("s = parser.add_subparsers(dest='c', required=True)\ns.add_parser('fit')", None, "missing-argument",
         "a subcommand is required (train.py:3). Write `arguments:` as a list, and add it as an item."),
        ("g = parser.add_mutually_exclusive_group(required=True)\ng.add_argument('--a')\ng.add_argument('--b')", None,
         "missing-option",
         "one of --a, --b is required (train.py:4). Add one of them under `arguments:`."),
    ],
)  # fmt: skip
def test_each_fault_is_reported_in_our_words(
    declarations: str, written: Written | None, code: str, message: str
) -> None:
    assert _said(declarations, *([] if written is None else [written])) == [(code, f'step "train": {message}')]


def test_two_that_exclude_one_another_are_told_at_the_second() -> None:
    group = "g = parser.add_mutually_exclusive_group()\ng.add_argument('--a')\ng.add_argument('--b')"
    (problem,) = _problems(HEAD + group + PARSE, ("--a", ("one",)), ("--b", ("two",)))
    assert (problem.code, problem.path, problem.on_key) == (
        "exclusive-options", ("steps", "train", "arguments", 1, "--b"), True)  # fmt: skip
    assert problem.message == 'step "train": --b (train.py:5) cannot be combined with --a.'


@pytest.mark.parametrize("second", ["-e", "--epochs", "--epo"])
def test_an_option_given_twice_is_a_warning(second: str) -> None:
    source = HEAD + "parser.add_argument('-e', '--epochs')" + PARSE
    found = [one for one in _problems(source, ("--epochs", ("1",)), (second, ("2",))) if one.code == "option-twice"]
    assert [(one.severity, one.path[3]) for one in found] == [("warning", 1)]


@pytest.mark.parametrize("action", ["append", "count", "extend"])
def test_what_gathers_may_be_given_twice(action: str) -> None:
    values = () if action == "count" else ("1",)
    nargs = ", nargs='+'" if action == "extend" else ""
    assert _said(f"parser.add_argument('-e', action='{action}'{nargs})", ("-e", values), ("-e", values)) == []


@pytest.mark.parametrize(
    ("written", "path", "on_key"),
    [
        (("--bogus", ("1",)), (0, "--bogus"), True),
        (("--size", ("x",)), (0, "--size"), False),
        (("--sizes", ("1", "x")), (0, "--sizes", 1), False),
        (("--size=x", ()), (0, "--size=x"), True),
        ((None, ("extra",)), (0, ""), False),
    ],
)
def test_a_fault_has_the_place_of_what_is_wrong(
    written: Written,
    path: tuple[str | int, ...],
    on_key: bool,  # noqa: FBT001 - a row of the table
) -> None:
    source = (
        HEAD + "parser.add_argument('--size', type=int)\nparser.add_argument('--sizes', nargs='+', type=int)" + PARSE
    )
    (problem,) = _problems(source, written)
    assert (problem.path, problem.on_key) == (("steps", "train", "arguments", *path), on_key)


def test_what_is_missing_stands_at_the_arguments() -> None:
    (problem,) = _problems(HEAD + "parser.add_argument('--data', required=True)" + PARSE)
    assert (problem.path, problem.on_key, problem.severity) == (("steps", "train", "arguments"), True, "error")


def test_every_fault_is_reported_at_once() -> None:
    declarations = "parser.add_argument('--a', type=int)\nparser.add_argument('--b', required=True)"
    codes = [code for code, _ in _said(declarations, ("--a", ("x",)), ("--c", ("1",)), (None, ("y",)))]
    assert codes == ["option-type", "unknown-option", "too-many-arguments", "missing-option"]


SAME = _sections("same")


@pytest.mark.parametrize("source", SAME.values(), ids=SAME)
def test_forms_of_one_script_are_read_the_same(source: str) -> None:
    found = read(source)
    assert is_complete(found)
    assert reported(found, [("--size", ("3",))]) == []
    assert [one.code for one in reported(found, [("--size", ("x",))])] == ["option-type"]
    assert [one.code for one in reported(found, [("--sizes", ("3",))])] == ["unknown-option"]


SILENT = _sections("silent")


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_where_the_text_cannot_tell_nothing_is_said(source: str) -> None:
    found = read(source)
    assert found == contract.SILENT
    assert reported(found, [("--bogus", ("1",)), (None, ("x",))]) == []


OPEN = _sections("open")


@pytest.mark.parametrize("more", OPEN.values(), ids=OPEN)
def test_what_may_be_added_unseen_is_never_unknown(more: str) -> None:
    found = read(f"{HEAD}parser.add_argument('--size', type=int, required=True)\n{more}{PARSE}")
    assert found.parser is not None
    assert not is_complete(found)
    assert reported(found, [("--size", ("1",)), ("--more", ("x",)), (None, ("y",))]) == []
    assert [one.code for one in reported(found, [("--size", ("x",))])] == ["option-type"]
    assert [one.code for one in reported(found, [])] == ["missing-option"]


CONDITIONS = _sections("conditions")


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
def test_what_stands_under_a_condition_is_not_claimed_and_nothing_is_unknown_beside_it(condition: str) -> None:
    found = read(HEAD + condition.format("parser.add_argument('--more', type=int, required=True)") + PARSE)
    assert found.parser is not None
    assert not is_complete(found)
    assert reported(found, []) == []
    assert reported(found, [("--more", ("1",))]) == []
    assert reported(found, [("--other", ("1",))]) == []


def test_two_declarations_of_one_name_are_believed_neither() -> None:
    found = read(
        HEAD + "if os.name:\n    parser.add_argument('-a', type=int)\nelse:\n    parser.add_argument('-a')" + PARSE
    )
    assert reported(found, [("-a", ("x",))]) == []


@pytest.mark.parametrize(
    ("settings", "value", "codes"),
    [
        ("type=str", "x", []),
        ("type=bool", "x", []),
        ("type=complex", "1+2j", []),
        ("type=complex", "one", ["option-type"]),
        ("type=lambda x: int(x)", "x", []),
        ("type=os.path.abspath", "x", []),
        ("type=own", "x", []),
        ("type=argparse.FileType('r')", "x", []),
        ("type=int", " 1_000 ", []),
        ("type=float", "nan", []),
        ("choices=names()", "x", []),
        ("choices='abc'", "x", []),
        ("choices=('a', 'b')", "x", ["option-choice"]),
        ("choices={'a': 1}", "x", ["option-choice"]),
        ("choices={'a': 1}.keys()", "x", ["option-choice"]),
        ("choices=sorted(['b', 'a'])", "x", ["option-choice"]),
        ("choices={'a', 'b'}", "x", ["option-choice"]),
        ("choices=[1, 2], type=int", "1", []),
        ("choices=[1, 2]", "1", ["option-choice"]),
        ("choices=range(0, 1_000_000_000), type=int", "10000000000", ["option-choice"]),
        ("action=Own", "x", []),
        ("action='own'", "x", []),
        ("nargs=count()", "x", []),
        ("nargs=argparse.REMAINDER", "x", []),
        ("nargs='?', type=int", "x", ["option-type"]),
    ],
)
def test_a_value_is_held_against_what_is_certain_of_its_type_and_choices(
    settings: str, value: str, codes: list[str]
) -> None:
    found = read(f"{HEAD}def own(x): return x\nparser.add_argument('--a', {settings}){PARSE}")
    assert [one.code for one in reported(found, [("--a", (value,))])] == codes


@pytest.mark.parametrize(
    ("declarations", "written", "codes"),
    [
        ("parser.add_argument('--a', type=int)", [("--a", ("-5",))], []),
        ("parser.add_argument('--a', type=int)\nparser.add_argument('-1')", [("--a", ("-5",))], ["option-values"]),
        ("parser.add_argument('--a', type=float)", [("--a", ("-1.5",))], []),
        ("parser.add_argument('a', nargs='...', choices=['x'])", [(None, ("y",))], []),
        ("parser.add_argument('a')\nparser.add_argument('b', nargs='?')\nparser.add_argument('-v')",
         [(None, ("x",)), ("-v", ("1",)), (None, ("y",))], []),
        ("g = parser.add_mutually_exclusive_group()\ng.add_argument('--a', type=int, default=1)\ng.add_argument('--b')",
         [("--a", ("1",)), ("--b", ("xy",))], []),
        ("g = parser.add_mutually_exclusive_group()\ng.add_argument('--a', type=own)\ng.add_argument('--b')",
         [("--a", ("xy",)), ("--b", ("xy",))], []),
        ("parser.add_argument('-1', action='store_true', required=True)", [("-1.5", ())], []),
        ("parser.add_argument('-1', action='store_true')\nparser.parse_known_args()\nsys.exit()", [("-1.5", ())], []),
        ("if os.name:\n    parser.add_argument('--num', type=int)\nparser.add_argument('--num-workers')",
         [("--num", ("x",))], []),
        ("parser.add_argument('--a')", [("--a", ("-x y",))], []),
        ("parser.add_argument('--a')", [("--a", ("-x",))], ["option-values"]),
        ("parser.add_argument('-n', type=int)", [("-n5", ())], []),
        ("parser.add_argument('-n', type=int)", [("-nx", ())], ["option-type"]),
        ("parser.add_argument('-a', action='count')\nparser.add_argument('-b')", [("-aabx", ())], []),
        ("parser.add_argument('-a', action='count')", [("-ab", ())], []),
        ("parser.add_argument('-lr', type=float)", [("-lr", ("x",))], ["option-type"]),
        ("parser.add_argument('--a', action=argparse.BooleanOptionalAction)", [("--no-a", ())], []),
        ("parser.add_argument('a')", [(None, ("--",)), (None, ("-x",))], []),
        ("parser.add_argument('a')", [("--bogus", ("x",))], ["unknown-option", "missing-argument"]),
        ("parser.add_argument('--f', action='store_true')\nparser.add_argument('a')", [("--f", ("x",))], []),
        ("parser.add_argument('a', nargs='*')\nparser.add_argument('-v')", [("-v", ("1",)), (None, ("x",))], []),
        ("parser.add_argument('a', nargs='+')", [], ["missing-argument"]),
        ("parser.add_argument('a', nargs='...')", [(None, ("x",)), ("--y", ())], []),
        ("s = parser.add_subparsers()\nf = s.add_parser('fit', aliases=['f'])\nf.add_argument('--n', type=int)",
         [(None, ("f",)), ("--n", ("x",))], ["option-type"]),
        ("s = parser.add_subparsers()\ns.required = True\ns.add_parser('fit')", [], ["missing-argument"]),
        ("s = parser.add_subparsers()\ns.add_parser(name())", [(None, ("x",)), ("--y", ())], []),
        ("parser.add_argument('--help-me')", [("--help", ()), ("--bogus", ())], []),
        ("parser.add_argument('-q', required=True).completer = print", [], ["missing-option"]),
        ("parser.add_argument('--a', required=True).required = False", [], []),
    ],
)  # fmt: skip
def test_texts_are_matched_as_argparse_does(declarations: str, written: list[Written], codes: list[str]) -> None:
    assert [one.code for one in reported(read(HEAD + declarations + PARSE), written)] == codes


def test_what_the_parser_lets_pass_is_not_unknown() -> None:
    found = read(HEAD + "parser.add_argument('--a', type=int)\nparser.parse_known_args()")
    assert reported(found, [("--b", ("1",)), (None, ("x",))]) == []
    assert [one.code for one in reported(found, [("--a", ("x",))])] == ["option-type"]
    found = read(HEAD + "if os.name:\n    parser.add_argument('--a', type=int)\nparser.parse_known_args()")
    assert reported(found, [("--a", ("x",))]) == []


def test_a_parser_may_refuse_abbreviations() -> None:
    found = read("import argparse\np = argparse.ArgumentParser(allow_abbrev=False)\n"
                 "p.add_argument('--epochs')\np.add_argument('--data', required=True)\np.parse_args()")  # fmt: skip
    assert [one.code for one in reported(found, [("--data", ("x",)), ("--epo", ("1",))])] == ["unknown-option"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("CHOICES = ['a', 'b']\ndef grow(): CHOICES.append('x')", "for _ in range(2): grow()"),
        ("CHOICES = ['a', 'b']\ndef grow(): CHOICES.append('x')\ndef both(): grow()", "if os.name: both()"),
        ("CHOICES = ['a', 'b']\ndef grow(given=CHOICES): given.append('x')", "for _ in range(2): grow()"),
        ("CHOICES = ['a', 'b']\ndef grow(*given): CHOICES.append('x')", "grow()"),
        ("CHOICES = ['a', 'b']\ndef grow():\n    global CHOICES\n    CHOICES = 'x'", "register(grow)"),
        ("CHOICES = ['a']\nclass Grow:\n    def __init__(self): CHOICES.append('x')", "Grow()"),
        ("CHOICES = ['a']\nclass Grow:\n    def by(): CHOICES.append('x')", "Grow.by()"),
        ("CHOICES = range()", ""),
        ("CHOICES = range(0, 10, 0)", ""),
        ("CHOICES = range(1, 2, 3, 4)", ""),
        ("CHOICES = range(1, step=2)", ""),
    ],
)  # fmt: skip
def test_what_a_function_may_change_or_cannot_be_computed_is_not_known(before: str, after: str) -> None:
    found = read(f"{HEAD}{before}\n{after}\nparser.add_argument('--a', choices=CHOICES){PARSE}")
    assert reported(found, [("--a", ("x",))]) == []
    assert [one.code for one in reported(found, [("--b", ("x",))])] == ["unknown-option"]


def test_a_constant_that_a_function_may_change_is_not_known() -> None:
    found = read(
        f"{HEAD}R = True\ndef relax():\n    global R\n    R = False\n"
        f"for _ in range(1): relax()\nparser.add_argument('--a', required=R){PARSE}"
    )
    assert reported(found, []) == []


def test_a_text_that_would_fill_the_memory_is_not_computed() -> None:
    for text in ("'--%0999999999d' % 1", "'--{:>999999999}'.format(1)"):
        assert not is_complete(read(f"{HEAD}parser.add_argument({text}){PARSE}"))


SIZED = f"""{HEAD}parser.add_argument('--size', type=int)
parser.add_argument('--data', required=True)
parser.add_argument('--kind', choices=['a']){PARSE}"""


def test_parameters_and_paths_are_held_too() -> None:
    rows = [
        Argument("--size", (Parameter("size"),), ("a", 0)),
        Argument("--data", (Input("prepare", "images"),), ("a", 1)),
        Argument("--kind", (Output("model"),), ("a", 2)),
        Argument("--size", (Parameter("rate"),), ("a", 3)),
    ]
    step = step_of(rows)
    plan = plan_of(step, {"size": "big", "rate": "0.5"})
    found = [one for one in contract.faults(read(SIZED), step, plan) if one.code != "option-twice"]
    assert [(one.code, one.path, one.message) for one in found] == [
        ("option-type", ("parameters", "size", "default"),  # the parameter of the same name: its value is wrong
         'step "train": --size (train.py:3) expects an integer, got "big" (value of parameter "size").'),
        ("option-choice", ("a", 2), 'step "train": --kind (train.py:5) does not accept a path; choices: a.'),
        ("option-type", ("a", 3),  # another parameter: that it stands here is wrong
         'step "train": --size (train.py:3) expects an integer, got "0.5" (value of parameter "rate").'),
    ]  # fmt: skip
    unknown = contract.faults(read(SIZED), step, plan, unknown={"size", "rate"})
    assert [one.path for one in unknown if one.code == "option-type"] == []
    assert contract.faults(read(SIZED), step_of(rows[:2]), plan_of(step, {"size": "3"})) == []


def test_texts_with_expressions_are_held_as_far_as_they_are_known() -> None:
    size, data = Parameter("size"), Input("prepare", "images")
    rows = [
        Argument(None, (Text((Literal("--size="), size)),), ("a", 0)),
        Argument("--size", (Text((Literal("1"), size)),), ("a", 1)),
        Argument("--size", (Text((Literal("x"), size)),), ("a", 2)),
        Argument(None, (Text((Literal("--size="), data)),), ("a", 3)),
        Argument(None, (Text((Literal("--data="), data, Literal("/train"))),), ("a", 4)),
        Argument("--size", (Text((data, Literal("/1"))),), ("a", 5)),
        Argument(None, (Text((Literal("--sort="), data)),), ("a", 6)),
        Argument(None, (Text((data, Literal("/1"))),), ("a", 7)),
    ]
    step = step_of(rows)
    plan = plan_of(step, {"size": "3"})
    found = [one for one in contract.faults(read(SIZED), step, plan) if one.code != "option-twice"]
    assert [(one.code, one.path, one.message.partition(": ")[2]) for one in found] == [
        ("option-type", ("a", 2), '--size (train.py:3) expects an integer, got "x3".'),
        ("option-type", ("a", 3), '--size (train.py:3) expects an integer, got "${{steps.prepare.outputs.images}}".'),
        ("option-type", ("a", 5), "--size (train.py:3) expects an integer, got a path."),
        ("unknown-option", ("a", 6), "train.py has no option --sort."),
        ("too-many-arguments", ("a", 7), "train.py accepts no positional values, got a path."),
    ]
    unknown = contract.faults(read(SIZED), step_of(rows[:3]), plan, unknown={"size"})
    assert [one.path for one in unknown if one.code == "option-type"] == []


def test_an_optional_dataset_may_be_there_or_not() -> None:
    archive = Dataset("archive")
    step = step_of([Argument("--data", (archive,), ("a", 0)), Argument("--bogus", (archive,), ("a", 1))])
    found = contract.faults(read(SIZED), step, plan_of(step, optional=["archive"]))
    assert [(one.code, one.path) for one in found] == [("unknown-option", ("a", 1))]


def test_two_optional_datasets_do_not_exclude_one_another() -> None:
    group = "g = parser.add_mutually_exclusive_group()\ng.add_argument('--a')\ng.add_argument('--b')"
    step = step_of([Argument("--a", (Dataset("one"),), ("a", 0)), Argument("--b", (Literal("xy"),), ("a", 1))])
    assert contract.faults(read(HEAD + group + PARSE), step, plan_of(step, optional=["one"])) == []


def test_the_scripts_of_this_project_are_read_fully() -> None:
    folder = Path(__file__).parents[2] / "steps"
    for name in ("train.py", "prepare_data.py", "register_environment.py"):
        assert is_complete(read((folder / name).read_text(encoding="utf-8"))), name


def test_reading_takes_work_in_step_with_the_script() -> None:
    def read_options(count: int) -> object:
        options = "".join(f"parser.add_argument('--a{number}', type=int)\n" for number in range(count))
        return read(HEAD + options + PARSE)

    assert grows_in_step(read_options, 50)


def test_a_script_without_argparse_is_hardly_looked_at() -> None:
    source = (Path(__file__).parents[2] / "steps" / "train.py").read_text(encoding="utf-8")
    tree, other = ast.parse(source), ast.parse(source.replace("argparse", "elsewhere"))
    assert lines_run(lambda: contract.read(other)) * 5 < lines_run(lambda: contract.read(tree))


def test_calls_without_end_are_given_up() -> None:
    doubling = "".join(f"def f{number + 1}():\n    f{number}()\n    f{number}()\n" for number in range(20))
    assert read(f"{HEAD}def f0():\n    pass\n{doubling}f20(){PARSE}") == contract.SILENT
    assert read("import argparse\ndef f():\n    f()\nf()\nargparse.ArgumentParser().parse_args()") == contract.SILENT


def test_a_script_may_be_deep() -> None:
    branches = "if os.name == '0': pass\n" + "".join(f"elif os.name == '{one}': pass\n" for one in range(1, 1200))
    calls = "text = os" + ".path()" * 1200
    for deep in (branches, calls, branches.replace("os.name", "__name__"), "x = " + "-" * 1200 + "1"):
        try:
            tree = ast.parse(HEAD + deep + PARSE)
        except (MemoryError, RecursionError):  # as its reading for imports says
            continue
        assert contract.read(tree).parser is None or deep is branches


def test_holding_reads_no_text_and_needs_no_argparse() -> None:
    loaded = "{'aml_pipeline.project.contract.reading', 'argparse'} & sys.modules.keys()"
    code = f"import sys; from aml_pipeline.project import contract; print(sorted({loaded}))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
