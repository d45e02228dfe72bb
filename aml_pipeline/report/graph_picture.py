"""Steps and their dependencies → an SVG picture: layers from left to right, lines routed around the steps.

The variants of a step are one stacked box.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from aml_pipeline.core.text import cut, seconds_in_words, shortened
from aml_pipeline.report.heights import heights
from aml_pipeline.report.layers import Knot, Layers, Needs, layered, layers_of, neighbours
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.story import ShownRun, ShownStep

MOST_LINKS = 5_000  # between two layers
_WIDTH, _LINE, _GAP_X, _GAP_Y, _EDGE = 190, 15, 60, 16, 9
_LINES_APART, _ENDS_APART = 12, 9
# How many characters of a name, at 7.3 pixels each, and of the words below it fit in a box.
_LETTERS, _WORDS = 23, 26
_ARROW = tag(
    "defs",
    tag("marker", tag("path", d="M0 0L8 4L0 8z"), id="arrow", viewBox="0 0 8 8", refX=8, refY=4, markerWidth=8,
        markerHeight=8, markerUnits="userSpaceOnUse", orient="auto"),
)  # fmt: skip


# The state that a box shows of several steps: the first of these that one of them has.
_TELLING = ("failed", "interrupted", "running", "not run", "done", "up to date")


class Box(NamedTuple):
    """A box of the graph: a step, or all ``variants`` of one; a click leads to ``place``."""

    name: str
    title: str
    words: str
    state: str
    place: str
    variants: int
    needs: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The layout: the middle of each knot from the top, and the height of a box."""

    layers: Layers
    middles: Mapping[Knot, int]
    box: int

    def left(self, knot: Knot) -> int:
        return _EDGE + knot[1] * (_WIDTH + _GAP_X)

    def right(self, knot: Knot) -> int:
        return self.left(knot) + _WIDTH

    def half(self, knot: Knot) -> int:
        """Return how far a knot extends above and below its middle."""
        return self.box // 2 + 1 if self.layers.is_step(knot) else 0


def picture(run: ShownRun, most_links: int = MOST_LINKS) -> tuple[Html, str]:
    """Return the graph of a run as SVG, each step a link to its details, and a remark on what is omitted."""
    boxes = boxes_of(run)
    needs = {box.name: box.needs for box in boxes}
    drawn = _drawn(needs, most_links)
    plan = _plan(layered(drawn), 1 if all(len(name_lines(box.title)) == 1 for box in boxes) else 2)
    width = plan.right(("", max(plan.layers.of_steps.values(), default=0))) + _EDGE
    height = max((middle + plan.half(knot) for knot, middle in plan.middles.items()), default=0) + _EDGE
    links = (tag("a", *_inside(box, plan), href=f"#{box.place}", class_=f"box {kind(box.state)}") for box in boxes)
    svg = tag(
        "svg", _ARROW, *_lines_that_pass(plan), *_arrows(plan), *links, class_="graph", width=width, height=height,
        viewBox=f"0 0 {width} {height}", role="group", aria_label="The steps, each to the right of the steps it needs",
    )  # fmt: skip
    return svg, _left_out(sum(map(len, needs.values())), sum(map(len, drawn.values())))


def boxes_of(run: ShownRun) -> list[Box]:
    """Return the boxes of a run in order; a damaged record might name a needed step that is not earlier."""
    groups: dict[str, list[tuple[int, ShownStep]]] = defaultdict(list)
    for number, step in enumerate(run.steps):
        groups[step.group if step.variant else step.name].append((number, step))
    of_step = {step.name: name for name, steps in groups.items() for _, step in steps}
    boxes: dict[str, Box] = {}
    for name, steps in groups.items():
        above = dict.fromkeys(of_step[other] for _, step in steps for other in step.upstream if other in of_step)
        boxes[name] = _box(name, steps, [other for other in above if other in boxes])
    return list(boxes.values())


def _box(name: str, steps: Sequence[tuple[int, ShownStep]], needs: Sequence[str]) -> Box:
    number, step = steps[0]
    if len(steps) == 1:
        words = step.state if step.seconds is None else f"{step.state}, {seconds_in_words(step.seconds)}"
        return Box(name, step.title, words, step.state, f"step-{number}", 1, needs)
    states = Counter(step.state for _, step in steps)
    state = next((each for each in _TELLING if each in states), step.state)
    words = ", ".join(f"{count} {each}" for each, count in states.most_common())
    return Box(name, f"{name} ×{len(steps)}", words, state, f"variants-{number}", len(steps), needs)


