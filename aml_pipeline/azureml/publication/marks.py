"""The mark that says who published a thing; where it is written is up to each SDK.

Things without a mark, or with that of another pipeline, are never changed; those of another origin only if they are to
be taken over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

# The origin of what was made without this program and is taken over; no project has it.
NOBODY = "-"


@dataclass(frozen=True, slots=True)
class Mark:
    """Who published a thing, and with what content.

    ``disabled``: by this program, because it is no longer in the file; a schedule that is disabled without it was
    paused by a person. Older marks have no ``origin``.
    """

    identity: str
    schedule: str | None
    digest: str
    disabled: bool = False
    origin: str = ""

    @property
    def pipeline(self) -> str:
        """The name of the pipeline, whatever the profile."""
        return self.identity.partition("/")[0]


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
        if mark.origin == NOBODY:
            return ("taken over, made without aml-pipeline",)
        return (
            f"taken over from {mark.origin}" if self.is_foreign(mark) else f"adds the origin {self.origin} to its mark",
        )
