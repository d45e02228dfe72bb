"""The graph on the page of a run: laws of its geometry, read back from the SVG."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from aml_pipeline.report.graph_picture import MOST_LINKS, name_lines, picture
from aml_pipeline.report.layers import crossings, layered, layers_of
from aml_pipeline.report.run_page import page
from aml_pipeline.report.story import ShownRun, ShownStep
from tests.work import grows_in_step

Point = tuple[float, float]
Graph = Mapping[str, Sequence[str]]
SKIPPING: Graph = {"prepare": [], "features": ["prepare"], "train": ["features"], "evaluate": ["features", "train"]}


def _graph(rows: list[set[int]]) -> Graph:
    return {f"s{at}": [f"s{number}" for number in sorted(row) if number < at] for at, row in enumerate(rows)}


def dense(steps: int) -> Graph:
    """Return steps each of which needs all before it."""
    return _graph([set(range(at)) for at in range(steps)])


def woven(steps: int) -> Graph:
    """Return steps each of which needs some of the twenty before it, here and there also one from long ago."""
    return _graph([{max(0, at - back) for back in (1 + at % 7, 3 + at % 13, 5 + at % 17)} | {at // 50} for at in
                   range(steps)])  # fmt: skip


graphs = some.lists(some.sets(some.integers(0, 15), max_size=6), max_size=16).map(_graph)


def run_of(needs: Graph) -> ShownRun:
    """Return a run of such steps."""
    return ShownRun("r", "done", {}, tuple(ShownStep(name, {}, {}, tuple(above)) for name, above in needs.items()))


@dataclass(frozen=True)
class Box:
    """A step as it is drawn."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, point: Point, margin: float = 0.5) -> bool:
        """Whether a point is inside, and not on the border."""
        x, y = point
        return self.left + margin < x < self.right - margin and self.top + margin < y < self.bottom - margin


@dataclass(frozen=True)
class Line:
    """A line as it is drawn: its corners, points that are close together on it, and whether it has an arrowhead."""

    corners: list[Point]
    points: list[Point]
    is_arrow: bool


@dataclass(frozen=True)
class Drawing:
    """A picture, read back."""

    width: float
    height: float
    boxes: dict[str, Box]
    lines: list[Line]


def drawing(needs: Graph) -> Drawing:
    """Draw a graph and read the picture back."""
    svg = ET.fromstring(picture(run_of(needs))[0])  # noqa: S314 - it is ours
    assert svg.find("defs/marker[@id='arrow']/path") is not None
    lines = [Line(*_points(path.attrib["d"]), path.get("marker-end") == "url(#arrow)") for path in svg.findall("path")]
    boxes = dict(map(_box, svg.findall("a")))
    return Drawing(float(svg.attrib["width"]), float(svg.attrib["height"]), boxes, lines)


def _box(link: ET.Element) -> tuple[str, Box]:
    title, rect = link.find("title"), link.find("rect")
    assert title is not None
    assert rect is not None
    x, y, width, height = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
    return title.text or "", Box(x, y, x + width, y + height)


def _points(words: str) -> tuple[list[Point], list[Point]]:
    """Return the corners of a path, and points on it."""
    corners: list[Point] = []
    points: list[Point] = []
    for letter, numbers in re.findall(r"([MHC])([^MHC]+)", words):
        values = [float(number) for number in numbers.split()]
        if letter == "M":
            corners.append((values[0], values[1]))
            continue
        start, end = corners[-1], (values[-2], values[-1]) if letter == "C" else (values[0], corners[-1][1])
        handles = (
            [start, (values[0], values[1]), (values[2], values[3]), end] if letter == "C" else [start, start, end, end]
        )
        points += [_bezier(handles, step / 40) for step in range(41)]
        corners.append(end)
    assert "".join(letter + numbers for letter, numbers in re.findall(r"([MHC])([^MHC]+)", words)) == words
    return corners, points


def _bezier(handles: list[Point], at: float) -> Point:
    a, b, c, d = ((1 - at) ** 3, 3 * (1 - at) ** 2 * at, 3 * (1 - at) * at**2, at**3)
    x, y = (
        a * handles[0][axis] + b * handles[1][axis] + c * handles[2][axis] + d * handles[3][axis] for axis in (0, 1)
    )
    return x, y


def arrows(drawn: Drawing) -> Iterator[tuple[str, str]]:
    """Give what each arrow leads from and to, followed back along the line that it leaves."""
    for line in drawn.lines:
        if line.is_arrow:
            yield _left(drawn, line.corners[0]), _reached(drawn, line.corners[-1])


def _reached(drawn: Drawing, end: Point) -> str:
    (name,) = [name for name, box in drawn.boxes.items() if box.left == end[0] and box.top < end[1] < box.bottom]
    return name


def _left(drawn: Drawing, start: Point) -> str:
    """Return the step from whose right side a line begins, or the line that it branches off from."""
    passing = [line.corners[0] for line in drawn.lines if not line.is_arrow and start in line.corners[1:]]
    assert len(passing) <= 1
    x, y = passing[0] if passing else start
    (name,) = [name for name, box in drawn.boxes.items() if box.right == x and abs((box.top + box.bottom) / 2 - y) <= 1]
    return name


