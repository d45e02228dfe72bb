"""The docs site in headless Chromium, as files: search, accessibility, requests, links.

``make docs-check`` builds the site and runs this; ``make test`` does not, for it needs Chromium and npm. Addresses of
other sites are only checked for their form: nothing here uses the network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.page.browser import Browser, Tab, program
from tests.patience import until

ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"
AXE = ROOT / "tests" / "page" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = sorted(page.relative_to(SITE).as_posix() for page in SITE.rglob("*.html") if page.name != "404.html")
# One page of each kind, and those that look like no other.
KINDS = (
    "index", "tutorials/twelve-runs", "how-to/azure", "reference/checks", "reference/commands", "reference/keys",
    "reference/python-api", "explanation/architecture", "explanation/comparison", "faq", "changelog",
)  # fmt: skip

# JavaScript: how many blocks of code there are, how many buttons that copy them, and how many of these have no name.
COPIED = """(() => {
  const buttons = [...document.querySelectorAll(".md-code__button[data-md-type=copy]")];
  const unnamed = buttons.filter((one) => !one.title);
  return [document.querySelectorAll(".highlight pre").length, buttons.length, unnamed.length];
})()"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = program()
    assert found, "Chromium is not installed"
    with Browser(found) as running:
        yield running


def opened(browser: Browser, page: str, scheme: str = "light") -> Tab:
    """Open a page, and wait until the theme's script has found its parts."""
    tab = Tab(browser, scheme=scheme)
    tab.ask("Page.navigate", url=(SITE / page).as_uri())
    until(lambda: tab.value("document.readyState === 'complete' && !document.querySelector('.no-js')"))
    return tab


def findings(tab: Tab) -> list[str]:
    """Return what axe-core finds, with the first place of each."""
    tab.value(f"{AXE.read_text(encoding='utf-8')}; 0")
    found = tab.value("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
    return [f"{one['id']}, {len(one['nodes'])} times: {json.dumps(one['nodes'][0])[:300]}" for one in found]


def from_elsewhere(tab: Tab) -> list[str]:
    """Return the addresses that were asked for and are not on this machine."""
    return [one for one in tab.requests() if not one.startswith(("file:", "data:", "blob:"))]


@pytest.mark.parametrize("page", KINDS)
def test_axe_finds_nothing_in_the_dark(browser: Browser, page: str) -> None:
    tab = opened(browser, f"{page}.html", "dark")
    assert tab.value("document.body.dataset.mdColorScheme") == "slate"
    assert findings(tab) == []
    tab.close()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_for_nothing_and_axe_finds_nothing(browser: Browser, page: str) -> None:
    tab = opened(browser, page)
    assert from_elsewhere(tab) == []
    assert tab.complaints() == []
    blocks, buttons, unnamed = tab.value(COPIED)
    assert (buttons, unnamed) == (blocks, 0)
    assert findings(tab) == []  # the last: axe-core reads style sheets, of which the console complains
    tab.close()


def test_search_finds_a_word_without_a_server(browser: Browser) -> None:
    tab = opened(browser, "index.html")
    tab.value("document.querySelector('.md-search__input').focus()")
    tab.type("lowpriority")
    first = "document.querySelector('.md-search-result__link')?.href"
    until(lambda: tab.value(first))
    assert "reference/" in tab.value(first)
    assert findings(tab) == []
    assert from_elsewhere(tab) == []
    tab.close()


class Links(HTMLParser):
    """The addresses that a page leads to or loads, and the names that it can be entered at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note what leads elsewhere, and what can be led to."""
        for name, value in attributes:
            if name in {"href", "src"} and value:
                self.addresses.add(value)
            elif name in {"id", "name"} and value:
                self.anchors.add(value)


def test_every_link_leads_somewhere() -> None:
    pages = {SITE / page: Links((SITE / page).read_text(encoding="utf-8")) for page in PAGES}
    broken = []
    for page, links in pages.items():
        for address in sorted(links.addresses):
            parts = urlsplit(address)
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            inside = target / "index.html" if target.is_dir() else target
            anchor = unquote(parts.fragment)
            if parts.scheme or parts.netloc:
                fine = re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}(/\S*)?|mailto:\S+@\S+", address) is not None
            else:
                fine = inside.is_file() and (not anchor or inside not in pages or anchor in pages[inside].anchors)
            if not fine:
                broken.append(f"{page.relative_to(SITE)}: {address}")
    assert broken == []
