"""The mark that says who published a thing: the last line of its description.

``aml-pipeline:NAME[/PROFILE][#SCHEDULE] DIGEST[ @ORIGIN][ disabled]``. Things without such a line, or with that of
another pipeline, are never changed; those of another origin only if they are to be taken over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

# Azure ML's limit for descriptions is not documented; this is well below its other limits.
LONGEST_DESCRIPTION = 250
_MARK = re.compile(r"(?:\A|\n)aml-pipeline:([a-z0-9/-]+)(?:#([a-z0-9-]+))? ([0-9a-f]+)(?: @([!-~]+))?( disabled)?\Z")
# Follows the mark of a schedule that was disabled because it is no longer in the file, but not of one a person paused.
_DISABLED = " disabled"


@dataclass(frozen=True, slots=True)
class Mark:
    """Who published a thing, and with what content; ``disabled``: by this program. Older marks have no ``origin``."""

    identity: str
    schedule: str | None
    digest: str
    disabled: bool = False
    origin: str = ""


def mark_in(description: str | None) -> Mark | None:
    """Return the mark at the end of a description, if any."""
    actual = _MARK.search((description or "").rstrip())
    return Mark(actual[1], actual[2], actual[3], bool(actual[5]), actual[4] or "") if actual else None


def marked(text: str | None, mark: Mark) -> str:
    """Return a description that ends in ``mark``, clipped to a length that is surely accepted."""
    about = f"aml-pipeline:{mark.identity}{f'#{mark.schedule}' if mark.schedule else ''} {mark.digest}"
    line = f"{about}{f' @{mark.origin}' if mark.origin else ''}{_DISABLED if mark.disabled else ''}"
    shown = " ".join((text or "").split())[: max(0, LONGEST_DESCRIPTION - len(line) - 1)]
    return f"{shown}\n{line}" if shown else line


def marked_again(description: str, mark: Mark) -> str:
    """Return a description with its mark replaced by ``mark``."""
    return marked(description.rstrip().rpartition("\n")[0], mark)


@dataclass(frozen=True, slots=True)
class Whose:
    """The owner of things: ``identity`` from one of ``origins``, of which the first is written.

    Things published before marks had an origin count too; with ``adopt``, also what another project published.
    """

    identity: str
    origins: tuple[str, ...]
    adopt: bool = False

    @property
    def origin(self) -> str:
        """The origin to write."""
        return self.origins[0]

    def owns(self, mark: Mark | None) -> bool:
        """Whether a thing with that mark may have been published by this project."""
        return mark is not None and mark.identity == self.identity and self.is_of_project(mark)

    def is_of_project(self, mark: Mark) -> bool:
        """Whether it may have been published by this project, under any name."""
        return not mark.origin or mark.origin in self.origins

    def is_foreign(self, mark: Mark | None) -> bool:
        """Whether it has the same name, but another project published it."""
        return mark is not None and mark.identity == self.identity and not self.is_of_project(mark)

    def takes(self, mark: Mark | None) -> bool:
        """Whether a thing with that mark may be changed."""
        return self.owns(mark) or (self.adopt and self.is_foreign(mark))

    def mark(self, digest: str, schedule: str | None = None) -> Mark:
        """Return the mark of a thing with that content."""
        return Mark(self.identity, schedule, digest, origin=self.origin)

    def with_origin(self, mark: Mark) -> Mark:
        """Return a mark with this project's origin in place of its own."""
        return replace(mark, origin=self.origin)

    def news(self, mark: Mark | None) -> tuple[str, ...]:
        """Return why a mark must be rewritten; "" if it has this project's origin."""
        if mark is None or mark.origin == self.origin:
            return ()
        return (
            f"taken over from {mark.origin}" if self.is_foreign(mark) else f"adds the origin {self.origin} to its mark",
        )
