"""The mark of a published thing in v2: tags whose keys begin with ``aml-pipeline``.

Never in a description: those who get, change and put a thing with azure-ai-ml lose it.
"""

from __future__ import annotations

from collections.abc import Mapping

from aml_pipeline.azureml.publication import Mark

_IDENTITY = "aml-pipeline"
_SCHEDULE, _DIGEST, _ORIGIN, _DISABLED = (f"{_IDENTITY}-{of}" for of in ("schedule", "digest", "origin", "disabled"))
_OURS = frozenset({_IDENTITY, _SCHEDULE, _DIGEST, _ORIGIN, _DISABLED})


def tags(mark: Mark) -> dict[str, str]:
    """Return the tags of a mark."""
    given = {_IDENTITY: mark.identity, _SCHEDULE: mark.schedule, _DIGEST: mark.digest, _ORIGIN: mark.origin}
    return {key: text for key, text in given.items() if text} | ({_DISABLED: "true"} if mark.disabled else {})


def mark_of(given: Mapping[str, str] | None) -> Mark | None:
    """Return the mark in the tags of a thing, if any."""
    found = given or {}
    if not (found.get(_IDENTITY) and found.get(_DIGEST)):
        return None
    schedule, origin = found.get(_SCHEDULE) or None, found.get(_ORIGIN) or ""
    return Mark(found[_IDENTITY], schedule, found[_DIGEST], found.get(_DISABLED) == "true", origin)


def marked(given: Mapping[str, str] | None, mark: Mark) -> dict[str, str]:
    """Return the tags of a thing with the mark replaced; tags of others stay."""
    others = {key: text for key, text in (given or {}).items() if key not in _OURS}
    return {**others, **tags(mark)}
