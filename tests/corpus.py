"""Pipeline files that are wrong, and what their users read (``tests/data/err``); and those that must stay silent.

``err/NAME.yaml`` and ``err/NAME.out``, and where a case needs more than the file, a folder ``err/NAME/``; its commands
can be typed in the folder ``err``: ``aml-pipeline validate -f NAME.yaml``. ``train.py`` and the like, which lie beside
the cases, are scripts about which nothing is to be said. Lines at the top of a file say how it is opened:

- ``# test: profile quick``, ``# test: param epochs=3``, ``# test: data images=small``: with these options
- ``# test: sdk v2``: also what that SDK refuses
- ``# test: submit``, ``# test: submit train``: what is told before the pipeline, or a step of it, is sent to Azure ML
- ``# test: run``: what is told before the steps run here
- ``# test: export v2``: what is told before the pipeline is exported
- ``# test: times 1000``: in a copy whose last line stands so many times more
- ``# test: files 2000 NAME/words``: in a copy with so many empty files in that folder
- ``# test: links 8 NAME``: in a copy with so many folders in that folder, each with a link to each of them
- ``# test: latin NAME/café.txt``: in a copy with an empty file whose name is written in Latin 1
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.v1.problems import problems as v1_problems
from aml_pipeline.azureml.v2 import export
from aml_pipeline.cli import checked
from aml_pipeline.core import problems
from aml_pipeline.core.errors import PipelineError
from aml_pipeline.core.problems import Problem
from aml_pipeline.local import secrets
from aml_pipeline.pipeline.spec.destination import Destination
from aml_pipeline.pipeline.spec.fields import Model
from aml_pipeline.pipeline.spec.pipeline import PipelineSpec
from aml_pipeline.pipeline.spec.profile import Profile
from aml_pipeline.pipeline.spec.settings import RunSettings
from aml_pipeline.pipeline.spec.step import Step as StepSpec
from aml_pipeline.project import check, secret_check
from aml_pipeline.project.environment import interpreter, programs
from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.opening import Opened, open_pipeline

ROOT = Path(__file__).parents[1]
ERR = ROOT / "tests" / "data" / "err"
OK = ROOT / "tests" / "data" / "ok"
_SETTING = re.compile(r"^# test: (\w+) ?(.*)$", re.MULTILINE)

# Every mapping of the file, by the name of its model.
_MODELS: list[type[Model]] = [*Model.__subclasses__(), StepSpec, Profile, PipelineSpec]
SPEC_MODELS = {model.__name__: model for model in _MODELS if model not in {RunSettings, Destination}}


@dataclass(frozen=True, slots=True)
class Case:
    """One pipeline file of a corpus."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def out(self) -> Path:
        """What its user reads."""
        return self.path.with_suffix(".out")

    @property
    def folder(self) -> Path:
        """What it needs beside itself, if anything."""
        return self.path.with_suffix("")

    def settings(self, key: str) -> list[str]:
        """Return what the lines ``# test: KEY …`` say."""
        text = self.path.read_bytes().decode("utf-8", "replace")
        return [value.strip() for one, value in _SETTING.findall(text) if one == key]

    @property
    def words(self) -> list[str]:
        """The command line that tells what is wrong with it, typed in the folder of the case."""
        command = next((key for key in ("run", "submit", "export") if self.settings(key)), "validate")
        words = [command, *filter(None, self.settings(command)), "-f", self.path.name]
        for key in ("profile", "param", "data", "sdk"):
            words += [word for value in self.settings(key) for word in (f"--{key}", value)]
        return words

    @property
    def is_copied(self) -> bool:
        """Whether it is opened in a copy, together with what git would not want to hold."""
        return any(self.settings(key) for key in ("times", "files", "links", "latin"))


@dataclass(frozen=True, slots=True)
class Told:
    """The problems of a case, the text of each file that they point into, and the time that it took to find them."""

    problems: Sequence[Problem]
    texts: Mapping[str, str]

    @property
    def text(self) -> str:
        """What its user reads."""
        return problems.as_text(self.problems, self.texts) + "\n" if self.problems else ""


def cases(folder: Path) -> list[Case]:
    """Return the pipeline files that lie in ``folder``."""
    return [Case(path) for path in sorted(folder.glob("*.yaml"))]


@cache
def told(case: Case) -> Told:
    """Open a case in the way that its first lines say; return what there is to say about it."""
    with _project(case) as folder, _inside(folder):
        profile = next(iter(case.settings("profile")), None)
        parameters = dict(value.split("=", 1) for value in case.settings("param"))
        data = dict(value.split("=", 1) for value in case.settings("data"))
        opened = open_pipeline(case.path.name, profile, parameters, data)
        with contextlib.suppress(PipelineError):
            opened.add(list(_later(case, opened)))
            opened.require()
        return Told(opened.loaded.problems, opened.texts())


@cache
def this_python(_declared: str | None = None) -> Interpreter:
    """What the Python of the tests is."""
    return interpreter.inspect(sys.executable, os.environ)


