"""What a run shows of its steps: bars, changed metrics, and lines that end between words."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.cli.screen import values
from aml_pipeline.cli.screen.board import Board, Row, about, laid_out
from aml_pipeline.cli.screen.logged import without_colours
from aml_pipeline.cli.screen.progress import Progress
from aml_pipeline.cli.screen.together import Together
from aml_pipeline.cli.screen.wrapping import padded, shortened, width, wrapped
from aml_pipeline.runs.events import MetricLogged, RunEnded, State, StepEnded, StepStarted, StepTicked


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (Row("train", 4.2, 8.3), "train  █████░░░░░   4.2 s, about 5 s left"),
        (Row("train", 60.0, 180.0), "train  ███░░░░░░░  1 min 0 s, about 2 min left"),
        (Row("train", 9.1, 8.3), "train  ░░██░░░░░░   9.1 s, expected 8.3 s"),  # the block moves on
        (Row("train", 4.0, None), "train  ░░░░░░░░██   4.0 s"),
        (Row("3 of 4 steps", 4.0, None, share=0.75), "3 of 4 steps  ███████░░░   4.0 s"),
    ],
)
def test_a_bar_shows_what_is_known(row: Row, line: str) -> None:
    assert laid_out([row], None, 60, 9) == [line]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.1, "1 s"), (58.2, "59 s"), (60, "1 min"), (100, "2 min"), (3500, "58 min"), (4100, "1 h 10 min")],
)
def test_what_is_left_is_rough(seconds: float, words: str) -> None:
    assert about(seconds).startswith(words)


def test_as_many_lines_as_fit_are_shown_and_always_that_of_all() -> None:
    rows = [Row(f"step-{number}", 1.0, None) for number in range(20)]
    lines = laid_out(rows, Row("5 of 40 steps", 1.0, None), 60, 5)
    assert [line.partition("  ")[0] for line in lines] == [
        "step-0",
        "step-1",
        "step-2",
        "… and 17 more",
        "5 of 40 steps",
    ]
    assert len(laid_out(rows, None, 60, 20)) == 20


def test_no_number_is_cut_on_a_live_line() -> None:
    row = Row("train[learning_rate=0.001,batch_size=16]", 1.0, None, ["loss 0.1234", "accuracy 0.9876"])
    narrow, wide = (laid_out([row], None, columns, 9)[0] for columns in (59, 199))
    assert narrow == "train[lea…_size=16]  ░░██░░░░░░   1.0 s  loss 0.1234  …"
    assert wide.endswith(" ░░████░░░░░░░░░░░░░░   1.0 s  loss 0.1234  accuracy 0.9876")
    assert wide.startswith("train[learning_rate=0.001,batch_size=16]  ")


@pytest.mark.parametrize(
    ("columns", "rest"),
    [(67, "  validation_root_mean_square_error 0.1234"), (51, "  validati…re_error 0.1234"), (34, "")],
)
def test_a_metric_with_a_long_name_keeps_its_value(columns: int, rest: str) -> None:
    row = Row("train", 1.0, None, ["validation_root_mean_square_error 0.1234"])
    assert laid_out([row], None, columns, 9)[0].partition("1.0 s")[2] == rest


def test_a_name_is_whole_where_the_line_has_room_for_it() -> None:
    row = Row("prepare-the-very-long-name-of-data", 1.0, None, ["loss 0.1234"])
    assert laid_out([row], None, 99, 9)[0].startswith(f"{row.title}  ")
    assert laid_out([row], None, 60, 9)[0].endswith("  loss 0.1234")


def test_all_steps_have_a_bar_if_they_are_many() -> None:
    stream = io.StringIO()
    board = Board(stream, moving=True, jobs=2)
    board.begin(4, 100.0)
    board.expect({"b": 10.0, "c": 10.0, "d": 10.0})
    board.put("b", Row("b", 4.0, 10.0), now=104.0)
    assert "1 of 4 steps  ██" in stream.getvalue()
    assert "about 13 s left" in stream.getvalue()  # 6 + 10 + 10 seconds, two steps at a time
    board.expect({"b": 10.0, "c": None, "d": 10.0})
    board.put("b", Row("b", 5.0, 10.0), now=105.0)
    assert stream.getvalue().rpartition("of 4 steps")[2].partition("\r")[0].endswith("5.0 s"), "nobody knows about c"


@pytest.mark.parametrize(
    ("value", "before", "shown"),
    [
        (0.9943, 0.9931, "m 0.9943 (+0.0012)"),
        (3910, 6124.1, "m 3910 (-2214)"),
        (0.0216, 0.06743, "m 0.0216 (-0.0458)"),
        (0.25, 0.5, "m 0.25 (-0.25)"),
        (0.2189, 0.06127, "m 0.2189 (+0.1576)"),
        (1.0, 0.983, "m 1 (+0.017)"),
        (12, 7, "m 12 (+5)"),
        (1e-7, 2e-7, "m 1e-07 (-1e-07)"),
        (1234.0, 234.1, "m 1234 (+1000)"),
        (0.5, 0.5, "m 0.5"),
        (0.5, None, "m 0.5"),
        ("nan", 0.5, "m nan"),
        ([1, 2], [1], "m [1, 2]"),
    ],
)
def test_a_metric_tells_what_is_new(value: object, before: object, shown: str) -> None:
    assert values.compared({"m": value}, {} if before is None else {"m": before}) == shown


def test_a_metric_is_new_if_the_step_had_others() -> None:
    assert values.compared({"m": 0.5, "f1": 0.9}, {"m": 0.5}) == "m 0.5  f1 0.9 (new)"


def test_many_metrics_are_counted() -> None:
    assert values.compared({f"m{number}": number for number in range(42)}, {}).endswith("m39 39  and 2 more metrics")


@given(st.lists(st.text("ab損e\u0301", min_size=1, max_size=30), min_size=1), st.integers(8, 60), st.integers(0, 7))
def test_a_line_ends_between_words(words: list[str], columns: int, indent: int) -> None:
    lines = wrapped(" ".join(words), columns, indent)
    assert " ".join(lines).split() == words
    assert all(width(line) <= columns or " " not in line for line in lines)


def test_columns_stay_together() -> None:
    line = "train  done in 8.4 s  loss 0.0216 (-0.0458)  accuracy 0.9886 (+0.0113)"
    assert wrapped(line, 60, 7) == [
        "train  done in 8.4 s  loss 0.0216 (-0.0458)",
        "       accuracy 0.9886 (+0.0113)",
    ]
    path = f"/{'a-long-name/' * 9}model"
    assert wrapped(f"train.model  {path}", 60) == ["train.model", path], "whole, so that it can be copied"
    assert wrapped(line, None) == [line]


@pytest.mark.parametrize("space", ["\t", "\u3000", "\xa0"])
def test_other_spaces_stay_within_words(space: str) -> None:
    assert wrapped(f"one{space}two three four", 14) == [f"one{space}two three", "  four"]


def test_wide_and_combining_characters_are_measured() -> None:
    assert (padded("損失", 6) + "|", padded("e\u0301", 3) + "|") == ("損失  |", "e\u0301  |")
    assert shortened("損失損失損失", 7) == "損…損失"
    assert width(shortened("train[rate=0.001,size=16]", 20)) == 20


def test_lines_of_parallel_steps_bear_their_names() -> None:
    stream = io.StringIO()
    together = Together(stream, ["a", "long"], coloured=False)
    together.write("a", "one\ntw")
    together.write("long", "three\n")
    together.write("a", "o\n")
    together.write("long", "no end")
    together.end("long")
    together.end("a")
    assert stream.getvalue() == "a    | one\nlong | three\na    | two\nlong | no end\n"


@pytest.mark.parametrize("colour", ["", "\x1b[1m"])
def test_each_row_of_a_long_line_bears_the_name(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    stream = _terminal()
    together = Together(stream, ["train"], coloured=bool(colour))
    together.write("train", f"{colour}  a line of many words\nand one\n")
    rows = without_colours(stream.getvalue()).splitlines()
    assert rows == ["train |   a line of many", "train |   words", "train | and one"]


def test_names_have_colours_that_lines_cannot_take_over() -> None:
    stream = _terminal()
    together = Together(stream, ["a", "b"], coloured=True)
    together.write("a", "\x1b[31mred\nstill red\n")
    together.write("b", "\x1b]0;owned\x07\n")
    before = {name: f"\x1b[0;{colour}m{name} | \x1b[0m" for name, colour in (("a", 36), ("b", 33))}
    assert (
        stream.getvalue()
        == f"{before['a']}\x1b[31mred\n{before['a']}still red\x1b[0m\n{before['b']}\\x1b]0;owned\\x07\n"
    )


def _terminal() -> io.StringIO:
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    return stream


def _shown(*steps: str, facts: Mapping[str, Any]) -> Progress:
    return Progress("", steps, title="p: 2 steps", before=lambda step: facts.get(step, {}))


def _ended(step: str, state: State) -> StepEnded:
    return StepEnded(0.0, step, state, "", 1.0)


def test_what_runs_is_said_first_and_how_it_went_last(capsys: pytest.CaptureFixture[str]) -> None:
    progress = _shown("one", "two", facts={"two": {"seconds": 1.0, "metrics": {"loss": 0.5}}})
    progress(_ended("one", "up to date"))
    assert capsys.readouterr() == ("", "")
    progress(StepStarted(0.0, "two", "two.py changed", "", ""))
    progress(MetricLogged(0.0, "two", "loss", "scalar", 0.25))
    progress(_ended("two", "done"))
    progress(RunEnded(0.0, "done", 75.0))
    progress.finish()
    done = capsys.readouterr()
    assert done.out == "one  up to date\ntwo  done in 1.0 s  loss 0.25 (-0.25)\n"
    last = "Done in 1 min 15 s: 1 step ran, 1 up to date."
    assert done.err == f"p: 2 steps\ntwo  runs: two.py changed\ntwo    loss 0.25\n{last}\n"


def test_a_run_with_nothing_to_do_says_only_that(capsys: pytest.CaptureFixture[str]) -> None:
    progress = _shown("one", facts={})
    progress(_ended("one", "up to date"))
    progress(RunEnded(0.0, "done", 0.0))
    progress.finish()
    assert capsys.readouterr() == ("one  up to date\n", "")
    assert progress.lines == ["one  up to date"]


RATES = [f"train[rate={number}]" for number in range(6)]


def _of_variants(*, verbose: bool = False) -> Progress:
    titles = dict(zip("abcdef", RATES, strict=True))
    return Progress("", ["prepare", *titles, "report"], titles=titles, title="p: 8 steps", verbose=verbose)


def test_many_variants_that_are_up_to_date_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    progress = _of_variants()
    for step in ("prepare", *"abcdef", "report"):
        progress(_ended(step, "up to date"))
    progress(RunEnded(0.0, "done", 0.0))
    progress.finish()
    lines = ["prepare             up to date", "train (6 variants)  up to date", "report              up to date"]
    assert capsys.readouterr() == ("".join(f"{line}\n" for line in lines), "")
    assert progress.lines == lines, "the memo's answer"


def test_variants_beside_those_that_run_are_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    progress = _of_variants()
    progress(_ended("prepare", "up to date"))
    progress(StepStarted(0.0, "a", "never ran", "", ""))
    assert capsys.readouterr().out == "prepare        up to date\n"
    for step in "bcde":
        progress(_ended(step, "up to date"))
    assert "train" not in capsys.readouterr().out, "there may be more"
    progress(_ended("a", "done"))
    progress(_ended("f", "up to date"))
    progress(StepEnded(0.0, "report", "not run", "step train failed"))
    assert capsys.readouterr().out.splitlines() == [
        "train (4 of 6 variants)  up to date",
        "train[rate=0]            done in 1.0 s",
        "train[rate=5]            up to date",
        "report                   not run  step train failed",
    ]


def test_a_second_without_more_variants_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    progress = _of_variants()
    progress(StepStarted(0.0, "prepare", "never ran", "", ""))
    for step in "abcd":
        progress(_ended(step, "up to date"))
    progress(StepTicked("prepare", 0.5))
    assert capsys.readouterr().out == ""
    progress(StepTicked("prepare", 1.5))
    assert capsys.readouterr().out == "train (4 of 6 variants)  up to date\n"


def test_each_variant_has_a_line_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    progress = _of_variants(verbose=True)
    for step in "abcdef":
        progress(_ended(step, "up to date"))
    progress.finish()
    assert capsys.readouterr().out.splitlines() == [f"{title}  up to date" for title in RATES]


def test_variants_of_a_combination_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"epochs={epochs}  {title}" for epochs in (1, 2) for title in RATES]
    progress = Progress("", names, title="p")
    for name in names:
        progress(_ended(name, "up to date"))
    progress.finish()
    lines = [f"epochs={epochs}  train (6 variants)  up to date" for epochs in (1, 2)]
    assert capsys.readouterr().out.splitlines() == lines


def _started(step: str) -> StepStarted:
    return StepStarted(0.0, step, "never ran", "", log="log")


@pytest.mark.parametrize(("verbose", "metrics"), [(False, ["loss", "mlflow"]), (True, ["mlflow"])])
def test_what_a_step_prints_is_not_said_again(
    *,
    verbose: bool,
    metrics: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = Progress("", ["a"], verbose=verbose)
    progress(_started("a"))
    progress(MetricLogged(0.0, "a", "loss", "scalar", 0.5))
    progress(MetricLogged(0.0, "a", "mlflow", "scalar", 0.5, at=0))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines if line.endswith(" 0.5")] == metrics


def test_the_log_of_a_failure_is_wrapped_at_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr("sys.stderr", stream := _terminal())
    progress = Progress("", ["a"])
    progress(_started("a"))
    progress(replace(_ended("a", "failed"), message="It failed.", tail=("  which is rather longer\tthan", "short")))
    assert "\n      which is rather longer\n      than\n    short\n" in stream.getvalue()


def test_a_long_name_has_a_line_of_its_own_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("sys.stderr", stream := _terminal())
    progress = Progress("", ["prepare-the-very-long-name-of-data", "train", "choose"])
    for step in ("prepare-the-very-long-name-of-data", "train"):
        progress(_started(step))
    assert stream.getvalue().splitlines() == [
        "prepare-the-very-long-name-of-data",
        "        runs: never ran",
        "train   runs: never ran",
    ]
