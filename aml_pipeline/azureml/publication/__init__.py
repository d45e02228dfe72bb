"""What a workspace has of a pipeline, and what it should have → the changes to make. Pure; uses no SDK."""

from aml_pipeline.azureml.publication.adoption import (
    command,
    endpoint_taken,
    left_alone,
    require_adopted,
    require_imported_adopted,
    taken,
    with_imported,
)
from aml_pipeline.azureml.publication.changes import (
    changes,
    doubled,
    endpoint_change,
    is_left,
    kept_pipeline,
    pipeline_changes,
    stopped_pipeline,
)
from aml_pipeline.azureml.publication.deployments import MOST_DEPLOYMENTS, deployment_changes, pruned
from aml_pipeline.azureml.publication.listing import as_text, listed
from aml_pipeline.azureml.publication.marks import NOBODY, Mark, Whose
from aml_pipeline.azureml.publication.ownership import foreign, require_own
from aml_pipeline.azureml.publication.pausing import paused, resumed
from aml_pipeline.azureml.publication.schedules import firing_too, schedule_changes
from aml_pipeline.azureml.publication.things import (
    Actual,
    Change,
    Deployment,
    Endpoint,
    Pipeline,
    Schedule,
    Wanted,
    WantedSchedule,
    deployment_name,
    endpoint_name,
    identity,
    short,
)
from aml_pipeline.azureml.publication.timing import Timing, of_trigger
from aml_pipeline.azureml.publication.versions import moved_back, repointed

__all__ = [
    "MOST_DEPLOYMENTS",
    "NOBODY",
    "Actual",
    "Change",
    "Deployment",
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
    "command",
    "deployment_changes",
    "deployment_name",
    "doubled",
    "endpoint_change",
    "endpoint_name",
    "endpoint_taken",
    "firing_too",
    "foreign",
    "identity",
    "is_left",
    "kept_pipeline",
    "left_alone",
    "listed",
    "moved_back",
    "of_trigger",
    "paused",
    "pipeline_changes",
    "pruned",
    "repointed",
    "require_adopted",
    "require_imported_adopted",
    "require_own",
    "resumed",
    "schedule_changes",
    "short",
    "stopped_pipeline",
    "taken",
    "with_imported",
]
