"""Parts → one self-contained HTML file: style, scripts and data are inside, and nothing else may load."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from functools import cache

from aml_pipeline.core import files
from aml_pipeline.core.text import cut
from aml_pipeline.report.markup import Html, tag

_HERE = os.path.dirname(__file__)
_UPLOT, _ASSETS = os.path.join(_HERE, "uplot"), os.path.join(_HERE, "assets")
_STYLES = (os.path.join(_UPLOT, "uPlot.min.css"), os.path.join(_ASSETS, "style.css"))


def document(title: str, header: Html, *sections: Html, own: Sequence[str] = ("page.js",)) -> str:
    """Return a page with its ``own`` scripts and styles, files of ``assets``.

    Its content security policy allows only this package's scripts and styles, and no requests.
    """
    names = [os.path.join(_ASSETS, name) for name in ("base.js", "charts.js", *own)]
    scripts = [_own(place) for place in (os.path.join(_UPLOT, "uPlot.iife.min.js"), *names) if place.endswith(".js")]
    styles = [_own(place) for place in (*_STYLES, *names) if place.endswith(".css")]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(scripts, styles)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", cut(title, 200)),
        *(tag("style", Html(text)) for text in styles),
    )
    body = tag("body", header, tag("main", *sections), _footer(), *(tag("script", Html(text)) for text in scripts))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _policy(scripts: list[str], styles: list[str]) -> str:
    allowed = []
    for kind, texts in (("script", scripts), ("style", styles)):
        digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
        allowed.append(" ".join([f"{kind}-src", *(f"'sha256-{digest}'" for digest in digests)]))
    return "; ".join(["default-src 'none'", "img-src data:", *allowed, "base-uri 'none'", "form-action 'none'"])


@cache
def _own(place: str) -> str:
    """Return the content of a file of this package, for embedding in a page."""
    text = files.read(place).decode()
    if "</" in text:
        raise AssertionError(f"{place} contains the end tag of its own element")
    return text


def _footer() -> Html:
    said = "Created by aml-pipeline. Charts by uPlot 1.6.32, © 2022 Leon Sorokin."
    terms = tag("details", tag("summary", "License of uPlot"), tag("p", _own(os.path.join(_UPLOT, "LICENSE"))))
    return tag("footer", tag("p", said), terms)
