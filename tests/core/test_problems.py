"""How problems are printed: places, carets, escapes; suggestions."""

from __future__ import annotations

import json
import re

import pytest

from aml_pipeline.core.problems import Position, Problem, as_github, as_json, as_text, errors, nearest, ordered, suggest


def excerpt(line: str, column: int, width: int = 1) -> tuple[str, str]:
    """Return the source line and the caret line that are printed, without their gutters."""
    problem = Problem("code", "Message.", "Cure.", file="f", position=Position(1, column, width))
    first, source, caret = as_text([problem], {"f": line}).split("\n")
    assert first == f"f:1:{column}: Message. Cure. [code]"
    assert source.startswith("   1 | ")
    assert caret.startswith("     | ")
    return source[7:], caret[7:]


@pytest.mark.parametrize(
    ("line", "column", "width", "caret"),
    [
        ("name: x", 7, 1, "      ^"),
        ("name: example", 7, 7, "      ^~~~~~~"),
        ("name: x", 7, 99, "      ^"),  # no longer than the line
        ("name:", 6, 1, "     ^"),  # behind the end, where something is missing
        ("\tname: x", 8, 1, "\t      ^"),  # a tab is as wide above as below
        ("日本: x", 5, 1, "      ^"),  # wide characters take two cells
        ("日本: x", 1, 2, "^~~~"),
        ("e\u0301: x", 5, 1, "   ^"),  # a combining accent takes none
        ("\u0301x", 1, 1, "^"),
    ],
)
def test_the_caret_stands_under_what_is_meant(line: str, column: int, width: int, caret: str) -> None:
    assert excerpt(line, column, width) == (line, caret)


def test_a_line_that_fits_is_shown_whole() -> None:
    line = "x" * 156 + "HERE"
    assert excerpt(line, 157, 4) == (line, " " * 156 + "^~~~")


def test_a_long_line_is_shown_around_its_problem() -> None:
    line = "x" * 1000 + "HERE" + "y" * 1000
    source, caret = excerpt(line, 1001, 4)
    assert len(source) == 160
    assert source[caret.index("^") :][: len(caret.strip())] == "HERE"


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    source, caret = excerpt("a\x1b[31mb\x07", 2)
    assert source == r"a\x1b[31mb\x07"
    assert caret == " ^~~~"
    problem = Problem("code", 'step "\x1b[31m\nx\u2028" is é.', "Cure\r.", origin="--param a=\x07")
    assert as_text([problem], {}) == r'--param a=\x07: step "\x1b[31m\nx\u2028" is é. Cure\r. [code]'


def test_a_message_that_quotes_a_very_long_text_is_clipped() -> None:
    text = as_text([Problem("code", "a" * 50_000 + "z" * 49_999 + ".", "Cure.")], {})
    assert text == f"{'a' * 500} … {'z' * 499}. Cure. [code]"
    assert as_text([Problem("code", "x" * 1000, "Cure.")], {}) == f"{'x' * 1000} Cure. [code]"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_editors_have_it(end: str) -> None:
    text = as_text(
        [Problem("code", "M.", "C.", file="f", position=Position(2, 1))], {"f": f"one\x0c\u2028{end}two{end}"}
    )
    assert text == "f:2:1: M. C. [code]\n   2 | two\n     | ^"


@pytest.mark.parametrize("position", [None, Position(9, 1), Position(2, 1)])
def test_without_a_line_there_is_no_excerpt(position: Position | None) -> None:
    problem = Problem("code", "M.", "C.", file="f", position=position)
    assert as_text([problem], {"f": "one\n\n"}).count("\n") == 0
    assert as_text([problem], {}).count("\n") == 0


def test_a_warning_says_so() -> None:
    problem = Problem("code", "M.", "C.", severity="warning", file="f", position=Position(1, 1))
    assert as_text([problem], {"f": "x"}).startswith("f:1:1: warning: M. C. [code]\n")
    assert errors([problem, error := Problem("code", "M.", "C.")]) == [error]


def test_colours_change_nothing_but_colours() -> None:
    bold, red, yellow, end = "\x1b[1m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
    place = {"file": "f", "position": Position(1, 7, 7)}
    error = Problem("code", "M.", "C.", **place)  # type: ignore[arg-type]
    warning = Problem("code", "M.", "C.", severity="warning", **place)  # type: ignore[arg-type]
    given = Problem("code", "M.", "C.", origin="--param a=b")
    texts = {"f": "name: example"}
    assert as_text([error], texts, colour=True) == (
        f"{bold}f:1:7:{end} M. C. [code]\n   1 | name: example\n     |       {red}^~~~~~~{end}"
    )
    assert as_text([warning], texts, colour=True) == (
        f"{bold}f:1:7:{end} {yellow}warning:{end} M. C. [code]\n   1 | name: example\n     |       {yellow}^~~~~~~{end}"
    )
    assert as_text([given], {}, colour=True) == f"{bold}--param a=b:{end} M. C. [code]"
    found = [error, warning, given]
    assert re.sub(r"\x1b\[\d*m", "", as_text(found, texts, colour=True)) == as_text(found, texts)


