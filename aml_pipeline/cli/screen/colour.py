"""Whether to use colours on a terminal."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO


def is_coloured(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to use colours on ``stream``: it is a terminal that shows them, and NO_COLOR is not set."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
