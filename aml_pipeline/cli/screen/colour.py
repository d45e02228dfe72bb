"""Whether a terminal gets colours."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO


def is_coloured(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether what goes to ``stream`` may have colours: on a terminal that shows them, if nobody minds."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
