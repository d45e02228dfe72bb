"""One pipeline on both sides: in real processes here, and in the bodies that were sent to the loopback service.

A folder differs from side to side, so it is told by a symbol: ``<output STEP.NAME>`` that a step writes, ``<input
STEP.NAME>`` that it reads, ``<dataset NAME>``.
"""

import ast
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from aml_pipeline import azureml
from aml_pipeline.azureml import uploads
from aml_pipeline.local import Context, Run, Wishes
from aml_pipeline.local import run as run_locally
from aml_pipeline.local.store import Store
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.settings import DatasetPlace
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.opening import Opened, open_pipeline
from aml_pipeline.runs import locks
from aml_pipeline.runs.recorder import Recorder, new_id
from tests.loopback import evaluator
from tests.loopback.service import Service
from tests.loopback.state import Sdk
from tests.loopback.workspace import DEFAULT_DATASTORE

_SAVED = re.compile(r'/datastores/([^/]+)/paths/(.*?)\\"')


@dataclass(frozen=True)
class Here:
    """What the process of a step saw."""

    script: str
    arguments: tuple[str, ...]
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Both:
    """What the steps of one pipeline receive, by their names."""

    plan: Plan
    here: Mapping[str, Here]
    there: Mapping[str, evaluator.Step]

    @property
    def arguments_here(self) -> dict[str, list[str]]:
        """The arguments that each process saw."""
        return {name: list(one.arguments) for name, one in self.here.items()}

    @property
    def arguments_there(self) -> dict[str, list[str]]:
        """The arguments in the graph, parameters with their values."""
        return {name: list(one.resolved) for name, one in self.there.items()}

    @property
    def registered(self) -> dict[str, list[str]]:
        """The arguments of the steps that register the models of the plan, which are in the graph alone."""
        return {
            f"register_{one.model.name}": ["--model", f"<input {step.name}.{name}>", "--name", one.model.name]
            for step in self.plan.steps
            for name, one in step.outputs.items()
            if one.model
        }


@dataclass(frozen=True)
class Sides:
    """A project's folder, a workspace that all submissions go to, and the Python that runs steps here."""

    folder: Path
    service: Service
    workspace: Sdk
    python: Interpreter

    def of(
        self,
        text: str,
        profile: str | None = None,
        parameters: Mapping[str, str] | None = None,
        ran: Mapping[str, Here] | None = None,
    ) -> Both:
        """Run the pipeline ``text``, unless it ``ran``, and submit it; return what its steps received."""
        file = self.folder / "pipeline.yaml"
        file.write_text(text, encoding="utf-8")
        opened = open_pipeline(str(file), profile, parameters)
        plan, project = opened.require()
        there, _ = uploads.planned(plan, project, plan.steps, lambda: DEFAULT_DATASTORE)
        return Both(there, self._here(opened) if ran is None else ran, self._there(opened, there))

    def here(self, text: str, parameters: Mapping[str, str] | None = None) -> tuple[Opened, dict[str, Here]]:
        """Run the pipeline ``text``; return what its steps received."""
        file = self.folder / "pipeline.yaml"
        file.write_text(text, encoding="utf-8")
        opened = open_pipeline(str(file), None, parameters)
        return opened, self._here(opened)

    def _here(self, opened: Opened) -> dict[str, Here]:
        plan, project = opened.require()
        folder = Path(locks.prepare(os.path.dirname(opened.state), plan.name))
        recorder = Recorder(str(folder / "runs"), new_id())
        context = Context(plan, project, Store(opened.state, project.digests), {None: self.python}, dict(os.environ))
        names = [step.name for step in plan.steps]
        # Else a step whose key equals that of an earlier pipeline's would not run.
        done = run_locally(context, names, recorder, dict, wishes=Wishes(forced=names))
        assert done.state == "done", done.steps
        kept = folder / "runs" / recorder.run / "steps"
        return {name: self._started(plan, name, done, kept / name / "outputs/started") for name in names}

    def _started(self, plan: Plan, step: str, done: Run, note: Path) -> Here:
        words, variables = ast.literal_eval(note.read_text(encoding="ascii"))
        symbols = {
            str(self.folder / one.local): f"<dataset {name}>" for name, one in plan.datasets.items() if one.local
        }
        for result in done.results.values():
            kind = "output" if result.step == step else "input"
            symbols |= {place: f"<{kind} {result.step}.{name}>" for name, place in result.outputs.items()}
        script, *arguments = words
        planned = plan.step(step)
        if planned.script is None:
            assert os.path.basename(script) in {"record.py", f"{planned.words[-1].rpartition('.')[2]}.py"}
            script = " ".join(planned.words)
        return Here(script, tuple(_with_symbols(word, symbols) for word in arguments), variables)

    def _there(self, opened: Opened, there: Plan) -> dict[str, evaluator.Step]:
        plan, project = opened.require()
        run = azureml.submit(plan, self.workspace, project).id
        service = self.service
        datasets = {**service.dataset_names, **_saved(service)}
        steps = evaluator.evaluate(service.graph_of(run), service.modules, service.assignments_of(run), datasets)
        names = {self._known_as(place): name for name, place in there.datasets.items()}
        named = {name: _with_names(step, names) for name, step in steps.items()}
        own = {step.name: _without_words(named[step.name], step) for step in plan.steps}
        return {**named, **own}  # and the steps that register models

    def _known_as(self, place: DatasetPlace) -> str:
        """Return what the evaluator calls a dataset."""
        if place.registered is None:
            return f"{place.datastore}/{place.path}"
        return f"{place.registered}:{place.version or len(self.service.state.datasets.get(place.registered, ()))}"


def _with_symbols(word: str, symbols: Mapping[str, str]) -> str:
    """Return a word with the symbols of the folders in it; one may be below another."""
    for place in sorted(symbols, key=len, reverse=True):
        word = word.replace(place, symbols[place])
    return word


def _saved(service: Service) -> dict[str, str]:
    """Return datastore and path of each dataset without a name, by its id."""
    found = {known: _SAVED.search(str(one["flow"])) for known, one in service.state.saved_datasets.items()}
    return {known: unquote(f"{one[1]}/{one[2]}") for known, one in found.items() if one}


def _without_words(step: evaluator.Step, planned: Step) -> evaluator.Step:
    """Return ``step`` with all words of its command as what it runs: the graph has the first one apart."""
    if planned.script is not None:
        return step
    count = len(planned.words) - 1
    words = [step.script, *(str(token) for token in step.arguments[:count])]
    assert words == list(planned.words)
    return replace(step, script=" ".join(words), arguments=step.arguments[count:], resolved=step.resolved[count:])


def _with_names(step: evaluator.Step, names: Mapping[str, str]) -> evaluator.Step:
    """Return ``step`` with the datasets in its arguments called as the pipeline calls them."""
    tokens = [replace(one, value=names[one.value]) if one.kind == "dataset" else one for one in step.arguments]
    pairs = zip(tokens, step.resolved, strict=True)
    texts = [str(token) if token.kind == "dataset" else text for token, text in pairs]
    return replace(step, arguments=tuple(tokens), resolved=tuple(texts))
