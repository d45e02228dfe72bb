"""The steps of ours that register models with SDK v1: one for each output that is registered as a model."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

from aml_pipeline.core import files
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.settings import RegisteredModel
from aml_pipeline.pipeline.plan.tokens import Output
from aml_pipeline.project.snapshot import snapshot

SCRIPT = "register_model.py"


def name(model: RegisteredModel) -> str:
    """Return the name of the step that registers ``model``; no step of a file can have it."""
    return f"register_{model.name}"


def registrations(plan: Plan) -> Iterator[tuple[Step, str, RegisteredModel]]:
    """Yield each output that is registered as a model: its step, its name and the model.

    An output whose argument is omitted in Azure ML, with a dataset that is missing there, stays empty.
    """
    for step in plan.steps:
        for output in step.written:
            settings = step.outputs[output]
            model = settings.model
            if model and (not settings.argument or Output(output) not in step.unnamed):
                yield step, output, model


@cache
def text() -> bytes:
    """Return the script that the steps run."""
    return files.read(os.path.join(os.path.dirname(__file__), SCRIPT))


def folder(uploads: str) -> str:
    """Return a folder in ``uploads`` with the script alone, created if missing."""
    place = os.path.join(uploads, f"register-model-{files.digest_of(text())[:16]}")
    os.makedirs(place, exist_ok=True)
    for file, content in ((SCRIPT, text()), (".amlignore", snapshot.KEEP_ALL)):
        files.write(os.path.join(place, file), content)
    return place
