"""Azure ML pipelines from one checked YAML file.

``load`` returns the plan of a pipeline file, ``run`` runs it here, ``history`` reads what ran; ``aml_pipeline.azureml``
sends it to Azure ML. The command line is ``aml-pipeline``. Importing this package costs nothing: what a call needs is
imported by the call, and what a name means when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping

    from aml_pipeline.core.errors import AzureError, MachineError, PipelineError, UsageError, UserError
    from aml_pipeline.core.problems import Problem
    from aml_pipeline.local import Run
    from aml_pipeline.pipeline.plan.model import Plan
    from aml_pipeline.runs.events import Event
    from aml_pipeline.runs.record import RunRecord

__all__ = [
    "AzureError",
    "MachineError",
    "PipelineError",
    "Plan",
    "Problem",
    "Run",
    "RunRecord",
    "UsageError",
    "UserError",
    "history",
    "load",
    "run",
]
__version__ = "0.1.0"


def load(
    path: str | os.PathLike[str] = "pipeline.yaml",
    profile: str | None = None,
    parameters: Mapping[str, str | float] | None = None,
) -> Plan:
    """Return the checked plan of the pipeline file at ``path``.

    ``profile`` names one of its profiles, ``parameters`` gives values, as ``--param`` does. Raises
    ``PipelineError``, which holds every problem found, and ``UsageError`` when there is no file.
    """
    import os

    from aml_pipeline.pipeline.yaml.scalars import written
    from aml_pipeline.project.opening import open_pipeline

    texts = {name: written(value) for name, value in (parameters or {}).items()}
    return open_pipeline(os.fspath(path), profile, texts).require()[0]


def run(  # noqa: PLR0913 - what a run is made of
    plan: Plan,
    steps: Collection[str] = (),
    *,
    jobs: int = 1,
    force: bool = False,
    keep_going: bool = False,
    python: str | None = None,
    on_event: Callable[[Event], None] = lambda _event: None,
) -> Run:
    """Run ``plan`` here: all steps, or ``steps`` and those that they need, ``jobs`` at a time.

    Steps with a valid result do not run, except ``steps`` (or all) with ``force``. With ``keep_going`` a failure stops
    only the steps that need the failed one. ``python`` is the interpreter of the steps, by default the one in use.
    ``on_event`` is called with each event of the run.

    A step that fails raises nothing: the state of the run is "failed" then. Raises ``PipelineError`` for data that is
    missing, ``UsageError`` for a step that does not exist, ``MachineError`` when this machine refuses. An interrupt
    ends the processes of the steps, and raises ``KeyboardInterrupt``.
    """
    import os

    from aml_pipeline.local import run_plan

    return run_plan(
        plan, steps, os.environ, python=python, force=force, jobs=jobs, keep_going=keep_going, on_event=on_event
    )


def history(path: str | os.PathLike[str] = "pipeline.yaml") -> list[RunRecord]:
    """Return the recorded runs of the pipeline file at ``path``, here and in Azure ML, oldest first.

    The file may contain mistakes, if its name can be read. Raises ``PipelineError`` when it cannot, and ``UsageError``
    when there is no file.
    """
    import os

    from aml_pipeline.project.opening import open_pipeline
    from aml_pipeline.runs.record import records

    return records(os.path.join(open_pipeline(os.fspath(path)).readable().state, "runs"))


if not TYPE_CHECKING:  # which would believe in any name
    _MODULES = {
        "Plan": "pipeline.plan.model",
        "Problem": "core.problems",
        "Run": "local",
        "RunRecord": "runs.record",
    }

    def __getattr__(name: str) -> object:
        """Return what this package offers by name, importing it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'core.errors')}"), name)
