"""Texts that are numbers: those of YAML 1.2's core schema, and no others that Python would take for one."""

from __future__ import annotations

import math
import re

INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
BASES = {"0o": 8, "0x": 16}
# Python may refuse to convert more than 640 digits (sys.set_int_max_str_digits); no parameter needs that many.
LONGEST = 600


def finite(text: str) -> float | None:
    """Return the finite number that a text is, an int if it is an integer; None if it is none."""
    if len(text) > LONGEST:
        return None
    if INTEGER.fullmatch(text):
        return int(text, BASES.get(text[:2], 10))
    number = float(text) if FLOAT.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None
