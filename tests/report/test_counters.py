"""The x values of curves: from MLflow's step, or a metric ``epoch`` or ``step`` that the same step logs."""

from __future__ import annotations

from typing import Any

import pytest

from aml_pipeline.report.charts import Curves, charts
from aml_pipeline.report.series import series_of

A = 0.5


def logged(name: str, value: object, at: float | None = None) -> dict[str, Any]:
    return {"event": "MetricLogged", "time": 0.0, "step": "s", "name": name, "kind": "scalar", "value": value, "at": at}


def words(text: str) -> list[dict[str, Any]]:
    """Return the events of ``epoch=1 loss loss epoch=2``; a word with @ has a step of MLflow."""
    events = []
    for word in text.split():
        name, _, at = word.partition("@")
        name, _, value = name.partition("=")
        events.append(logged(name, float(value or A), float(at) if at else None))
    return events


@pytest.mark.parametrize(
    ("text", "across", "places"),
    [
        ("loss loss", "", [None, None]),
        ("epoch=1 loss epoch=2 loss", "epoch", [1, 2]),
        ("epoch=1 loss loss epoch=2 loss", "epoch", [1, 1, 2]),
        ("loss epoch=1 loss epoch=2", "epoch", [1, 2]),  # counted after the values
        ("loss epoch=1 loss loss epoch=2", "epoch", [1, 2, 2]),
        ("loss epoch=1 loss epoch=2 loss", "epoch", [None, 1, 2]),  # before training
        ("step=10 loss step=20 loss", "step", [10, 20]),
        ("epoch=1 step=10 loss epoch=1 step=20 loss", "step", [10, 20]),  # the epoch does not tell them apart
        ("epoch=1 step=10 loss epoch=2 step=20 loss", "epoch", [1, 2]),
        ("loss@5 loss@10", "step", [5, 10]),
        ("epoch=1 loss@5 epoch=2 loss@10", "step", [5, 10]),
        ("loss@0 loss@0", "", [None, None]),  # MLflow's step if the script gives none
        ("epoch=1 loss@0 epoch=2 loss@0", "epoch", [1, 2]),
        ("epoch=1 loss epoch=2 loss epoch=1 loss", "", [None] * 3),  # two rounds
        ("epoch=1 epoch=2 loss loss", "", [None, None]),
        ("epoch=x loss", "", [None]),
    ],
)
def test_where_values_are(text: str, across: str, places: list[float | None]) -> None:
    events = words(text.replace("=x", "="))
    if "=x" in text:
        events[0]["value"] = "nan"
    (series,) = (series for series in series_of(events) if series.name == "loss")
    assert (series.across, [point.at for point in series.points]) == (across, places)


def test_a_row_counts_for_itself_and_a_counter_not_for_itself() -> None:
    rows = [logged("history", {"loss": A, "epoch": epoch}) for epoch in (1, 2)]
    found = {series.name: series for series in series_of(rows)}
    assert [point.at for point in found["history.loss"].points] == [1, 2]
    assert found["history.epoch"].across == ""


def test_other_steps_have_counters_of_their_own() -> None:
    events = [*words("epoch=1 loss epoch=2 loss"), *({**event, "step": "t"} for event in words("loss loss"))]
    assert [series.across for series in series_of(events) if series.name == "loss"] == ["epoch", ""]


def test_the_page_has_them_after_the_reduction_too() -> None:
    (chart,) = charts([Curves("", 0.0, series_of(words(" ".join(f"loss@{at}" for at in range(11_000)))))]).rows
    (curve,) = chart["series"]
    assert curve["counts"] == "step"
    assert [at + 1 for at in curve["at"]] == curve["number"]
