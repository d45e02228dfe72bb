"""``docs/reference/checks.md`` tells every code, and what it shows is what the program prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import checks
from tests.corpus import ERR, Case, codes, codes_shown


def test_the_page_shows_what_is_printed_now() -> None:
    assert checks.PAGE.read_text(encoding="utf-8") == checks.page(), "if that is meant, `make checks` writes it down"


def test_a_difference_is_told_with_the_command_that_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "cases", lambda _: [])  # each .out file is compared by a test of its own
    monkeypatch.setattr(checks, "PAGE", tmp_path / "checks.md")
    monkeypatch.setattr(checks, "ROOT", tmp_path)
    monkeypatch.setattr(checks, "ENTRIES", {"YAML": {"bad-key": "words"}})
    assert checks.main([]) == 0
    assert checks.main(["--check"]) == 0
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(checks, "_INTRODUCTION", "# Something else\n")
    assert checks.main(["--check"]) == 1
    said = capsys.readouterr().out
    assert "\n+# Something else\n" in said
    assert said.endswith("`make checks` writes it down.\n")


def test_every_code_has_an_entry_and_every_entry_a_code() -> None:
    entries = checks.documented()
    assert len(entries) == len(set(entries))
    assert [code for code in entries if not (ERR / f"{code}.yaml").exists()] == [], "write a case of that name"
    patterns = [code.replace("*", "[a-z]+") for code in codes()]
    assert [code for code in entries if not any(re.fullmatch(one, code) for one in patterns)] == [], "no such code"
    missing = [one for one in patterns if not any(re.fullmatch(one, code) for code in entries)]
    assert missing == [], "give each an entry in aml_pipeline/core/checks.json, and a case in tests/data/err"


@pytest.mark.parametrize("code", checks.documented())
def test_the_example_of_a_code_shows_it_and_is_small(code: str) -> None:
    case = Case(ERR / f"{code}.yaml")
    found = codes_shown(case)
    assert code in found
    assert len(found) <= 2
    assert case.path.read_bytes().count(b"\n") <= 18
    words = next(words for entries in checks.ENTRIES.values() for one, words in entries.items() if one == code)
    assert words.endswith(".")
    assert len(words) < 260
