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
