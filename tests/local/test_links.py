"""Links that a step leaves, in its outputs and in `outputs/`: which are accepted, and what is said of the others."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Project

# Each is the script of a step: what it makes in its working folder, where it is, and in its output, ``out``.
REFUSED = {
    "to-outputs": (
        "write('outputs/best.bin'); os.symlink(here('outputs/best.bin'), out + '/best.bin')",
        (
            "Output model contains best.bin, a link to outputs/best.bin, which is moved into the run record. "
            "Write the file into the folder of --model instead."
        ),
    ),
    "to-logs-by-a-relative-link": (
        "write('logs/a.txt'); os.symlink(os.path.relpath('logs/a.txt', out), out + '/a.txt')",
        (
            "Output model contains a.txt, a link to logs/a.txt, which is moved into the run record. "
            "Write the file into the folder of --model instead."
        ),
    ),
    "to-a-folder-in-outputs": (
        "write('outputs/parts/1'); write(out + '/x'); os.symlink(here('outputs/parts'), out + '/parts')",
        (
            "Output model contains parts, a link to outputs/parts, which is moved into the run record. "
            "Write the folder into the folder of --model instead."
        ),
    ),
    "to-the-working-folder": (
        "write('model.bin'); os.makedirs(out + '/a'); os.symlink(here('model.bin'), out + '/a/model.bin')",
        (
            "Output model contains a/model.bin, a link to model.bin in the working folder, which is not kept. "
            "Write the file into the folder of --model instead."
        ),
    ),
    "a-chain-that-ends-in-outputs": (
        "write('outputs/x'); os.symlink('b', out + '/a'); os.symlink(here('outputs/x'), out + '/b')",
        (
            "Output model contains a, a link to outputs/x, which is moved into the run record. "
            "Write the file into the folder of --model instead."
        ),
    ),
    "a-chain-through-the-working-folder": (
        "os.symlink(data, 'hop'); os.symlink(here('hop') + '/x', out + '/x')",
        (
            "Output model contains x, a link to hop in the working folder, which is not kept. "
            "Write the file into the folder of --model instead."
        ),
    ),
    "to-nothing": (
        "os.symlink('/nowhere/model.pt', out + '/latest.pt')",
        (
            "Output model contains latest.pt, a link to a missing file (/nowhere/model.pt). "
            "Copy the file itself into the output instead."
        ),
    ),
    "in-a-circle": (
        "os.symlink('b', out + '/a'); os.symlink('a', out + '/b')",
        "Output model contains a, a link to a missing file (b). Copy the file itself into the output instead.",
    ),
    "to-an-input": (
        "os.symlink(given + '/table', out + '/table')",
        (
            "Output model contains table, a link to .aml_pipeline/links/steps/make/attempt.ID/table/table, "
            "which `clean` or a later run will remove. Copy the file itself into the output instead."
        ),
    ),
    "to-the-link-for-people": (
        "os.symlink(data + '/../.aml_pipeline/links/outputs/make/table', out + '/table')",
        (
            "Output model contains table, a link to .aml_pipeline/links/steps/make/attempt.ID/table, "
            "which `clean` or a later run will remove. Copy the folder itself into the output instead."
        ),
    ),
    "the-output-is-a-link-to-outputs": (
        "write('outputs/x'); os.rmdir(out); os.symlink(here('outputs'), out)",
        (
            "The folder of output model is a link to outputs, which is moved into the run record. "
            "Keep the folder and write into the folder of --model."
        ),
    ),
}
ACCEPTED = {
    "a-hard-link-to-the-working-folder": "write('x'); os.link('x', out + '/x')",
    "a-hard-link-to-outputs": "write('outputs/x'); os.link('outputs/x', out + '/x')",
    "a-hard-link-to-an-input": "os.link(given + '/table', out + '/x')",
    "a-link-within-the-output": "write(out + '/a'); os.symlink('a', out + '/x')",
    "an-absolute-link-within-the-output": "write(out + '/a'); os.symlink(out + '/a', out + '/x')",
    "to-data-of-the-project": "os.symlink(data + '/x', out + '/x')",
}
MOVED = "nowhere once outputs/ and logs/ have moved into the record of the run."
KEPT = {
    "kept-links-into-the-working-folder": (
        "write('.b'); os.symlink('../.b', 'outputs/b'); os.symlink(here('.b'), 'logs/b')",
        f"The links outputs/b and logs/b lead {MOVED} Copy the files there instead.",
    ),
    "kept-absolute-link": (
        "write('outputs/a'); os.symlink(here('outputs/a'), 'outputs/b')",
        f"The link outputs/b leads {MOVED} Copy the file there instead.",
    ),
    "kept-relative-link-to-an-output": (
        "os.symlink('../../model/x', 'outputs/b')",
        f"The link outputs/b leads {MOVED} Copy the file there instead.",
    ),
    "kept-links-that-hold": (
        (
            "write('outputs/a'); os.symlink('a', 'outputs/b'); os.symlink('../outputs/a', 'logs/c'); "
            "os.symlink(data, 'outputs/d')"
        ),
        "",
    ),
}

SCRIPT = """\
import os, sys
given, data, out = sys.argv[2], sys.argv[4], sys.argv[6]

