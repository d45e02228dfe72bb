"""``environment`` and what ``run`` says of it: through the real command line."""

from __future__ import annotations

import platform
import re
from pathlib import Path
from typing import Any, cast

import pytest

from aml_pipeline.cli.commands.environment import warning
from aml_pipeline.project.opening import open_pipeline
from tests.conftest import Project

PIPELINE = """\
    name: p
    environment: {name: base, conda_file: env/e.yml}
    parameters: {n: 1}
    steps:
      one:
        script: one.py
    profiles:
      pips:
        environment: {name: pips, pip_requirements: env/r.txt}
"""
HERE = platform.python_version()
FITTING = f"dependencies: ['python={HERE}', 'pip', {{pip: [pytest, 'PyYAML>=6']}}]\n"
DIFFERING = """\
    dependencies:
      - python=2.7
      - openssl
      - pip
      - pip:
          - pytest==1.0
          - no-such-thing-a
          - no-such-thing-b
          - six; python_version < "3"
          - ./lib
"""


@pytest.fixture
def pipeline(project: Project) -> Project:
    project.write({"pipeline.yaml": PIPELINE, "one.py": "", "env/e.yml": FITTING, "env/r.txt": "pytest\n"})
    return project


def rows(text: str) -> dict[str, str]:
    """Return the verdict on each package: ``{"python": "fits"}``."""
    found = [re.split(r" {2,}", line.strip()) for line in text.splitlines() if line.startswith("  ")]
    return {row[0]: row[3] for row in found if len(row) == 4}


def test_what_fits_is_shown_package_by_package(pipeline: Project) -> None:
    done = pipeline.cli("environment", "--exit-code")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"Compared with Python {HERE} at /")
    assert "Azure ML builds its own image" in lines[1]
    assert lines[3] == "base (env/e.yml)"
    assert lines[4].split() == ["package", "declared", "installed"]
    assert lines[5].split() == ["python", f"={HERE}", HERE, "fits"]
    assert lines[-2].split()[:2] == ["PyYAML", ">=6"]
    assert lines[-1].startswith("4 packages: ")
    assert done.stderr == ""


def test_what_differs_is_shown_and_is_no_failure(pipeline: Project) -> None:
    pipeline.write({"env/e.yml": DIFFERING})
    done = pipeline.cli("environment")
    assert rows(done.stdout) == {
        "python": "Python version",
        "openssl": "not checked",
        "pip": rows(done.stdout)["pip"],
        "pytest": "other version",
        "no-such-thing-a": "missing",
        "no-such-thing-b": "missing",
        "six": f"not for Python {'.'.join(HERE.split('.')[:2])}",
        "./lib": "not checked",
    }
    assert pipeline.cli("environment", "--exit-code", status=5).stdout == done.stdout


def test_a_profile_a_parameter_another_file_and_another_python_count(pipeline: Project) -> None:
    assert "pips (env/r.txt)" in pipeline.cli("environment", "--profile", "pips", "--param", "n=2").stdout
    inside = pipeline.root / "env"
    assert "base (env/e.yml)" in pipeline.cli("environment", "-f", "../pipeline.yaml", cwd=inside).stdout
    told = pipeline.cli("environment", "--python", "nowhere", status=2).stderr
    assert told.startswith('The Python "nowhere" was not found.')
    pipeline.cli("environment", "--param", "x=1", status=2)


def test_each_environment_is_shown_once_with_the_steps_that_use_it(project: Project) -> None:
    project.write(
        {
            "one.py": "",
            "r.txt": "-c none-of-these.txt\n",
            "none-of-these.txt": "",
            "pipeline.yaml": """\
                name: p
                environment: {registered: team-env}
                steps:
                  one: {script: one.py}
                  two: {script: one.py}
                  three:
                    script: one.py
                    environment: {name: image, docker_image: "ubuntu:24.04"}
                  four:
                    script: one.py
                    environment: {name: both, docker_image: "ubuntu:24.04", pip_requirements: r.txt}
                  five:
                    script: one.py
                    environment: {name: own, conda_environment: ml}
                  six:
                    script: one.py
                    environment: {name: built, dockerfile: docker/Dockerfile}
                  seven:
                    script: one.py
                    environment: {name: with-wheel, pip_requirements: w.txt}
            """,
            "docker/Dockerfile": "FROM python:3.11\n",
            "w.txt": "./dist/ours-1.0-py3-none-any.whl\n",
        }
    )
    nothing = "It declares no packages in the project, so nothing can be checked."
    assert project.cli("environment").stdout.split("\n\n")[1:] == [
        f"team-env, for one, two: it is registered in Azure ML. {nothing}\n".strip(),
        f"image, for three: it is the image ubuntu:24.04. {nothing}",
        "both (r.txt), for four\nno packages.",
        f"own, for five: it is the conda environment ml, exported on submission. {nothing}",
        f"built, for six: its image is built from docker/Dockerfile. {nothing}",
        (
            "with-wheel (w.txt), for seven\n"
            "  package  declared  installed\n"
            "  ours     ==1.0     –          missing\n"
            "1 package: 1 missing.\n"
        ),
    ]


