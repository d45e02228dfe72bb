"""What a command does grows with what a pipeline has, not with its square."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_pipeline.local import Context, code, forecast, out_of_date
from aml_pipeline.local.evaluate import evaluate
from aml_pipeline.local.store import Store
from aml_pipeline.pipeline.loader import load
from aml_pipeline.project import validation
from aml_pipeline.project.environment.interpreter import unasked
from aml_pipeline.project.opening import open_pipeline
from tests.work import grows_in_step

SCRIPT = "from pathlib import Path\nimport torch, numpy.linalg\nfolder = Path(__file__).parent\n"


def _write(folder: Path, count: int, step: str, head: str = "") -> str:
    (folder / "steps" / "data").mkdir(parents=True)
    for number in range(count):
        (folder / "steps" / "data" / f"f{number}.txt").write_text(str(number))
        (folder / "steps" / f"s{number}.py").write_text(SCRIPT)
    steps = "".join(step.replace("NUMBER", str(number)).replace("BEFORE", str(number - 1)) for number in range(count))
    path = folder / "pipeline.yaml"
    path.write_text(f"name: many\nsource_directory: steps\n{head}steps:\n{steps}")
    return str(path)


OWN_SCRIPTS = "  s-NUMBER:\n    script: sNUMBER.py\n    arguments: [vNUMBER]\n"
FORMS = {
    "each with the whole folder": (OWN_SCRIPTS, ""),
    "each with the same patterns": (OWN_SCRIPTS, "snapshot: ['*.py', data/]\n"),
    "one script for all": ("  s-NUMBER: {script: s0.py, arguments: [vNUMBER]}\n", ""),
}


@pytest.mark.parametrize("form", FORMS)
def test_steps_that_take_the_same_files_share_the_work(form: str, tmp_path: Path) -> None:
    """As many steps as files: what each does with each would be sixteen times as much."""
    step, head = FORMS[form]
    paths = {count: _write(tmp_path / str(count), count, step, head) for count in (10, 40)}

    def all_of(count: int) -> None:
        opened = open_pipeline(paths[count])
        plan, project = opened.require()
        validation.warnings(plan, project, lambda _: unasked())
        context = Context(plan, project, Store(opened.state, project.digests), {None: unasked()}, {})
        forecast(context, [step.name for step in plan.steps])
        for step in plan.steps:
            code.keep(context.contents, project, step, evaluate(context, step, {}).parts)

    assert grows_in_step(all_of, 10)


CHAINS = {
    "by data": "    arguments: {--data: '${{ steps.s-BEFORE.outputs.o }}', --output: '${{ outputs.o }}'}\n",
    "by after": "    after: [s-BEFORE]\n",
}


@pytest.mark.parametrize("form", CHAINS)
def test_steps_in_a_chain_are_worked_through_once(form: str, tmp_path: Path) -> None:
    step = f"  s-NUMBER:\n    script: s0.py\n{CHAINS[form]}"
    paths = {count: _write(tmp_path / str(count), count, step, "snapshot: []\n") for count in (100, 400)}
    for path in map(Path, paths.values()):
        path.write_text(path.read_text().replace("steps.s--1.outputs.o", "parameters.p").replace("[s--1]", "[]"))
        path.write_text(path.read_text().replace("steps:\n", "parameters: {p: 1}\nsteps:\n", 1))

    def all_of(count: int) -> None:
        opened = open_pipeline(paths[count])
        plan, project = opened.require()
        validation.warnings(plan, project, lambda _: unasked())
        context = Context(plan, project, Store(opened.state, project.digests), {None: unasked()}, {})
        names = [step.name for step in plan.steps]
        forecast(context, names, forced=names[-1:])
        out_of_date(context, names[count // 2 :])

    assert grows_in_step(all_of, 100)


def test_references_to_steps_that_are_not_there_are_told_one_by_one() -> None:
    def told(count: int) -> None:
        steps = "".join(f"  s{number}: {{script: a.py, after: [t{number}]}}\n" for number in range(count))
        assert len(load(f"name: many\nsteps:\n{steps}".encode(), "pipeline.yaml").problems) == count

    assert grows_in_step(told, 400)
