"""``schema``: the JSON Schema of the pipeline file."""

from __future__ import annotations

from collections.abc import Mapping

from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.printing import print_json


def schema(_options: Options, _environ: Mapping[str, str]) -> int:
    """Print the JSON Schema of the pipeline file."""
    from aml_pipeline.pipeline.spec.schema import json_schema

    print_json(json_schema())
    return 0
