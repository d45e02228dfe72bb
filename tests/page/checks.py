"""What a browser makes of the pages: headless Chromium, driven through its DevTools protocol, and axe-core.

``make check`` runs this; ``make test`` does not, for it needs Chromium and npm.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.report.comparison_page import comparison_page
from aml_pipeline.report.reading import read
from tests.page import full_size as full_size_run
from tests.page import recorded
from tests.page.browser import Browser, Tab, program
from tests.patience import PATIENCE, until

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
PLACE = "document.querySelector('.u-over').getBoundingClientRect()"
# JavaScript: which lines of the graph go through which steps, and which words do not fit into their step.
OUT_OF_PLACE = """() => {
  const boxes = [...document.querySelectorAll(".graph .box")];
  const rects = boxes.map((one) => one.querySelector("rect").getBBox());
  const within = (at, size, from, length) => at >= from && at + size <= from + length;
  const inside = (at, box) => within(at.x, 0, box.x + 1, box.width - 2) && within(at.y, 0, box.y + 1, box.height - 2);
  const through = [];
  for (const line of document.querySelectorAll(".graph .edge")) {
    for (let at = 0; at < line.getTotalLength(); at += 3) {
      const point = line.getPointAtLength(at);
      if (rects.some((box) => inside(point, box))) through.push(line.getAttribute("d"));
    }
  }
  const outside = boxes.flatMap((box, number) => [...box.querySelectorAll("text")].filter((text) => {
    const words = text.getBBox(), room = rects[number];
    const fits = within(words.x, words.width, room.x, room.width) && within(words.y, words.height, room.y, room.height);
    return !fits;
  }).map((text) => text.textContent));
  return [through, outside];
}"""
Opener = Callable[..., Tab]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = program()
    assert found, "Chromium is not installed"
    with Browser(found) as running:
        yield running


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages é")
    made = {}
    for name in ("quickstart", "big", "graph", "harmful", "many", "rich"):
        record = getattr(recorded, name)(folder / name)
        made[name] = recorded.paged(record, folder / f"{name}.html")
    first, second = (read(recorded.quickstart(folder / letter), "done") for letter in "ab")
    made["compared"] = folder / "compared.html"
    made["compared"].write_text(comparison_page(first, second), encoding="utf-8")
    return made


@pytest.fixture(scope="session")
def full_size(pytestconfig: pytest.Config) -> Path:
    """The project in which the real run of full size was made; in pytest's cache, for it takes 40 s."""
    assert pytestconfig.cache is not None
    return full_size_run.project(pytestconfig.cache.mkdir("full-size-run"))


@pytest.fixture(scope="session")
def full_size_page(full_size: Path) -> Path:
    return full_size_run.page(full_size)


