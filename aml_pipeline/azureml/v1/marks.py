"""The mark of a published thing in SDK v1: the last line of its description.

``aml-pipeline:NAME[/PROFILE][#SCHEDULE] DIGEST[ @ORIGIN][ disabled]``. Things without such a line are someone else's.
"""

from __future__ import annotations

import re

from aml_pipeline.azureml.publication import Mark

# Azure ML's limit for descriptions is not documented; this is well below its other limits.
LONGEST_DESCRIPTION = 250
_MARK = re.compile(r"(?:\A|\n)aml-pipeline:([a-z0-9/-]+)(?:#([a-z0-9-]+))? ([0-9a-f]+)(?: @([!-~]+))?( disabled)?\Z")
# Follows the mark of a schedule that was disabled because it is no longer in the file, but not of one a person paused.
_DISABLED = " disabled"


def mark_in(description: str | None) -> Mark | None:
    """Return the mark at the end of a description, if any."""
    actual = _MARK.search((description or "").rstrip())
    return Mark(actual[1], actual[2], actual[3], bool(actual[5]), actual[4] or "") if actual else None


def text_in(description: str | None) -> str:
    """Return the text above the mark of a description, or all of it if there is no mark."""
    text = (description or "").rstrip()
    return text.rpartition("\n")[0] if mark_in(text) else text


def marked(text: str | None, mark: Mark) -> str:
    """Return a description that ends in ``mark``, clipped to a length that is surely accepted."""
    line = _line(mark)
    shown = (text or "").strip()[: _room(line)]
    return f"{shown}\n{line}" if shown else line


def is_shortened(text: str, mark: Mark) -> bool:
    """Whether a description with ``mark`` has not all of ``text``."""
    return len(text.strip()) > _room(_line(mark))


def _room(line: str) -> int:
    return max(0, LONGEST_DESCRIPTION - len(line) - 1)


def _line(mark: Mark) -> str:
    about = f"aml-pipeline:{mark.identity}{f'#{mark.schedule}' if mark.schedule else ''} {mark.digest}"
    return f"{about}{f' @{mark.origin}' if mark.origin else ''}{_DISABLED if mark.disabled else ''}"
