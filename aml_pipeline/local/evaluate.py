"""A step, its upstream results and the disk → the parts of its key, and whether it must run. Starts nothing."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.wording import listed
from aml_pipeline.local import models, ranks
from aml_pipeline.local.store import Result, Store
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan import ports
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Dataset, Input, Output
from aml_pipeline.project.environment import programs
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.folder import Project
from aml_pipeline.project.snapshot.program import PYTHONS
from aml_pipeline.project.snapshot.snapshot import Snapshot
from aml_pipeline.runs import differences, reuse
from aml_pipeline.runs.contents import Contents, Wording
from aml_pipeline.runs.reuse import Verdict

FORCED = "forced"


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that a local run needs; ``environ`` is the environment of the steps' processes.

    ``interpreters`` are the Pythons of the steps, by what the file says of them.
    """

    plan: Plan
    project: Project
    store: Store
    interpreters: Mapping[str | None, Interpreter]
    environ: Mapping[str, str]

    def interpreter(self, step: Step) -> Interpreter:
        """Return the Python that runs ``step``."""
        return self.interpreters[step.python]

    def of(self, plan: Plan) -> Context:
        """Return this context for a plan that differs in values of parameters."""
        return replace(self, plan=plan, project=self.project.of(plan))

    @property
    def contents(self) -> Contents:
        """The texts of code and environments stored for the records."""
        return Contents(self.store.folder)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is known about a step before it runs; it need not run if it has a ``result``."""

    step: Step
    parts: Mapping[str, Any]
    verdict: Verdict
    result: Result | None


def evaluate(
    context: Context,
    step: Step,
    results: Mapping[str, Result],
    pending: Mapping[str, bool] | None = None,
    *,
    forced: str = "",
) -> Evaluation:
    """Evaluate ``step``, given the ``results`` of the steps before it.

    ``pending`` are steps without a result yet, and whether each will surely run; ``forced`` is why it runs in any case.
    """
    parts = _parts(context, step, results)
    known = not pending or pending.keys().isdisjoint(step.upstream)
    result, damage = _kept(context, step, reuse.key(parts)) if known else (None, "")
    last = None if result else _last(context, step, parts)
    # Of a result that fits no difference is reported.
    worded: Wording = (lambda parts: parts) if result else _wording(context, step)
    titles = context.plan.titles
    verdict = reuse.verdict(
        worded(parts),
        replace(last, parts=worded(last.parts)) if last else None,
        accepted=result is not None,
        damage=damage,
        forced=forced or ("" if step.allow_reuse else "allow_reuse is false"),
        pending={titles.get(name, name): pending[name] for name in step.upstream if name in pending} if pending else {},
        kept=() if result or forced else [worded(kept) for kept in context.store.kept_parts(step.name)],
    )
    # The parts are equal, and these are already at hand.
    reused = replace(result, parts=parts) if result and verdict.action == "reuse" else None
    return Evaluation(step, parts, verdict, reused)


def _last(context: Context, step: Step, parts: Mapping[str, Any]) -> reuse.Last | None:
    """Return the last attempt of a step: one with these ``parts``, if a run beside the last one failed to make them."""
    last, key = context.store.last(step.name), reuse.key(parts)
    if last is None:
        return None
    same = [row["outcome"] for row in last.others.values() if row["key"] == key != last.key]
    return reuse.Last(parts, same[-1]) if same else reuse.Last(last.parts, last.outcome)


def _wording(context: Context, step: Step) -> Wording:
    """Return how the parts of ``step`` are shown: with the definition of its environment, and titles of variants."""
    with_environment = context.contents.wording(context.project.environment_text(step))
    return lambda parts: differences.titled(with_environment(parts), _titles(context, step, parts))


def _titles(context: Context, step: Step, parts: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the titles of variants, including those that left the file but are named by these ``parts``."""
    named = {name.partition(".")[0] for part in ("inputs", "after") for name in parts.get(part) or ()}
    facts = {name: context.store.facts(name) for name in named.difference(step.upstream)}
    left = {name: about["title"] for name, about in facts.items() if "title" in about}
    return {**left, **context.plan.titles} if left else context.plan.titles


def _kept(context: Context, step: Step, key: str) -> tuple[Result | None, str]:
    """Return the result with ``key`` if it is intact and complete, else what is wrong with it."""
    result, damage = context.store.result(step.name, key)
    flaw = _flaw(context, step, result) if result else ""
    return (None, flaw) if flaw else (result, damage)


