"""The library: what it offers by name, and what its one function takes as values of parameters."""

from __future__ import annotations

import pytest

import aml_pipeline
from tests.conftest import Project


def test_values_of_parameters_are_texts_or_what_python_has(project: Project) -> None:
    project.write(
        {
            "pipeline.yaml": """
                name: p
                parameters: {epochs: 2, rate: 0.5, fast: false, word: a}
                steps:
                  one:
                    script: one.py
                    arguments:
                      --values: ["${{ parameters.epochs }}", "${{ parameters.rate }}", "${{ parameters.fast }}"]
                      --word: ${{ parameters.word }}
                """,
            "one.py": "import sys\n",
        }
    )
    file = project.root / "pipeline.yaml"
    plan = aml_pipeline.load(file, parameters={"epochs": 5, "rate": 0.25, "fast": True, "word": "b"})
    assert {name: one.text for name, one in plan.parameters.items()} == {
        "epochs": "5", "rate": "0.25", "fast": "true", "word": "b",
    }  # fmt: skip
    assert aml_pipeline.load(file, parameters={"epochs": "5"}).parameters["epochs"].text == "5"
    with pytest.raises(aml_pipeline.PipelineError, match="epochs"):
        aml_pipeline.load(file, parameters={"epochs": 0.5})


def test_every_name_that_is_offered_is_there() -> None:
    assert [name for name in aml_pipeline.__all__ if not callable(getattr(aml_pipeline, name))] == []
    assert isinstance(aml_pipeline.PipelineError([], {}), aml_pipeline.UserError)
    assert not hasattr(aml_pipeline, "nothing_like_it")
