"""``import``: the project of a pipeline that Azure ML v1, or v2 YAML, already has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aml_pipeline import azureml
from aml_pipeline.azureml.importing.draft import Draft
from aml_pipeline.azureml.importing.folder import Imported
from aml_pipeline.azureml.v2.imported.importing import import_job
from aml_pipeline.azureml.workspace import waiting
from aml_pipeline.azureml.workspace.installing import V2, command
from aml_pipeline.cli.exits import EXIT_SOMETHING_TO_DO
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.aligned import aligned
from aml_pipeline.cli.sending import connect, listener, say
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.masking import without_secrets
from aml_pipeline.core.wording import counted, printable

if TYPE_CHECKING:
    from aml_pipeline.azureml.v1.imported.listing import Row

_SHOWN = 10
_OF_V1 = ("endpoint", "pipeline", "run")


def import_pipeline(options: Options, environ: Mapping[str, str]) -> int:
    """Import, list or compare; exit with 5 if the project differs from the original, or lacks steps."""
    kind, *rest = options.operands or [""]
    if kind not in {"v1", "v2"}:
        cure = "Write `aml-pipeline import v1 --endpoint NAME`, or `aml-pipeline import v2 pipeline.yml`."
        raise UsageError(f"Say what to import from, v1 or v2{f', instead of {kind}' if kind else ''}. {cure}")
    with waiting.heard_by(listener()), waiting.reminding("importing the pipeline"):
        if kind == "v1" and options.flag("list"):
            return _list(options, environ)
        imported = _of_v1(options, environ, rest) if kind == "v1" else _of_v2(options, rest)
    _tell(imported, checked=options.flag("check"))
    return EXIT_SOMETHING_TO_DO if imported.differences or imported.draft.missing else 0


def _of_v1(options: Options, environ: Mapping[str, str], rest: list[str]) -> Imported:
    if len(rest) > 1:
        raise UsageError(f'Unexpected operand "{rest[1]}": v1 takes one folder. What to import follows an option.')
    named = {name: options.text(name) for name in _OF_V1}
    if sum(name is not None for name in named.values()) != 1:
        cure = "`aml-pipeline import v1 --list` shows what there is."
        raise UsageError(f"Name one of --endpoint NAME, --pipeline ID and --run ID. {cure}")
    workspace = connect(options, environ, ".", None, "v1")
    force, check = options.flag("force"), options.flag("check")
    return azureml.import_pipeline(workspace, rest[0] if rest else None, **named, force=force, check=check)


def _of_v2(options: Options, rest: list[str]) -> Imported:
    given = [name for name in (*_OF_V1, "workspace") if options.text(name) is not None]
    given += ["list"] if options.flag("list") else []
    if given:
        raise UsageError(f"--{given[0]} is for v1: v2 reads a file. Write `aml-pipeline import v2 pipeline.yml`.")
    if not rest:
        raise UsageError("Name the YAML of the pipeline job, for example `aml-pipeline import v2 pipeline.yml`.")
    force, check = options.flag("force"), options.flag("check")
    return import_job(rest[0], rest[1] if rest[1:] else None, force=force, check=check)


def _list(options: Options, environ: Mapping[str, str]) -> int:
    from aml_pipeline.azureml.v1.imported import listing  # needs SDK v1, and nothing else here does

    rows = listing.listed(connect(options, environ, ".", None, "v1"))
    heads = ("what", "name", "id", "version", "active", "created", "schedules")
    if rows:
        print(aligned([heads, *map(_cells, rows)]))
    else:
        print("Nothing is published in this workspace.")
    return 0


def _cells(row: Row) -> list[str]:
    texts = row.kind, row.name, row.id, row.version, "yes" if row.active else "no", row.created[:10]
    return [_shown(text) for text in (*texts, ", ".join(row.schedules))]


def _tell(imported: Imported, *, checked: bool) -> None:
    """Print what became of the pipeline: names, what is not here, and how it differs from the original."""
    if not checked:
        for line in dict.fromkeys(f"{one.what} {_shown(one.old)} → {one.new}" for one in imported.draft.renamed):
            print(line)
        readme = os.path.join(imported.folder, "README.md")
        _tell_losses(imported.draft, readme)
        steps = counted(len(imported.draft.document.get("steps") or ()), "step")
        print(f"{steps} in {imported.folder}; {readme} lists what was renamed and left out, and what to do next.")
    _tell_differences(imported)


def _tell_losses(draft: Draft, readme: str) -> None:
    lines = [f"step {name}: {known.get('why', '')}" for name, known in draft.missing.items()]
    lines = [f"Not imported: {line}" for line in lines]
    lines += [f"Not in pipeline.yaml: {loss.where}: {loss.what}: {loss.why}" for loss in draft.losses]
    for line in lines[:_SHOWN]:
        say(_shown(line))
    if lines[_SHOWN:]:
        say(f"… {len(lines) - _SHOWN} more in {readme}")


def _tell_differences(imported: Imported) -> None:
    if imported.differences is None:
        say(f"Nothing was compared: azure-ai-ml is not installed. Install it: {command(V2)}, then use --check.")
        return
    for line in imported.differences:
        print(line)
    print("identical to the original" if not imported.differences else counted(len(imported.differences), "difference"))


def _shown(text: str) -> str:
    return printable(without_secrets(text))
