"""``models``: the models that local runs registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aml_pipeline.cli.opened import open_readable
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.recorded import metrics_in_words, moment
from aml_pipeline.cli.screen.printing import print_json
from aml_pipeline.core.wording import size_in_words
from aml_pipeline.local import models as registered
from aml_pipeline.local.models import Version


def models(options: Options, _environ: Mapping[str, str]) -> int:
    """Print each version of each model, the latest of a model first."""
    versions = registered.versions(open_readable(options).state)
    rows = sorted(map(_row, versions), key=lambda row: (row["model"], -row["version"]))
    if options.text("format") == "json":
        print_json(rows)
        return 0
    if not rows:
        print("There are no models yet. Add `model: {name: NAME}` to the settings of an output, and run.")
    width = max((len(row["model"]) for row in rows), default=0)
    for row in rows:
        made = f"{row['run'] or 'unknown run'}  {row['step']}.{row['output']}  {size_in_words(row['bytes'])}"
        measured = metrics_in_words({row["step"]: row["metrics"]})
        when = moment(row["registered"])
        print(f"{row['model']:<{width}}  {row['version']:>3}  {when}  {made}  {measured}".rstrip())
    return 0


def _row(version: Version) -> dict[str, Any]:
    return {
        "model": version.name,
        "version": version.number,
        "type": version.type,
        "registered": version.registered,
        "run": version.run,
        "step": version.step,
        "output": version.output,
        "bytes": version.tree.bytes,
        "metrics": version.metrics,
        "path": version.place,
    }
