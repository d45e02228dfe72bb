"""What a draft notes beside its document: losses by place; and why a step cannot be said at all."""

from __future__ import annotations

from dataclasses import dataclass, field

from aml_pipeline.azureml.importing.draft import Loss

INTO_THE_VAULT = "Put it into the key vault of the workspace, and write `VARIABLE: {secret: NAME}`."
# What is lost of a pipeline or a schedule with `continue_on_step_failure`.
GOING_ON = ("going on", "A run stops when a step fails. Locally, `run --keep-going` runs the others.")


class Unsayable(Exception):  # noqa: N818 - not an error: the step is reported as missing
    """A step, or a part of it, that pipeline.yaml cannot say; the text says why, with the cure."""


@dataclass(slots=True)
class Notes:
    """Losses at one ``where``, such as ``step train``."""

    where: str
    losses: list[Loss] = field(default_factory=list)

    def lose(self, what: str, why: str) -> None:
        """Note something that is not imported, or not as it was; ``why`` has the cure."""
        self.losses.append(Loss(self.where, what, why))