def test_a_pipeline_without_an_environment_is_told(project: Project) -> None:
    project.write({"pipeline.yaml": "name: p\nsteps: {one: {script: one.py}}\n", "one.py": ""})
    assert project.cli("environment").stdout.endswith("\nNo step declares an environment.\n")


@pytest.mark.parametrize("words", [("validate",), ("plan",), ("run",), ("environment",), ("graph",)])
def test_a_file_that_conda_or_pip_cannot_read_is_an_error_before_anything_runs(
    pipeline: Project, words: tuple[str, ...]
) -> None:
    pipeline.write({"env/e.yml": "dependencies:\n  - python==3.8=\n  - pip\n  - pip: [torch=2]\n"})
    done = pipeline.cli(*words, status=2, cwd=pipeline.root)
    told = done.stdout if words == ("validate",) else done.stderr
    assert told.startswith("""\
env/e.yml:2:5: conda cannot read "python==3.8=" as a package. \
Write it as NAME, NAME=VERSION or NAME>=VERSION, for example python=3.8. [conda-syntax]
   2 |   - python==3.8=
     |     ^~~~~~~~~~~~
env/e.yml:4:11: pip cannot read "torch=2" as a requirement. Write "torch==2": a single = is conda syntax. [pip-syntax]
   4 |   - pip: [torch=2]
     |           ^~~~~~~
""")
    assert not (pipeline.root / ".aml_pipeline" / "p" / "runs").exists()


def test_a_mistake_in_an_included_file_is_shown_there_from_wherever_one_stands(pipeline: Project) -> None:
    pipeline.write({"env/r.txt": "-r more/base.txt\n", "env/more/base.txt": "# a\ntorch=2\n"})
    words = ("validate", "-f", "project/pipeline.yaml", "--profile", "pips")
    told = pipeline.cli(*words, status=2, cwd=pipeline.root.parent).stdout
    assert told.startswith("project/env/more/base.txt:2:1: pip cannot read")
    assert "   2 | torch=2\n     | ^~~~~~~\n" in told


def test_a_run_says_in_one_line_what_differs_and_goes_on(pipeline: Project) -> None:
    pipeline.write({"env/e.yml": DIFFERING})
    done = pipeline.cli("run")
    (line,) = (line for line in done.stderr.splitlines() if "declared" in line)
    named = (
        f"Python 2.7 declared, {HERE} here; pytest 1.0 declared, {pytest.__version__} here; no-such-thing-a is missing"
    )
    assert line == (
        f"The local environment differs from the declared one: {named}; and 1 more. `aml-pipeline "
        "environment` shows all."
    )
    assert done.stdout.startswith("one  done in ")
    assert pipeline.cli("run").stderr == ""  # nothing runs
    assert pipeline.cli("run", "--force").stderr.count("The local environment differs") == 1
    assert "declared" not in pipeline.cli("plan", "--force").stderr


def test_only_the_environments_of_the_steps_chosen_count(pipeline: Project) -> None:
    other = "\n  two:\n    script: one.py\n    environment: {name: other, pip_requirements: env/r.txt}\n"
    pipeline.replace("pipeline.yaml", "    script: one.py\n", f"    script: one.py{other}")
    pipeline.write({"env/r.txt": "no-such-thing\n"})
    assert "no-such-thing" not in pipeline.cli("run", "one").stderr
    assert "no-such-thing is missing" in pipeline.cli("run", "two").stderr


def test_a_run_that_fits_says_nothing(pipeline: Project) -> None:
    assert "environment" not in pipeline.cli("run").stderr


def test_an_edit_of_an_included_file_is_noticed_by_a_run_with_nothing_to_do(pipeline: Project) -> None:
    import time

    pipeline.write({"env/e.yml": "dependencies: [pip, {pip: [-r more.txt]}]\n", "env/more.txt": "pytest\n"})
    pipeline.cli("run")
    time.sleep(2.1)  # until looks are trusted
    for _ in range(2):
        pipeline.cli("run")
    pipeline.write({"env/more.txt": "pytest=1\n"})
    assert "env/more.txt:1:1" in pipeline.cli("run", status=2).stderr


def test_whatever_is_odd_in_a_declaration_stops_no_run(tmp_path: Path) -> None:
    class Odd:
        def declaration(self, _environment: object) -> object:
            raise ZeroDivisionError

    Project(tmp_path).write({"pipeline.yaml": PIPELINE, "one.py": "", "env/e.yml": FITTING})
    plan, _ = open_pipeline(str(tmp_path / "pipeline.yaml")).require()
    assert warning(plan, ["one"], cast("Any", Odd()), cast("Any", None)) == ""
