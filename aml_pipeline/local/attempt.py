"""One attempt at a step: working copy, process, log, and whether its outputs are accepted."""

from __future__ import annotations

import contextlib
import os
import posixpath
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from aml_pipeline.core import removal
from aml_pipeline.core.digests import Tree
from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.removal import Refusal
from aml_pipeline.local import descendants, faults, leftovers, links, process, ranks, secrets, witness
from aml_pipeline.local.evaluate import Context, Evaluation, evaluate, local_path, to_fill
from aml_pipeline.local.follower import Follower, Tell
from aml_pipeline.local.leftovers import KEPT, Leftover
from aml_pipeline.local.process import Processes, Rank
from aml_pipeline.local.ranks import Log
from aml_pipeline.local.store import Attempt, Result
from aml_pipeline.local.witness import Sight
from aml_pipeline.pipeline.plan import ports, tokens
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.project.environment import programs
from aml_pipeline.project.snapshot import snapshot
from aml_pipeline.project.snapshot.program import PYTHONS
from aml_pipeline.runs import mlflow_files, reuse
from aml_pipeline.runs.events import State, StepEnded, StepStarted
from aml_pipeline.runs.mlflow_files import MlflowReader
from aml_pipeline.runs.recorder import Recorder

# A working copy is quick to remove if it has at most this many files, each smaller than this.
_FEW_FILES, _SMALL_BYTES = 20, 1 << 20


@dataclass(slots=True)
class Running:
    """An attempt with a running process; ``logs`` are its log files by rank, ``leavings`` keeps its ``outputs/``.

    ``masked`` keeps secrets out of the logs. ``since_ns`` is its start by the file system's clock, ``sight`` the
    state of everything it depends on at that time, ``seconds`` its duration, ``status`` its exit status, ``rank`` the
    process that had it; ``stays`` means that its working copy is kept.
    """

    evaluation: Evaluation
    attempt: Attempt
    logs: Sequence[Log]
    leavings: str
    begun: float
    since_ns: int
    sight: Sight
    process: process.Process
    follower: Follower
    masked: Sequence[secrets.MaskedLog] = ()
    seconds: float = 0.0
    status: int = 0
    rank: int = 0
    noted: bool = False
    stays: bool = False

    @property
    def step(self) -> Step:
        """The step that it is an attempt at."""
        return self.evaluation.step


@dataclass(frozen=True, slots=True)
class Judgement:
    """Why the outputs are not accepted, or their contents, what the step ``left`` and a remark on links."""

    message: str = ""
    contents: Mapping[str, Tree] = field(default_factory=dict)
    left: Sequence[Leftover] = ()
    remark: str = ""


def start(  # noqa: PLR0913 - what an attempt is made from
    context: Context,
    processes: Processes,
    recorder: Recorder,
    tell: Tell,
    evaluation: Evaluation,
    *,
    results: Mapping[str, Result],
    again: str = "",
) -> Running:
    """Start an attempt; ``again`` numbers it if it is not the first.

    Raises MachineError when the step's files keep changing while they are copied.
    """
    evaluation, attempt = _copied(context, evaluation, results)
    step = evaluation.step
    log = recorder.log(step.name)
    since_ns = _with_kept_folders(attempt.working_copy)
    sight = witness.take(context, step, evaluation.parts, results)
    begun = time.time()
    verdict = evaluation.verdict
    tell(StepStarted(begun, step.name, again or verdict.reason, attempt.id, log, attempt.key, verdict.changes))
    variables = environ(context, step, attempt.working_copy, attempt.outputs, results)
    variables |= mlflow_files.marked(variables, attempt.id)
    # Before the process starts, so that none of its output is missed.
    logged = MlflowReader(mlflow_files.folder_of(variables) or "", attempt.id)
    follower = Follower(log, step.name, tell, logged)
    with ranks.logs(follower, recorder, step) as logs:
        own = ranks.variables(step.distribution)
        masked = secrets.masked_logs(context, [log.path for log in logs])
        descriptors = [log.descriptor for log in masked or logs]
        child = processes.start(
            command(context, step, attempt.outputs, results),
            folder=attempt.working_copy,
            ranks=[Rank({**variables, **more}, log) for more, log in zip(own, descriptors, strict=True)],
            mark=attempt.id,
            timeout=step.timeout,
        )
    leavings = recorder.leavings(step.name)
    return Running(evaluation, attempt, logs, leavings, begun, since_ns, sight, child, follower, masked)


