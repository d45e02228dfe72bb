"""What simulated runs do: a test writes it before it submits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Step:
    """How a step goes; by default it succeeds."""

    fails: bool = False
    error: str | None = None  # the message of the error object; a step may fail without one
    log: str = ""  # what it prints
    metrics: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # the values logged under each name
    files: Mapping[str, str] = field(default_factory=dict)  # what it leaves besides, as outputs/metrics.json
    reused: bool = False  # an earlier run's result is taken


@dataclass
class Script:
    """How a run goes: each time its status is asked for, it moves on by one state of ``walk``, and then it ends."""

    steps: dict[str, Step] = field(default_factory=dict)  # by the step's name
    walk: Sequence[str] = ("Running",)
    pace: int = 1  # for how many "Running" of ``walk`` each step runs, one after the other
    holds: bool = False  # stays in the last state of ``walk`` until it is cancelled
    log_names: Sequence[str] = ("user_logs/std_log.txt",)  # older images write azureml-logs/70_driver_log.txt

    def step(self, name: str) -> Step:
        """Return how a step goes."""
        return self.steps.get(name, Step())
