"""A pipeline as production has it: published, behind an endpoint, with three schedules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.azureml.raw_v1.basics import configuration, scripts, step

if TYPE_CHECKING:
    from tests.loopback.state import Sdk

EXPERIMENT = "nightly-scoring"
ENDPOINT = "Taxi Scoring"


def scored(workspace: Sdk, folder: Path) -> Sdk:
    """Prepare and score, with two parameters."""
    from azureml.core import Dataset
    from azureml.data import OutputFileDatasetConfig
    from azureml.pipeline.core import Pipeline, PipelineParameter

    source = scripts(folder, "prepare.py", "score.py")
    taxi = Dataset.get_by_name(workspace, "taxi").as_named_input("taxi").as_mount()
    day = PipelineParameter("day", default_value="yesterday")
    limit = PipelineParameter("limit", default_value=1000)
    clean = OutputFileDatasetConfig("clean").as_upload()
    shared = {"source_directory": source, "runconfig": configuration()}
    prepare = step("prepare.py", "prepare", ["--taxi", taxi, "--day", day, "--out", clean], **shared)
    score = step("score.py", "score", ["--in", clean.as_input("clean"), "--limit", limit], allow_reuse=False, **shared)
    return Pipeline(workspace, [prepare, score])


def publish(workspace: Sdk, pipeline: Sdk) -> Sdk:
    """Publish a pipeline behind an endpoint with three schedules, the last one disabled; return the endpoint."""
    from azureml.pipeline.core import PipelineEndpoint, Schedule, ScheduleRecurrence
    from azureml.pipeline.core.schedule import TimeZone

    published = pipeline.publish("taxi-scoring", description="Scores the trips of a day", version="20240711.3")
    endpoint = PipelineEndpoint.publish(workspace, ENDPOINT, "Called by Data Factory", published)
    zone = TimeZone.WEuropeStandardTime
    daily = ScheduleRecurrence("Day", 1, "2024-07-11T06:00:00", zone, hours=[6, 18], minutes=[30])
    weekly = ScheduleRecurrence("Week", 2, "2024-07-14T00:00:00", week_days=["Sunday"], time_of_day="04:15")
    monthly = ScheduleRecurrence("Month", 1, "2024-08-01T01:00:00", TimeZone.EasternStandardTime)
    add = Schedule.create_for_pipeline_endpoint
    add(workspace, "Daily Scoring", endpoint.id, EXPERIMENT, daily, "Twice a day", {"day": "today"})
    Schedule.create(workspace, "weekly", published.id, "weekly-scoring", weekly, pipeline_parameters={"limit": "10"})
    add(workspace, "monthly", endpoint.id, EXPERIMENT, monthly).disable()
    return endpoint


def watch(workspace: Sdk, pipeline: Sdk) -> Sdk:
    """Publish a pipeline with a schedule that waits for files; return the published pipeline."""
    from azureml.pipeline.core import Schedule

    published = pipeline.publish("taxi-watching", description="Scores what arrives", version="1")
    store = workspace.get_default_datastore()
    settings = {"datastore": store, "polling_interval": 15, "path_on_datastore": "arriving"}
    Schedule.create(workspace, "arrivals", published.id, EXPERIMENT, **settings)
    return published
