"""Plan and project → warnings about scripts: they read what their steps do not have, or call nothing.

A step runs in a copy of its snapshot, with its arguments and declared variables. Whatever else a script reads exists
here by chance, and not in Azure ML. ``script`` finds what a file reads; this module compares it with the step.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from aml_pipeline.core import files
from aml_pipeline.core.problems import Position, Problem
from aml_pipeline.core.secrets import by_variable
from aml_pipeline.core.wording import listed, shortened
from aml_pipeline.pipeline.plan import ports
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Dataset, Literal
from aml_pipeline.project.folder import Project
from aml_pipeline.project.script import definitions, reads
from aml_pipeline.project.script.known_variables import is_known
from aml_pipeline.project.script.reads import Reads
from aml_pipeline.project.script.variables import Variable
from aml_pipeline.project.snapshot.imports import parse
from aml_pipeline.project.snapshot.source import SourceFolder

_MOST_NAMED = 3
# Drawn at random, as secrets are: whether one is recognised depends on the name of the variable.
_A_SECRET = "q8Ztw3Kp9XmL2vRb"  # noqa: S105 - nobody's


def warnings(plan: Plan, project: Project, variables: Container[str] = ()) -> list[Problem]:
    """Return a warning for what scripts read and their steps do not have, once for all steps that share a script.

    ``variables`` are those that steps inherit from whoever runs them here.
    """
    users: dict[tuple[str, str, object], tuple[_Warning, dict[str, None]]] = {}
    reader = _Reader(project)
    for step in plan.steps:
        for warning in _Script(step, plan, project, reader).warnings(variables):
            _, steps = users.setdefault((warning.code, warning.file, warning.about or warning.position), (warning, {}))
            steps[step.declared] = None
    return [warning.problem(list(steps)) for warning, steps in users.values()]


class _Warning(NamedTuple):
    """A warning with a hole in its message, ``{step}``, for the steps that it is about.

    ``about`` is the name that it is about, if that is reported once for a file and not at each of its places.
    """

    code: str
    file: str
    position: Position
    message: str
    cure: str
    about: str = ""

    def problem(self, steps: Sequence[str]) -> Problem:
        users = shortened([f'"{name}"' for name in steps], 1)
        message = self.message.replace("{step}", f"step {users}")
        return Problem(self.code, message, self.cure, severity="warning", file=self.file, position=self.position)


class _Reader:
    """Reads the files of steps, each once."""

    def __init__(self, project: Project) -> None:
        self._folder = project.folder
        self._texts: dict[str, bytes] = {}
        self._around: dict[tuple[str, str], frozenset[bytes]] = {}
        self._names: dict[str, frozenset[bytes]] = {}
        self._uses: dict[str, frozenset[str]] = {}
        self._reads: dict[tuple[str, str, tuple[str, ...]], Reads | None] = {}

    def read(self, source: SourceFolder, name: str, users: Sequence[str]) -> Reads | None:
        """Return what a file reads, if anything; ``users`` are the files that may import it, none of a script."""
        key = (source.path, name, tuple(users))
        if key not in self._reads:
            text = self.text(source, name)
            worth = reads.may_read(text, self._names_around(source.path, name), os.fsencode(self._folder))
            named = frozenset().union(*(self._used_by(source, user) for user in users)) if worth else frozenset()
            self._reads[key] = reads.read(text, starts=not users, named=named) if worth else None
        return self._reads[key]

    def _used_by(self, source: SourceFolder, name: str) -> frozenset[str]:
        """Return the names by which a file may use what others define."""
        path = os.path.join(source.path, name)
        if path not in self._uses:
            self._uses[path] = frozenset(reads.names_used(self.text(source, name)))
        return self._uses[path]

    def text(self, source: SourceFolder, name: str) -> bytes:
        """Return the bytes of a file."""
        path = os.path.join(source.path, name)
        if path not in self._texts:
            self._texts[path] = files.read(path)
        return self._texts[path]

    def _names_around(self, folder: str, name: str) -> frozenset[bytes]:
        """Return the names in the folders that paths of a file may begin in."""
        inner = os.path.dirname(name)
        if (folder, inner) not in self._around:
            places = {self._folder, folder, os.path.join(folder, inner) if inner else folder}
            self._around[folder, inner] = frozenset().union(*map(self._names_in, places))
        return self._around[folder, inner]

    def _names_in(self, folder: str) -> frozenset[bytes]:
        if folder not in self._names:
            self._names[folder] = frozenset(map(os.fsencode, files.names(folder)))
        return self._names[folder]


class _Script:
    """The script of a step, with what it imports."""

    def __init__(self, step: Step, plan: Plan, project: Project, reader: _Reader) -> None:
        self._step = step
        self._plan = plan
        self._project = project
        self._reader = reader
        self._source = project.source(step)
        self._snapshot = project.snapshot(step)
        options = [argument.option for argument in step.arguments if argument.option is not None]
        parts = [part for argument in step.arguments for part in argument.parts]
        texts = [*options, *(part.text for part in parts if isinstance(part, Literal))]
        self._given = frozenset(text.partition("=")[0] for text in texts if text.startswith("-"))

    def warnings(self, variables: Container[str]) -> Iterator[_Warning]:
        """Yield the warnings about one step."""
        started = [name for name, rule in self._snapshot.own.items() if rule in {"script", "import"}]
        names = [name for name in started if name.endswith(".py") or name == self._snapshot.script]  # not prepare.sh
        every = {name: self._reader.read(self._source, name, self._users(name, names)) for name in names}
        read = {name: reads_of for name, reads_of in every.items() if reads_of is not None}
        sets_any = any(reads_of.variables.open for reads_of in read.values())
        known = {
            *self._step.environment_variables,
            *self._step.secrets,
            *ports.variables(dict.fromkeys(self._step.names.values(), "")),
            *ports.output_variables(self._step, dict.fromkeys(self._step.written, "")),
            *(name for reads_of in read.values() for name in reads_of.variables.set),
        }
        for name, reads_of in read.items():
            file = self._shown(name)
            yield from () if sets_any else self._undeclared(reads_of, file, known, variables)
            yield from self._unseen(reads_of, file)
            yield from self._unsent(reads_of, file)
            yield from _refused_offline(reads_of, file)
        yield from self._uncalled()

    def _users(self, name: str, names: Sequence[str]) -> list[str]:
        """Return the files that may import one, of those that run; the script itself is imported by none."""
        return [] if name == self._snapshot.script else [other for other in names if other != name]

    def _shown(self, name: str) -> str:
        return os.path.normpath(os.path.join(os.path.relpath(self._source.path, self._project.folder), name))

    def _undeclared(self, read: Reads, file: str, known: Container[str], here: Container[str]) -> Iterator[_Warning]:
        for variable in read.variables.read:
            if variable.name in known or is_known(variable.name) or not self._given.isdisjoint(variable.options):
                continue
            if not variable.has_fallback:
                message = (
                    f'the variable "{variable.name}" is read here but not declared for {{step}}: '
                    "Azure ML does not set it, and a local run has it only if your shell does."
                )
            elif variable.name in here:
                message = (
                    f'the variable "{variable.name}" is set in this shell but not declared for {{step}}: '
                    "a local run uses that value; in Azure ML the script runs without it."
                )
            else:
                continue
            yield _Warning(
                "undeclared-variable", file, variable.position, message, self._declared(variable), variable.name
            )

    def _declared(self, variable: Variable) -> str:
        """Return how a variable comes to where the script runs."""
        secrets = {name: secret for step in self._plan.steps for name, secret in step.secrets.items()}
        if variable.name in secrets or by_variable(variable.name, _A_SECRET):
            secret = secrets.get(variable.name, "NAME")
            declaration = f"environment_variables: {{{variable.name}: {{secret: {secret}}}}}"
            return f"Declare it as a secret, `{declaration}`: its value would be plain text in the pipeline file."
        return f"Declare it, `environment_variables: {{{variable.name}: …}}`, or make it an argument."

    def _unseen(self, read: Reads, file: str) -> Iterator[_Warning]:
        from aml_pipeline.project import local_paths  # only where a file reads something

        for path in read.paths:
            given = not self._given.isdisjoint(path.options)
            place = None if given else local_paths.find(path, self._step, self._project)
            if place is not None:
                where = f'"{place.inner}" in' if place.in_snapshot else "in the project but not in"
                message = f'"{path.text}" is {where} the snapshot of {{step}}, so the script will not find it.'
                if os.path.isabs(path.text):
                    message = f'"{path.text}" is a path on this machine, which {{step}} does not have in Azure ML.'
                cure = local_paths.cure_of(place, self._step, self._plan, self._project)
                yield _Warning("literal-path", file, path.position, message, cure)

    def _unsent(self, read: Reads, file: str) -> Iterator[_Warning]:
        sent = ports.inputs(self._plan, self._step) if read.inputs else []
        names = ports.names(self._step) if read.inputs else {}
        for needed in read.inputs:
            if needed.name in sent:
                continue
            port = names.get(Dataset(needed.name))
            if port in sent:
                message = f'input_datasets has no "{needed.name}"; the input is called "{port}".'
            else:
                inputs = f"has only {listed(sent)}" if sent else "has no inputs"
                message = f'input_datasets has no "{needed.name}": {{step}} {inputs}.'
            option = self._step.option_of(Dataset(needed.name))
            cure = f"Read the path from {option}." if option else self._passing(needed.name)
            yield _Warning("unknown-input", file, needed.position, message, cure, needed.name)

    def _passing(self, name: str) -> str:
        known = name if name in self._plan.datasets else "NAME"
        return (
            f"Pass it as an argument, `--{name.replace('_', '-')}: ${{{{ datasets.{known} }}}}`, and read the path "
            "from that option: a local run has no input_datasets."
        )

    def _uncalled(self) -> Iterator[_Warning]:
        name = self._snapshot.script
        if name not in self._snapshot.own:
            return
        text = self._reader.text(self._source, name)
        may_be = definitions.may_call_nothing(text)
        defined = definitions.uncalled(parse(text), self._source.may_hold_module) if may_be else []
        if defined and self._imports_quietly():
            yield self._idle(defined, "calls nothing")
        elif defined := definitions.of_parallel_run(text):
            yield self._idle(defined, "does not call run")

    def _idle(self, defined: Sequence[definitions.Definition], calls: str) -> _Warning:
        names = [node.name for node in defined]
        listing = shortened(names, _MOST_NAMED)
        message = f"{self._snapshot.script} defines {listing} but {calls}, so {{step}} would do nothing."
        width = len(f"{'class' if hasattr(defined[0], 'bases') else 'def'} {names[0]}")
        position = Position(defined[0].lineno, defined[0].col_offset + 1, width)
        return _Warning("nothing-called", self._shown(str(self._snapshot.script)), position, message, _calling(names))

    def _imports_quietly(self) -> bool:
        """Whether nothing runs in the files of the folder that the script imports, either."""
        names = [name for name, rule in self._snapshot.own.items() if rule == "import"]
        trees = (parse(self._reader.text(self._source, name)) for name in names)
        return all(definitions.is_quiet(tree, self._source.may_hold_module) for tree in trees)


def _refused_offline(read: Reads, file: str) -> Iterator[_Warning]:
    message = "{step} fails in a local run: outside of Azure ML, `log` of azureml-core's Run takes no step."
    cure = 'Log the step as a metric of its own, `run.log("step", …)`, before this one.'
    yield from (_Warning("log-step", file, position, message, cure, "step") for position in read.logged_steps)


def _calling(names: list[str]) -> str:
    if {"init", "run"} <= set(names):
        return (
            "A step starts its script as a program, and only a ParallelRunStep calls init and run: "
            'call them at the end of the script, under `if __name__ == "__main__":`.'
        )
    called = "main" if "main" in names else names[0]
    return f'Add a call at the end of the script: `if __name__ == "__main__": {called}()`.'
