"""Writes docs/pictures anew: the shipped pipeline runs in copies, and Chromium shows the pages of that.

The picture of a terminal is what a real one (tmux) showed while the pipeline ran in it. Run as
``python -m tests.page.pictures``; ``make pictures`` does. The pixels differ with the fonts of a machine.
"""

from __future__ import annotations

import html
import sys
import tempfile
from pathlib import Path

from tests.page import full_size, shipped, terminal
from tests.page.browser import Browser, Tab, program
from tests.page.terminal import Terminal

PICTURES = shipped.ROOT / "docs" / "pictures"
COLUMNS = 112  # so that the first line of the quickstart has room
# Of the terminal: its ground and its text.
COLOURS = {"light": ("#ffffff", "#1f2328"), "dark": ("#0d1117", "#e6edf3")}


def main() -> None:
    """Run, and take the pictures."""
    found = program()
    if found is None:
        sys.exit("Chromium is not installed.")
    if not terminal.is_here():
        sys.exit("tmux is not installed.")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Browser(found) as browser:
        project = shipped.copy(Path(folder))
        shipped.command(project, "run", "--profile", "quickstart", "--param", "learning_rate=0.0005")
        seen = _while_it_runs(project)
        page = Path(shipped.command(project, "report"))
        compared = Path(shipped.command(project, "compare", "--page"))
        for scheme in ("light", "dark"):
            _take(browser, page, scheme, PICTURES / f"report-{scheme}.png", height=2200)
            _take_terminal(browser, seen, scheme, Path(folder), PICTURES / f"live-{scheme}.png")
        _take(browser, compared, "light", PICTURES / "compare.png", height=1150)
        twelve = _page_of_twelve(Path(folder))
        _take_many(browser, twelve, PICTURES / "many-runs.png")
        _take_twelve(browser, twelve, PICTURES / "twelve-runs.png")
        full = full_size.page(full_size.project(Path(folder) / "full-size"))
        _take(browser, full, "light", PICTURES / "full-size.png", height=1500, logarithmic=True)


def _page_of_twelve(folder: Path) -> Path:
    """Run the twelve runs of docs/tutorials/twelve-runs.md; return the page of these runs."""
    project = shipped.copy(folder / "twelve")
    rates, epochs = "learning_rate=0.0005,0.001,0.002,0.004", "epochs=2,5,10"
    shipped.command(project, "run", "--profile", "quickstart", "--param", rates, "--param", epochs)
    return Path(shipped.command(project, "report", "--all"))


def _take_many(browser: Browser, page: Path, place: Path) -> None:
    """Take the picture of the page of many runs: the best first, coloured by a parameter, and four of them chosen."""
    tab = Tab(browser, scheme="light", width=1100, height=1950)
    tab.open(page)
    tab.value(
        "view.sort = ['train.accuracy', -1]; choose('metric', 'train.accuracy'); choose('colour', 'learning_rate');"
        " offer(); changed(); view.rows.slice(0, 4).forEach(pick)"
    )
    tab.picture(place)
    tab.close()


def _take_twelve(browser: Browser, page: Path, place: Path) -> None:
    """Take the picture of docs/tutorials/twelve-runs.md: after a click on the accuracy, and on the three best runs."""
    tab = Tab(browser, scheme="light", width=1100, height=1210)
    tab.open(page)
    tab.value("document.querySelector('#rows [data-name=\"train.accuracy\"]').click()")
    for number in range(3):
        tab.value(f"document.querySelectorAll('#rows tbody input')[{number}].click()")
    tab.value("document.activeElement.blur()")
    tab.picture(place)
    tab.close()


def _while_it_runs(project: Path) -> list[str]:
    """Run the quickstart in a terminal; return what that showed while a step ran."""
    with Terminal(project, COLUMNS) as screen:
        screen.enter("aml-pipeline run --profile quickstart")
        seen = screen.until(r"^train .* left  loss 0\.")
        screen.until_over()
    return seen


def _take_terminal(browser: Browser, seen: list[str], scheme: str, folder: Path, place: Path) -> None:
    """Show the rows of a terminal, and take the picture."""
    ground, text = COLOURS[scheme]
    page = folder / "terminal.html"
    body = f"margin: 0; padding: 16px; background: {ground}; color: {text}"
    pre = f"margin: 0; font: 14px/20px monospace; width: {COLUMNS}ch"
    rows = html.escape("\n".join(seen))
    page.write_text(
        '<!doctype html><html data-drawn="yes"><meta charset="utf-8">'
        f'<body style="{body}"><pre style="{pre}">{rows}</pre>',
        encoding="utf-8",
    )
    tab = Tab(browser, scheme=scheme, width=2000, height=32 + 20 * len(seen))
    tab.open(page)
    width = round(tab.value("document.querySelector('pre').getBoundingClientRect().width"))
    tab.ask("Emulation.setDeviceMetricsOverride", width=width + 32, height=32 + 20 * len(seen), deviceScaleFactor=1,
            mobile=False)  # fmt: skip
    tab.picture(place)
    tab.close()


def _take(  # noqa: PLR0913 - what a picture is of
    browser: Browser, page: Path, scheme: str, place: Path, *, height: int, logarithmic: bool = False
) -> None:
    tab = Tab(browser, scheme=scheme, width=1100, height=height)
    tab.open(page)
    if place.stem != "compare":
        tab.value("document.querySelector('#step-1').open = true")
        # The one thing that is not shown as it is: the name of the machine is nobody's business.
        tab.value("[...document.querySelectorAll('dt')].find((one) => one.textContent === 'Machine')"
                  ".nextElementSibling.textContent = 'laptop'")  # fmt: skip
    if logarithmic:
        tab.value("document.querySelector('[name=logarithmic]').click()")
    at = "document.querySelector('.u-over').getBoundingClientRect()"
    left, top, width = tab.value(f"(() => {{ const at = {at}; return [at.left, at.top, at.width]; }})()")
    tab.hover(left + width / 3, top + 60)
    tab.picture(place)
    tab.close()


if __name__ == "__main__":
    main()