def _copied(context: Context, evaluation: Evaluation, results: Mapping[str, Result]) -> tuple[Evaluation, Attempt]:
    """Create an attempt with a working copy of exactly the bytes that its key was computed from."""
    changed: list[str] = []
    step = evaluation.step
    for _ in range(3):
        key = reuse.key(evaluation.parts)
        attempt = context.store.begin(step.name, key, evaluation.parts, list(step.outputs))
        changed = snapshot.write(context.project.snapshot(step), attempt.working_copy)
        if not changed:
            return evaluation, attempt
        context.store.fail(attempt)
        context.project.forget()
        evaluation = evaluate(context, step, results, forced=evaluation.verdict.reason)
    raise MachineError(f"{changed[0]} changed while it was being copied. Run again when it is no longer being written.")


def _with_kept_folders(working_copy: str) -> int:
    """Create ``outputs/`` and ``logs/``; return the time by the file system's clock, after everything was copied."""
    for name in KEPT:
        with contextlib.suppress(FileExistsError):
            os.mkdir(os.path.join(working_copy, name))
    return os.stat(os.path.join(working_copy, KEPT[-1])).st_mtime_ns


def command(context: Context, step: Step, outputs: Mapping[str, str], results: Mapping[str, Result]) -> list[str]:
    """Return what a step runs and its arguments, each as the text that the process receives."""
    plan = context.plan

    def bind(token: tokens.Token) -> str | None:
        if isinstance(token, tokens.Literal):
            return token.text
        if isinstance(token, tokens.Parameter):
            return plan.parameters[token.name].text
        if isinstance(token, tokens.Output):
            return outputs[token.name]
        if isinstance(token, tokens.Text):
            return tokens.join(token, bind)
        return _path(context, token, results)

    return [*_words(context, step), *tokens.render(step.arguments, bind)]


def _words(context: Context, step: Step) -> list[str]:
    """Return the words before the arguments: ``python`` is the Python of the steps."""
    program, *words = step.words
    if step.script is not None:
        words = [posixpath.normpath(step.script)]
    return [context.interpreter(step).path if program in PYTHONS else program, *words]


def _path(context: Context, data: tokens.Data, results: Mapping[str, Result]) -> str | None:
    if isinstance(data, tokens.Dataset):
        return local_path(context, data.name)
    return results[data.step].outputs[data.name]


def environ(
    context: Context, step: Step, folder: str, outputs: Mapping[str, str], results: Mapping[str, Result]
) -> dict[str, str]:
    """Return the environment of a step's process that works in ``folder``."""
    inputs = {name: _path(context, data, results) for data, name in step.names.items()}
    paths = ports.variables(inputs) | ports.output_variables(step, outputs)
    inherited = {**context.environ, **step.environment_variables, **paths}
    if step.command is not None:
        return {**inherited, "PATH": programs.search_path(context.interpreter(step), inherited)}
    if step.script is None or not posixpath.dirname(posixpath.normpath(step.script)):
        return inherited  # Python searches it anyway
    return {**inherited, "PYTHONPATH": os.pathsep.join(filter(None, [folder, inherited.get("PYTHONPATH")]))}


def follow(context: Context, running: Running) -> None:
    """Emit new output of a running step; the first time, also note its process for a later run that finds it alive.

    Not at its start: Linux takes 2 ms to report a new process, and the mark in its environment is known already.
    """
    _read(running)
    if not running.noted:
        running.noted = True
        pid = running.process.children[0].pid  # the others are found by their mark
        context.store.note_process(running.attempt, pid, descendants.identity(pid))


def _read(running: Running, *, end: bool = False) -> None:
    for log in running.masked:
        log.copy(end=end)
    running.follower.read(end=end)


def over(context: Context, running: Running, ended: process.Ended) -> None:
    """Emit the last output of a step that has ended. Raises OSError when the disk is full."""
    _read(running, end=True)
    running.seconds, running.status, running.rank = time.time() - running.begun, ended.status, ended.rank
    if ended.status:
        context.store.need_room(running.attempt)


def judge(context: Context, running: Running, ended: process.Ended, results: Mapping[str, Result]) -> Judgement:
    """Decide whether the outputs of a step can be accepted. Only reads, which takes long for large files."""
    message = faults.fault(context, running.evaluation, ended, results, running.since_ns)
    # After the digests: what has not changed until now had these digests all the time.
    message = message or faults.changed_back(context, running.evaluation, results, running.sight)
    if message:
        return Judgement(message)
    try:
        return _of_outputs(context, running)
    except MachineError as error:
        return Judgement(str(error))


