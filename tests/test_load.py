"""The library's one function: what it takes as values of parameters."""

from __future__ import annotations

import pytest

import aml_pipeline
from aml_pipeline.errors import PipelineError
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
    with pytest.raises(PipelineError, match="epochs"):
        aml_pipeline.load(file, parameters={"epochs": 0.5})
