"""Scalars of YAML 1.2's core schema: a value that remembers the text it was written with.

A script receives the text of the file (``0.10``, ``012``), but checks of type and range need the number, so numbers are
subclasses of ``int`` and ``float`` that carry their text.
"""

from __future__ import annotations

import re

from aml_pipeline.core.numbers import BASES, FLOAT, INTEGER, LONGEST

_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class Integer(int):
    """An integer and the ``text`` it was written with."""

    text: str

    def __new__(cls, text: str) -> Integer:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        """Parse ``text``, which must be an integer of the core schema."""
        value = super().__new__(cls, text, BASES[text[:2]]) if text[:2] in BASES else super().__new__(cls, text)
        value.text = text
        return value


class Float(float):
    """A float and the ``text`` it was written with."""

    text: str

    def __new__(cls, text: str) -> Float:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        """Parse ``text``, which must be a float of the core schema."""
        value = super().__new__(cls, text.replace(".", "", 1) if _SPECIAL.fullmatch(text) else text)
        value.text = text
        return value


Scalar = str | int | float | bool | None


def resolve(text: str) -> Scalar:
    """Return the value of a plain (unquoted) scalar; anything but null, booleans and numbers is its own text."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if len(text) > LONGEST:
        return text
    if INTEGER.fullmatch(text):
        return Integer(text)
    if FLOAT.fullmatch(text) or _SPECIAL.fullmatch(text):
        return Float(text)
    return text


def written(value: str | float) -> str:
    """Return the text a scalar was written with; booleans are ``true`` and ``false``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = getattr(value, "text", None)
    return text if isinstance(text, str) else str(value)