def _flaw(context: Context, step: Step, result: Result) -> str:
    """Return what the settings of the outputs demand and an earlier result lacks, or ""."""
    hollow = [name for name, tree in result.contents.items() if not tree.files]
    empty = [name for name in hollow if name in to_fill(context, step)]
    if empty:
        return f"output {empty[0]} is empty"
    name, file = lacking(step, {name: result.outputs[name] for name in result.contents if name not in hollow})
    return f"output {name} has no file {file}" if name else ""


def lacking(step: Step, outputs: Mapping[str, str]) -> tuple[str, str]:
    """Return which of the filled ``outputs`` lacks the file that makes it a table or an MLflow model; else ""."""
    for name, place in outputs.items():
        settings = step.outputs.get(name)
        file = settings.described_by if settings else None
        if file and not os.path.isfile(os.path.join(place, file)):
            return name, file
    return "", ""


def to_fill(context: Context, step: Step) -> list[str]:
    """Return the outputs that must be or contain a file when ``step`` has ended: those that its script receives.

    An option that names a missing dataset is omitted, with any output in the same option.
    """
    absent = {Dataset(name) for name in step.datasets if local_path(context, name) is None}
    given = {part for argument in step.arguments if absent.isdisjoint(argument.parts) for part in argument.parts}
    return [name for name, settings in step.outputs.items() if Output(name) in given and not settings.may_be_empty]


def local_path(context: Context, dataset: str) -> str | None:
    """Return the local path of a dataset, if it exists."""
    local = context.plan.datasets[dataset].local
    return context.project.path(local) if local and os.path.exists(context.project.path(local)) else None


def _parts(context: Context, step: Step, results: Mapping[str, Result]) -> dict[str, Any]:
    plan, project = context.plan, context.project
    snapshot = project.snapshot(step)
    trees = {name: project.dataset(plan.datasets[name].local) for name in step.datasets}
    files = {name: "a file" for name, settings in step.outputs.items() if settings.is_file}
    return {
        "script": redaction.started(step, project.hide),
        "snapshot": snapshot.digests,
        "parameters": {name: project.kept_parameters[name] for name in step.parameters},
        "arguments": redaction.arguments(step.arguments, project.hide),
        **({"files": files} if files else {}),  # absent if there are none, as before outputs could be files
        "datasets": {name: tree.digest if tree else differences.ABSENT for name, tree in trees.items()},
        "inputs": {f"{source.step}.{source.name}": _content(results, source) for source in step.inputs},
        **({"names": ports.declared(step)} if step.names else {}),
        **({"outputs": dict.fromkeys(unnamed, "no argument")} if (unnamed := ports.without_argument(step)) else {}),
        "after": {name: results[name].attempt if name in results else None for name in step.after},
        "environment": project.environment_digest(step),
        "environment_variables": redaction.variables(step, project.hide),
        **ranks.part(step),
        **installed_parts(context, step, snapshot),
    }


