"""The Python of the steps."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Project, states
from tests.local.projects import one_step


def test_another_python(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "other python"
    other.write_text(f'#!/bin/sh\nOTHER=yes exec "{sys.executable}" "$@"\n')
    other.chmod(0o755)
    project.write(one_step("import os, sys\nopen(sys.argv[-1] + '/other', 'w').write(os.environ.get('OTHER', 'no'))"))
    assert project.run("--python", str(other)) == {"only": "done"}
    assert (project.output("only", "out") / "other").read_text() == "yes"
    assert project.run() == {"only": "up to date"}
    assert json.loads((project.runs()[-1] / "run.json").read_text())["python"]["path"] == str(other)


@pytest.mark.parametrize(
    ("name", "mode", "told"),
    [
        ("nothing", None, 'The Python "./nothing" was not found.'),
        ("text", 0o644, 'The Python "./text" was not found.'),
        ("true", 0o755, " is not a working Python"),
    ],
)
def test_what_is_no_python(project: Project, name: str, mode: int | None, told: str) -> None:
    project.write(one_step(""))
    if mode is not None:
        project.write({name: "#!/bin/sh\ntrue\n"})
        (project.root / name).chmod(mode)
    failed = project.cli("run", "--python", f"./{name}", status=2).stderr
    assert told in failed
    assert len(failed.splitlines()) == 1


def test_modules_of_the_project_do_not_hide_those_of_python(project: Project) -> None:
    project.write({**one_step(""), "email.py": "raise SystemExit('not this one')\n"})
    installed = "import sys; del sys.path[0]; from aml_pipeline.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", installed, "run"]
    done = subprocess.run(command, cwd=project.root, env=project.environ, capture_output=True, text=True, check=False)
    assert (states(done.stdout), done.returncode) == ({"only": "done"}, 0), done.stderr


def test_code_installed_in_place_counts(project: Project, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "mylib.py").write_text("VALUE = 1\n")
    packages = tmp_path / "user" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "mylib.pth").write_text(f"{library}\n")
    environ = {"PYTHONUSERBASE": str(tmp_path / "user")}
    base = os.path.realpath(sys.executable)  # a virtual environment has no user packages
    project.write({**one_step("import mylib, sys\nopen(sys.argv[-1] + '/x', 'w').write(str(mylib.VALUE))\n")})
    assert states(project.cli("run", "--python", base, environ=environ).stdout) == {"only": "done"}
    assert "up to date" in project.cli("plan", "--python", base, environ=environ).stdout
    (library / "mylib.py").write_text("VALUE = 22\n")
    assert "mylib code" in project.cli("plan", "--python", base, environ=environ).stdout


# The Python in the file.

TWO = """
    name: two
    python: first/bin/python
    steps:
      one:
        script: step.py
        arguments: {--out: "${{ outputs.out }}"}
      two:
        script: step.py
        python: second/bin/python
        arguments: {--in: "${{ steps.one.outputs.out }}", --out: "${{ outputs.out }}"}
    profiles:
      other: {python: second/bin/python}
    """
STEP = "import os, sys\nopen(sys.argv[-1] + '/which', 'w').write(os.environ.get('WHICH', 'none'))\n"


def add_python(project: Project, name: str) -> Path:
    """Make a program in the project that runs this Python, and tells scripts so."""
    project.write({f"{name}/bin/python": f'#!/bin/sh\nWHICH={name} exec "{sys.executable}" "$@"\n'})
    path = project.root / name / "bin" / "python"
    path.chmod(0o755)
    return path


@pytest.fixture
def two(project: Project) -> Project:
    project.write({"pipeline.yaml": TWO, "step.py": STEP})
    add_python(project, "first")
    add_python(project, "second")
    return project


def which(project: Project) -> tuple[str, ...]:
    return tuple((project.output(step, "out") / "which").read_text() for step in ("one", "two"))


def test_each_step_runs_with_its_python(two: Project) -> None:
    assert two.run() == {"one": "done", "two": "done"}
    assert which(two) == ("first", "second")
    assert two.run() == {"one": "up to date", "two": "up to date"}
    record = json.loads((two.runs()[-1] / "run.json").read_text())
    assert record["python"]["path"] == str(two.root / "first/bin/python")
    assert [one["path"] for one in record["pythons"]] == [str(two.root / "second/bin/python")]
    assert two.run("--profile", "other", "--force") == {"one": "done", "two": "done"}
    assert which(two) == ("second", "second")
    assert two.run("--python", sys.executable, "--force") == {"one": "done", "two": "done"}
    assert which(two) == ("none", "none")


def test_the_path_is_relative_to_the_file(two: Project, tmp_path: Path) -> None:
    two.cli("run", "-f", str(two.root / "pipeline.yaml"), cwd=tmp_path)
    assert which(two) == ("first", "second")


def test_a_python_that_is_missing_is_told_with_its_line_before_anything_runs(two: Project) -> None:
    (two.root / "second/bin/python").unlink()
    refused = two.cli("run", status=2)
    cure = "Create it with `python3 -m venv second` and install the packages there, or correct the path."
    assert (
        f'pipeline.yaml:9:13: the Python "second/bin/python" was not found. {cure} [missing-python]' in refused.stderr
    )
    assert two.runs() == []
    assert "warning: the Python" in two.cli("validate").stdout
    assert two.run("one") == {"one": "done"}
    assert two.run("--python", sys.executable)["two"] == "done"


def test_a_changed_python_of_a_step_is_noticed(two: Project) -> None:
    """The second Python is another virtual environment, in which a package is installed later."""
    real = two.root / "real"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(real)], check=True)
    two.replace("pipeline.yaml", "    python: second/bin/python\n", "    python: real/bin/python\n")
    two.write({"step.py": f"try:\n    import small\nexcept ImportError:\n    pass\n{STEP}"})
    assert two.run() == {"one": "done", "two": "done"}
    assert two.run() == {"one": "up to date", "two": "up to date"}
    (packages,) = real.glob("lib/python*/site-packages")
    (packages / "small-1.0.dist-info").mkdir()
    (packages / "small-1.0.dist-info" / "METADATA").write_text("Name: small\nVersion: 1.0\n")
    (packages / "small-1.0.dist-info" / "RECORD").write_text("small.py,,\n")
    (packages / "small.py").write_text("")
    assert two.plan() == {"one": "up to date", "two": "will run  small is new"}
    assert two.run() == {"one": "up to date", "two": "done"}


def test_the_environment_is_compared_with_the_python_of_each_step(two: Project) -> None:
    two.replace("pipeline.yaml", "name: two", "name: two\nenvironment: {name: e, pip_requirements: r.txt}")
    two.write({"r.txt": "pytest\n"})
    said = two.cli("environment").stdout
    assert "first/bin/python, which runs one locally.\n" in said
    assert "second/bin/python, which runs two locally.\n" in said
    assert said.count("e (r.txt), for ") == 2
    said = two.cli("environment", "--python", sys.executable).stdout
    assert f"{sys.executable}, which runs the steps locally.\n" in said
    assert said.count("e (r.txt)") == 1
