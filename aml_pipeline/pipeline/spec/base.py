"""The base of the models: frozen, strict, unknown keys forbidden.

They check single values. What several places say about each other (references, order) is checked in the plan; what
concerns the disk is checked in ``project``. Errors are raised as ``PydanticCustomError(code, message, {"cure": …})``
and reach the user only through the loader.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A mapping of the file with known keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True, defer_build=True)
