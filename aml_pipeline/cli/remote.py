"""``submit`` and ``cancel``: what goes to Azure ML, and what comes back."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from aml_pipeline import azureml, files, remote, store
from aml_pipeline.azureml import waiting, watch
from aml_pipeline.cli import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_TERMINATED, Terminated
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.pipeline import open_readable, open_with, record_header, state_folder
from aml_pipeline.cli.progress import Progress
from aml_pipeline.errors import UsageError
from aml_pipeline.events import Event
from aml_pipeline.opening import Opened
from aml_pipeline.plan import Plan, Step
from aml_pipeline.problems import Problem, as_text, suggest
from aml_pipeline.provenance import git_state
from aml_pipeline.record import Recorder, RunRecord, new_id, records


def submit(options: Options, environ: Mapping[str, str]) -> int:
    """Send the pipeline, or the one step named; with ``--wait`` exit with 1 when it failed."""
    opened = open_with(options)
    plan, project = opened.require()
    steps = chosen(plan, options.operands)
    require_sendable(opened, steps, alone=bool(options.operands))
    if options.flag("dry_run"):
        _show(opened, steps)
        return 0
    with waiting.heard_by(say), waiting.told("preparing what goes to Azure ML"):
        git = git_state(project.folder)
        try:
            sent = _sent(opened, steps, options, environ, git)
        except KeyboardInterrupt as error:
            say(f"Stopped while it was sent; if a run began all the same, experiment {plan.experiment} shows it.")
            return interrupted(error)
    goes_on = f"The run goes on in Azure ML; to stop it: `aml-pipeline cancel {sent.id}`."
    try:
        return _followed(opened, sent, steps, git, wait=options.flag("wait"))
    except KeyboardInterrupt as error:
        say(goes_on)
        return interrupted(error)
    except Exception:
        say(goes_on)
        raise


def require_sendable(
    opened: Opened, steps: Sequence[Step], others: Sequence[Problem] = (), *, alone: bool = False
) -> None:
    """Raise PipelineError for what Azure ML would not take, and for ``others``; say which files look like secrets."""
    plan, project = opened.require()
    found = remote.problems(plan, project, steps, alone=alone)
    opened.require([*found, *remote.secret_files(project, steps), *others])
    for one in opened.loaded.problems:
        if one.code == "secret-file":
            say(as_text([one], {}))


def _followed(
    opened: Opened,
    sent: Any,  # noqa: ANN401 - the SDK's
    steps: list[Step],
    git: Mapping[str, Any] | None,
    *,
    wait: bool,
) -> int:
    """Record what was sent, then tell it, then wait for it if that is wished."""
    plan, project = opened.require()
    about = {"run": sent.id, "experiment": plan.experiment, "portal": sent.get_portal_url()}
    try:  # the record first: whoever reads what is printed may go away
        parts = {step.name: remote.parts(plan, project, step) for step in steps}
        header = {**record_header(plan, git), "azureml": about, "parts": parts, "state": "submitted"}
        recorder = _record(opened, header)
    finally:
        print(f"run {about['run']}\n{about['portal']}", flush=True)
    return _waited(opened, sent, steps, recorder) if wait else 0


def chosen(plan: Plan, names: list[str]) -> list[Step]:
    """Return the steps called so, all if none is named. Raises UsageError."""
    known = {step.name: step for step in plan.steps}
    unknown = next((name for name in names if name not in known), None)
    if unknown:
        raise UsageError(f'There is no step "{unknown}". {suggest(unknown, known, noun="step")}')
    return [known[name] for name in names] or list(known.values())


def _sent(
    opened: Opened, steps: list[Step], options: Options, environ: Mapping[str, str], git: Mapping[str, Any] | None
) -> Any:  # noqa: ANN401 - the SDK's
    plan, project = opened.require()
    commit = (git or {}).get("commit")
    given = {"git_commit": commit} if commit else {}
    workspace = connect(project.folder, environ)
    if options.operands:
        return azureml.submit_step(plan, steps[0], workspace, project, tags=given)
    return azureml.submit(plan, workspace, project, force=options.flag("force"), tags=given)


def _record(opened: Opened, header: Mapping[str, Any]) -> Recorder:
    plan, _ = opened.require()
    folder = store.prepare(os.path.dirname(opened.state), plan.name)
    recorder = Recorder(os.path.join(folder, "runs"), new_id())
    recorder.open(lambda: header)
    return recorder


def _show(opened: Opened, steps: list[Step]) -> None:
    plan, project = opened.require()
    print(f"experiment {plan.experiment}")
    for step in steps:
        digests = project.snapshot(step).digests
        where = step.compute.name if step.compute else ""
        environment = step.environment
        name = (environment.name or environment.registered or environment.curated) if environment else ""
        reads = [f"{one.step}.{one.name}" for one in step.inputs]
        after = f", after {', '.join([*reads, *step.after])}" if step.upstream else ""
        print(f"{step.name}: {step.script} and {len(digests) - 1} more files, on {where}, in {name}{after}")
        for argument, dataset in remote.left_out(plan, step):
            print(f"  without {argument.option or 'an argument'}: dataset {dataset} has no place in Azure ML")
    for parameter in remote.received(plan, steps):
        print(f"parameter {parameter} {plan.parameters[parameter].text}")
    print("Nothing was sent.")


def _waited(opened: Opened, sent: Any, steps: list[Step], recorder: Recorder) -> int:  # noqa: ANN401 - the SDK's
    plan, _ = opened.require()
    names = [step.name for step in steps]
    progress = Progress(plan, names, verbose=False)

    def tell(event: Event) -> None:
        recorder(event)
        progress(event)

    with waiting.heard_by(progress.say):
        outcome = watch.wait(sent, names, tell, recorder.log)
    if outcome.message:
        say(f"The run failed. {outcome.message} See the portal.")
    elif outcome.state == "interrupted":
        say("The run was cancelled in Azure ML.")
    return 0 if outcome.state == "done" else EXIT_FAILED


def interrupted(error: KeyboardInterrupt) -> int:
    """Return the exit status of a command that was stopped."""
    return EXIT_TERMINATED if isinstance(error, Terminated) else EXIT_INTERRUPTED


def say(text: str) -> None:
    """Tell what is no result."""
    print(text, file=sys.stderr, flush=True)


def cancel(options: Options, environ: Mapping[str, str]) -> int:
    """Stop a run in Azure ML: the one named, as ``submit`` or ``runs`` names it, else the last one submitted."""
    folder = os.path.dirname(state_folder(options))
    if options.operands:
        wanted = options.operands[0]
        known = (one.header["azureml"]["run"] for one in submitted(options) if one.run == wanted)
        run = next(known, wanted)
    else:
        run = _last_submitted(options)
    try:
        with waiting.heard_by(say):
            ended = azureml.cancel(connect(folder, environ), run)
    except KeyboardInterrupt as error:
        say(f"Stopped; whether Azure ML was asked to stop run {run}, `aml-pipeline runs --remote` tells.")
        return interrupted(error)
    print(f"run {run} is over: {ended}" if ended else f"asked Azure ML to stop run {run}")
    return 0


def _last_submitted(options: Options) -> str:
    """Return the run of Azure ML that was submitted last, of the pipeline that the file names."""
    plan = open_readable(options).plan
    name = plan.name if plan else ""
    found = [one for one in submitted(options) if one.header.get("pipeline") == name]
    if not found:
        raise UsageError(f"No run of {name} was submitted from here. `aml-pipeline runs --remote` lists them.")
    return str(found[-1].header["azureml"]["run"])


def submitted(options: Options) -> list[RunRecord]:
    """Return the runs that were submitted from here, of all pipelines, the oldest first."""
    state = state_folder(options)
    runs = [one for name in files.names(state) for one in records(os.path.join(state, name, "runs"))]
    return sorted((one for one in runs if isinstance(one.header.get("azureml"), dict)), key=lambda one: one.run)


def connect(folder: str, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 - the SDK's
    """Return the workspace that the configuration in or above ``folder`` names."""
    os.environ.setdefault("HBI_WORKSPACE_JOB", "true")  # read by the SDK when it is imported: no telemetry
    return azureml.connect(folder, login=login(environ))


def login(environ: Mapping[str, str]) -> azureml.Login:
    """Return how to log in, by the variables that Azure's own libraries read."""
    named = [environ.get(f"AZURE_{name}") for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")]
    tenant, client, secret = named
    principal = azureml.ServicePrincipal(tenant, client, secret) if tenant and client and secret else None
    managed = environ.get("IDENTITY_ENDPOINT") or environ.get("MSI_ENDPOINT")
    return azureml.Login(
        principal=principal,
        managed_identity=(client or "") if managed else None,
        interactive=sys.stdin is not None and sys.stdin.isatty(),
        cloud=environ.get("AZURE_CLOUD_NAME"),
    )
