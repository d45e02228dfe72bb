"""``init``: a runnable project in an empty folder, from a template: a folder of ``aml_pipeline/templates``."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping

import aml_pipeline
from aml_pipeline.cli.options import Options
from aml_pipeline.core import files, folders
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.wording import listed

_TEMPLATES = os.path.join(os.path.dirname(aml_pipeline.__file__), "templates")
_IGNORE = ".aml_pipeline/\n.venv/\n__pycache__/\n"
_PIPELINE, _SCHEMA = "pipeline.yaml", "pipeline.schema.json"
# Completions and errors in pipeline.yaml, also where the comment with the schema was deleted; no search in old results.
_VSCODE: dict[str, dict[str, object]] = {
    ".vscode/extensions.json": {"recommendations": ["redhat.vscode-yaml", "ms-python.python"]},
    ".vscode/settings.json": {
        "yaml.schemas": {_SCHEMA: _PIPELINE},
        "files.watcherExclude": {"**/.aml_pipeline/**": True},
        "search.exclude": {"**/.aml_pipeline": True},
    },
}


def init(options: Options, _environ: Mapping[str, str]) -> int:
    """Write the files; raise an error if any of them exists. ``--vscode`` adds its settings, also to a project."""
    folder = options.operands[0] if options.operands else "."
    template = options.text("template")
    is_project = options.flag("vscode") and not template and os.path.isfile(os.path.join(folder, _PIPELINE))
    contents = {} if is_project else _project(folder, template or "hello")
    if options.flag("vscode"):
        contents |= {name: _as_json(settings) for name, settings in _VSCODE.items()}
    if is_project and not os.path.lexists(os.path.join(folder, _SCHEMA)):
        contents[_SCHEMA] = _schema()
    there = [name for name in contents if os.path.lexists(os.path.join(folder, name))]
    if there:
        exist = "exists" if len(there) == 1 else "exist"
        copy = "Copy what is missing from a new folder: `aml-pipeline init new --vscode`"
        chosen = f" --template {template}" if template else ""
        cure = copy if is_project else f"Choose an empty folder: `aml-pipeline init my-project{chosen}`"
        raise UsageError(f"{listed(there)} already {exist}. {cure}.")
    for name, text in contents.items():
        place = os.path.join(folder, *name.split("/"))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        files.write(place, text.encode())
        print(place if options.operands else name)
    if is_project:
        return 0
    where = "" if os.path.abspath(folder) == os.getcwd() else f"cd {shlex.quote(folder)} && "
    print(f"Run it with: {where}aml-pipeline run")
    return 0


def _project(folder: str, template: str) -> dict[str, str]:
    """Return the files of a new project in ``folder``."""
    return {**_template(template, _name(folder)), ".gitignore": _IGNORE, _SCHEMA: _schema()}


def _schema() -> str:
    from aml_pipeline.pipeline.spec.schema import json_schema

    return _as_json(json_schema())


def _as_json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _template(template: str, name: str) -> dict[str, str]:
    """Return the files of a template, by their paths, in which the pipeline has the given name."""
    top = os.path.join(_TEMPLATES, template)
    paths = sorted(path for path, _ in folders.walk(top) if "__pycache__/" not in path)  # pip compiles all it installs
    texts = {path: files.read(os.path.join(top, path)).decode() for path in paths}
    texts[_PIPELINE] = re.sub(r"^name: [a-z0-9-]+", f"name: {name}", texts[_PIPELINE], flags=re.MULTILINE)
    return texts


def _name(folder: str) -> str:
    """Return a valid pipeline name made from the name of the folder."""
    words = re.findall(r"[a-z0-9]+", os.path.basename(os.path.abspath(folder)).lower())
    name = "-".join(words)[:50].strip("-")
    return name if name[:1].isalpha() else "my-pipeline"
