"""Why the outputs of an ended attempt are not accepted, or remarks on them if they are: in words, with the cure."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from aml_pipeline.core.digests import Tree
from aml_pipeline.core.wording import counted, listed, printable
from aml_pipeline.local import leftovers, process, ranks, witness
from aml_pipeline.local.evaluate import Context, Evaluation, installed_parts, lacking
from aml_pipeline.local.leftovers import Leftover
from aml_pipeline.local.store import Attempt, Result, beside
from aml_pipeline.local.witness import Sight
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.tokens import Dataset, Input, Output
from aml_pipeline.runs import differences


def fault(
    context: Context, evaluation: Evaluation, ended: process.Ended, results: Mapping[str, Result], since_ns: int
) -> str:
    """Return what a process did wrong, or ""; ``since_ns`` is its start by the file system's clock."""
    if ended.timed_out:
        return f"It exceeded its timeout of {evaluation.step.timeout} s."
    if ended.status:
        step, rank = evaluation.step, ended.rank
        log = f" Show its log with `aml-pipeline logs {step.name} --rank {rank}`." if rank else ""
        return process.failure(ended.status, ranks.subject(step, rank)) + log
    return _of_datasets(context, evaluation, since_ns) or _of_inputs(context, evaluation, results, since_ns)


def changed_back(context: Context, evaluation: Evaluation, results: Mapping[str, Result], before: Sight) -> str:
    """Return which data or packages changed while the step ran and have the same content as ``before`` again, or ""."""
    now = witness.take(context, evaluation.step, evaluation.parts, results)
    for name, traces in before.datasets.items():
        place = context.project.path(str(context.plan.datasets[name].local))
        touched = witness.differences(traces, now.datasets[name], place)
        if touched:
            return _was_touched(f"Dataset {name}", touched)
    for source in evaluation.step.inputs:
        name = f"{source.step}.{source.name}"
        touched = witness.differences(before.inputs[name], now.inputs[name], context.project.folder)
        if touched:
            return _was_touched(_input_in_words(context, evaluation.step, source), touched)
    return _of_packages(context, evaluation, before, now)


def _input_in_words(context: Context, step: Step, source: Input) -> str:
    option, what = step.option_of(source), f"output {source.name} of step {context.plan.step(source.step).title}"
    return f"Its input {option} ({what})" if option else f"Its input, {what},"


def _was_touched(subject: str, touched: Sequence[str]) -> str:
    more = [f"{len(touched) - 1} more"] if len(touched) > 1 else []
    which = listed([_touched_name(touched[0]), *more])
    copied = printable(os.path.basename(touched[0][1:])) if touched[0].startswith(witness.FILE) else "the files"
    return (
        f"{subject} was changed and changed back while the step ran ({which}), so its result may match neither "
        f"version. Run again. If the script itself writes there, copy {copied} into the working folder first."
    )


def _touched_name(touched: str) -> str:
    kind, name = touched[0], printable(touched[1:])
    if kind == witness.FOLDER:
        return f"a file was created and removed in {name}/" if name else "a file was created and removed in it"
    return f"the link {name}" if kind == witness.LINK else name


def _of_packages(context: Context, evaluation: Evaluation, before: Sight, now: Sight) -> str:
    python = context.interpreter(evaluation.step)
    if not python.version:
        what = f"The Python that runs the steps, {python.path}, was removed or broken while the step ran."
        return f"{what} Repair it, then run again."
    parts = installed_parts(context, evaluation.step, before.snapshot)
    changes = differences.changes({name: evaluation.parts[name] for name in parts}, parts)
    if not changes:
        pairs = [(name, witness.differences(text, now.packages[name])) for name, text in before.packages.items()]
        changes = [f"{name} was {_reinstalled(touched)}" for name, touched in pairs if touched]
    if not changes:
        return ""
    is_same_python = evaluation.parts["interpreter"] == parts["interpreter"]
    what = "installed packages" if is_same_python else "Python that runs the steps"
    return (
        f"The {what} changed while the step ran: {differences.summary(changes)}. Its result may match neither version. "
        "Run again, and do not install or edit packages while a step runs."
    )


def _reinstalled(touched: Sequence[str]) -> str:
    if touched[0].startswith(witness.FOLDER):
        return "reinstalled"
    return f"edited and changed back: {printable(touched[0][1:])}"


def _of_datasets(context: Context, evaluation: Evaluation, since_ns: int) -> str:
    for name in evaluation.step.datasets:
        local = context.plan.datasets[name].local
        tree = context.project.dataset(local)
        if local and (tree.digest if tree else differences.ABSENT) != evaluation.parts["datasets"][name]:
            files = leftovers.changed(context.project.path(local), since_ns)
            which = f" ({_named(files)})" if files else ""
            what = f"Dataset {name} changed while the step ran{which}, so its result matches neither version."
            return f"{what} {_cure(evaluation.step, Dataset(name), files)}"
    return ""


def _of_inputs(context: Context, evaluation: Evaluation, results: Mapping[str, Result], since_ns: int) -> str:
    for source in evaluation.step.inputs:
        result = results[source.step]
        place = result.outputs[source.name]
        tree = context.project.digests.tree(place)
        if tree is None or tree.digest != evaluation.parts["inputs"][f"{source.step}.{source.name}"]:
            files = leftovers.changed(place, since_ns)
            which = _named(files) if files else _removed(result.contents[source.name], tree)
            what = _input_in_words(context, evaluation.step, source)
            what = f"{what} changed while the step ran{which and f': {which}'}."
            return f"{what} {_cure(evaluation.step, source, files)}"
        others = beside(place) if source.name in result.parts.get("files", ()) else []
        if others:
            subject = _input_in_words(context, evaluation.step, source)
            what = f"{subject} changed while the step ran: {printable(others[0])} was written beside it."
            return f"{what} {_cure(evaluation.step, source, [])}"
    return ""


