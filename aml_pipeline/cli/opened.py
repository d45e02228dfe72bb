"""Opens the pipeline that the options name; the command line as text."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from aml_pipeline.cli.importing import Uncollected
from aml_pipeline.cli.options import Options
from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline import redaction
from aml_pipeline.project.folder import STATE
from aml_pipeline.project.opening import Opened, open_pipeline
from aml_pipeline.runs import formats

DEFAULT_FILE = "pipeline.yaml"


def state_folder(options: Options) -> str:
    """Return the state folder of the pipelines in the folder of the file named by ``-f``."""
    return os.path.join(os.path.dirname(os.path.abspath(options.text("file") or DEFAULT_FILE)), STATE)


def open_with(options: Options) -> Opened:
    """Open the file named by ``-f``, with ``--profile``, ``--param``, ``--data`` and ``--python`` if given."""
    has = options.has
    with Uncollected():
        opened = open_pipeline(
            options.text("file") or DEFAULT_FILE,
            options.text("profile") if has("profile") else None,
            all_by_name("--param", options.texts("param"), "epochs=5") if has("param") else {},
            by_name("--data", options.texts("data"), "images=other") if has("data") else {},
        )
    for remark in opened.loaded.remarks:
        print(remark, file=sys.stderr)
    if opened.plan and has("python") and options.text("python"):
        from aml_pipeline.project.environment.steps_python import without_pythons  # other commands run no step

        opened.plan = without_pythons(opened.plan)
    return opened


def refuse_without_remote(options: Options, *names: str) -> None:
    """Raise UsageError if an option was given that says where to look in Azure ML, but not ``--remote``."""
    for name in names:
        if options.text(name):
            raise UsageError(f"--{name} needs --remote here: without it, nothing in Azure ML is looked at.")


def open_readable(options: Options) -> Opened:
    """Open it like ``open_with``, but allow problems in the file, so that earlier runs can be inspected.

    Raises PipelineError when the file cannot be read, MachineError for a state that a newer version wrote.
    """
    opened = open_with(options).readable()
    formats.require(opened.state)
    return opened


def command_line() -> str:
    """Return what the user typed, without secrets, for the record."""
    return " ".join(["aml-pipeline", *redaction.words(sys.argv[1:])])


def by_name(option: str, given: list[str], example: str) -> dict[str, str]:
    """Return ``NAME=VALUE`` words as a mapping; the last value of a name counts. Raises UsageError."""
    return {name: values[-1] for name, values in all_by_name(option, given, example).items()}


def all_by_name(option: str, given: list[str], example: str) -> dict[str, list[str]]:
    """Return the values in ``NAME=VALUE`` words by name. Raises UsageError."""
    values: dict[str, list[str]] = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(f'{option} "{word}" has no "=". Write NAME=VALUE, for example {option} {example}.')
        values.setdefault(name, []).append(value)
    return values


def refuse_several(several: Mapping[str, Sequence[str]], what: str) -> None:
    """Raise UsageError if a parameter was given several values, for ``what`` takes one combination."""
    if several:
        given = ", ".join(f"{name} has {len(texts)}" for name, texts in several.items())
        raise UsageError(f"{what} takes one value of each parameter, but {given}. Give one value of each.")