def write(path):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    open(path, "w").write("text")

here = os.path.abspath
"""


def _pipeline(scripts: Mapping[str, str]) -> dict[str, str]:
    steps = "".join(
        f"  {name}:\n    script: {name}.py\n    arguments:\n      --given: ${{{{ steps.make.outputs.table }}}}\n"
        "      --data: ${{ datasets.data }}\n      --model: ${{ outputs.model }}\n"
        for name in scripts
    )
    head = "name: links\ndatasets: {data: {local: data}}\nsteps:\n  make:\n    script: make.py\n    arguments:\n"
    files = {f"{name}.py": SCRIPT + text + "\n" for name, text in scripts.items()}
    made = "import sys\nopen(sys.argv[-1] + '/table', 'w').write('text')\n"
    pipeline = f"{head}      --output: ${{{{ outputs.table }}}}\n{steps}"
    return {"pipeline.yaml": pipeline, "make.py": made, "data/x": "text", **files}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A run of all the scripts."""
    project = Project(tmp_path_factory.mktemp("ran"))
    kept = {name: f"write(out + '/x'); {text}" for name, (text, _) in KEPT.items()}
    refused = {name: text for name, (text, _) in REFUSED.items()}
    project.write(_pipeline({**refused, **ACCEPTED, **kept}))
    project.cli("run", "--keep-going", status=1)
    return project


def _row(ran: Project, name: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads((ran.runs()[0] / "run.json").read_text())["steps"][name]
    return row


@pytest.mark.parametrize("name", REFUSED)
def test_a_link_to_what_goes_is_no_output(ran: Project, name: str) -> None:
    row = _row(ran, name)
    assert row["state"] == "failed"
    assert re.sub(r"attempt\.[^/]+", "attempt.ID", row["message"]) == REFUSED[name][1]


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_link_to_what_stays_is_accepted_and_leads_there_afterwards(ran: Project, name: str) -> None:
    assert _row(ran, name)["state"] == "done"
    assert (ran.output(name, "model") / "x").read_text() == "text"


@pytest.mark.parametrize("name", KEPT)
def test_links_that_break_in_the_record_are_told(ran: Project, name: str) -> None:
    row = _row(ran, name)
    assert (row["state"], row.get("remark", "")) == ("done", KEPT[name][1])
    folder = ran.runs()[0] / "steps" / name
    links = [path for path in folder.rglob("*") if path.is_symlink()]
    broken = [path for path in links if not Path(os.path.realpath(path)).exists()]
    assert bool(broken) == bool(KEPT[name][1])
