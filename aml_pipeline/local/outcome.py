"""The outcome of a local run: states, results, outputs and metrics of its steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from aml_pipeline.core.removal import Refusal
from aml_pipeline.core.text import cut, number_in_words, seconds_in_words, visible
from aml_pipeline.local.models import Version
from aml_pipeline.local.store import Result
from aml_pipeline.runs.events import State, StepEnded


@dataclass(slots=True)
class Run:
    """The outcome of a run: how each step ended, the results in use, and what could not be removed.

    ``id`` is the name of its record, empty if no step had to run. ``metrics`` has the last value of each metric of
    each step, including steps that are up to date; ``models`` has the version of each model that the results have.
    """

    state: State = "done"
    id: str = ""
    seconds: float = 0.0
    steps: dict[str, StepEnded] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: dict[str, Version] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)  # by path

    @property
    def states(self) -> dict[str, State]:
        """How each step ended: "done", "up to date", "failed" or "not run"."""
        return {name: step.state for name, step in self.steps.items()}

    @property
    def outputs(self) -> dict[str, dict[str, Path]]:
        """The folder of each output, by step and name, for steps with a result."""
        results = {name: self.results[name] for name in self.steps if name in self.results}
        return {name: {key: Path(folder) for key, folder in result.outputs.items()} for name, result in results.items()}

    def _repr_html_(self) -> str:
        """Return the steps and their metrics for a notebook."""
        heads = "".join(f"<th>{head}</th>" for head in ("Step", "State", "Time", "Metrics"))
        body = "".join(f"<tr>{''.join(map(_cell, self._row(step)))}</tr>" for step in self.steps.values())
        return f"<table><caption>{_escaped(self.id or self.state)}</caption><tr>{heads}</tr>{body}</table>"

    def _row(self, step: StepEnded) -> tuple[str, str, str, str]:
        metrics = self.metrics.get(step.step, {}).items()
        measured = "  ".join(f"{name} {number_in_words(value)}" for name, value in metrics)
        has_run = step.seconds is not None and step.state in {"done", "failed"}
        return step.step, step.state, seconds_in_words(step.seconds or 0.0) if has_run else "", cut(measured)


def _cell(text: str) -> str:
    return f"<td>{_escaped(text)}</td>"


def _escaped(text: str) -> str:
    return escape(visible(text))
