"""What a workspace has of a pipeline, and what it should have → the changes to make. Pure; uses no SDK."""

from aml_pipeline.azureml.publication.changes import (
    changes,
    doubled,
    endpoint_change,
    foreign,
    kept_pipeline,
    moved_back,
    pipeline_changes,
    require_own,
    stopped_pipeline,
)
from aml_pipeline.azureml.publication.listing import as_text, listed
from aml_pipeline.azureml.publication.marks import LONGEST_DESCRIPTION, Mark, Whose, mark_in, marked, marked_again
from aml_pipeline.azureml.publication.schedules import firing_too, schedule_changes
from aml_pipeline.azureml.publication.things import (
    Actual,
    Change,
    Endpoint,
    Pipeline,
    Schedule,
    Timing,
    Wanted,
    WantedSchedule,
    endpoint_name,
    identity,
)

__all__ = [
    "LONGEST_DESCRIPTION",
    "Actual",
    "Change",
    "Endpoint",
    "Mark",
    "Pipeline",
    "Schedule",
    "Timing",
    "Wanted",
    "WantedSchedule",
    "Whose",
    "as_text",
    "changes",
    "doubled",
    "endpoint_change",
    "endpoint_name",
    "firing_too",
    "foreign",
    "identity",
    "kept_pipeline",
    "listed",
    "mark_in",
    "marked",
    "marked_again",
    "moved_back",
    "pipeline_changes",
    "require_own",
    "schedule_changes",
    "stopped_pipeline",
]
