"""A draft → the text of its pipeline.yaml, laid out as people write one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import indent
from typing import Any

from aml_pipeline.azureml.importing.draft import Draft
from aml_pipeline.core import masking
from aml_pipeline.core.wording import printable
from aml_pipeline.pipeline.loader import NOT_IMPORTED
from aml_pipeline.pipeline.yaml import emitter

SCHEMA = "pipeline.schema.json"
_HEAD = ("version", "name", "description", "experiment", "tags", "workspace", "sdk")
_BLOCKS = ("datasets", "parameters", "steps", "outputs", "publish", "profiles", "schedules")
# Blocks whose entries are separated by empty lines.
_SPACED = ("steps", NOT_IMPORTED)
# What is known of a step that was not imported may be of any depth, but a pipeline file may not.
_DEEPEST = 20
_LONGEST_DEEP = 1000
# Keys of the value of something whose name is that of the mapping, or in it.
_VALUES = frozenset({"value", "default"})


def text(draft: Draft) -> str:
    """Return the text of pipeline.yaml. Secrets in what was not imported are masked."""
    data = _written(draft.document)
    head = [key for key in _HEAD if key in data]
    blocks = [*(key for key in _BLOCKS if key in data), *(key for key in data if key.startswith("x-"))]
    settings = [key for key in data if key not in {*head, *blocks}]
    parts = ["\n".join([*_comments(draft), *_lines(data, head)])]
    parts += ["\n".join(_lines(data, settings))] if settings else []
    parts += ["\n".join(_lines(data, [key])) for key in blocks]
    if draft.missing:
        parts.append(_not_imported(draft.missing))
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _comments(draft: Draft) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={SCHEMA}"
    yield f"# Imported{f' from {printable(draft.source)}' if draft.source else ''} by `aml-pipeline import`."
    if draft.renamed or draft.losses or draft.missing:
        yield "# README.md lists what was renamed, and what is missing here."


def _not_imported(missing: Mapping[str, Mapping[str, Any]]) -> str:
    known = {name: {key: _masked(value, key) for key, value in step.items()} for name, step in missing.items()}
    return "\n".join(
        [
            "# The pipeline also has these steps, which this file cannot express. `validate` reports each as an error.",
            "# Write it as a step above with a script that does the same, or delete its entry to do without it.",
            *_lines({NOT_IMPORTED: _written(known)}, [NOT_IMPORTED]),
        ]
    )


def _lines(data: Mapping[str, Any], keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        if key in _SPACED and data[key] and isinstance(data[key], Mapping):
            entries = (indent(emitter.text({name: entry}), "  ") for name, entry in data[key].items())
            yield f"{key}:\n" + "\n".join(entries)
        else:
            yield emitter.text({key: data[key]}).rstrip("\n")


def _written(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - nested data
    """Return data that a pipeline file can have: not too deep, without characters that no file can have."""
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {_written(str(key)): _written(each, depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple)) and depth < _DEEPEST:
        return [_written(each, depth + 1) for each in value]
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if value is None or isinstance(value, (int, float)):
        return value
    return json.dumps(value, default=str)[:_LONGEST_DEEP]


def _masked(value: Any, *names: str) -> Any:  # noqa: ANN401 - nested data
    """Return data without secrets; a text is called by all ``names``, as a default is by that of its input."""
    if isinstance(value, Mapping):
        own = str(value.get("name") or "")
        return {key: _masked(each, str(key), *((own, *names) if key in _VALUES else ())) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        options = ["", *(item if isinstance(item, str) and item.startswith("-") else "" for item in value)]
        return [_masked(each, option, *names) for option, each in zip(options, value)]  # noqa: B905 - one more
    shown = masking.without_secrets(value) if isinstance(value, str) else value
    is_plain = shown is None or isinstance(shown, bool)
    return masking.MASK if not is_plain and any(masking.is_secret(name, str(shown)) for name in names) else shown