def test_problems_stand_in_the_order_of_the_file_and_each_once() -> None:
    def at(line: int, column: int, message: str = "m", origin: str = "", path: tuple[str, ...] = ()) -> Problem:
        return Problem("c", message, "cure", path, file="f", position=Position(line, column), origin=origin)

    last = at(1, 1, origin="--param a=b")
    found = [at(2, 1), last, at(1, 9), at(1, 10), at(1, 9, "other"), at(1, 9, path=("elsewhere",))]
    assert ordered(found) == [at(1, 9), at(1, 9, "other"), at(1, 10), at(2, 1), last]
    assert ordered(ordered(found)) == ordered(found)


def test_json_can_be_sent_whatever_a_script_calls_its_options() -> None:
    (row,) = json.loads(as_json([Problem("unknown-option", "no option --\ud800é.", "Mend it.")]).encode())
    assert row["message"] == "no option --?é."


def test_json_holds_every_field() -> None:
    one = Problem("c", "m\n", "é", file="f", position=Position(3, 4))
    two = Problem("d", "m", "c", severity="warning", origin="--param a=b")
    assert json.loads(as_json([one, two])) == [
        {"code": "c", "severity": "error", "file": "f", "line": 3, "column": 4, "message": "m\n", "cure": "é"},
        {
            "code": "d",
            "severity": "warning",
            "file": "--param a=b",
            "line": None,
            "column": None,
            "message": "m",
            "cure": "c",
        },
    ]
    assert '"cure": "é"' in as_json([one])
    assert as_json([]) == "[]"


def test_github_annotations_are_escaped_as_its_runner_reads_them() -> None:
    one = Problem("c", "50% of\nit", "C.", file="a,b:c\r\n.yaml", position=Position(3, 4))
    two = Problem("d", "m.", "c.", severity="warning", origin="--param a=b", file="f")
    assert as_github([one, two]).split("\n") == [
        r"::error file=a%2Cb%3Ac%0D%0A.yaml,line=3,col=4,title=c::50%25 of\nit C.",
        "::warning title=d::--param a=b: m. c.",
    ]


@pytest.mark.parametrize(
    ("name", "known", "cure"),
    [
        ("trian", ["train", "prepare"], 'Did you mean "train"?'),
        ("zzz", ["b", "a"], "Known: a, b."),
        ("zzz", [], "There is no step to choose from."),
        ("zzz", [str(number) for number in range(10, 22)], "Known: 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, …."),
        ("zzz", [str(number) for number in range(10, 20)], "Known: 10, 11, 12, 13, 14, 15, 16, 17, 18, 19."),
        ("zzz", ["b"] * 5, "Known: b."),
    ],
)
def test_the_cure_for_an_unknown_name(name: str, known: list[str], cure: str) -> None:
    assert suggest(name, known, noun="step") == cure


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("--lr", ["--help", "--output", "--solver"], None),
        ("--lr", ["--lrs"], "--lrs"),
        ("-lr", ["--lr"], "--lr"),
        ("-n", ["--n"], "--n"),
        ("-n", ["--no", "-m"], None),
        ("--bs", ["--base", "--best"], None),
        ("tow", ["two", "three"], "two"),
        ("adm", ["sgd", "adam"], "adam"),
        ("cn", ["cnn", "mlp"], "cnn"),
        ("fit", ["fix", "file"], "fix"),
        ("rum", ["run", "runs"], "run"),
        ("lr", ["l1"], None),
        ("x", ["y", "xy"], None),
        ("--epocs", ["--epochs", "--steps"], "--epochs"),
        ("--", ["--help"], None),
    ],
)
def test_only_what_can_be_a_slip_is_suggested(name: str, known: list[str], meant: str | None) -> None:
    assert nearest(name, known) == meant


def test_the_more_familiar_spelling_of_an_option_is_suggested() -> None:
    assert nearest("nam", ["-name", "--name"]) == nearest("nam", ["--name", "-name"]) == "--name"


def test_more_than_300_names_are_not_compared() -> None:
    names = [f"name-{number}" for number in range(301)]
    assert suggest("name-1x", names[:300]) == 'Did you mean "name-1"?'
    assert suggest("name-1x", names) == f"Known: {', '.join(names[:10])}, …."
    assert suggest("name-1x", names, but="name-0") == f"Known: {', '.join(names[1:11])}, …."
