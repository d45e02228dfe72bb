"""The summary of a recorded run: what a list of many runs shows of it, as JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aml_pipeline.core import numbers
from aml_pipeline.core.plain import mapping, number, sequence
from aml_pipeline.runs.record import RunRecord, defaults_of, dirty_files, parameters_of, variants

Summary = Mapping[str, Any]


def summary_of(record: RunRecord) -> dict[str, Any]:
    """Return the summary of a run; ``changed`` are the parameters with values other than their defaults.

    ``written`` are the texts of numbers, unless they are plain integers.

    ``state`` is that of the record, where ``running`` may mean a run that was killed. ``metrics`` are the last values
    by step, ``extremes`` the lowest and highest of each; ``made_by`` names the runs that made reused results.
    ``selected`` are the steps of the run, which have no states in ``steps`` before it ends; ``durations`` are the
    seconds of those that ran.
    """
    header = record.short
    steps = {name: mapping(row) for name, row in mapping(header.get("steps")).items()}
    texts, defaults = parameters_of(header), defaults_of(header)
    parameters = _typed(header, texts)
    return {
        "run": record.id,
        "started": number(header.get("started")),
        "state": str(header.get("state", "unreadable")),
        "seconds": number(header.get("seconds")),
        "pinned": record.pinned,
        "profile": _name(header.get("profile")),
        "parameters": parameters,
        "written": {name: text for name, text in texts.items() if is_number_with_text(parameters[name], text)},
        "changed": {
            name: value for name, value in parameters.items() if defaults.get(name, texts[name]) != texts[name]
        },
        "data": mapping(header.get("data")),
        "steps": {name: _name(row.get("state")) for name, row in steps.items()},
        "selected": list(steps) or _begun(record, header),
        "durations": {name: seconds for name, row in steps.items() if (seconds := number(row.get("seconds")))},
        "metrics": {name: mapping(row["metrics"]) for name, row in steps.items() if "metrics" in row},
        "extremes": {name: _ranges(row["extremes"]) for name, row in steps.items() if "extremes" in row},
        "made_by": {name: str(row["made_by"]) for name, row in steps.items() if row.get("made_by")},
        "variants": _variants(header),
        "azureml": _name(mapping(header.get("azureml")).get("run")),
        "group": _name(mapping(header.get("group")).get("id")),
        "schedule": _name(header.get("schedule")),
        **_git(record, header),
        **record.notes,
    }


def _begun(record: RunRecord, header: Mapping[str, Any]) -> list[str]:
    """Return the steps of a run that has not ended."""
    steps = mapping(header.get("azureml")).get("steps") or next(record.events(), {}).get("steps")
    return [str(step) for step in sequence(steps)]


def ended(state: str, *, busy: bool) -> str:
    """Return how a run with the recorded ``state`` ended; ``busy``: a run is in progress, which may be one without."""
    return "interrupted" if state == "running" and not busy else state


def _typed(header: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of parameters by their declared types."""
    declared = mapping(mapping(header.get("plan")).get("parameters"))
    return {name: typed(text, mapping(declared.get(name)).get("type")) for name, text in texts.items()}


def typed(text: str, kind: object = "number") -> str | int | float | bool:
    """Return the value of a text of YAML's core schema that should be of the type ``kind``; else the text."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    number = numbers.finite(text) if kind in {"integer", "number"} else None
    return text if number is None else number


def is_number_with_text(value: object, text: str) -> bool:
    """Whether people should see a value as it was written: a number such as ``0.10``, but not ``10``."""
    return isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool) and str(value) != text)


def _ranges(extremes: object) -> dict[str, list[float | None]]:
    """Return the lowest and highest value of each metric."""
    return {name: [*map(number, pair)] for name, pair in mapping(extremes).items() if len(sequence(pair)) == 2}  # noqa: PLR2004


def _variants(header: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the declared step, the values and the title of each variant of a matrix, by its name."""
    return {
        name: {
            "declared": str(row.get("declared")),
            "variant": {axis: str(text) for axis, text in mapping(row["variant"]).items()},
            "title": str(row.get("title", name)),
        }
        for name, row in variants(header).items()
    }


def _git(record: RunRecord, header: Mapping[str, Any]) -> dict[str, Any]:
    """Return the commit and the number of files that differed from it; None without a repository."""
    if "git" not in header and header:  # the short form of an earlier version does not have it
        header = record.read_header()
    git = mapping(header.get("git"))
    return {"commit": _name(git.get("commit")), "dirty": dirty_files(git)}


def _name(value: object) -> str | None:
    return value if isinstance(value, str) else None
