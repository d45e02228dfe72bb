"""The JSON Schema of pipeline.yaml, from the models, for editors."""

from __future__ import annotations

from typing import Any

from aml_pipeline.spec import PipelineSpec


def json_schema() -> dict[str, Any]:
    """Return the schema as JSON data; keys that begin with ``x-`` are free for anchors."""
    schema = PipelineSpec.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "aml_pipeline pipeline.yaml",
        "patternProperties": {"^x-": {}},
    }
