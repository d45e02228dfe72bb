"""Where this project lives: its distribution, its documentation and its source. pyproject.toml says the same."""

from __future__ import annotations

DISTRIBUTION = "aml-pipeline-yaml"  # aml-pipeline on PyPI is another project
SOURCE = "https://github.com/aml-pipeline/aml-pipeline-yaml"
DOCS = "https://aml-pipeline.github.io/aml-pipeline-yaml/"
