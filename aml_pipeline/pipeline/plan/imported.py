"""`x-imported-from:` of the file: what in Azure ML the pipeline was imported from, so that it can be taken over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aml_pipeline.pipeline.yaml.scalars import written

KEY = "x-imported-from"


@dataclass(frozen=True, slots=True)
class Imported:
    """Names and ids in Azure ML; "" is what the file does not say.

    ``pipeline`` is the id of the published pipeline, and ``digest`` the content of this file for which the import
    found it to be the same. ``schedules`` has the ids of schedules by their names in the file.
    """

    endpoint: str = ""
    id: str = ""
    pipeline: str = ""
    digest: str = ""
    schedules: Mapping[str, str] = field(default_factory=dict)


def read(file: object) -> Imported:
    """Return what the data of the file says; values of other shapes, which a person may have written, are ignored."""
    known = file.get(KEY) if isinstance(file, Mapping) else None
    given = known if isinstance(known, Mapping) else {}
    schedules = given.get("schedules")
    ids = schedules if isinstance(schedules, Mapping) else {}
    names = {key: _text(given.get(key)) for key in ("endpoint", "id", "pipeline", "digest")}
    return Imported(**names, schedules={str(key): _text(value) for key, value in ids.items() if _text(value)})


def _text(value: object) -> str:
    return written(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
