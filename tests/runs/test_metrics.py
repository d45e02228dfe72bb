"""Metrics read back from what Azure ML's SDK prints in an offline run."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aml_pipeline.runs.metrics import Metric, MetricReader, without_metrics
from tests import v1
from tests.patience import no_hang


def read(text: str) -> list[Metric]:
    return MetricReader().feed(text, end=True)


def emitted(kind: str, name: str, value: object) -> str:
    """Return what ``_OfflineRun._emit`` of azureml-core prints."""
    return f"Attempted to log {kind} metric {name}:\n{value}\n"


@pytest.mark.parametrize(
    ("value", "metric"),
    [
        (0.25, 0.25),
        (3, 3),
        (-1e-7, -1e-7),
        (float("nan"), "nan"),  # JSON has no word for it
        (float("-inf"), "-inf"),
        ("0.50", 0.5),
        ("text with spaces", "text with spaces"),
        ("1_000", "1_000"),  # a number for Python's int alone
        (True, "True"),
        ("", ""),
        ("9" * 400, int("9" * 400)),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_a_scalar(value: object, metric: object) -> None:
    assert read(emitted("scalar", "loss", value)) == [Metric("loss", "scalar", metric)]


@pytest.mark.parametrize(
    ("kind", "printed", "metric"),
    [
        ("list", [1, 2.5, "a", None, True], [1, 2.5, "a", None, True]),
        ("list", (1, 2), [1, 2]),
        ("list", [float("nan"), float("inf"), -float("inf"), 1], ["nan", "inf", "-inf", 1]),
        ("list", "[1e999]", ["inf"]),
        ("list", ["the inf loss", float("nan"), 'np.x(1) "'], ["the inf loss", "nan", 'np.x(1) "']),  # texts stay
        ("list", "[np.float32(nan), np.float64(-inf)]", ["nan", "-inf"]),
        ("list", "[one two]", "[one two]"),
        ("list", ["the inf loss"], ["the inf loss"]),
        ("list", "[np.float64(0.5), np.int64(3)]", [0.5, 3]),
        ("list", "[1. 2. nan]", [1.0, 2.0, "nan"]),  # NumPy's own printing
        ("list", "[1. inf -inf]", [1.0, "inf", "-inf"]),
        ("list", {"b", "a"}, ["a", "b"]),
        ("list", [], []),
        ("row", {"x": 1, "y": 2.5}, {"x": 1, "y": 2.5}),
        ("row", {"x": float("nan"), 3: (1,)}, {"x": "nan", "3": [1]}),
        ("table", {"x": [1, 2], "y": ["a", "b"]}, {"x": [1, 2], "y": ["a", "b"]}),
        ("row", "{[1]: 2}", "{[1]: 2}"),  # no mapping that Python could hold
        ("row", "{{}}", "{{}}"),
        ("row", "{'x': tensor(0.5)}", "{'x': tensor(0.5)}"),
        ("list", "[" * 5000, "[" * 5000),
        ("list", "-" * 3000 + "1", "-" * 3000 + "1"),
        ("list", "['\\d']", ["\\d"]),
        ("list", [b"a", 1 + 2j], ["b'a'", "(1+2j)"]),
    ],
)
def test_a_collection(kind: str, printed: object, metric: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (found,) = read(emitted(kind, "m", printed))
    assert (found.name, found.kind, found.value) == ("m", kind, metric)
    assert json.loads(json.dumps(found.value, allow_nan=False)) == metric


def test_what_the_sdk_prints_is_what_is_read() -> None:
    run = v1.module("azureml.core").Run.get_context(allow_offline=True)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        run.log("loss", 0.5)
        run.log_list("sizes", [1, 2])
        run.log_row("point", x=1, y=float("nan"))
        run.log_table("table", {"x": [1, 2]})
        run.log_image("image", path="x.png")
        run.log("text", "a: b")
    assert read(printed.getvalue()) == [
        Metric("loss", "scalar", 0.5),
        Metric("sizes", "list", [1, 2]),
        Metric("point", "row", {"x": 1, "y": "nan"}),
        Metric("table", "table", {"x": [1, 2]}),
        Metric("text", "scalar", "a: b"),
    ]


@pytest.mark.parametrize(
    ("text", "metrics"),
    [
        ("epoch 1\nAttempted to log scalar metric a:\n1\nepoch 2\n", [Metric("a", "scalar", 1)]),
        ("Attempted to log scalar metric a:\r\n1\r\n", [Metric("a", "scalar", 1)]),
        ("\r 50%|██  | Attempted to log scalar metric a:\n1\n", [Metric("a", "scalar", 1)]),  # tqdm ends without a line
        ("Attempted to log scalar metric a b: c:\n1\n", [Metric("a b: c", "scalar", 1)]),
        ("Attempted to log scalar metric :\n1\n", [Metric("", "scalar", 1)]),
        ("Attempted to log scalar metric a:\n1", [Metric("a", "scalar", 1)]),  # the last line has no end
        ("Attempted to log scalar metric a:\n", []),  # it was ended before it printed the value
        ("Attempted to log scalar metric a:", []),
        ("Attempted to log scalar metric a:\nAttempted to log scalar metric b:\n2\n", [Metric("b", "scalar", 2)]),
        ("Attempted to log image metric a:\nx.png\n", []),
        ("Attempted to log scalar metric a\n1\n", []),
        ("Attempted to log scalar metric a: 1\n", []),
        ("1\n2\n", []),
        ("", []),
    ],
)
def test_metrics_among_other_lines(text: str, metrics: list[Metric]) -> None:
    assert read(text) == metrics


PIECES = st.lists(
    st.sampled_from([
        "Attempted to log scalar metric loss:\n", "Attempted to log row metric r:\n", "Attempted to log",
        "0.5\n", " scalar metric x:", "{'a': nan}\n", "nan\n", "\n", "\r\n", "\r", "text\n", "text",
        "é😀\n", "\u2028", "\x0c\n", "[1. 2.]\n",
    ]),
    max_size=25,
)  # fmt: skip


@given(PIECES, st.data())
def test_it_does_not_matter_how_the_text_is_cut(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    reader = MetricReader()
    found = [
        one for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True) for one in reader.feed(text[start:end])
    ]
    found += reader.feed("", end=True)
    assert found == read(text)


@given(st.text(max_size=60), st.sampled_from(["scalar", "list", "row", "table"]))
@example(f"[0x{'f' * 4000}]", "list")  # which Python reads, and refuses to write as a decimal
@example(f"{{0x{'f' * 4000}: -0x{'f' * 4000}}}", "row")
def test_whatever_is_printed_is_a_metric_that_json_can_hold(value: str, kind: str) -> None:
    line = value.partition("\n")[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for one in read(emitted(kind, "m", line)):
            json.dumps(one.value, allow_nan=False)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
                    max_leaves=6))  # fmt: skip
def test_a_printed_collection_is_read_back(value: Any) -> None:  # noqa: ANN401 - JSON
    def plain(one: Any) -> Any:  # noqa: ANN401
        if isinstance(one, dict):
            return {key: plain(two) for key, two in one.items()}
        if isinstance(one, list):
            return [plain(two) for two in one]
        return str(one) if isinstance(one, float) and str(one) in {"nan", "inf", "-inf"} else one

    (found,) = read(emitted("row", "m", {"value": value}))
    assert found.value == {"value": plain(value)}


def test_lines_without_an_end_cost_no_more_than_their_limit() -> None:
    reader = MetricReader()
    with no_hang():
        for _ in range(300):
            assert reader.feed("\r 50%" * 20_000) == []
    assert len(reader._rest) <= 1_000_001
    assert reader.feed("\nAttempted to log scalar metric a:\n1\n") == [Metric("a", "scalar", 1)]


def test_a_metric_may_begin_at_the_end_of_a_long_piece_of_other_lines() -> None:
    reader = MetricReader()
    assert reader.feed("x\n" * 600_000 + "Attempted to l") == []
    assert reader.feed("og scalar metric a:\n1\n") == [Metric("a", "scalar", 1)]


@pytest.mark.parametrize("size", [999_999, 1_000_000, 1_000_001, 2_000_000])
@pytest.mark.parametrize("step", [10_000_000, 999_983])
def test_a_line_over_the_limit_is_no_metric_however_it_is_cut(size: int, step: int) -> None:
    text = f"Attempted to log scalar metric a:\n{'x' * size}\n"
    reader = MetricReader()
    found = [one for start in range(0, len(text), step) for one in reader.feed(text[start : start + step])]
    assert [len(one.value) for one in found] == ([size] if size <= 1_000_000 else [])


@pytest.mark.parametrize("size", [1_000_000, 1_000_001, 1_000_002])
def test_the_limit_is_the_same_when_the_end_of_the_line_comes_later(size: int) -> None:
    reader = MetricReader()
    assert reader.feed("Attempted to log scalar metric a:\n" + "x" * size) == []
    found = reader.feed("\n")
    assert [len(one.value) for one in found] == ([size] if size <= 1_000_000 else [])


def test_a_script_that_fails_before_the_value_logged_nothing() -> None:
    log = "Attempted to log scalar metric loss:\nTraceback (most recent call last):\n  File x\n"
    assert read(log) == []
    assert without_metrics(log.splitlines()) == ["Traceback (most recent call last):", "  File x"]


def test_a_log_without_metrics_keeps_the_progress_bar_before_one() -> None:
    log = [" 50%|██  | Attempted to log scalar metric loss:", "0.5", "Attempted to log row metric r:", "{}", "done"]
    assert without_metrics(log) == [" 50%|██  | ", "done"]
