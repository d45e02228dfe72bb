"""Steps and what they need → a picture: columns from left to right, each step right of all it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.story import RunTold, StepTold
from aml_pipeline.report.text import cut, seconds_in_words

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _EDGE = 190, 46, 56, 14, 8
_LETTERS = 24

Place = tuple[int, int]


def picture(run: RunTold) -> Html:
    """Return the graph of a run as SVG: each step with its state and time, leading to what is told of it."""
    places = layout({step.name: step.upstream for step in run.steps})
    width = 2 * _EDGE + (max((column for column, _ in places.values()), default=0) + 1) * (_WIDTH + _GAP_X) - _GAP_X
    height = 2 * _EDGE + (max((row for _, row in places.values()), default=0) + 1) * (_HEIGHT + _GAP_Y) - _GAP_Y
    edges = [
        _edge(places[above], places[step.name]) for step in run.steps for above in step.upstream if above in places
    ]
    boxes = [_box(step, number, places[step.name]) for number, step in enumerate(run.steps)]
    return tag(
        "svg", *edges, *boxes, class_="graph", width=width, height=height, viewBox=f"0 0 {width} {height}",
        role="group", aria_label="The steps, each after those that it needs",
    )  # fmt: skip


def layout(upstream: Mapping[str, Sequence[str]]) -> dict[str, Place]:
    """Return the column and row of each step; steps come in an order in which each is after those it needs."""
    columns: dict[str, int] = {}
    for name, above in upstream.items():
        columns[name] = 1 + max((columns[one] for one in above if one in columns), default=-1)
    places: dict[str, Place] = {}
    for column in range(max(columns.values(), default=-1) + 1):
        names = [name for name, one in columns.items() if one == column]
        names.sort(key=lambda name: _middle([places[one][1] for one in upstream[name] if one in places]))
        places.update({name: (column, row) for row, name in enumerate(names)})
    return {name: places[name] for name in upstream}


def _middle(rows: Sequence[int]) -> float:
    return sum(rows) / len(rows) if rows else 0.0


def _corner(place: Place) -> Place:
    column, row = place
    return _EDGE + column * (_WIDTH + _GAP_X), _EDGE + row * (_HEIGHT + _GAP_Y)


def _edge(start: Place, end: Place) -> Html:
    (left, above), (right, below) = _corner(start), _corner(end)
    left, above, below = left + _WIDTH, above + _HEIGHT // 2, below + _HEIGHT // 2
    bend = left + _GAP_X // 2
    return tag("path", d=f"M{left} {above}C{bend} {above} {right - _GAP_X // 2} {below} {right} {below}", class_="edge")


def _box(step: StepTold, number: int, place: Place) -> Html:
    x, y = _corner(place)
    words = step.state if step.seconds is None else f"{step.state}, {seconds_in_words(step.seconds)}"
    return tag("a", *_inside(step, words, x, y), href=f"#step-{number}", class_=f"box {kind(step.state)}")


def _inside(step: StepTold, words: str, x: int, y: int) -> Iterator[Html]:
    yield tag("title", cut(step.name))
    yield tag("rect", x=x, y=y, width=_WIDTH, height=_HEIGHT, rx=6)
    name = step.name if len(step.name) <= _LETTERS else f"{step.name[: _LETTERS - 1]}…"
    yield tag("text", name, x=x + 10, y=y + 19, class_="name")
    yield tag("text", cut(words, 28), x=x + 10, y=y + 36, class_="words")


def kind(state: str) -> str:
    """Return the class of a state, for its colour."""
    known = {"done": "done", "failed": "failed", "interrupted": "stopped", "up to date": "kept", "running": "running"}
    return known.get(state, "idle")