def installed_parts(context: Context, step: Step, snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Return the parts about the Python that runs a step and the packages that its snapshot imports."""
    python = context.interpreter(step)
    version = {"implementation": python.implementation, "version": python.version, "platform": python.platform}
    packages = {**_packages(context, python, snapshot), **_program(context, step)}
    return {"interpreter": version, "packages": packages}


def _packages(context: Context, python: Interpreter, snapshot: Snapshot) -> dict[str, str | None]:
    """Return the versions of the packages that a snapshot imports, or digests of code that has no version.

    A command may import anything: without a script whose imports are known, all installed packages count.
    """
    if snapshot.script is not None:
        versions = python.versions(snapshot.external, snapshot.parts)
    else:
        versions = {**python.distributions, **python.versions(snapshot.external | python.modules.keys())}
    for module in [name for name, version in versions.items() if version is None]:
        code = context.project.code_digest(python.code(module))
        versions[module] = f"code {code[:12]}" if code else None
    return versions


def _program(context: Context, step: Step) -> dict[str, str | None]:
    """Return a digest of the program that a command starts, unless that is the Python of the steps."""
    program = step.words[0]
    if program in PYTHONS:
        return {}
    variables = {**context.environ, **step.environment_variables}
    place = programs.place(program, programs.search_path(context.interpreter(step), variables))
    return {f"program {program}": context.project.digests.file(place)[:12] if place else None}


def _content(results: Mapping[str, Result], source: Input) -> str | None:
    tree = results[source.step].contents.get(source.name) if source.step in results else None
    return tree.digest if tree else None


def left_out(context: Context, selected: Sequence[str]) -> dict[str, Result]:
    """Return the results of the unselected steps that the ``selected`` ones need. Raises UsageError."""
    steps, chosen = [context.plan.step(name) for name in selected], set(selected)
    needed = {name: context.plan.step(name) for step in steps for name in step.upstream if name not in chosen}
    found = {name: _latest(context, step) for name, step in needed.items()}
    results = {name: result for name, result in found.items() if result}
    _require([step for name, step in needed.items() if name not in results], "no local result yet")
    sources = dict.fromkeys(source for step in steps for source in step.inputs if source.step in results)
    for output in dict.fromkeys(source.name for source in sources):
        lacking = [needed[source.step] for source in sources
                   if source.name == output and output not in results[source.step].contents]  # fmt: skip
        _require(lacking, f"no local result with output {output}")
    return results


def _latest(context: Context, step: Step) -> Result | None:
    """Return the latest result of a step that this run leaves out, if any. Raises UsageError when it is damaged."""
    last = context.store.last(step.name)
    result, damage = _kept(context, step, last.accepted) if last and last.accepted else (None, "")
    if damage:
        what = f'The {damage} after step "{step.title}" ran, and it is not part of this run.'
        raise UsageError(f"{what} Run it first: `aml-pipeline run {shlex.quote(step.title)}`.")
    return result


def _require(lacking: Sequence[Step], what: str) -> None:
    """Raise UsageError for the first of the steps ``lacking`` what this run needs, or for all variants of it."""
    if not lacking:
        return
    step = lacking[0]
    count = sum(other.declared == step.declared for other in lacking)
    if count == 1:
        who, them, name = f'Step "{step.title}" has', ("it is", "it"), step.title
    else:
        who, them, name = f'{count} variants of step "{step.declared}" have', ("they are", "them"), step.declared
    cure = f"Run {them[1]} first: `aml-pipeline run {shlex.quote(name)}`."
    raise UsageError(f"{who} {what}, and {them[0]} not part of this run. {cure}")


def out_of_date(context: Context, selected: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return the unselected upstream steps whose results are out of date, each with its changes.

    A step without an intact result is not included: the step that needs it reports that.
    """
    results: dict[str, Result] = {}
    rows = []
    for step in _before(context.plan, selected):
        result = context.store.latest(step.name)
        if result:
            results[step.name] = result
            worded = _wording(context, step)
            flaw = _flaw(context, step, result)
            changes = differences.changes(worded(result.parts), worded(_parts(context, step, results)))
            changes = changes or ([flaw] if flaw else [])
            rows += [(step.name, changes)] if changes else []
    return rows


def _before(plan: Plan, selected: Sequence[str]) -> list[Step]:
    """Return the direct and indirect upstream steps of the ``selected`` ones, without these."""
    wanted = set(selected)
    for step in reversed(plan.steps):
        if step.name in wanted:
            wanted.update(step.upstream)
    wanted -= set(selected)
    return [step for step in plan.steps if step.name in wanted]


SHARED = Verdict("reuse", "shared with an earlier combination")


def forecast(
    context: Context, selected: Sequence[str], forced: Collection[str] = (), made: set[Hashable] | None = None
) -> list[tuple[str, Verdict]]:
    """Return what a run would do with each of the ``selected`` steps, and why. Changes nothing.

    ``made`` is what earlier runs of the same command would make, to which this adds its own.
    """
    results = left_out(context, selected)
    pending: dict[str, bool] = {}
    products: dict[str, Hashable] = {}
    verdicts = []
    for name in selected:
        step = context.plan.step(name)
        evaluation = evaluate(context, step, results, pending, forced=FORCED if name in forced else "")
        verdict = _with_models(context, evaluation)
        if evaluation.result:
            results[name] = evaluation.result
        else:
            pending[name] = verdict.action == "run"
            products[name] = name, reuse.key(evaluation.parts), *(products.get(other) for other in step.upstream)
            if made is not None and step.allow_reuse and products[name] in made:
                verdict = SHARED
        verdicts.append((name, verdict))
    if made is not None:
        made |= set(products.values())
    return verdicts


def _with_models(context: Context, evaluation: Evaluation) -> Verdict:
    """Return the verdict on a step, and the models that a run would register of its earlier result."""
    result, store = evaluation.result, context.store
    settings = evaluation.step.outputs if result else {}
    names = [
        output.model.name
        for name, output in settings.items()
        if result and output.model and result.contents[name].files
        if models.will_register(store.folder, output.model, result, name, context.project.digests)
    ]
    verdict = evaluation.verdict
    return replace(verdict, reason=f"{verdict.reason}, registers {listed(names)}") if names else verdict
