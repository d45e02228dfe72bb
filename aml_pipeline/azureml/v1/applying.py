"""Applies changes to a workspace, robust against concurrent publishers and lost answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from aml_pipeline.azureml.publication import (
    Actual,
    Change,
    Endpoint,
    Pipeline,
    Schedule,
    Wanted,
    changes,
    doubled,
    endpoint_change,
    is_left,
    kept_pipeline,
    pipeline_changes,
    require_own,
    schedule_changes,
)
from aml_pipeline.azureml.v1 import published
from aml_pipeline.azureml.v1.compile import Compilation
from aml_pipeline.azureml.v1.marks import marked
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace.refusals import may_pass
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.errors import AzureError
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.schedule import timetable

# Kinds of what the pipeline needs.
_MADE_BEFORE = frozenset({"data", "environment", "compute target"})


# The values that schedules set for datasets, by schedule and parameter.
Scheduled = Mapping[str, Mapping[str, Sdk]]


def apply(work: Compilation, wanted: Wanted, actual: Actual, scheduled: Scheduled, now: dt.datetime) -> list[Change]:
    """Apply the changes; return them with the ids of created things. After a failure, report those that were made."""
    recurrences = {declared.key: _recurrence(work.plan, declared.key, now) for declared in wanted.schedules}
    publisher = _Publisher(work, wanted, actual, recurrences, scheduled)
    try:
        publisher.publish()
    except AzureError:
        made = [f"{change.kind} {change.name}" for change in publisher.done if change.action != "unchanged"]
        if made:
            say(f"Done before the failure: {', '.join(made)}. `aml-pipeline publish` will do the rest.")
        raise
    return publisher.done


def missing(work: Compilation) -> list[Change]:
    """Return missing data, environments and clusters, which are sent and created too."""
    environments = [environment for environment, there in work.needs.environments.items() if there is None]
    targets = [target for target, there in work.needs.targets.items() if there is None]
    sent = work.needs.missing_data()
    return [
        *(Change("create", "data", upload.name, (upload.size, "as it is now")) for upload in sent),
        *(
            Change("create", "environment", str(new.name), (f"version {work.needs.versions[new][0]}",))
            for new in environments
        ),
        *(Change("create", "compute target", new.name, (str(new.vm_size),)) for new in targets),
    ]


@dataclass(slots=True)
class _Publisher:
    """Applies changes one by one; ``actual`` is the latest known state of the workspace."""

    work: Compilation
    wanted: Wanted
    actual: Actual
    recurrences: Mapping[str, Sdk]
    scheduled: Scheduled
    done: list[Change] = field(default_factory=list)

    def publish(self) -> None:
        """Apply the changes. After creating something, check whether someone else created it at the same time."""
        for change in missing(self.work):
            self.do(change)
        pipeline, *others = pipeline_changes(self.wanted, self.actual)
        self.do(pipeline)
        if pipeline.action == "create":
            _, *others = pipeline_changes(self.wanted, self.actual)
        self.do_endpoint()
        before = self.actual
        for change in [*others, *schedule_changes(self.wanted, before)]:
            self.do(change)
        if any(change.action in {"create", "replace"} for change in self.done):
            self.look()
            for change in list(doubled(self.wanted, self.actual, before)):
                self.do(change)

    def do_endpoint(self) -> None:
        """Create the endpoint or let it run the pipeline, aware of what another publisher does to it meanwhile."""
        self.do(endpoint_change(self.wanted, self.actual))
        again = endpoint_change(self.wanted, self.actual)
        if self.done[-1].action != "unchanged" and again.action != "unchanged":
            self.do(again)

    def do(self, change: Change) -> None:
        """Apply a change and note it."""
        known = change.id
        if change.action != "unchanged":
            try:
                known = self.apply(change)
            except AzureError as error:
                known = self.done_all_the_same(change, error)
        self.done.append(replace(change, id=known))

    def look(self) -> None:
        """Read the state of the workspace again. Raises AzureError when another project has taken the name."""
        self.actual = published.look(self.work.workspace, self.wanted.endpoint)
        require_own(self.wanted, self.actual)

    def done_all_the_same(self, change: Change, error: AzureError) -> str:
        """Return the id of the thing whose change raised ``error``, if its state is as wanted; else raise ``error``.

        The answer may have been lost, or another publisher may have made the change that the SDK refused.
        """
        if change.kind in _MADE_BEFORE or not (change.kind == "endpoint" or may_pass(error)):
            raise error
        before = self.actual.endpoint
        try:
            self.look()
        except AzureError as again:
            raise (error if may_pass(again) else again) from None
        left = list(changes(self.wanted, self.actual))
        is_seen = change.kind == "endpoint" and self.actual.endpoint != before
        if not is_seen and is_left(change, left):
            raise error
        say(change.unconfirmed if may_pass(error) else change.made_by_another)
        ids = (other.id for other in left if (other.kind, other.key) == (change.kind, change.key) and other.id)
        return change.id or next(ids, "")

    def apply(self, change: Change) -> str:
        """Apply a change; return the id of its thing. Raises AzureError."""
        with doing(f"publishing {change.thing}"):
            if change.kind in _MADE_BEFORE:
                self.work.needs.make(self.work.plan.steps)
                return change.id
            by_kind: Mapping[str, Callable[[Change], str]] = {
                "published pipeline": self.apply_pipeline,
                "endpoint": self.apply_endpoint,
                "schedule": self.apply_schedule,
            }
            return by_kind[change.kind](change)

    def apply_pipeline(self, change: Change) -> str:
        """Publish the pipeline, or disable a duplicate."""
        if change.action == "disable":
            published.provider(self.work.workspace).published_pipeline_provider.set_status(change.id, "Disabled")
            return change.id
        self.work.needs.make(self.work.plan.steps)
        name, digest = self.wanted.name, self.wanted.digest
        mark = self.wanted.whose.mark(digest)
        description = marked(self.work.plan.description, mark)
        made = str(self.work.pipeline().publish(name=name, description=description, version=digest).id)
        self.look()
        if made not in {pipeline.id for pipeline in self.actual.pipelines}:  # the list may be outdated
            pipeline = Pipeline(made, mark, active=True, created="~")
            self.actual = replace(self.actual, pipelines=(*self.actual.pipelines, pipeline))
        return made

    def apply_endpoint(self, change: Change) -> str:
        """Create the endpoint, or change its pipeline and owner."""
        pipeline, there = kept_pipeline(self.wanted, self.actual), self.actual.endpoint
        if change.action == "create":
            assert pipeline is not None  # noqa: S101 - it was published before
            return self.make_endpoint(pipeline.id)
        assert there is not None  # noqa: S101 - it is to be updated
        moved = pipeline if pipeline and there.pipeline != pipeline.id else None
        self.actual = replace(self.actual, endpoint=self.updated(there, moved))
        return there.id

    def updated(self, there: Endpoint, pipeline: Pipeline | None) -> Endpoint:
        """Return the endpoint if it has this project's mark and runs ``pipeline``, if given."""
        assert there.mark is not None  # noqa: S101 - else it would be somebody else's
        mark = self.wanted.whose.with_origin(there.mark)
        description = marked(there.text, mark)
        if pipeline is None:
            self.endpoints.update_pipeline_endpoint(there.id, description=description)
            return replace(there, mark=mark)
        version = next((version for version, known in there.versions.items() if known == pipeline.id), None)
        default: Sdk = {"version": version} if version else {"pipeline_id": pipeline.id, "add_default": True}
        self.endpoints.update_pipeline_endpoint(there.id, description=description, **default)
        new = version or "new"
        return replace(there, mark=mark, default=new, versions={**there.versions, new: pipeline.id})

    def make_endpoint(self, pipeline: str) -> str:
        """Create the endpoint; if two were created at once, the one that Azure ML finds by name stays."""
        mark = self.wanted.whose.mark("0")  # its content is that of its default version
        made = str(self.endpoints.create_pipeline_endpoint(self.wanted.endpoint, marked(None, mark), pipeline).id)
        self.look()
        there = self.actual.endpoint
        if there is None:
            self.actual = replace(self.actual, endpoint=Endpoint(made, mark, "0", {"0": pipeline}))
        elif there.id != made:
            say(f"Another publish created endpoint {self.wanted.endpoint} at the same time; that one stays.")
            self.endpoints.update_pipeline_endpoint(made, status="Disabled")
            return there.id
        return made

    @property
    def endpoints(self) -> Sdk:
        """The SDK's provider of endpoints."""
        return published.provider(self.work.workspace).pipeline_endpoint_provider

    def apply_schedule(self, change: Change) -> str:
        """Create, change or disable a schedule."""
        provider = published.provider(self.work.workspace).schedule_provider
        if change.only_mark:
            provider.update_schedule(change.id, description=self.described(change.id))
            return change.id
        if change.action in {"disable", "replace"}:
            provider.update_schedule(change.id, status="Disabled", description=self.described(change.id, away=True))
        if change.action == "disable":
            return change.id
        declared = next(known for known in self.wanted.schedules if known.key == change.key)
        mark = self.wanted.whose.mark(declared.digest, declared.key)
        given = {
            "name": declared.name,
            "description": marked(self.work.plan.description, mark),
            "recurrence": self.recurrences[declared.key],
            "pipeline_parameters": {**declared.parameters, **self.scheduled.get(declared.key, {})},
        }
        if change.action == "update":
            before = self.schedule(change.id).mark
            status = {"status": "Active"} if before and before.disabled else {}  # by this program, not by a person
            provider.update_schedule(change.id, **given, **status)
            return change.id
        from azureml.pipeline.core import Schedule as SdkSchedule

        there = self.actual.endpoint
        assert there is not None  # noqa: S101 - it was made before
        where = {"pipeline_endpoint_id": there.id, "experiment_name": declared.experiment}
        return str(SdkSchedule.create_for_pipeline_endpoint(self.work.workspace, **where, **given).id)

    def schedule(self, known: str) -> Schedule:
        """Return a schedule by its id."""
        return next(schedule for schedule in self.actual.schedules if schedule.id == known)

    def described(self, known: str, *, away: bool = False) -> str:
        """Return the description of a schedule with this project's mark; ``away``: disabled, but not by a person."""
        schedule = self.schedule(known)
        mark = schedule.mark
        assert mark is not None  # noqa: S101 - else it would be somebody else's
        return marked(schedule.text, replace(self.wanted.whose.with_origin(mark), disabled=mark.disabled or away))


def _recurrence(plan: Plan, key: str, now: dt.datetime) -> Sdk:
    """Return the SDK's recurrence, starting at the next time: without a start it would fire at once."""
    from azureml.pipeline.core import ScheduleRecurrence
    from azureml.pipeline.core.schedule import TimeZone

    schedule = plan.schedules[key]
    zone = timetable.zone_of(schedule.time_zone)
    start = timetable.start_time(schedule.pattern, schedule.recurrence, zone, now)
    given: Mapping[str, object] = schedule.recurrence.starting(start).as_data()
    return ScheduleRecurrence(**given, time_zone=TimeZone(schedule.windows_zone))
