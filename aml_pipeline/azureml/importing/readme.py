"""The README.md of an imported project: what was taken, renamed and lost, and what to do next."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aml_pipeline.azureml.importing.draft import Draft
from aml_pipeline.core import masking
from aml_pipeline.core.plain import mapping
from aml_pipeline.core.text import shortened, visible

_LONGEST_CELL = 300
_CODE = re.compile(r"(`[^`]+`)")
_MARKUP = re.compile(r"([\\`*\[\]<>|~&@$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")


def text(draft: Draft, differences: Sequence[str] | None, now: dt.datetime) -> str:
    """Return the page. ``differences`` are those of the proof, None if nothing could be compared."""
    parts = [
        _head(draft, now),
        _section("Steps", _table(("step", "runs", "environment", "compute target"), _steps(draft.document))),
        _section(
            "Renamed",
            _table(("what", "in Azure ML", "here"), dict.fromkeys((r.what, r.old, r.new) for r in draft.renamed)),
        ),
        _section("Not in pipeline.yaml", _table(("where", "what", "why"), _losses(draft))),
        _section("Steps that were not imported", _missing(draft)),
        _section("Comparison with the original", _proof(differences)),
        _section("Next", _next(draft)),
    ]
    return "\n".join(filter(None, parts))


def _head(draft: Draft, now: dt.datetime) -> str:
    day = now.astimezone(dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    source = f" from {_cell(draft.source)}" if draft.source else ""
    return f"# {_cell(draft.document.get('name', ''))}\n\nImported{source} on {day} by `aml-pipeline import`.\n"


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(map(_cell, row))} |\n" for row in rows]
    return "".join([f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}\n", *lines]) if lines else ""


def _steps(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for name, step in mapping(document.get("steps")).items():
        both = {**document, **mapping(step)}
        runs = next((both[key] for key in ("script", "module", "command") if key in both), "")
        program = " ".join(map(str, runs)) if isinstance(runs, (list, tuple)) else str(runs)
        yield name, program, _named(both.get("environment")), _named(both.get("compute"))


def _named(value: object) -> str:
    """Return the name of an environment or a compute target, however it is written."""
    known = mapping(value)
    keys = ("name", "registered", "curated", "docker_image", "dockerfile", "conda_file", "pip_requirements")
    return str(next((known[key] for key in keys if key in known), "" if known else value or ""))


def _losses(draft: Draft) -> Iterator[tuple[str, str, str]]:
    return ((loss.where, loss.what, loss.why) for loss in draft.losses)


def _missing(draft: Draft) -> str:
    table = _table(
        ("step", "type", "why"), ((n, s.get("type", ""), s.get("why", "")) for n, s in draft.missing.items())
    )
    cure = "`pipeline.yaml` has all that is known of them under `x-not-imported:`; until that is gone, nothing runs.\n"
    return f"{table}\n{cure}" if table else ""


def _proof(differences: Sequence[str] | None) -> str:
    if differences is None:
        return "Nothing was compared: the SDK that it needs is not installed.\n"
    if not differences:
        return "Identical: this project compiles to what was read.\n"
    lines = "".join(f"- {_cell(line)}\n" for line in differences)
    return f"Left what was read, right what this project compiles to:\n\n{lines}"


def _next(draft: Draft) -> str:
    endpoint = str(mapping(draft.document.get("x-imported-from")).get("endpoint") or "")
    adopt = f" --adopt {_word(endpoint)}" if endpoint else ""
    published = bool(draft.document.get("x-imported-from") or draft.document.get("schedules"))
    last = f"aml-pipeline publish --dry-run{adopt}" if published else "aml-pipeline submit --dry-run"
    rows = ("aml-pipeline validate", "aml-pipeline run", last)
    return "```console\n{}```\n".format("".join(f"$ {row}\n" for row in rows))


def _word(text: str) -> str:
    """Return a word for a shell in a block of code."""
    shown = re.sub(r"\s", " ", visible(text)).replace("```", "'''")
    return shown if re.fullmatch(r"[\w.-]+", shown) else "'{}'".format(shown.replace("'", "'\\''"))


def _cell(value: object) -> str:
    """Return a text for one line of Markdown, which means only itself, but for `code`, and has no secrets."""
    line = " ".join(visible(masking.without_secrets(str(value))).split())
    parts = _CODE.split(shortened(line, _LONGEST_CELL))
    return "".join(
        part.replace("|", "\\|") if index % 2 else _MARKUP.sub(r"\\\1", part) for index, part in enumerate(parts)
    )
