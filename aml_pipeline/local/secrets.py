"""Secrets of steps: they must be set before anything runs, and no log contains them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from aml_pipeline.core.masking import MASK
from aml_pipeline.core.problems import Problem
from aml_pipeline.local.evaluate import Context, forecast
from aml_pipeline.pipeline.plan.model import Step

_PIECE_BYTES = 1 << 20
_SHORTEST = 4


def require(context: Context, selected: Sequence[str], forced: Collection[str]) -> None:
    """Raise PipelineError for secrets of the ``selected`` steps that are not set, unless their steps need not run."""
    lacking = [step for step in map(context.plan.step, selected) if any(unset([step], context.environ))]
    if lacking:
        actions = {name: verdict.action for name, verdict in forecast(context, selected, forced)}
        require_set(context, [step for step in lacking if actions[step.name] != "reuse"])


def require_set(context: Context, steps: Sequence[Step]) -> None:
    """Raise PipelineError for secrets of ``steps`` that are not set."""
    problems = list(dict.fromkeys(unset(steps, context.environ)))  # variants lack the same
    if problems:
        raise context.plan.refusal(problems)


def unset(steps: Iterable[Step], environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the secrets of ``steps`` that the caller's environment does not have."""
    for step, variable, name in ((each, *secret) for each in steps for secret in each.secrets.items()):
        if not environ.get(variable):
            message = f'step "{step.declared}" needs the secret "{name}", but {variable} is not set.'
            cure = f"Set that environment variable: `read -rs {variable} && export {variable}` keeps it off the screen."
            place = ("steps", step.declared, "environment_variables", variable)
            yield Problem("missing-secret", message, cure, place, on_key=True)


class MaskedLog:
    """What a process prints → its log, without secrets.

    The process writes to a file without a name, which ends with it: no secret is left on the disk, whatever happens.
    """

    def __init__(self, log: str, secrets: Collection[bytes]) -> None:
        self._raw = tempfile.TemporaryFile(dir=os.path.dirname(log))  # noqa: SIM115 - as long as the process runs
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        self._secrets = sorted(secrets, key=len, reverse=True)
        self._at = 0
        self._rest = b""  # it may be the beginning of a secret

    @property
    def descriptor(self) -> int:
        """The file descriptor that the process writes to."""
        return self._raw.fileno()

    def copy(self, *, end: bool = False) -> None:
        """Copy what is new; ``end``: no more will follow."""
        if self._raw.closed:
            return
        while piece := os.pread(self.descriptor, _PIECE_BYTES, self._at):
            self._at += len(piece)
            self._rest = self._masked(self._rest + piece)
            self._write(len(self._rest) - self._begun())
        if end:
            self._write(len(self._rest))
            self._raw.close()
            os.close(self._log)

    def _masked(self, text: bytes) -> bytes:
        for secret in self._secrets:
            text = text.replace(secret, MASK.encode())
        return text

    def _begun(self) -> int:
        """Return how many of the last bytes may be the beginning of a secret."""
        lengths = (
            length
            for secret in self._secrets
            for length in range(min(len(secret) - 1, len(self._rest)), 0, -1)
            if self._rest.endswith(secret[:length])
        )
        return max(lengths, default=0)

    def _write(self, count: int) -> None:
        done, self._rest = self._rest[:count], self._rest[count:]
        while done:
            done = done[os.write(self._log, done) :]


def given(context: Context) -> list[str]:
    """Return the variables of the caller with secrets of steps."""
    variables = {variable for step in context.plan.steps for variable in step.secrets}
    return sorted(variable for variable in variables if context.environ.get(variable))


def masked_logs(context: Context, logs: Sequence[str]) -> list[MaskedLog]:
    """Return the logs of the processes of a step without the secrets of any step; none if there are no secrets.

    Each step inherits the caller's variables, so any of them may print a secret of another.
    """
    texts = to_mask(context.environ[variable] for variable in given(context))
    return [MaskedLog(log, texts) for log in logs] if texts else []


def to_mask(values: Iterable[str]) -> set[bytes]:
    """Return the secrets and each of their lines, which a script may print one by one.

    What is very short (the brace of a JSON file, a single digit) stands in other texts too, and would spoil them.
    """
    texts = {text.strip() for value in values for text in (value, *value.splitlines())}
    return {text.encode("utf-8", "surrogateescape") for text in texts if len(text) >= _SHORTEST}
