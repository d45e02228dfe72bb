"""Errors that a user can fix; the command line turns each kind into a message and an exit status, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aml_pipeline.core import problems as _problems
from aml_pipeline.core.problems import Problem


class UserError(Exception):
    """An error that a user can fix; the text says what is wrong and how to fix it."""


class UsageError(UserError):
    """The command line, or a call of the library, refers to something that does not exist (exit status 2)."""


class MachineError(UserError):
    """The machine refused: disk full, no permission, another run holds the lock (exit status 6)."""


class AzureError(UserError):
    """Azure ML refused the request, or cannot be reached (exit status 4)."""


class LostRunError(AzureError):
    """It is unknown whether the submitted run has started; ``run`` is its id."""

    def __init__(self, text: str, run: str) -> None:
        self.run = run
        super().__init__(f"{text} {_how_to_stop(run)}")


class SubmissionStopped(KeyboardInterrupt):
    """A signal arrived while a run was being submitted, and it is unknown whether the run has started.

    ``run`` is its id; ``__cause__`` is the exception that the signal raised.
    """

    def __init__(self, run: str) -> None:
        self.run = run
        super().__init__(_how_to_stop(run))


def _how_to_stop(run: str) -> str:
    return f"If run {run} did start, stop it with `aml-pipeline cancel {run}`."


class PipelineError(UserError):
    """The pipeline file, or a file that it refers to, is wrong (exit status 2).

    ``problems`` contains every problem, in order; ``texts`` the text of each file that they point to.
    """

    def __init__(self, problems: Sequence[Problem], texts: Mapping[str, str]) -> None:
        self.problems = tuple(problems)
        self.texts = dict(texts)
        super().__init__(_problems.as_text(self.problems, self.texts))
