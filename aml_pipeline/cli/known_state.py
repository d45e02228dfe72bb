"""The state folder of a pipeline, cached: a list of runs needs no more of the pipeline file than its name."""

from __future__ import annotations

import os
from collections.abc import Mapping

from aml_pipeline import __version__
from aml_pipeline.cli.options import Options
from aml_pipeline.core import files, memo
from aml_pipeline.runs import formats

_FILE, _STATE = "pipeline.yaml", ".aml_pipeline"


def state_of(options: Options, environ: Mapping[str, str]) -> str:
    """Return the state folder of the pipeline in the file that ``-f`` names.

    Raises PipelineError when its name cannot be read, UsageError when there is no file, MachineError for a state that a
    newer version wrote.
    """
    file = os.path.abspath(options.text("file") or _FILE)
    asked = memo.question(["state", file], environ, __version__)
    place = memo.place(os.path.join(os.path.dirname(file), _STATE, ".memo"), asked)
    answer = memo.recall(place, asked)
    if answer is not None:
        formats.require(answer)
        return answer
    from aml_pipeline.cli.opened import open_readable

    state = open_readable(options).state
    if os.path.isdir(state):
        memo.keep(place, asked, {file: files.seen.looks.get(file)}, {}, state)
    return state