def _of_outputs(context: Context, running: Running) -> Judgement:
    step, attempt, work = running.step, running.attempt, running.attempt.working_copy
    left = leftovers.leftovers(work, attempt.parts["snapshot"], running.since_ns, context.project.digests.file)
    shown = os.path.relpath(work, context.project.folder)
    message = faults.of_outputs(step, attempt, to_fill(context, step), left, shown)
    running.stays = bool(message and left)  # to inspect what the script wrote elsewhere
    message = message or links.of_outputs(step, attempt, os.path.dirname(context.store.folder))
    if message:
        return Judgement(message)
    return Judgement("", context.store.contents(attempt), left, links.remark(attempt))


def finish(
    context: Context, recorder: Recorder, running: Running, judgement: Judgement
) -> tuple[StepEnded, Result | None]:
    """Accept the outputs of a step, or note that the attempt failed."""
    step, reason, seconds = running.step, running.evaluation.verdict.reason, running.seconds
    status, key = running.status, running.attempt.key
    if not judgement.message:
        facts = {"run": recorder.run, "seconds": seconds, "metrics": recorder.metrics(step.name)}
        if step.variant:
            facts |= {"declared": step.declared, "title": step.title}
        result = context.store.accept(running.attempt, facts, judgement.contents)
        remarks = [faults.remark(step, result, to_fill(context, step), judgement.left), judgement.remark]
        remark = " ".join(filter(None, remarks))
        done = StepEnded(time.time(), step.name, "done", reason, seconds, status, key=key, remark=remark)
        return replace(done, outputs=dict(result.outputs), contents=dict(result.contents)), result
    context.store.fail(running.attempt)
    shown, cure = _failure(context, running)
    message = f"{judgement.message} {cure if status else ''}".strip()
    return StepEnded(time.time(), step.name, "failed", reason, seconds, status, message, shown, key=key), None


def abandon(context: Context, running: Running, state: State) -> StepEnded:
    """Note that an attempt, whose process has ended, failed."""
    with contextlib.suppress(OSError):
        _read(running, end=True)
    with contextlib.suppress(OSError):
        tidy(running)
    with contextlib.suppress(OSError):
        context.store.fail(running.attempt, state)
    now, reason = time.time(), running.evaluation.verdict.reason
    return StepEnded(now, running.step.name, state, reason, now - running.begun, key=running.attempt.key)


def tidy(running: Running) -> list[Refusal]:
    """Keep ``outputs/`` and ``logs/`` of the working folder, as Azure ML does, and remove the folder.

    A folder that is kept is removed with the attempt when the step runs again. Return what cannot be removed.
    """
    work = running.attempt.working_copy
    refused = []
    for name in KEPT:
        try:
            os.rmdir(os.path.join(work, name))
        except FileNotFoundError:
            continue
        except OSError:  # it is not empty
            refused += _move(os.path.join(work, name), running.leavings)
    return refused if running.stays or refused else removal.remove(work)


def is_soon_tidied(running: Running) -> bool:
    """Whether a working copy is small enough to be removed without delay."""
    try:
        with os.scandir(running.attempt.working_copy) as listing:
            entries = list(islice(listing, _FEW_FILES + 1))
        return len(entries) <= _FEW_FILES and all(map(_is_little, entries))
    except OSError:
        return False


def _is_little(entry: os.DirEntry[str]) -> bool:
    if entry.name in KEPT:
        return not os.listdir(entry.path)
    return entry.is_file(follow_symlinks=False) and entry.stat().st_size < _SMALL_BYTES


def _move(folder: str, target: str) -> list[Refusal]:
    """Move a folder into the folder ``target``, replacing that of an earlier attempt."""
    os.makedirs(target, exist_ok=True)
    place = os.path.join(target, os.path.basename(folder))
    refused = removal.remove(place)
    if not refused:
        removal.permit(folder)  # a read-only folder cannot be moved either
        shutil.move(folder, place)
    return refused


def _failure(context: Context, running: Running) -> tuple[tuple[str, ...], str]:
    """Return the lines of a log to show, with paths of the source, and the cure for their error, or ""."""
    from aml_pipeline.local import tail  # imported only when a step failed
    from aml_pipeline.local.advice import advice

    work = running.attempt.working_copy
    copies = (work, os.path.realpath(work))
    log = running.logs[running.rank]
    lines = tail.end_of(log.path, log.start)
    cure = advice(context, running.step, tail.last_failure(lines), running.attempt)
    shown = tail.shown(lines, [*copies, context.project.folder, os.path.realpath(context.project.folder)])
    source = context.project.source(running.step).path
    for place in copies:
        shown = [line.replace(place, source) for line in shown]
    return tuple(shown), cure
