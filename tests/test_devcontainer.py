"""The dev containers of the repository and of docs/how-to/windows.md. Starting them needs docker; no test does that."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.conftest import ROOT


def _written() -> list[dict[str, Any]]:
    page = (ROOT / "docs" / "how-to" / "windows.md").read_text(encoding="utf-8")
    ours = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
    return [json.loads(ours), *map(json.loads, re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))]


def test_both_have_the_python_that_make_looks_for_first() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    first = re.search(r"^pythons = .*?,,python(3\.\d+) ", makefile, re.MULTILINE)
    assert first is not None
    images = [container["image"] for container in _written()]
    assert images == [f"mcr.microsoft.com/devcontainers/python:3-{first[1]}-bookworm"] * 2


def test_they_say_nothing_else_but_what_to_install() -> None:
    ours, example = _written()
    assert set(ours) == {"name", "image", "customizations"}  # make installs the rest, as README.md says
    assert example["postCreateCommand"] == "pip install --user aml-pipeline-yaml"
