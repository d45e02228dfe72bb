"""``init``: a runnable pipeline in an empty folder."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping

from aml_pipeline.cli.options import Options
from aml_pipeline.core import files
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.wording import listed

_PIPELINE = """\
# yaml-language-server: $schema=pipeline.schema.json
name: {name}

source_directory: .

parameters:
  greeting: hello

steps:
  greet:
    script: greet.py
    arguments:
      --greeting: ${{{{ parameters.greeting }}}}
      --output: ${{{{ outputs.text }}}}
"""

_SCRIPT = '''\
"""Writes a greeting into its output folder."""

import argparse
import pathlib


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--greeting", required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    (arguments.output / "greeting.txt").write_text(f"{arguments.greeting}, world\\n")
    print(f"wrote {arguments.greeting}")


if __name__ == "__main__":
    main()
'''

_IGNORE = ".aml_pipeline/\n.venv/\n__pycache__/\n"


def init(options: Options, _environ: Mapping[str, str]) -> int:
    """Write the files; raise an error if any of them exists."""
    from aml_pipeline.pipeline.spec.schema import json_schema

    folder = options.operands[0] if options.operands else "."
    contents = {
        "pipeline.yaml": _PIPELINE.format(name=_name(folder)),
        "greet.py": _SCRIPT,
        ".gitignore": _IGNORE,
        "pipeline.schema.json": json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n",
    }
    there = [name for name in contents if os.path.lexists(os.path.join(folder, name))]
    if there:
        exist = "exists" if len(there) == 1 else "exist"
        raise UsageError(f"{listed(there)} already {exist}. Choose an empty folder: `aml-pipeline init my-project`.")
    os.makedirs(folder, exist_ok=True)
    for name, text in contents.items():
        files.write(os.path.join(folder, name), text.encode())
        print(os.path.join(folder, name) if options.operands else name)
    where = "" if os.path.abspath(folder) == os.getcwd() else f"cd {shlex.quote(folder)} && "
    print(f"Run it with: {where}aml-pipeline run")
    return 0


def _name(folder: str) -> str:
    """Return a valid pipeline name made from the name of the folder."""
    import re

    words = re.findall(r"[a-z0-9]+", os.path.basename(os.path.abspath(folder)).lower())
    name = "-".join(words)[:50].strip("-")
    return name if name[:1].isalpha() else "my-pipeline"