@pytest.fixture
def opened(browser: Browser, pages: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Open a page; afterwards it must have asked for nothing and complained of nothing."""
    tabs: list[tuple[Tab, str]] = []

    def open_page(name: str, **settings: Any) -> Tab:  # noqa: ANN401 - as Tab has them
        page = request.getfixturevalue("full_size_page") if name == "full-size" else pages[name]
        tab = Tab(browser, **settings)
        tabs.append((tab, page.as_uri()))
        tab.open(page)
        return tab

    yield open_page
    for tab, address in tabs:
        assert [one for one in tab.requests() if not one.startswith(("blob:", "data:"))] == [address]
        assert tab.complaints() == []
        tab.close()


def pixels(tab: Tab, *, like: str) -> int:
    """Return how many pixels of the first chart have a colour, such as ``#0a58a8``, or nearly."""
    return int(
        tab.value(f"""(() => {{
          const canvas = document.querySelector("canvas");
          const wanted = [1, 3, 5].map((at) => parseInt("{like}".slice(at, at + 2), 16));
          const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          let count = 0;
          for (let at = 0; at < data.length; at += 4)
            if (data[at + 3] > 200 && wanted.every((one, place) => Math.abs(one - data[at + place]) < 12)) count += 1;
          return count;
        }})()""")
    )


def room_of_charts(tab: Tab) -> list[float]:
    """Return how many pixels of the width of each box its chart leaves; less than 0: it lies over what is beside it."""
    return list(
        tab.value("""[...document.querySelectorAll(".charts figure")].map((figure) => {
          const box = figure.getBoundingClientRect();
          const all = [...figure.querySelectorAll("*")].map((one) => one.getBoundingClientRect());
          const inside = all.filter((one) => one.width > 0);
          const left = Math.min(...inside.map((one) => one.left));
          const right = Math.max(...inside.map((one) => one.right));
          const chart = figure.querySelector(".u-wrap").getBoundingClientRect();
          return left < box.left || right > box.right ? -1 : box.width - chart.width;
        })""")
    )


def every_chart_fills_its_box(tab: Tab) -> bool:
    return all(0 <= room <= 30 for room in room_of_charts(tab)) and len(room_of_charts(tab)) == 2


def eventually(tab: Tab, says: Callable[[Tab], bool]) -> bool:
    """Whether the page comes to be so."""
    for _ in range(int(PATIENCE / 0.2)):
        if says(tab):
            return True
        tab.hover(1, 1)  # which takes 0.2 s
    return False


def has_found(words: str) -> Callable[[Tab], bool]:
    """Return what tells whether the search says so: it begins a moment after the last letter."""
    return lambda tab: bool(tab.value("document.getElementById('found').textContent") == words)


def lightness(tab: Tab) -> int:
    """Return the red, green and blue of the ground, added."""
    return sum(tab.value("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"))


def hovered(tab: Tab, place: float) -> list[Any]:
    """Hover over the first chart, 0 to 1 from left to right; return where that is and the value there."""
    tab.value("document.querySelector('.u-over').scrollIntoView({block: 'center'})")
    at = tab.value(f"(() => {{ const at = {PLACE}; return [at.left, at.top, at.width, at.height]; }})()")
    left, top, width, height = at
    tab.hover(left + 1 + (width - 2) * place, top + height / 2)
    where, value = legend(tab)
    return [where, float(value)]


def legend(tab: Tab, chart: int = 0) -> list[str]:
    """Return where the cursor of a chart is, and the values there."""
    texts = "querySelectorAll('.where, .value')].map((one) => one.textContent)"
    return list(tab.value(f"[...document.querySelectorAll('.legend')[{chart}].{texts}"))


def choose(tab: Tab, **choice: object) -> None:
    """Use the tools of the charts as a person does: a choice, a slider, a box to tick."""
    for name, value in choice.items():
        tool = f"document.querySelector('[name={name}]')"
        if value is True:
            tab.value(f"{tool}.click()")
        else:
            kind = "change" if name == "across" else "input"
            tab.value(f"(() => {{ {tool}.value = '{value}'; {tool}.dispatchEvent(new Event('{kind}')); }})()")


def logged(project: Path) -> list[float]:
    """Return the losses that the step itself wrote down, in its output."""
    text = (project / ".aml_pipeline/cifar10/outputs/train/model/metrics.json").read_text(encoding="utf-8")
    losses = [one["loss"] for one in json.loads(text)["losses"]]
    assert len(losses) == 2 * (50_000 // 4 // 2000)
    return losses


@pytest.mark.parametrize(("scheme", "line", "dark"), [("light", "#0a58a8", False), ("dark", "#7ab7ff", True)])
def test_charts_are_drawn_in_both_schemes(opened: Opener, scheme: str, line: str, dark: bool) -> None:  # noqa: FBT001
    tab = opened("quickstart", scheme=scheme)
    assert tab.value("document.querySelectorAll('canvas').length") == 2  # accuracy was logged once, and has no curve
    assert pixels(tab, like=line) > 100
    assert (lightness(tab) < 200) == dark


@pytest.mark.parametrize(("scheme", "line", "dark"), [("light", "#0a58a8", False), ("dark", "#7ab7ff", True)])
def test_a_real_run_of_full_size_is_drawn(  # noqa: PLR0913
    opened: Opener, full_size: Path, full_size_page: Path, scheme: str, line: str, *, dark: bool
) -> None:
    assert full_size_page.stat().st_size < 1_000_000
    tab = opened("full-size", scheme=scheme)
    assert tab.value("document.querySelectorAll('canvas').length") == 1
    assert pixels(tab, like=line) > 100
    assert (lightness(tab) < 200) == dark
    assert tab.value("[...sheet.plots[0].data[1]]") == pytest.approx(logged(full_size))
    assert "SYNTHETIC images" in tab.value("document.body.textContent")
    assert "50000 training and 10000 test images" in tab.value("document.body.textContent")


def test_hover_gives_the_values_of_a_real_run(opened: Opener, full_size: Path) -> None:
    tab = opened("full-size")
    for place, loss in enumerate(logged(full_size)):
        assert hovered(tab, place / 11) == [f"index {place + 1}", pytest.approx(loss, rel=1e-5)]


def test_the_search_finds_lines_of_a_real_run(opened: Opener) -> None:
    tab = opened("full-size")
    tab.value("document.getElementById('search').focus()")
    tab.type("EPOCH 2, batch 12000")
    assert eventually(tab, has_found("1 line in 1 step"))
    assert tab.value("document.querySelector('mark').checkVisibility()")
    assert tab.value("document.querySelector('mark').textContent") == "epoch 2, batch 12000"


def test_a_scheme_that_changes_is_followed(opened: Opener) -> None:
    tab = opened("quickstart")
    tab.scheme("dark")
    assert eventually(tab, lambda tab: pixels(tab, like="#7ab7ff") > 100)


def test_hover_gives_values(opened: Opener) -> None:
    tab = opened("quickstart")
    assert hovered(tab, 4 / 9) == ["index 5", pytest.approx(recorded.losses(10)[4], rel=1e-5)]


def test_axes_can_be_chosen(opened: Opener) -> None:
    tab = opened("quickstart")
    linear = pixels(tab, like="#0a58a8")
    choose(tab, logarithmic=True)
    choose(tab, across="time")
    assert pixels(tab, like="#0a58a8") > 100
    assert linear > 100
    scale = tab.value("[sheet.plots[0].scales.y.distr, sheet.plots[0].scales.x.max]")
    assert scale[0] == 3
    assert scale[1] == pytest.approx(9.2, abs=0.01)


def at_of_chart(tab: Tab, x: float, chart: int = 0) -> tuple[float, float]:
    """Return the place in the window of a part (0 to 1) of a chart's width, at its middle."""
    tab.value(f"document.querySelectorAll('.u-over')[{chart}].scrollIntoView({{block: 'center'}})")
    place = f"document.querySelectorAll('.u-over')[{chart}].getBoundingClientRect()"
    left, top, width, height = tab.value(f"(() => {{ const at = {place};"
                                         " return [at.left, at.top, at.width, at.height]; })()")  # fmt: skip
    return left + 1 + (width - 2) * x, top + height / 2


def seen(tab: Tab, chart: int = 0) -> list[float]:
    """Return which part of its X axis a chart shows, once it is drawn."""
    tab.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
    return list(tab.value(f"[sheet.plots[{chart}].scales.x.min, sheet.plots[{chart}].scales.x.max]"))


def test_dragging_zooms_into_all_charts_and_back(opened: Opener) -> None:
    tab = opened("quickstart")
    reset = "document.querySelector('[name=reset]')"
    assert tab.value(f"{reset}.hidden")
    tab.drag(at_of_chart(tab, 3 / 9), at_of_chart(tab, 6 / 9))
    assert seen(tab) == seen(tab, 1) == [pytest.approx(4, abs=0.1), pytest.approx(7, abs=0.1)]
    assert not tab.value(f"{reset}.hidden")
    tab.value(f"{reset}.click()")
    assert seen(tab) == seen(tab, 1) == [1, 10]
    assert tab.value(f"{reset}.hidden")


def test_one_cursor_is_on_all_charts(opened: Opener) -> None:
    tab = opened("quickstart")
    assert legend(tab, 1) == ["last values", "0.18166"]
    tab.hover(*at_of_chart(tab, 4 / 9))
    assert [legend(tab, chart)[0] for chart in (0, 1)] == ["index 5", "index 5"]
    assert float(legend(tab, 1)[1]) == pytest.approx(recorded.losses(10, 2.5)[4], rel=1e-5)


def test_keys_move_the_cursor_and_zoom(opened: Opener) -> None:
    tab = opened("quickstart")
    tab.value("document.querySelector('.plot').focus()")
    tab.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert legend(tab)[0] == legend(tab, 1)[0] == "index 3"
    tab.press("+", "+")
    assert seen(tab) == [2.5, 4.75]
    tab.press("ArrowRight", "ArrowRight")
    assert legend(tab)[0] == "index 5"
    assert seen(tab) == [2.75, 5], "what is seen follows the cursor"
    tab.press("0")
    assert seen(tab) == [1, 10]


def test_the_axis_to_begin_with_is_what_the_script_counts(opened: Opener) -> None:
    tab = opened("rich")
    assert tab.value("[...document.querySelectorAll('[name=across] option')].map((one) => one.textContent)") == [
        "index", "time", "epoch",
    ]  # fmt: skip
    assert tab.value("document.querySelector('[name=across]').value") == "at"
    tab.hover(*at_of_chart(tab, 0))
    assert legend(tab)[0] == "epoch 1"
    assert len(legend(tab)) == 1 + 12


def test_a_stacked_box_leads_to_its_variants_and_they_to_their_steps(opened: Opener) -> None:
    tab = opened("rich")
    tab.value("document.querySelector('.stack').closest('a').focus()")
    tab.press("Enter")
    assert tab.value("location.hash") == "#variants-1"
    top = tab.value("document.getElementById('variants-1').getBoundingClientRect().top")
    assert 0 <= top < 200
    tab.value("document.querySelector('#variants-1 a[href=\"#step-6\"]').click()")
    assert eventually(tab, lambda tab: bool(tab.value("document.getElementById('step-6').open")))


def test_pictures_are_shown_and_scripts_in_them_are_not_run(opened: Opener) -> None:
    tab = opened("rich")
    sizes = "[...document.querySelectorAll('.pictures img')].map((one) => one.decode().then(() => one.naturalWidth))"
    assert tab.value("document.querySelectorAll('.pictures img').forEach((one) => { one.loading = 'eager'; })") is None
    assert all(width > 0 for width in tab.value(f"Promise.all({sizes})"))
    assert tab.value("window.harmed === undefined")


def test_curves_can_be_smoothed(opened: Opener) -> None:
    tab = opened("quickstart")
    choose(tab, smoothing=0.6)
    rough, mean, weight = recorded.losses(10), 0.0, 0.0
    for value in rough:
        mean, weight = mean * 0.6 + value * 0.4, weight * 0.6 + 0.4
    smooth, last = legend(tab)[1].split()
    assert float(smooth) == pytest.approx(mean / weight, rel=1e-5)
    assert float(last.strip("()")) == pytest.approx(rough[-1], rel=1e-5)
    values = tab.value("sheet.plots[0].data.slice(1).map((one) => [...one])")
    assert values[1] == pytest.approx(rough, rel=1e-6), "the values themselves are drawn too"


def test_a_curve_can_be_hidden(opened: Opener) -> None:
    tab = opened("compared")
    tab.value("document.querySelector('.legend button').click()")
    assert tab.value("sheet.plots[0].series.map((one) => one.show)") == [True, False, True]
    assert tab.value("document.querySelector('.legend button').ariaPressed") == "false"


@pytest.mark.parametrize("name", ["quickstart", "compared"])
@pytest.mark.parametrize(("width", "columns"), [(800, 1), (1200, 2), (1600, 2)])
def test_every_chart_is_inside_its_box(opened: Opener, name: str, width: int, columns: int) -> None:
    tab = opened(name, width=width)
    places = tab.value("[...document.querySelectorAll('figure')].map((one) => one.getBoundingClientRect().left)")
    assert (len(places), len(set(places))) == (2, columns)
    assert every_chart_fills_its_box(tab), room_of_charts(tab)
    choose(tab, logarithmic=True)
    assert every_chart_fills_its_box(tab), room_of_charts(tab)
    choose(tab, across="time")
    assert every_chart_fills_its_box(tab), room_of_charts(tab)


@pytest.mark.parametrize("name", ["quickstart", "compared"])
def test_a_chart_follows_its_box(opened: Opener, name: str) -> None:
    tab = opened(name, width=1200)
    for width in (800, 1600, 500):
        tab.resize(width)
        assert eventually(tab, every_chart_fills_its_box), (width, room_of_charts(tab))
    # As a scroll bar that comes with the charts does: the window is as wide as it was.
    tab.value("document.body.style.maxWidth = '450px'")
    assert eventually(tab, every_chart_fills_its_box), room_of_charts(tab)


def test_what_has_no_place_on_a_logarithmic_axis_is_a_gap_and_told(opened: Opener) -> None:
    tab = opened("quickstart")
    chart = "{series: [{number: [1, 2, 3], time: [0, 0, 5], value: [1, 0, -1], logged: 3, odd: 0}]}"
    how = "{across: 'time', logarithmic: true, smoothing: 0}"
    places, values = tab.value(f"columns({chart}, {how}).map((one) => [...one])")
    assert values == [1, None, None]
    assert places == pytest.approx([0, 1e-6, 5])
    assert places[0] < places[1]
    assert tab.value(f"remark({chart}, {how})") == "2 values of 0 or less cannot be shown on a logarithmic axis."


def test_all_that_is_drawn_can_be_taken_as_csv(opened: Opener, tmp_path: Path) -> None:
    tab = opened("quickstart")
    tab.downloads(tmp_path)
    tab.value("document.querySelector('[name=csv]').click()")
    (file,) = until(lambda: list(tmp_path.glob("*.csv")))
    rows = file.read_text().splitlines()
    assert rows[0] == "metric,series,number,seconds,counts,at,value"
    assert len(rows) == 1 + 20
    assert rows[1].startswith("loss,train,1,1.73,,,2.3")


def test_the_search_finds_lines_in_the_logs(opened: Opener) -> None:
    tab = opened("big")
    visible = "[...document.querySelectorAll('.step')].filter((step) => step.checkVisibility()).length"
    assert tab.value(visible) == 300
    tab.value("document.getElementById('search').focus()")
    tab.type("NEEDLE")
    assert eventually(tab, has_found("1 line in 1 step"))
    assert tab.value(visible) == 1
    assert tab.value("document.querySelector('mark').checkVisibility()")
    assert tab.value("document.querySelector('mark').textContent") == "needle"
    tab.value("(() => { const at = document.getElementById('search'); at.value = '';"
              " at.dispatchEvent(new Event('input')); })()")  # fmt: skip
    assert eventually(tab, lambda tab: bool(tab.value(visible) == 300))
    assert tab.value("document.querySelector('mark')") is None


def test_a_search_that_finds_everything_shows_the_first_lines(opened: Opener) -> None:
    tab = opened("big")
    tab.value("(() => { document.getElementById('search').value = 'e'; search(); })()")
    assert tab.value("document.querySelectorAll('mark').length") == 1000
    assert "showing the first 1000" in tab.value("document.getElementById('found').textContent")


def test_a_big_run_is_drawn(opened: Opener, pages: dict[str, Path]) -> None:
    assert pages["big"].stat().st_size < 1_000_000
    tab = opened("big")
    assert tab.value("document.querySelectorAll('canvas').length") == 2
    assert "Showing" in tab.value("document.querySelector('.charts').textContent")


def test_a_run_of_5000_steps_is_drawn_as_far_as_it_has_room(opened: Opener, pages: dict[str, Path]) -> None:
    assert pages["many"].stat().st_size <= 1_000_000
    tab = opened("many")
    boxes, steps, bars = (
        tab.value(f"document.querySelectorAll('{what}').length")
        for what in (".graph .box", ".step", ".timeline li:not(.axis)")
    )
    assert boxes == steps == bars > 500
    assert f"Showing {steps} of 5000 steps: " in tab.value("document.getElementById('graph').parentElement.textContent")
    (failed,) = tab.value("[...document.querySelectorAll('.step[open] b')].map((name) => name.textContent)")
    assert failed == "s4998"
    link = "[...document.querySelectorAll('.graph .box')].find((box) => box.textContent.includes('s400'))"
    tab.value(f"{link}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
    unfolded = "[...document.querySelectorAll('.step[open] b')].some((name) => name.textContent === 's400')"
    assert eventually(tab, lambda tab: bool(tab.value(unfolded)))


def test_a_link_to_a_step_opens_it(opened: Opener) -> None:
    tab = opened("big")
    tab.value("document.querySelector('a[href=\"#step-7\"]').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    assert eventually(tab, lambda tab: bool(tab.value("document.getElementById('step-7').open")))


def test_what_means_harm_is_shown_as_text(opened: Opener) -> None:
    tab = opened("harmful")
    assert tab.value("window.harmed === undefined")
    assert tab.value("document.querySelectorAll('iframe, object, embed, link, base').length") == 0
    assert tab.value("[...document.images].map((one) => one.src.slice(0, 19))") == ["data:image/svg+xml;"]
    assert tab.value("document.querySelectorAll('script').length") == 5
    addresses = tab.value("[...document.querySelectorAll('a')].map((one) => one.getAttribute('href'))")
    assert {one for one in addresses if not one.startswith(("#", "../"))} == set()
    log = tab.value("document.querySelector('.log').textContent")
    assert log.startswith(f"{recorded.HARM}red ␀␇")
    assert log.endswith("30%\n")
    assert tab.value("document.querySelector('figcaption').textContent") == recorded.HARM


def test_its_policy_stops_what_would_get_in_all_the_same(browser: Browser, pages: dict[str, Path]) -> None:
    """Not through ``opened``: here the console must tell of what was refused."""
    tab = Tab(browser)
    place = pages["quickstart"].with_name("broken.html")
    text = pages["quickstart"].read_text()
    evil = (
        "<script>window.harmed = 1</script><img src='http://127.0.0.1:9/x'><p onclick='window.harmed = 1' id=evil>x</p>"
    )
    place.write_text(text.replace("<main>", f"<main>{evil}"))
    tab.open(place)
    tab.value("document.getElementById('evil').click()")
    assert tab.value("window.harmed === undefined")
    assert tab.refused() == ["csp"]
    assert len(tab.complaints()) >= 3
    tab.close()


@pytest.mark.parametrize("name", ["quickstart", "rich", "big", "graph", "harmful"])
def test_lines_lead_around_steps_and_words_stay_in_them(opened: Opener, name: str) -> None:
    tab = opened(name)
    assert tab.value("document.querySelectorAll('.graph rect').length") > 0
    through, outside = tab.value(f"({OUT_OF_PLACE})()")
    assert through == []
    assert outside == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_arrowheads_are_drawn_as_lines_are(opened: Opener, scheme: str) -> None:
    tab = opened("graph", scheme=scheme)
    head, line, ends = tab.value("""(() => {
      const look = (one) => getComputedStyle(document.querySelector(one));
      const ends = [...document.querySelectorAll(".edge")].map((one) => getComputedStyle(one).markerEnd);
      return [look(".graph marker path").fill, look(".edge").stroke, ends];
    })()""")
    assert head == line
    needed = sum(len(step["after"]) for step in recorded.graph_steps())
    assert (ends.count('url("#arrow")'), set(ends)) == (needed, {"none", 'url("#arrow")'})


@pytest.mark.parametrize("width", [360, 1200])
def test_names_in_tables_stay_whole(opened: Opener, width: int) -> None:
    """A name takes one line, or as many as it has words."""
    tab = opened("quickstart", width=width)
    tab.value("document.querySelectorAll('details').forEach((one) => one.open = true)")
    broken = tab.value("""[...document.querySelectorAll("td:not(.long), td:first-child")].filter((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      const lines = new Set([...range.getClientRects()].map((one) => one.top)).size;
      return lines > cell.textContent.split(/[- ]/).length;
    }).map((one) => one.textContent)""")
    assert broken == []


@pytest.mark.parametrize("width", [360, 1200])
def test_the_timeline_has_room_for_its_bars(opened: Opener, width: int) -> None:
    tab = opened("quickstart", width=width)
    widths = tab.value(
        "[...document.querySelectorAll('.timeline li:not(.axis) svg')].map((one) => one.getBoundingClientRect().width)"
    )
    assert len(widths) == 3
    assert min(widths) > 250


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1024, 1920])
@pytest.mark.parametrize("name", ["quickstart", "rich", "big", "graph", "harmful", "compared", "full-size"])
def test_axe_finds_no_violation(opened: Opener, name: str, width: int, scheme: str) -> None:
    tab = opened(name, scheme=scheme, width=width)
    tab.value(
        "document.querySelectorAll('.step:nth-of-type(-n+20), details:not(.step)').forEach((one) => one.open = true)"
    )
    tab.value(AXE.read_text(encoding="utf-8") + "; true")
    found = tab.value("axe.run(document, {resultTypes: ['violations']}).then((told) => told.violations.map((one) =>"
                      " [one.id, one.impact, one.nodes.length, one.nodes[0].html.slice(0, 200)]))")  # fmt: skip
    assert found == []


def test_two_runs_are_on_one_chart(opened: Opener) -> None:
    tab = opened("compared")
    labels = "[...document.querySelector('.legend').querySelectorAll('.label')].map((one) => one.textContent)"
    assert tab.value(labels) == ["A train", "B train"]


@pytest.mark.parametrize("width", [360, 1024, 1600])
def test_nothing_is_wider_than_the_window(opened: Opener, width: int) -> None:
    for name in ("quickstart", "rich", "graph", "harmful", "full-size"):
        tab = opened(name, width=width)
        assert tab.value("document.documentElement.scrollWidth") <= width
