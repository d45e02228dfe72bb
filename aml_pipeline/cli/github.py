"""GitHub Actions: whether a job wants a summary of what runs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aml_pipeline.local import Run
    from aml_pipeline.pipeline.plan.model import Plan

_SUMMARY = "GITHUB_STEP_SUMMARY"


def wants_summary(environ: Mapping[str, str]) -> bool:
    """Whether a job wants one; then a run with nothing to do is no cached answer."""
    return bool(environ.get(_SUMMARY))


def summarize(environ: Mapping[str, str], title: str, runs: Sequence[tuple[str, Plan, Run]], state: str) -> None:
    """Append how ``runs`` ended, each with its label, to the summary of the job, if it wants one.

    ``state`` is the folder with the state of the pipeline.
    """
    if wants_summary(environ):
        from aml_pipeline.cli.step_summary import write_summary

        write_summary(environ[_SUMMARY], title, runs, state)