def _later(case: Case, opened: Opened) -> Iterator[Problem]:
    """Yield what is told only when steps are to run, here or in Azure ML."""
    if opened.plan is None or opened.project is None:
        return
    steps = opened.plan.steps
    if case.words[0] == "validate" and not problems.errors(opened.loaded.problems):
        sdk = next(iter(case.settings("sdk")), None)
        yield from checked.problems_of(opened.plan, opened.project, sdk, this_python, {})
    if case.settings("run"):
        yield from check.missing_data(opened.plan, opened.project, steps)
        yield from check.unlaunched(opened.project, steps)
        yield from secrets.unset(steps, {})
        for step in steps:
            yield from programs.missing(step, this_python(), os.environ)
    for name in case.settings("submit"):
        chosen = [step for step in steps if name in {"", step.name}]
        yield from sendable.problems(opened.plan, opened.project, chosen, alone=bool(name))
        yield from v1_problems(opened.plan, opened.project, chosen)
        yield from secret_check.warnings(opened.plan, opened.project, chosen)
    if case.settings("export"):
        yield from sendable.problems(opened.plan, opened.project, steps)
        yield from export.problems(opened.plan)
        yield from export.untyped(opened.plan)


@contextlib.contextmanager
def _project(case: Case) -> Iterator[Path]:
    if not case.is_copied:
        yield case.path.parent
        return
    with tempfile.TemporaryDirectory() as name:
        copy(case, Path(name))
        yield Path(name)


def copy(case: Case, folder: Path) -> None:
    """Put a case into ``folder``, with all that it needs."""
    raw = case.path.read_bytes()
    for times in case.settings("times"):
        raw += raw.splitlines(keepends=True)[-1] * int(times)
    (folder / case.path.name).write_bytes(raw)
    for shared in ("train.py", "prepare.py", "env.yml"):
        shutil.copy(case.path.parent / shared, folder)
    if case.folder.is_dir():
        shutil.copytree(case.folder, folder / case.name)
    for setting in case.settings("files"):
        count, place = setting.split()
        (folder / place).mkdir()
        for number in range(int(count)):
            (folder / place / f"{number}.txt").touch()
    for setting in case.settings("links"):
        count, place = setting.split()
        link_all(folder / place, int(count))
    for name in case.settings("latin"):
        Path(
            os.fsdecode(bytes(folder / name.rpartition("/")[0]) + b"/" + name.rpartition("/")[2].encode("latin-1"))
        ).touch()


def link_all(folder: Path, count: int) -> None:
    """Make so many folders, each with a link to each of them: they have more paths than can be walked."""
    for name in map(str, range(count)):
        (folder / name).mkdir(parents=True)
        for other in map(str, range(count)):
            (folder / name / f"to-{other}").symlink_to(Path("..", other))


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


_TELL = {"Problem", "_Warning", "Finding", "_Refused", "_RefusedError", "fail", "wrong", "_wrong", "_tell", "_find"}
_TELL |= {"_found"}
_CODE = re.compile(r"[a-z*]+(?:-[a-z*]+)*")


def codes_shown(case: Case) -> list[str]:
    """Return the codes of the problems of a case."""
    return [one.code for one in told(case).problems]


def codes() -> dict[str, set[str]]:
    """Return every code in the source of the package with the modules that tell it; ``*`` stands for a part of one.

    Read from the syntax trees: what a problem is made from, what is assigned to or given as a default of ``code``,
    what is returned with words beside it, and the tables from codes to words.
    """
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "aml_pipeline").rglob("*.py")):
        if path.parent.name == "doctor":
            continue  # its findings have names, and are of no file
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for code in (text for part in _told_by(node) for text in _texts(part)):
                if _CODE.fullmatch(code):
                    found.setdefault(code, set()).add(path.stem)
    return found


def _told_by(node: ast.AST) -> Iterator[ast.expr | None]:
    """Yield the expressions in ``node`` that are codes."""
    if isinstance(node, ast.Call):
        if ast.unparse(node.func).rpartition(".")[2] in _TELL:
            yield from node.args[:1]
        yield from (one.value for one in node.keywords if one.arg == "code")
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        names = [*node.args.posonlyargs, *node.args.args]
        given = zip(reversed(names), reversed(node.args.defaults), strict=False)
        keywords = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        yield from (value for name, value in (*given, *keywords) if name.arg == "code")
    elif isinstance(node, ast.Return):
        first = node.value.elts[:1] if isinstance(node.value, ast.Tuple) else []
        yield from (one for one in first if any("-" in text for text in _texts(one)))
    elif isinstance(node, ast.Assign):
        targets = [ast.unparse(one) for one in node.targets]
        if "code" in targets:
            yield node.value
        elif targets == ["self._say"] and isinstance(node.value, ast.Dict):
            yield from node.value.keys


def _texts(node: ast.expr | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(one.value) if isinstance(one, ast.Constant) else "*" for one in node.values)
