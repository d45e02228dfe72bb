"""Applies changes to a workspace, robust against concurrent publishers and lost answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from aml_pipeline.azureml.publication import (
    NOBODY,
    Actual,
    Change,
    Endpoint,
    Pipeline,
    Schedule,
    Wanted,
    changes,
    command,
    doubled,
    endpoint_change,
    endpoint_taken,
    is_left,
    kept_pipeline,
    pipeline_changes,
    require_own,
    schedule_changes,
    taken,
)
from aml_pipeline.azureml.v1 import published, scheduling
from aml_pipeline.azureml.v1.compile import Compilation
from aml_pipeline.azureml.v1.marks import marked
from aml_pipeline.azureml.v1.sdk import Sdk, doing
from aml_pipeline.azureml.workspace.refusals import may_pass
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.errors import AzureError

# Kinds of what the pipeline needs.
_MADE_BEFORE = frozenset({"data", "environment", "compute target"})


# The values that schedules set for datasets, by schedule and parameter.
Scheduled = Mapping[str, Mapping[str, Sdk]]


def apply(work: Compilation, wanted: Wanted, actual: Actual, scheduled: Scheduled, now: dt.datetime) -> list[Change]:
    """Apply the changes; return them with the ids of created things. After a failure, report those that were made."""
    recurrences = {declared.key: scheduling.recurrence(work.plan, declared.key, now) for declared in wanted.schedules}
    publisher = _Publisher(work, wanted, actual, recurrences, scheduled)
    try:
        publisher.publish()
    except AzureError:
        made = [f"{change.kind} {change.name}" for change in publisher.done if change.action != "unchanged"]
        if made:
            again = command(wanted.endpoint, wanted.whose.identity) if wanted.takes else "aml-pipeline publish"
            say(f"Done before the failure: {', '.join(made)}. `{again}` will do the rest.")
        raise
    return publisher.done


def missing(work: Compilation, wanted: Wanted, actual: Actual) -> list[Change]:
    """Return missing data, environments and clusters, which are sent and created too.

    A published pipeline that was imported has its environments with it, and those of the file are not needed.
    """
    kept = kept_pipeline(wanted, actual)
    is_imported = kept is not None and kept.id == work.plan.imported.pipeline
    known = {} if is_imported else work.needs.environments
    environments = [environment for environment, there in known.items() if there is None]
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
        first = endpoint_taken(self.wanted, self.actual)
        for change in [*first, *missing(self.work, self.wanted, self.actual)]:
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
        if change.action == "replace":
            known = self.replaced(change)
        elif change.action != "unchanged":
            known = self.made(change)
        self.done.append(replace(change, id=known))

    def replaced(self, change: Change) -> str:
        """Replace a schedule; return the id of the new one, which is created before the old one is disabled.

        One that is taken over is marked before, so that the next publish knows both if it is stopped in between.
        """
        before = self.schedule(change.id).mark
        if before and before.origin == NOBODY:
            self.made(replace(change, action="update", only_mark=True))
        new = self.made(change)
        self.made(replace(change, action="disable"))
        return new

    def made(self, change: Change) -> str:
        """Apply a change, whose answer may get lost; return the id of its thing. Raises AzureError."""
        try:
            return self.apply(change)
        except AzureError as error:
            return self.done_all_the_same(change, error)

    def look(self) -> None:
        """Read the state of the workspace again. Raises AzureError when another project has taken the name."""
        whose, name = self.wanted.whose, self.wanted.endpoint
        self.actual = taken(self.wanted, published.of_plan(self.work.plan, self.work.workspace, whose, name))
        require_own(self.wanted, self.actual)

    def done_all_the_same(self, change: Change, error: AzureError) -> str:
        """Return the id of the thing whose change raised ``error``, if its state is as wanted; else raise ``error``.

        The answer may have been lost, or another publisher may have made the change that the SDK refused.
        """
        if change.kind in _MADE_BEFORE or not (change.kind == "endpoint" or may_pass(error)):
            raise error
        before = self.actual
        try:
            self.look()
        except AzureError as again:
            raise (error if may_pass(again) else again) from None
        left = list(changes(self.wanted, self.actual))
        is_seen = self.is_seen(change, before)
        if not is_seen and is_left(change, left):
            raise error
        say(change.unconfirmed if may_pass(error) else change.made_by_another)
        ids = (other.id for other in left if (other.kind, other.key) == (change.kind, change.key) and other.id)
        known = "" if change.action == "replace" else change.id
        return known or next(ids, "")

    def is_seen(self, change: Change, before: Actual) -> bool:
        """Whether the endpoint, or the mark of a schedule that only gets one, is no longer as it was ``before``."""
        if change.kind == "endpoint":
            return self.actual.endpoint != before.endpoint
        marks = [{known.id: known.mark for known in actual.schedules} for actual in (before, self.actual)]
        return change.only_mark and marks[0].get(change.id) != marks[1].get(change.id)

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
        moved = pipeline if pipeline and there.pipeline != pipeline.id and not change.only_mark else None
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
            provider.update_schedule(change.id, description=self.described(change))
            return change.id
        if change.action == "disable":
            provider.update_schedule(change.id, status="Disabled", description=self.described(change, away=True))
            return change.id
        declared = next(known for known in self.wanted.schedules if known.key == change.key)
        there = self.schedule(change.id) if change.id else None
        text = (there.text if there else "") or self.work.plan.description
        given = {
            "name": declared.name,
            "description": marked(text, self.wanted.whose.mark(declared.digest, declared.key)),
        }
        firing = {
            "recurrence": self.recurrences[declared.key],
            "pipeline_parameters": {**declared.parameters, **self.scheduled.get(declared.key, {})},
        }
        if there and change.action == "update":
            before = there.mark
            status = {"status": "Active"} if before and before.disabled else {}  # by this program, not by a person
            changed = {} if scheduling.is_only_named(declared, there) else firing
            provider.update_schedule(change.id, **given, **changed, **status)
            return change.id
        from azureml.pipeline.core import Schedule as SdkSchedule

        endpoint = self.actual.endpoint
        assert endpoint is not None  # noqa: S101 - it was made before
        where = {"pipeline_endpoint_id": endpoint.id, "experiment_name": declared.experiment}
        return str(SdkSchedule.create_for_pipeline_endpoint(self.work.workspace, **where, **given, **firing).id)

    def schedule(self, known: str) -> Schedule:
        """Return a schedule by its id."""
        return next(schedule for schedule in self.actual.schedules if schedule.id == known)

    def described(self, change: Change, *, away: bool = False) -> str:
        """Return the description of a schedule with this project's mark; ``away``: disabled, but not by a person."""
        schedule = self.schedule(change.id)
        mark = schedule.mark or self.wanted.whose.mark("0", change.key)  # a list may lag behind what was just marked
        return marked(schedule.text, replace(self.wanted.whose.with_origin(mark), disabled=mark.disabled or away))
