"""Where this project lives: its documentation and its source. pyproject.toml says the same."""

from __future__ import annotations

SOURCE = "https://github.com/aml-pipeline/aml-pipeline-yaml"
DOCS = "https://aml-pipeline.github.io/aml-pipeline-yaml/"