@given(graphs)
def test_no_line_goes_through_a_step(needs: Graph) -> None:
    drawn = drawing(needs)
    crossed = [(name, point) for line in drawn.lines for point in line.points for name, box in drawn.boxes.items()
               if box.holds(point)]  # fmt: skip
    assert crossed == []


def test_a_line_that_skips_a_layer_leads_around_what_is_there() -> None:
    drawn = drawing(SKIPPING)
    (passing,) = [line for line in drawn.lines if not line.is_arrow]
    train = drawn.boxes["train"]
    beside = [y for x, y in passing.points if train.left <= x <= train.right]
    assert min(abs(y - (train.top + train.bottom) / 2) for y in beside) > (train.bottom - train.top) / 2 + 8


@given(graphs)
def test_steps_and_lines_are_apart_and_inside_the_picture(needs: Graph) -> None:
    drawn = drawing(needs)
    boxes = list(drawn.boxes.values())
    for number, box in enumerate(boxes):
        assert box.left > 0
        assert box.top > 0
        assert box.right < drawn.width
        assert box.bottom < drawn.height
        for other in boxes[:number]:
            assert (
                box.left >= other.right + 30
                or other.left >= box.right + 30
                or (box.top >= other.bottom + 10 or other.top >= box.bottom + 10)
            )
    assert all(0 < x < drawn.width and 0 < y < drawn.height for line in drawn.lines for x, y in line.points)


@given(graphs)
def test_everything_that_is_needed_has_an_arrow_and_nothing_else(needs: Graph) -> None:
    found = sorted(arrows(drawing(needs)))
    assert found == sorted((above, name) for name, all_above in needs.items() for above in all_above)


@given(graphs)
def test_each_step_stands_right_of_what_it_needs(needs: Graph) -> None:
    boxes = drawing(needs).boxes
    assert list(boxes) == list(needs)
    assert all(boxes[above].right < boxes[name].left for name, all_above in needs.items() for above in all_above)


@given(graphs)
def test_no_step_stands_further_right_than_it_must(needs: Graph) -> None:
    layers = layers_of(needs)
    assert all(layers[name] == max((layers[above] + 1 for above in needs[name]), default=0) for name in needs)


@given(graphs)
@example({"s0": [], "s1": ["s0"], "s2": [], "s3": ["s1", "s2"], "s4": ["s0", "s3"]})
def test_no_more_lines_cross_than_in_the_order_of_the_plan(needs: Graph) -> None:
    found = layered(needs)
    order = {name: number for number, name in enumerate(needs)}
    as_planned = [sorted(layer, key=lambda knot: order[knot[0]]) for layer in found.knots]
    assert crossings(found.knots, found.links) <= crossings(as_planned, found.links)


def test_lines_are_untangled_where_they_need_not_cross() -> None:
    needs = {"a": [], "b": [], "c": ["b"], "d": ["a"], "e": ["d"], "f": ["c"], "g": ["e", "a"], "h": ["f", "b"]}
    found = layered(needs)
    assert crossings(found.knots, found.links) == 0


def test_a_picture_is_the_same_every_time() -> None:
    code = (
        "from tests.report.test_graph_picture import *; import hashlib; "
        "print(hashlib.sha256(picture(run_of(woven(60)))[0].encode()).hexdigest())"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]


def test_a_picture_takes_work_in_step_with_the_steps() -> None:
    assert grows_in_step(lambda steps: picture(run_of(woven(steps))), 75)


def test_of_a_graph_that_is_too_dense_the_shortest_connections_are_drawn_and_the_rest_is_told() -> None:
    needs = dense(150)
    text = page(run_of(needs))
    assert len(text.encode()) < 1_000_000
    drawn = drawing(needs)
    found = list(arrows(drawn))
    assert {(f"s{number}", f"s{number + 1}") for number in range(149)} <= set(found)
    assert 1_000 < len(found) < MOST_LINKS
    assert f"Showing the {len(found):,} shortest of 11,175 connections." in text
    assert "shortest of" not in page(run_of(woven(150)))


def test_a_need_that_a_record_cannot_have_is_not_drawn() -> None:
    """A step that needs itself, one after it, or one that is not there."""
    assert list(arrows(drawing({"a": ["a", "b", "gone"], "b": ["a", "a"]}))) == [("a", "b")]
    assert drawing({}).boxes == {}


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("register-environment", ["register-environment"]),
        ("compare-with-the-model-in-production", ["compare-with-the-model-", "in-production"]),
        ("train-on-everything-that-there-was-in-the-year-before", ["train-on-everything-", "that-there-…year-before"]),
        ("x" * 24, ["xxxxxxxxxxx…xxxxxxxxxxx"]),
    ],
)
def test_a_name_that_is_too_long_is_broken_after_a_hyphen(name: str, lines: list[str]) -> None:
    assert name_lines(name) == lines


@given(some.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True))
def test_no_name_is_broken_within_a_word_without_a_mark(name: str) -> None:
    lines = name_lines(name)
    assert len(lines) <= 2
    assert all(len(line) <= 23 for line in lines)
    assert all(line.endswith("-") for line in lines[:-1])
    shown = "".join(lines)
    begin, mark, end = shown.partition("…")
    assert shown == name if not mark else (name.startswith(begin) and name.endswith(end) and len(shown) < len(name) + 1)
    assert drawing({name: []}).boxes.keys() == {name}, "the whole name is its title"
