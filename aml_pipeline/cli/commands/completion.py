"""``completion``: the script that makes a shell complete the words of this program."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from aml_pipeline.cli import completion as scripts
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.printing import raw
from aml_pipeline.core.errors import UsageError

_SHELLS = ("bash", "zsh", "fish")


def completion(options: Options, _environ: Mapping[str, str]) -> int:
    """Print the script of a shell. Raises UsageError for any other shell."""
    shell = "".join(options.operands)
    if shell not in _SHELLS:
        what = f'There is no completion for "{shell}".' if shell else "No shell is named."
        raise UsageError(f"{what} Write `aml-pipeline completion bash`, zsh or fish.")
    with open(os.path.join(os.path.dirname(scripts.__file__), f"script.{shell}"), encoding="utf-8") as stream:
        raw(sys.stdout).write(stream.read())
    return 0
