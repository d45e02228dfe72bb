"""What can go wrong for a user; the command line turns each kind into a text and an exit status, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aml_pipeline.core import problems as _problems
from aml_pipeline.core.problems import Problem


class UserError(Exception):
    """Something a user can mend; the text says what and how."""


class UsageError(UserError):
    """The command line, or a call of the library, asks for something that is not there (exit status 2)."""


class MachineError(UserError):
    """The machine refused: disk full, no permission, another run holds the lock (exit status 6)."""


class AzureError(UserError):
    """Azure ML refused, or cannot be reached (exit status 4)."""


class LostRunError(AzureError):
    """Nobody knows whether the run that was submitted has begun; ``run`` is its id."""

    def __init__(self, text: str, run: str) -> None:
        self.run = run
        super().__init__(f"{text} {_how_to_stop(run)}")


class SubmissionStopped(KeyboardInterrupt):
    """A signal came while a run was being sent, and nobody knows whether that has begun; ``run`` is its id.

    Its cause is what the signal raised.
    """

    def __init__(self, run: str) -> None:
        self.run = run
        super().__init__(_how_to_stop(run))


def _how_to_stop(run: str) -> str:
    return f"If run {run} did start, stop it with `aml-pipeline cancel {run}`."


class PipelineError(UserError):
    """The pipeline file, or something it names, is wrong (exit status 2).

    ``problems`` holds every problem found, in order; ``texts`` the text of each file they point into.
    """

    def __init__(self, problems: Sequence[Problem], texts: Mapping[str, str]) -> None:
        self.problems = tuple(problems)
        self.texts = dict(texts)
        super().__init__(_problems.as_text(self.problems, self.texts))
