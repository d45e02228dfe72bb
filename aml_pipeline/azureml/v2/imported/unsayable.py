"""The error for what pipeline.yaml cannot say: the step that has it is not imported."""

from __future__ import annotations


class Unsayable(Exception):  # noqa: N818 - it is no error of the user
    """Something of a step that pipeline.yaml cannot say; the text says what, and the cure."""
