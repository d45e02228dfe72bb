"""HTML that text cannot break out of: all text in an element is escaped, once and here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape

from aml_pipeline.core.text import visible


class Html(str):
    """HTML; any other string is text that will be escaped."""

    __slots__ = ()


_VOID = frozenset({"input", "meta", "rect", "path", "line", "img"})


def tag(name: str, /, *children: str, **attributes: object) -> Html:
    """Return an element. ``class_`` means ``class`` and ``_`` in a name means ``-``; None omits an attribute."""
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    words = "".join(f' {key}="{escape(visible(str(value)))}"' for key, value in given.items())
    if name in _VOID:
        return Html(f"<{name}{words}/>")
    return Html(f"<{name}{words}>{join(children)}</{name}>")


def join(children: Iterable[str]) -> Html:
    """Return the children joined, text among them escaped."""
    return Html("".join(part if isinstance(part, Html) else escape(visible(part), quote=False) for part in children))


def data(value: object) -> Html:
    """Return JSON for a script element, without characters that could start a tag or end the element."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Html(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
