"""Nothing is told of what is right: real scripts, the conformance pipelines, the shipped pipeline."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest

from aml_pipeline.core.problems import Problem
from aml_pipeline.project import validation
from aml_pipeline.project.opening import open_pipeline
from tests.conftest import ROOT, Project
from tests.corpus import this_python
from tests.project.test_contract_real import real_scripts

CONFORMANCE = ROOT / "tests" / "conformance"
# What `validate` tells of scripts and what they need.
CODES = {"literal-path", "log-step", "nothing-called", "undeclared-variable", "unknown-input", "unnamed-import"}


def _warned(path: Path) -> list[Problem]:
    plan, project = open_pipeline(str(path)).require()
    return [one for one in validation.warnings(plan, project, this_python) if one.code in CODES]


@pytest.mark.parametrize("part", [3, pytest.param(1, marks=pytest.mark.more)])
def test_nothing_is_told_of_real_scripts(project: Project, part: int) -> None:
    """Those of ``contract/real.txt``, of the standard library and of packages, where all that is installed is named.

    Beside the pipeline lie folders with names that many scripts have in their texts.
    """
    scripts = sorted(real_scripts(), key=lambda script: script[1].stat().st_size)
    scripts = scripts[: len(scripts) // part]  # the small ones first: their size is what this takes
    files = {f"steps/s{number}.py": path.read_text(encoding="utf-8") for number, (_, path) in enumerate(scripts)}
    for name in ("data", "test", "build", "config.json", "requirements.txt", "README.md", "setup.cfg"):
        files[f"{name}/x.txt" if "." not in name else name] = "x\n" if name != "requirements.txt" else ""
    files["requirements.txt"] = "\n".join(this_python().distributions)
    steps = "".join(f"  s{number}: {{script: s{number}.py}}\n" for number in range(len(scripts)))
    head = "name: real\nsource_directory: steps\nenvironment: {name: e, pip_requirements: requirements.txt}\nsteps:\n"
    (project.root / "steps").mkdir()
    for name, text in files.items():
        (project.root / name).parent.mkdir(exist_ok=True)
        (project.root / name).write_text(text, encoding="utf-8")
    (project.root / "pipeline.yaml").write_text(head + steps, encoding="utf-8")
    assert len(scripts) >= 40 // part
    assert [f"{one.place} {one.message}" for one in _warned(project.root / "pipeline.yaml")] == []
    (project.root / "requirements.txt").write_text("six\n", encoding="utf-8")
    assert {one.code for one in _warned(project.root / "pipeline.yaml")} == {"unnamed-import"}


# A project as many are: reports of an earlier run beside it, helpers in folders that a search path leads to.
HOUSE = {
    "pipeline.yaml": """\
        name: house
        source_directory: src
        environment: {name: e, pip_requirements: requirements.txt}
        steps:
          draw: {script: draw.py}
          path: {script: path.py}
          split: {script: split.py}
          flags: {script: flags.py}
          deep: {script: jobs/deep.py}
          maybe: {script: maybe.py}
    """,
    "requirements.txt": "numpy\nmatplotlib\n",
    "reports/fig.png": "old",
    "reports/t.csv": "old",
    "reports/app.log": "old",
    "img/model.png": "old",
    "src/draw.py": """\
        import argparse
        import logging
        from pathlib import Path

        from drawing import chart, plot_model

        REPORTS = Path("reports")
        FIGURE = "reports/fig.png"
        parser = argparse.ArgumentParser()
        parser.add_argument("--figure", type=Path, default="reports")
        parser.parse_known_args()
        logging.basicConfig(filename="reports/app.log")
        plot_model([1], to_file="img/model.png")
        chart([1], "reports/fig.png")
        chart([1], FIGURE)
        chart([1], REPORTS / "fig.png")
        print({"table": "reports/t.csv"}, ["reports/t.csv"])
    """,
    "src/drawing.py": """\
        import os

        def chart(rows, path): ...
        def plot_model(rows, to_file): ...
        def by_hand():
            chart([1], os.environ["WHERE"])
    """,
    "src/path.py": """\
        import sys

        sys.path.insert(0, "lib")
        import helper
        from tools import common
    """,
    "src/lib/helper.py": "",
    "src/lib/tools/common.py": "",
    "src/split.py": """\
        import sys

        def split(text):
            print(text)
            return text, text

        a, b = split(sys.argv[0])
    """,
    "src/flags.py": """\
        import os

        DEBUG = os.environ.get("DEBUG") == "1"
        FAST = os.environ.get("FAST", "").lower() in ("1", "true")
        LEVEL = {"low": 0}.get(os.environ.get("LEVEL"), 2)
        region = os.environ.get("REGION")
        if region is None:
            region = "west"
        zone = os.environ.get("ZONE")
        print(zone or "a", DEBUG, FAST, LEVEL)
    """,
    "src/jobs/deep.py": """\
        import near
        from shared.names import NAMES

        def update():
            print(NAMES, near)

        update()
    """,
    "src/jobs/near.py": "",
    "src/shared/names.py": "NAMES = []\n",
    "src/maybe.py": """\
        import sys

        if "GPU" in sys.argv:
            import cupy
    """,
}


def test_nothing_is_told_of_what_many_projects_do(project: Project) -> None:
    project.write({name: textwrap.dedent(text) for name, text in HOUSE.items()})
    found = _warned(project.root / "pipeline.yaml")
    assert [f"{one.place} {one.message}" for one in found] == []
    (project.root / "src" / "split.py").write_text("def split(): ...\n", encoding="utf-8")
    assert [one.code for one in _warned(project.root / "pipeline.yaml")] == ["nothing-called"]


@pytest.mark.parametrize("name", sorted(path.name for path in (CONFORMANCE / "pipelines").glob("*.yaml")))
def test_nothing_is_told_of_a_conformance_pipeline(name: str, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "scripts", tmp_path / "scripts" / "nested", tmp_path / "package"):
        folder.mkdir(exist_ok=True)
        shutil.copy(CONFORMANCE / "record.py", folder)
    (tmp_path / "record.sh").write_text('exec python record.py "$@"\n')
    shutil.copy(CONFORMANCE / "pipelines" / name, tmp_path / "pipeline.yaml")
    assert _warned(tmp_path / "pipeline.yaml") == []


def test_nothing_is_told_of_the_shipped_pipeline(tmp_path: Path) -> None:
    for name in ("steps", ".azureml"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pipeline.yaml", tmp_path)
    assert _warned(tmp_path / "pipeline.yaml") == []
