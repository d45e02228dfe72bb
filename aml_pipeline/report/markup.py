"""Markup that cannot be broken out of: whatever text goes into an element is escaped, once and here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape

from aml_pipeline.core.text import visible


class Html(str):
    """Markup; any other text is text."""

    __slots__ = ()


_VOID = frozenset({"input", "meta", "rect", "path", "line"})


def tag(name: str, /, *children: str, **attributes: object) -> Html:
    """Return an element. ``class_`` stands for ``class``, ``_`` in a name for ``-``; None leaves an attribute out."""
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    words = "".join(f' {key}="{escape(visible(str(value)))}"' for key, value in given.items())
    if name in _VOID:
        return Html(f"<{name}{words}/>")
    return Html(f"<{name}{words}>{join(children)}</{name}>")


def join(children: Iterable[str]) -> Html:
    """Return children one after the other, those that are text escaped."""
    return Html("".join(one if isinstance(one, Html) else escape(visible(one), quote=False) for one in children))


def data(value: object) -> Html:
    """Return JSON that may stand in a script element: no character of it begins a tag or ends the element."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Html(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
