"""``validate``: all problems in the file and in what it refers to."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aml_pipeline import __version__
from aml_pipeline.cli.checked import checked, count
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.printing import as_json, is_coloured, steer
from aml_pipeline.core import problems
from aml_pipeline.core.errors import UsageError

if TYPE_CHECKING:
    from aml_pipeline.project.environment.interpreter import Interpreter


def validate(options: Options, environ: Mapping[str, str]) -> int:
    """Print all problems; exit with 2 if one is an error."""
    if options.flag("snapshot"):
        from aml_pipeline.cli.commands import validate_snapshot

        return validate_snapshot.show(options, environ)
    if options.operands or options.text("python"):
        what = f'a name such as "{options.operands[0]}"' if options.operands else "--python"
        raise UsageError(f"`validate` accepts {what} only with --snapshot. See `aml-pipeline validate --help`.")
    opened = checked(options, environ, lambda declared: _python(options, environ, declared))
    reported = opened.loaded.problems
    form = options.text("format")
    if form == "json":
        print(as_json(problems.as_json(reported)))
    elif form == "github":
        print(problems.as_github(reported), end="\n" if reported else "")
    elif form == "sarif":
        from aml_pipeline.core.sarif import as_sarif

        print(as_json(as_sarif(reported, __version__)))
    elif reported:
        text = problems.as_text(reported, opened.texts(), colour=is_coloured(sys.stdout, environ))
        steer(sys.stdout, f"{text}\n")
    return count(opened, form)


def _python(options: Options, environ: Mapping[str, str], declared: str | None) -> Interpreter:
    from aml_pipeline.cli.python import asking_python  # only if a warning needs it

    with asking_python(options, environ) as pythons:
        return pythons(declared)
