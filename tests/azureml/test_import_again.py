"""An export is a fixed point: imported, it sends the same, and exported again, it is the same byte for byte."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from aml_pipeline.azureml.adaptation import adapt
from aml_pipeline.azureml.exporting import export
from aml_pipeline.azureml.importing import folder as folders
from aml_pipeline.azureml.importing.copying import copied
from aml_pipeline.azureml.importing.proving import compared
from aml_pipeline.azureml.v2.export import shapes
from aml_pipeline.azureml.v2.imported.drafting import draft
from aml_pipeline.azureml.v2.imported.facts import facts_made, facts_of
from aml_pipeline.core.errors import PipelineError
from aml_pipeline.project.opening import open_pipeline
from tests.azureml.test_conformance import fill
from tests.conformance import strategies

pytest.importorskip("azure.ai.ml")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of marshmallow, in the client

# The page says what the first export left out, which is not there to be left out again; the other has its digest.
_OF_THE_PAGE = {"README.md", "export.json"}


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name not in _OF_THE_PAGE)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def exported(file: Path, target: Path, given: Mapping[str, str]) -> dict[str, bytes]:
    plan, project = open_pipeline(str(file), parameters=given).require()
    export(plan, str(target), project)
    return files(target)


def has_lonely_variant(file: Path, given: Mapping[str, str]) -> bool:
    """Whether a variant shares its component with no step: its values are inputs for variants to come.

    An import makes a step of it, whose values are in its command.
    """
    plan, _ = open_pipeline(str(file), parameters=given).require()
    return any(len(shared.steps) == 1 and shared.values for shared in shapes.components(adapt(plan)[0]))


@pytest.mark.parametrize(
    ("number", "plans"),
    [(0, 2), *(pytest.param(number, 50, marks=pytest.mark.more) for number in range(1, 5))],
)
def test_generated_pipelines_come_back_as_they_were(tmp_path: Path, number: int, plans: int) -> None:
    done = 0

    @seed(number)
    @given(strategies.pipelines(mixed=True))
    @settings(
        max_examples=3 * plans + 8, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def check(one: strategies.Pipeline) -> None:
        nonlocal done
        root = tmp_path / str(done)
        if done == plans:
            return
        shutil.rmtree(root, ignore_errors=True)
        (root / "project").mkdir(parents=True)
        fill(root / "project")
        (root / "project" / "pipeline.yaml").write_text(one.text, encoding="utf-8")
        try:
            first = exported(root / "project" / "pipeline.yaml", root / "v2", one.given)
        except PipelineError:  # `test_generated_pipelines` of the export says which are refused
            return
        if has_lonely_variant(root / "project" / "pipeline.yaml", one.given):
            return
        job, again = str(root / "v2" / "pipeline.yml"), str(root / "again")
        found = draft(job, again)
        made = folders.write(
            found, again, copied, lambda place: compared(place, "v2", lambda: facts_of(job, found), facts_made)
        )
        assert made.differences == []
        assert exported(root / "again" / "pipeline.yaml", root / "v3", {}) == first
        done += 1

    check()
    assert done == plans
