"""Shared by commands about a run in Azure ML: the run that the command line names, and waiting for it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import NamedTuple

from aml_pipeline.azureml import sdks
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.watch import Outcome, Pause, Tell
from aml_pipeline.cli import stopping
from aml_pipeline.cli.exits import EXIT_FAILED, status_of
from aml_pipeline.cli.opened import open_readable, state_folder
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.recorded import ambiguous, matching
from aml_pipeline.cli.screen.progress import Progress
from aml_pipeline.cli.sending import say
from aml_pipeline.core.errors import MachineError, UsageError, UserError
from aml_pipeline.core.plain import mapping
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.runs.record import RunRecord
from aml_pipeline.runs.submitted import submitted


class Selected(NamedTuple):
    """A run in Azure ML: its id, the SDK to use, its workspace, and its record, if it has one here."""

    id: str
    sdk: str
    workspace: str | None
    record: RunRecord | None = None


def selected(options: Options, name: str | None) -> Selected:
    """Return the run that ``name`` matches, or else has as its id; without a name the latest submitted."""
    run = _selected(options, name)
    return run._replace(sdk=options.text("sdk") or run.sdk)


def _selected(options: Options, name: str | None) -> Selected:
    if name is None:
        return _recorded(_last_submitted(options))
    meant = matching(submitted(state_folder(options)), name)
    if len(meant) > 1:
        raise ambiguous(name, meant)
    return _recorded(meant[0]) if meant else _unrecorded(options, name)


def _recorded(record: RunRecord) -> Selected:
    about = record.header["azureml"]
    return Selected(str(about["run"]), str(about.get("sdk", "v1")), about.get("workspace"), record)


def _unrecorded(options: Options, run: str) -> Selected:
    """Return a run with the SDK and the workspace that the file names, if it can be read."""
    plan = plan_if_readable(options)
    return Selected(run, sdks.chosen(plan), plan.workspace) if plan else Selected(run, sdks.installed(), None)


def plan_if_readable(options: Options) -> Plan | None:
    """Return the plan in the file, if that can be read: what is recorded does not need it."""
    with contextlib.suppress(UserError):
        return open_readable(options).plan
    return None


def _last_submitted(options: Options) -> RunRecord:
    """Return the latest submitted run of the pipeline in the file."""
    plan = open_readable(options).plan
    name = plan.name if plan else ""
    records = [record for record in submitted(state_folder(options)) if record.short.get("pipeline") == name]
    if not records:
        cure = "Name a run; `aml-pipeline runs --remote` lists them."
        raise UsageError(f"No run of {name} was submitted from this folder. {cure}")
    return records[-1]


def of_group(options: Options, run: Selected) -> list[Selected]:
    """Return a run and those that were submitted together with it. Raises UsageError if it was submitted alone."""
    group = mapping(run.record.short.get("group")).get("id") if run.record else None
    if group is None:
        raise UsageError(f"Run {run.id} was not submitted together with others. Omit --group.")
    records = submitted(state_folder(options))
    return [_recorded(record) for record in records if mapping(record.short.get("group")).get("id") == group]


def going_on(run: str, work: Callable[[], int]) -> int:
    """Return the exit status of what is done about a run; if that is stopped, say that the run goes on."""
    goes_on = (
        f"The run continues in Azure ML. To wait for it: `aml-pipeline wait {run}`; "
        f"to stop it: `aml-pipeline cancel {run}`."
    )
    return saying(goes_on, work)


def saying(goes_on: str, work: Callable[[], int]) -> int:
    """Return the exit status of ``work``; if that is stopped, say what goes on."""
    try:
        return work()
    except KeyboardInterrupt as error:
        say(goes_on)
        return status_of(error)
    except (UsageError, MachineError):
        raise
    except Exception:
        say(goes_on)
        raise


def waited(
    progress: Progress, wait: Callable[[Tell, Pause], Outcome], tell: Tell | None = None, name: str = "The run"
) -> int:
    """Wait for a run, showing its progress; return the exit status that says how it ended.

    Events go to ``tell``, else to ``progress``; ``name`` is what the run is called.
    """
    with waiting.heard_by(progress.say), stopping.heard() as raise_what_was_heard:

        def pause(seconds: float) -> None:
            raise_what_was_heard()
            time.sleep(seconds)

        outcome = wait(tell or progress, pause)
    if outcome.message:
        say(f"{name} failed. {outcome.message} See the portal.")
    elif outcome.state == "interrupted":
        say(f"{name} was cancelled in Azure ML.")
    return status_after(outcome.state)


def status_after(state: str) -> int:
    """Return the exit status of a command that waited for a run which ended in a state."""
    return 0 if state == "done" else EXIT_FAILED