def _drawn(needs: Needs, most_links: int) -> dict[str, list[str]]:
    """Return the part of the graph that fits: connections across few layers first."""
    layers = layers_of(needs)
    pairs = [(name, other) for name, above in needs.items() for other in above]
    pairs.sort(key=lambda pair: layers[pair[0]] - layers[pair[1]])
    drawn: dict[str, list[str]] = {name: [] for name in needs}
    reached, room = dict(layers), most_links
    for name, other in pairs:
        reach = max(reached[other], layers[name] - 1)
        room -= 1 + reach - reached[other]
        if room < 0:
            break
        reached[other] = reach
        drawn[name].append(other)
    return drawn


def _left_out(known: int, drawn: int) -> str:
    if drawn == known:
        return ""
    return f"Showing the {drawn:,} shortest of {known:,} connections. Each step lists all the steps it needs."


def _plan(layers: Layers, lines: int) -> _Plan:
    plan = _Plan(layers, {}, 31 + _LINE * lines)

    def distance(upper: Knot, lower: Knot) -> int:
        halves = plan.half(upper) + plan.half(lower)
        return halves + (_GAP_Y if halves else _LINES_APART)

    middles = heights(layers, distance)
    top = min((middle - plan.half(knot) for knot, middle in middles.items()), default=0)
    return replace(plan, middles={knot: _EDGE + middle - top for knot, middle in middles.items()})


def _lines_that_pass(plan: _Plan) -> Iterator[Html]:
    """Yield a line for each step that is needed beyond the next layer, up to the last layer that needs it."""
    after = {start: end for start, end in plan.layers.links if not plan.layers.is_step(end)}
    for name, layer in plan.layers.of_steps.items():
        knot = (name, layer)
        if knot not in after:
            continue
        words = [f"M{plan.right(knot)} {plan.middles[knot]}"]
        while knot in after:
            start, knot = knot, after[knot]
            words += [_curve(plan, start, knot, plan.middles[knot]), f"H{plan.right(knot)}"]
        yield tag("path", d="".join(words), class_="edge")


def _arrows(plan: _Plan) -> Iterator[Html]:
    """Yield an arrow for each dependency, from the step or from its passing line."""
    before, _ = neighbours(plan.layers.links)
    for knot in plan.layers.of_steps.items():
        starts = sorted(before.get(knot, ()), key=lambda start: plan.middles[start])
        for start, end in zip(starts, _ends(len(starts), plan.middles[knot], plan.box), strict=True):
            words = f"M{plan.right(start)} {plan.middles[start]}{_curve(plan, start, knot, end)}"
            yield tag("path", d=words, class_="edge", marker_end="url(#arrow)")


def _ends(count: int, middle: int, box: int) -> list[int]:
    """Return where that many lines end at a box, from top to bottom."""
    apart = min(_ENDS_APART, (box - 12) / max(1, count - 1))
    return [round(middle + (number - (count - 1) / 2) * apart) for number in range(count)]


def _curve(plan: _Plan, start: Knot, end: Knot, below: int) -> str:
    """Return the path from the right of ``start`` to the left of ``end``, between their layers."""
    above, left = plan.middles[start], plan.left(end)
    bend = left - _GAP_X // 2
    return f"H{left}" if above == below else f"C{bend} {above} {bend} {below} {left} {below}"


def _inside(box: Box, plan: _Plan) -> Iterator[Html]:
    """Yield the content of a box."""
    knot = (box.name, plan.layers.of_steps[box.name])
    x, y, height = plan.left(knot), plan.middles[knot] - plan.box // 2, plan.box
    yield tag("title", cut(box.title))
    if box.variants > 1:
        yield tag(
            "path", d=f"M{x + 5} {y}v-5h{_WIDTH}v{height}h-5M{x + 10} {y - 5}v-4h{_WIDTH}v{height}h-5", class_="stack"
        )
    yield tag("rect", x=x, y=y, width=_WIDTH, height=height, rx=6)
    lines = name_lines(box.title)
    first = y + 4 + (height - _LINE * len(lines)) // 2
    for number, line in enumerate(lines):
        yield tag("text", line, x=x + 10, y=first + _LINE * number, class_="name")
    yield tag("text", shortened(box.words, _WORDS), x=x + 10, y=first + _LINE * len(lines) + 2, class_="words")


def name_lines(name: str) -> Sequence[str]:
    """Return a name as shown in a box: whole, broken after a hyphen, or with … in place of its middle."""
    if len(name) <= _LETTERS:
        return [name]
    at = name.rfind("-", 0, _LETTERS) + 1
    return [name[:at], shortened(name[at:], _LETTERS)] if at else [shortened(name, _LETTERS)]


def kind(state: str) -> str:
    """Return the CSS class of a state."""
    known = {"done": "done", "failed": "failed", "interrupted": "stopped", "up to date": "kept", "running": "running"}
    return known.get(state, "idle")