def _named(files: Sequence[Leftover]) -> str:
    more = [counted(len(files) - 1, "more file")] if len(files) > 1 else []
    return listed([printable(files[0].name), *more])


def _removed(before: Tree, now: Tree | None) -> str:
    removed = before.files - (now.files if now else 0)
    return f"{counted(removed, 'file')} {'was' if removed == 1 else 'were'} removed" if removed > 0 else ""


def _cure(step: Step, token: Input | Dataset, files: Sequence[Leftover]) -> str:
    noun = "inputs" if isinstance(token, Input) else "datasets"
    copied = printable(files[0].name) if len(files) == 1 else "the files"
    instead = f"{f'write {_into_any(step)}, or ' if step.written else ''}copy {copied} into the working folder first"
    return f"A script must not modify its {noun}: {instead}. Fix the script, then run again."


def of_outputs(step: Step, attempt: Attempt, to_fill: Sequence[str], left: Sequence[Leftover], folder: str) -> str:
    """Return which of the outputs ``to_fill`` are empty or missing, and what the script wrote elsewhere, or "".

    ``left`` are the files in its working folder, which is shown as ``folder``.
    """
    empty = [name for name in to_fill if _lacks_files(attempt, name)]
    if not empty:
        return _of_kinds(step, attempt)
    are_files = attempt.files.issuperset(empty)
    lacking = "not written" if are_files else "empty"
    verb = "was" if are_files else "is"
    what = f"Output {empty[0]} {verb} {lacking}" if len(empty) == 1 else f"Outputs {listed(empty)} are {lacking}"
    below = _into(step, empty)
    if left:
        return (
            f"{what}. The script left {leftovers.in_words(left)} in its working folder, which is not kept: "
            f"write {_them(left)} {below}. Until the step runs again, "
            f"{'it is' if len(left) == 1 else 'they are'} in {folder}."
        )
    kept = leftovers.kept(attempt.working_copy)
    if kept:
        passed = (
            "is kept with the run, but is not an output"
            if len(kept) == 1
            else "are kept with the run, but are not outputs"
        )
        return f"{what}. The script wrote {leftovers.in_words(kept)}, which {passed}: write {_them(kept)} {below}."
    if are_files:
        return f"{what}. Write a file {below}."
    return f"{what}: the script wrote no file {below}. Write a file, {_allowed(empty)}."


def _of_kinds(step: Step, attempt: Attempt) -> str:
    """Return which output is a table or an MLflow model without the file that describes it, or ""."""
    filled = {name: place for name, place in attempt.outputs.items() if os.path.isdir(place)}
    filled = {name: place for name, place in filled.items() if not leftovers.is_empty(place)}
    name, file = lacking(step, filled)
    if file == "MLTable":
        what = f"Output {name} is a table, but has no file MLTable"
        return f"{what}. Write one that describes the data, for example with the package mltable."
    if file:
        what = f"Output {name} is an MLflow model, but has no file {file}"
        return f"{what}. Save it with MLflow (save_model), or write `type: custom` under `model`."
    return ""


def _lacks_files(attempt: Attempt, output: str) -> bool:
    place = attempt.outputs[output]
    if output in attempt.files:
        return not os.path.lexists(place)
    return os.path.isdir(place) and leftovers.is_empty(place)


def remark(step: Step, result: Result, to_fill: Sequence[str], left: Sequence[Leftover]) -> str:
    """Return a remark on a successful step, or ""."""
    remarks = []
    if left:
        below = f"{_into_any(step)}, or " if step.written else ""
        verb = "was" if len(left) == 1 else "were"
        remarks.append(
            f"{leftovers.in_words(left)} {verb} left in the working folder, which is not kept. "
            f"Write {_them(left)} {below}into outputs/ to keep {_them(left)} with the run."
        )
    for name in to_fill:
        tree = result.contents[name]
        if tree.files and not tree.bytes and step.outputs[name].is_file:
            remarks.append(f"Output {name} is an empty file. Check what the script writes.")
        elif tree.files and not tree.bytes:
            files = "one empty file" if tree.files == 1 else f"{tree.files:,} empty files"
            what = f"Output {name} contains only {files}"
            remarks.append(f"{what}. Check what the script writes, {_allowed([name])}.")
    return " ".join(remarks)


def _allowed(outputs: Sequence[str]) -> str:
    settings = ", ".join(f"{name}: {{may_be_empty: true}}" for name in outputs)
    return f"or, if this is intended, add to the step: `outputs: {{{settings}}}`"


def _into_any(step: Step) -> str:
    return _into(step, step.written) if len(step.written) == 1 else "into the folder of an output"


def _into(step: Step, outputs: Sequence[str]) -> str:
    """Return where to write, by the options that pass the folders or files."""
    words = [step.option_of(Output(name)) or f"output {name}" for name in outputs]
    are_files = all(step.outputs[name].is_file for name in outputs)
    return f"{'to the path' if are_files else 'into the folder'}{'' if len(words) == 1 else 's'} of {listed(words)}"


def _them(files: Sequence[Leftover]) -> str:
    return "it" if len(files) == 1 else "them"
