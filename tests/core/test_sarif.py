"""Problems as SARIF: what its readers require, and addresses that lead to the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from aml_pipeline.core.addresses import DOCS, SOURCE
from aml_pipeline.core.problems import Position, Problem
from aml_pipeline.core.sarif import as_sarif
from tests.conftest import ROOT
from tests.corpus import ERR, cases, told

ONE = Problem("bad-key", "A key\nis {wrong}.", "Quote it.", file="sub/á b.yaml", position=Position(3, 4, 5))


def log_of(*problems: Problem) -> Any:  # noqa: ANN401 - JSON
    """Return the run in a log, which has what GitHub's code scanning requires."""
    log = json.loads(as_sarif(problems, "1.2.3"))
    (run,) = log["runs"]
    assert (log["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert all(rule[key]["text"].endswith(".") for key in ("shortDescription", "fullDescription")), rule
        assert rule["help"]["text"].startswith(rule["fullDescription"]["text"])
        assert rule["helpUri"] == f"{DOCS}reference/checks.html#{rule['id']}"
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning"}
        assert result["message"]["text"].isprintable()
        for place in result.get("locations", []):
            region = place["physicalLocation"]["region"]
            assert region == {"startLine": 1} or 1 <= region["startColumn"] < region["endColumn"]
    return run


def test_a_problem_has_its_rule_its_level_and_its_place() -> None:
    run = log_of(ONE, Problem("semicolon", "m.", "c.", severity="warning"), ONE)
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"], driver["informationUri"]) == ("aml-pipeline", "1.2.3", DOCS)
    assert [rule["id"] for rule in driver["rules"]] == ["bad-key", "semicolon"]
    assert driver["rules"][0]["shortDescription"]["text"] == "A key must be a plain word."
    assert run["results"][0] == {
        "ruleId": "bad-key",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "A key\\nis {wrong}. Quote it."},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "sub/%C3%A1%20b.yaml"},
                    "region": {"startLine": 3, "startColumn": 4, "endColumn": 9},
                }
            }
        ],
    }
    assert run["results"][1].keys() == {"ruleId", "ruleIndex", "level", "message"}
    assert log_of()["results"] == []


def test_a_value_from_the_command_line_is_at_the_first_line() -> None:
    (result,) = log_of(Problem("bad-parameter", "m.", "c.", origin="--param a=b", file="p.yaml"))["results"]
    assert result["message"]["text"] == "--param a=b: m. c."
    (place,) = result["locations"]
    assert place == {"physicalLocation": {"artifactLocation": {"uri": "p.yaml"}, "region": {"startLine": 1}}}


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("pipeline.yaml", "pipeline.yaml"),
        ("./a/../pipeline.yaml", "pipeline.yaml"),
        ("{here}/a%b#c.yaml", "a%25b%23c.yaml"),
        ("../pipeline.yaml", "file://{above}/pipeline.yaml"),
        ("\udce9.yaml", "%E9.yaml"),
    ],
)
def test_addresses_of_files(file: str, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known = {"{here}": str(tmp_path), "{above}": str(tmp_path.parent)}
    for name, folder in known.items():
        file, uri = file.replace(name, folder), uri.replace(name, folder)
    (result,) = log_of(Problem("bad-key", "m.", "c.", file=file))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_every_mistake_of_the_corpus_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ERR)
    found = [one for case in cases(ERR) for one in told(case).problems]
    run = log_of(*found)
    assert len(run["results"]) == len(found) > 200
    assert not [rule for rule in run["tool"]["driver"]["rules"] if rule["fullDescription"]["text"] == rule["id"]]
    places = [place["physicalLocation"] for result in run["results"] for place in result.get("locations", [])]
    files = {unquote(place["artifactLocation"]["uri"]) for place in places}
    assert "bad-key.yaml" in files
    assert not any(file.startswith("/") for file in files)


def test_the_addresses_are_those_of_the_distribution() -> None:
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nDocumentation = "{DOCS}"\n' in declared
    assert f'\nSource = "{SOURCE}"\n' in declared
