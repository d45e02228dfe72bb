"""``runs --remote``: what Azure ML has of a pipeline, asked of the loopback service."""

from pathlib import Path

from aml_pipeline.azureml.v1 import history
from tests.loopback import example
from tests.loopback.service import Service
from tests.loopback.serving import quiet
from tests.loopback.state import Sdk

pytestmark = quiet


def _submit(workspace: Sdk, folder: Path, **tags: str) -> Sdk:
    return example.submit(workspace, example.pipeline(workspace, example.write_scripts(folder)), tags=tags)


def test_the_runs_of_a_pipeline_are_listed_and_those_of_others_are_not(
    service: Service, workspace: Sdk, tmp_path: Path
) -> None:
    first = _submit(workspace, tmp_path, pipeline="digits", profile="night", git_commit="abc")
    _submit(workspace, tmp_path, pipeline="letters")
    _submit(workspace, tmp_path)
    second = _submit(workspace, tmp_path, pipeline="digits")
    second.wait_for_completion(show_output=False)
    service.forget()
    found = history.runs(workspace, "lesson", "digits")
    assert [one.run for one in found] == [second.id, first.id]
    assert found[0].status == "Completed"
    assert (found[1].profile, found[1].commit) == ("night", "abc")
    assert found[1].portal.startswith(f"{service.url}/runs/{first.id}")
    assert found[1].started is not None
    assert service.writes() == []


def test_an_experiment_that_is_not_there_is_not_made(service: Service, workspace: Sdk) -> None:
    assert history.runs(workspace, "lesson", "digits") == []
    assert service.writes() == []
