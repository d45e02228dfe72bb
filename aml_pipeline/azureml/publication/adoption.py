"""An endpoint and schedules that were made without aml-pipeline, and that `publish --adopt ENDPOINT` takes over. Pure.

What is taken over counts as the thing of another project, whose origin is ``NOBODY``. Nothing else without a mark is
ever changed.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from aml_pipeline.azureml.publication.marks import NOBODY, Mark, Whose
from aml_pipeline.azureml.publication.things import Actual, Change, Endpoint, Schedule, Wanted, WantedSchedule
from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.wording import counted, printable
from aml_pipeline.pipeline.plan.imported import KEY, Imported

_Fits = Callable[[WantedSchedule, Schedule], bool]


def taken(wanted: Wanted, actual: Actual) -> Actual:
    """Return ``actual`` with the mark of nobody on what is taken over: the endpoint, and the schedules of the file.

    Raises AzureError if a schedule of the file may be one of several.
    """
    there = actual.endpoint
    if there is None or there.id != wanted.takes:
        return actual
    keys = {known.id: key for key, known in _matched(wanted, actual).items()}
    schedules = (
        replace(known, mark=_nobodys(wanted.whose, keys[known.id])) if known.id in keys else known
        for known in actual.schedules
    )
    endpoint = there if there.mark else replace(there, mark=_nobodys(wanted.whose))
    return replace(actual, endpoint=endpoint, schedules=tuple(schedules))


def _nobodys(whose: Whose, key: str | None = None) -> Mark:
    return Mark(whose.identity, key, "0", origin=NOBODY)


def endpoint_taken(wanted: Wanted, actual: Actual) -> Iterator[Change]:
    """Yield the change that marks the endpoint; it comes first, so that it is known as ours if the rest is stopped."""
    there = actual.endpoint
    if there and there.mark and there.mark.origin == NOBODY:
        yield Change("update", "endpoint", wanted.endpoint, wanted.whose.news(there.mark), there.id, only_mark=True)


def marked_endpoint(wanted: Wanted, actual: Actual) -> Actual:
    """Return ``actual`` after that change."""
    there = actual.endpoint
    if there is None or there.mark is None or there.mark.origin != NOBODY:
        return actual
    return replace(actual, endpoint=replace(there, mark=wanted.whose.with_origin(there.mark)))


def with_imported(imported: Imported, whose: Whose, actual: Actual) -> Actual:
    """Return ``actual`` with the imported pipeline as ours, if the import found it to be the same as the file was.

    A published pipeline cannot be marked. It counts as the oldest, so that it is never disabled as a duplicate.
    """
    there = actual.endpoint
    if not imported.digest or there is None or imported.pipeline not in there.versions.values():
        return actual
    mark = whose.mark(imported.digest)
    pipelines = (
        replace(known, mark=mark, created="") if known.id == imported.pipeline and known.mark is None else known
        for known in actual.pipelines
    )
    return replace(actual, pipelines=tuple(pipelines))


def _matched(wanted: Wanted, actual: Actual) -> dict[str, Schedule]:
    """Return the schedules without a mark that are those of the file, by key. Raises AzureError."""
    free = _without_own(wanted, actual)
    found: dict[str, Schedule] = {}
    for fits in (_by_id, _named(actual.endpoint), _alike):
        for schedule in free:
            left = [known for known in _unmarked(actual.endpoint, actual) if known not in found.values()]
            same = [known for known in left if schedule.key not in found and known.timing and fits(schedule, known)]
            active = [known for known in same if known.active]
            if len(active) > 1:
                raise _ambiguous(schedule, active)
            if same:
                found[schedule.key] = (active or same)[-1]
    return found


def _without_own(wanted: Wanted, actual: Actual) -> list[WantedSchedule]:
    """Return the schedules of the file that are not published yet, or were disabled by publish."""
    ours = [known for known in actual.schedules if wanted.whose.takes(known.mark) and not known.put_away]
    keys = {known.mark.schedule for known in ours if known.mark and known.mark.origin != NOBODY}
    return [schedule for schedule in wanted.schedules if schedule.key not in keys]


def _unmarked(there: Endpoint | None, actual: Actual) -> list[Schedule]:
    """Return the schedules without a mark that run the endpoint or one of its pipelines, oldest first."""
    runs = {there.id, *there.versions.values()} if there else set()
    known = [schedule for schedule in actual.schedules if schedule.mark is None and schedule.runs in runs]
    return sorted(known, key=lambda schedule: (schedule.created, schedule.id))


def _by_id(schedule: WantedSchedule, known: Schedule) -> bool:
    return known.id == schedule.imported


def _named(there: Endpoint | None) -> _Fits:
    """Return whether a schedule has the wanted name; only by it, or its id, a disabled one is taken over."""
    prefix = f"{there.name}." if there else ""
    return lambda schedule, known: known.name in {schedule.name, schedule.key, f"{prefix}{schedule.key}"}


def _alike(schedule: WantedSchedule, known: Schedule) -> bool:
    """Whether an active schedule does the same at the same times."""
    return known.active and known.experiment == schedule.experiment and schedule.is_met_by(known)


def _ambiguous(schedule: WantedSchedule, same: Iterable[Schedule]) -> AzureError:
    what = f"Several schedules without a mark of aml-pipeline could be {schedule.name}: {_list(same)}."
    return AzureError(f"{what} Disable all but one of them in the portal, and publish again.")


def require_adopted(wanted: Wanted, actual: Actual) -> None:
    """Raise AzureError instead of creating a schedule beside one without a mark that does the same.

    One that was imported counts when it is paused too: a new one would fire.
    """
    there = actual.endpoint
    if there is None or wanted.takes:
        return
    ids = {schedule.imported for schedule in wanted.schedules}
    rivals = [known for known in _matched(wanted, actual).values() if known.active or known.id in ids]
    if rivals:
        what = f"{_runs(there, rivals)} without the mark of aml-pipeline, which the file has too: {_list(rivals)}."
        firing = any(known.active for known in rivals)
        replaced = "To replace: disable in the portal, and publish again." if firing else "It stays paused."
        raise AzureError(f"{what} To take over: `{command(there.name, wanted.whose.identity)}`. {replaced}")


def require_imported_adopted(wanted: Wanted, actual: Actual, before: Endpoint | None) -> None:
    """Raise AzureError instead of publishing beside what the file was imported from.

    ``before`` is the endpoint that the file names. It may be published beside one that is archived, or has a mark by
    now; and its schedules beside those that are ours, also by another profile.
    """
    if actual.endpoint is None and before and before.active and before.mark is None:
        firing = [known for known in _unmarked(before, actual) if known.active]
        what = f"This pipeline was imported from endpoint {before.name}, which has no mark of aml-pipeline."
        runs = f" {_runs(before, firing)}: {_list(firing)}." if firing else ""
        beside = f"publish another endpoint beside it{', so that both fire' if firing else ''}, delete `{KEY}`"
        raise AzureError(
            f"{what}{runs} To take it over: `{command(before.name, wanted.whose.identity)}`. To {beside} from the file."
        )
    ids = {schedule.imported for schedule in wanted.schedules}
    firing = [
        known for known in actual.schedules if known.id in ids and known.active and not _is_ours(wanted, known.mark)
    ]
    if firing:
        which = "a schedule that still fires" if len(firing) == 1 else "schedules that still fire"
        cure = f"Disable {'it' if len(firing) == 1 else 'them'} in the portal, and publish again."
        beside = f"To let both fire, delete `{KEY}` from the file."
        raise AzureError(f"This pipeline was imported with {which}: {_list(firing)}. {cure} {beside}")


def _is_ours(wanted: Wanted, mark: Mark | None) -> bool:
    """Whether it is taken over or published by this project, with any profile."""
    whose = wanted.whose
    if mark is None:
        return False
    return whose.takes(mark) or (whose.is_of_project(mark) and mark.pipeline == whose.identity.partition("/")[0])


def left_alone(wanted: Wanted, actual: Actual) -> Iterator[str]:
    """Yield a line for each active schedule of the endpoint that has no mark and stays as it is."""
    there = actual.endpoint
    for known in _unmarked(there, actual):
        if there and known.active:
            take = command(there.name, wanted.whose.identity)
            cure = f"Disable it in the portal, or add it to the file and run `{take}`."
            yield f"Schedule {_list([known])} of endpoint {there.name} is not in the file and stays. {cure}"


def command(endpoint: str, identity: str, *, sdk: str = "") -> str:
    """Return the command by which a pipeline takes over an endpoint, by its name."""
    profile = identity.partition("/")[2]
    words = ["aml-pipeline", "publish", *(["--profile", profile] if profile else []), *(["--sdk", sdk] if sdk else [])]
    named = [f"--adopt={endpoint}"] if endpoint.startswith("-") else ["--adopt", endpoint]
    return shlex.join([*words, *named])


def _runs(there: Endpoint, schedules: list[Schedule]) -> str:
    verb = "runs" if len(schedules) == 1 else "run"
    return f"{counted(len(schedules), 'schedule')} {verb} endpoint {there.name}"


def _list(schedules: Iterable[Schedule]) -> str:
    return printable(", ".join(f"{known.name} ({known.id})" for known in schedules))
