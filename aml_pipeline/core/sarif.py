"""Problems → SARIF 2.1.0, the format of GitHub code scanning, Azure DevOps and editors."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aml_pipeline.core.addresses import DOCS
from aml_pipeline.core.problems import Problem, on_one_line

_PAGE = f"{DOCS}reference/checks.html"


def as_sarif(problems: Sequence[Problem], version: str) -> str:
    """Return ``problems`` as a SARIF log of one run; ``version`` is that of the program.

    Addresses of files are relative to the current folder.
    """
    codes = sorted({problem.code for problem in problems})
    driver = {"name": "aml-pipeline", "version": version, "informationUri": DOCS, "rules": list(_rules(codes))}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, codes.index(problem.code)) for problem in problems],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False).encode("utf-8", "replace").decode()


def _rules(codes: Iterable[str]) -> Iterable[dict[str, Any]]:
    groups = json.loads(Path(__file__).with_name("checks.json").read_text(encoding="utf-8"))
    described = {code: words for group in groups.values() for code, words in group.items()}
    for code in codes:
        words = described.get(code, code)
        yield {
            "id": code,
            "shortDescription": {"text": f"{words.partition('. ')[0].rstrip('.')}."},
            "fullDescription": {"text": words},
            "help": {"text": f"{words} {_PAGE}#{code}", "markdown": f"{words} [More]({_PAGE}#{code})"},
            "helpUri": f"{_PAGE}#{code}",
        }


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    where = f"{on_one_line(problem.origin)}: " if problem.origin else ""
    text = f"{where}{on_one_line(problem.message)} {on_one_line(problem.cure)}"
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": text},
    }
    if problem.file:
        place = {"artifactLocation": {"uri": _address(problem.file)}, "region": _region(problem)}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _region(problem: Problem) -> dict[str, int]:
    """Return the marked characters. GitHub demands a line: what is about a whole file is at its first."""
    at = problem.position
    if at is None or problem.origin:
        return {"startLine": 1}
    return {"startLine": at.line, "startColumn": at.column, "endColumn": at.column + at.width}


def _address(file: str) -> str:
    """Return the address of a file: relative if it is below the current folder."""
    place, here = Path(os.path.abspath(file)), Path.cwd()
    return quote(os.fsencode(place.relative_to(here).as_posix())) if place.is_relative_to(here) else place.as_uri()
