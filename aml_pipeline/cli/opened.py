"""The pipeline that the options name, opened; and the words of the command line."""

from __future__ import annotations

import os
import sys

from aml_pipeline.cli.importing import Uncollected
from aml_pipeline.cli.options import Options
from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline import redaction
from aml_pipeline.project.folder import STATE
from aml_pipeline.project.opening import Opened, open_pipeline

DEFAULT_FILE = "pipeline.yaml"


def state_folder(options: Options) -> str:
    """Return the folder of all state of the pipelines that lie beside the file that ``-f`` names."""
    return os.path.join(os.path.dirname(os.path.abspath(options.text("file") or DEFAULT_FILE)), STATE)


def open_with(options: Options) -> Opened:
    """Open the file that ``-f`` names, with ``--profile`` and ``--param`` where the command has them."""
    has = options.has
    with Uncollected():
        return open_pipeline(
            options.text("file") or DEFAULT_FILE,
            options.text("profile") if has("profile") else None,
            parameters(options.texts("param")) if has("param") else {},
        )


def open_readable(options: Options) -> Opened:
    """Open it like ``open_with``, but allow problems in the file, so that earlier runs can be inspected.

    Raises PipelineError when the file cannot be read.
    """
    return open_with(options).readable()


def command_line() -> str:
    """Return what the user typed, but for secrets, for whoever reads of it later."""
    return " ".join(["aml-pipeline", *redaction.words(sys.argv[1:])])


def parameters(given: list[str]) -> dict[str, str]:
    """Return ``NAME=VALUE`` words as a mapping; the last one of a name counts. Raises UsageError."""
    values = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(f'--param "{word}" has no "=". Write it as NAME=VALUE, such as --param epochs=5.')
        values[name] = value
    return values
