"""Azure ML pipelines from one checked YAML file.

``load`` returns the plan of a pipeline file, ``run`` runs it locally, ``history`` reads the records of runs;
``aml_pipeline.azureml`` runs it in Azure ML. The command line is ``aml-pipeline``. Importing this package is fast:
names are imported when they are first used, and dependencies when a function is called.
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
    from aml_pipeline.report.history import History
    from aml_pipeline.runs.events import Event
    from aml_pipeline.runs.record import RunRecord

__all__ = [
    "AzureError",
    "History",
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
__version__ = "1.0.0rc1"


def load(
    path: str | os.PathLike[str] = "pipeline.yaml",
    profile: str | None = None,
    parameters: Mapping[str, str | float] | None = None,
    data: Mapping[str, str] | None = None,
) -> Plan:
    """Return the checked plan of the pipeline file at ``path``.

    ``profile`` names one of its profiles, ``parameters`` sets values like ``--param``, ``data`` places of datasets like
    ``--data``. Raises ``PipelineError``, which has all problems, and ``UsageError`` when there is no file.
    """
    import os

    from aml_pipeline.pipeline.yaml.scalars import written
    from aml_pipeline.project.opening import open_pipeline

    texts = {name: written(value) for name, value in (parameters or {}).items()}
    return open_pipeline(os.fspath(path), profile, texts, data).require()[0]


def run(  # noqa: PLR0913 - what a run is made of
    plan: Plan,
    steps: Collection[str] = (),
    *,
    jobs: int = 1,
    force: bool = False,
    keep_going: bool = False,
    python: str | None = None,
    processes: int | None = None,
    on_event: Callable[[Event], None] = lambda _event: None,
) -> Run:
    """Run ``plan`` locally: all steps, or ``steps`` and the steps they need, ``jobs`` at a time.

    Steps with a valid result do not run, except ``steps`` (or all) with ``force``. With ``keep_going`` a failure stops
    only the steps that need the failed one. ``python`` is the interpreter of the steps (default: that of
    the file, else the current one), ``processes`` the number of processes of each distributed step (default: that of
    one of its nodes). ``on_event`` is called with each event of the run.

    A failed step raises nothing; the state of the run is "failed". Raises ``PipelineError`` for missing data,
    ``UsageError`` for an unknown step, ``MachineError`` for a problem of this machine. An interrupt ends the
    processes of the steps and raises ``KeyboardInterrupt``.
    """
    import os

    from aml_pipeline.local import ranks, run_plan

    plan = plan if processes is None else ranks.limited(plan, processes)
    return run_plan(
        plan, steps, os.environ, python=python, force=force, jobs=jobs, keep_going=keep_going, on_event=on_event
    )


def history(path: str | os.PathLike[str] = "pipeline.yaml") -> History:
    """Return the recorded runs of the pipeline file at ``path``, local and in Azure ML, oldest first.

    It is a list of records and a table, which a notebook shows: ``by`` sorts it, ``to_pandas`` returns a DataFrame.

    The file may contain errors as long as its name can be read. Raises ``PipelineError`` when it cannot,
    ``UsageError`` when there is no file, and ``MachineError`` for records that a newer version wrote.
    """
    import os

    from aml_pipeline.project.opening import open_pipeline
    from aml_pipeline.report.history import history_of
    from aml_pipeline.runs import formats

    state = open_pipeline(os.fspath(path)).readable().state
    formats.require(state)
    return history_of(os.path.join(state, "runs"))


if not TYPE_CHECKING:  # for which any name would exist
    _MODULES = {
        "History": "report.history",
        "Plan": "pipeline.plan.model",
        "Problem": "core.problems",
        "Run": "local",
        "RunRecord": "runs.record",
    }

    def __getattr__(name: str) -> object:
        """Import and return a public name."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'core.errors')}"), name)
