"""The Makefile, driven by real make with stand-ins for Python, so that nothing is downloaded."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from tests.patience import PATIENCE, until

ROOT = Path(__file__).parents[1]

# A Python that fits, makes a .venv that holds itself, and whose pip does what the variable PIP_DOES says.
FITS = """#!/bin/sh
case "$1 $2" in
  "-m venv")
    echo "venv by ${0##*/}" >> "$LOG"
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/python"
    printf '#!/bin/sh\\necho "ran: $*"\\n' > "$3/bin/aml-pipeline"
    chmod +x "$3/bin/aml-pipeline" ;;
  "-m pip")
    for last; do :; done
    echo "pip install $last PYTHONHOME=$PYTHONHOME PYTHONPATH=$PYTHONPATH" >> "$LOG"
    eval "$PIP_DOES" ;;
esac
"""

# The Python that runs these tests, told beforehand to look like another one.
LOOKS_LIKE = f"""#!/bin/sh
exec '{sys.executable}' -c 'import sys; {{change}}; exec(sys.argv[2])' "$@"
"""

PYENV_SHIM = """#!/bin/sh
printf 'pyenv: %s: command not found\\n\\nThe command exists in these Python versions:\\n  3.12.1\\n' "${0##*/}" >&2
exit 127
"""


class Project:
    """A copy of what make reads, its path with a space and an é, and a PATH that holds only what is put there."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a b é"
        self.bin = folder / "bin"
        self.log = folder / "log"
        self.root.mkdir()
        self.bin.mkdir()
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, self.root)
        for tool in ("make", "echo", "sed", "head", "rm", "touch", "mkdir", "cp", "chmod", "find", "sleep"):
            (self.bin / tool).symlink_to(shutil.which(tool) or pytest.skip(f"no {tool} here"))

    def python(self, name: str, text: str = FITS) -> Path:
        """Put a stand-in for Python on PATH."""
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def environment(self, **changes: str) -> dict[str, str]:
        """Nothing of the caller's own, which may itself be a make."""
        return {"PATH": str(self.bin), "LOG": str(self.log), **changes}

    def make(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run make in the project."""
        return subprocess.run(
            ["make", *arguments],
            cwd=self.root,
            env=self.environment(**changes),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def happened(self) -> list[str]:
        """Tell, and forget, what the stand-ins did."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line.removesuffix(" PYTHONHOME= PYTHONPATH=") for line in lines]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def built(project: Project) -> Project:
    """A project whose .venv is ready for pipeline-run."""
    project.python("python3.11")
    assert project.make("pipeline-run").returncode == 0
    assert project.happened() == ["venv by python3.11", "pip install .[steps]"]
    return project


def test_help_is_the_default_and_tells_every_target(project: Project) -> None:
    listed = project.make()
    assert listed.returncode == 0
    assert listed.stdout == project.make("help").stdout
    phony = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    assert [line.split()[0] for line in listed.stdout.splitlines()] == phony.split()[1:-1]
    assert phony.endswith(" FORCE")
    assert not (project.root / ".venv").exists()


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["pipeline-run"], "run --profile quickstart"),
        (["pipeline-plan"], "plan --profile quickstart"),
        (["pipeline-run", "PROFILE="], "run"),
        (["pipeline-run", "PROFILE=nightly"], "run --profile nightly"),
        (
            ["pipeline-run", "PARAMS=epochs=3 seed=1"],
            "run --profile quickstart --param epochs=3 --param seed=1",
        ),
        (["pipeline-plan", "PROFILE=", "STEPS=train"], "plan train"),
        (
            ["pipeline-run", "PROFILE=", "PARAMS=epochs=3", "STEPS=prepare-data train"],
            "run --param epochs=3 prepare-data train",
        ),
        (["pipeline-validate"], "validate"),
        (["pipeline-submit"], "submit"),
        (["pipeline-submit", "PROFILE=night", "PARAMS=epochs=3"], "submit --profile night --param epochs=3"),
        (["pipeline-submit", "SDK=v2", "STEPS=prepare-data"], "submit --sdk v2 prepare-data"),
        (["pipeline-publish"], "publish"),
        (["pipeline-publish", "ARGS=--dry-run", "PROFILE="], "publish --dry-run"),
        (["pipeline-export"], "export v2"),
        (["pipeline-export", "DIR=there", "PROFILE=night"], "export --profile night there"),
    ],
)
def test_what_is_passed_on(project: Project, arguments: list[str], command: str) -> None:
    assert project.make("-n", *arguments).stdout.splitlines()[-1].split() == [
        ".venv/bin/aml-pipeline",
        *command.split(),
    ]


def test_looking_changes_nothing(project: Project) -> None:
    project.make("-n", "pipeline-run")
    assert not (project.root / ".venv").exists()


def test_sets_up_once(project: Project) -> None:
    project.python("python3.11")
    first = project.make("pipeline-run")
    assert first.returncode == 0, first.stderr
    assert "setting up .venv with python3.11" in first.stdout
    assert project.happened() == ["venv by python3.11", "pip install .[steps]"]

    second = project.make("pipeline-run")
    assert second.stdout == ".venv/bin/aml-pipeline run --profile quickstart\nran: run --profile quickstart\n"
    assert project.happened() == []

    assert project.make("pipeline-submit", "SDK=v2").returncode == 0
    assert project.happened() == ["pip install .[azureml-v2]"]

    assert project.make(".venv/dev").returncode == 0
    assert project.happened() == ["pip install .[dev]"]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_installs_again_when_an_input_changed(built: Project, name: str) -> None:
    later = time.time() + 10
    os.utime(built.root / name, (later, later))
    assert "updating .venv after changes of pyproject.toml or constraints.txt" in built.make("pipeline-run").stdout
    assert built.happened() == ["pip install .[steps]"]


def test_the_callers_python_variables_do_not_reach_it(project: Project) -> None:
    project.python("python3.11")
    assert project.make("pipeline-run", PYTHONHOME="/nowhere", PYTHONPATH="/nowhere").returncode == 0
    assert project.happened()[-1] == "pip install .[steps]"


def break_python(project: Project) -> None:
    (project.root / ".venv/bin/python").unlink()
    (project.root / ".venv/bin/python").symlink_to("/nowhere/python3.11")


def move_folder(project: Project) -> None:
    project.root = project.root.rename(project.root.with_name("elsewhere"))


@pytest.mark.parametrize("damage", [break_python, move_folder])
def test_a_venv_that_cannot_run_is_made_anew(built: Project, damage: Callable[[Project], None]) -> None:
    damage(built)
    assert built.make("pipeline-run").returncode == 0
    assert built.happened() == ["venv by python3.11", "pip install .[steps]"]


def test_the_first_that_fits_is_used(project: Project) -> None:
    project.python("python3.11", PYENV_SHIM)
    project.python("python3.10", LOOKS_LIKE.format(change="sys.version_info = (3, 9, 2)"))
    project.python("python3")
    assert project.make("pipeline-run").returncode == 0
    assert project.happened()[0] == "venv by python3"


def test_a_python_that_is_asked_for(built: Project) -> None:
    built.python("mine")
    assert "setting up .venv with mine" in built.make("pipeline-run", "PYTHON=mine").stdout
    built.happened()
    assert built.make("pipeline-run", "PYTHON=mine").returncode == 0
    assert built.make("pipeline-run").returncode == 0
    assert built.happened() == []


def test_asking_for_a_python_that_does_not_fit(built: Project) -> None:
    refused = built.make("pipeline-run", "PYTHON=/no where/python")
    assert refused.returncode == 2
    assert "Tried:\n  /no where/python: not found\nInstall it, or name one: " in refused.stderr
    assert built.make("pipeline-run").returncode == 0
    assert built.happened() == []


WITHOUT_ENSUREPIP = """import importlib.util as u; u.find_spec = lambda name: name != "ensurepip" """


def is_python(*version: int, machine: str = "x86_64", system: str = "linux") -> str:
    """Return a Python that says that it is another one; and that fits, if it is asked to make a .venv."""
    change = f'import platform; platform.machine = lambda: "{machine}"; sys.platform = "{system}"'
    looks = LOOKS_LIKE.format(change=f"{change}; sys.version_info = {version}").splitlines()[-1]
    return FITS.replace("esac", f"  *) {looks} ;;\nesac")


def test_no_python_fits(project: Project) -> None:
    project.python("python3.11", LOOKS_LIKE.format(change=WITHOUT_ENSUREPIP))
    project.python("python3.10", "#!/bin/sh\nexit 1\n")
    project.python("python3.12", PYENV_SHIM)
    project.python("python3", is_python(3, 9, 2))
    project.python("python3.14", is_python(3, 15, 0))
    refused = project.make("pipeline-run")
    assert refused.returncode == 2
    version = ".".join(map(str, sys.version_info[:3]))
    assert refused.stderr.splitlines()[:-1] == [
        "This project needs Python 3.10 to 3.14 with the modules venv and ensurepip, but none was found. Tried:",
        f"  python3.11: is Python {version} without the module ensurepip",
        "  python3.10: does not run",
        "  python3: is Python 3.9.2",
        "  python3.14: is Python 3.15.0",
        "  python3.13: not found",
        "  python3.12: pyenv: python3.12: command not found",
        "  python: not found",
        "Install it, or name one: make PYTHON=/path/to/python3 ...",
        "  Debian, Ubuntu: apt install python3-venv",
        "  Fedora: dnf install python3",
        "  macOS: brew install python",
    ]
    assert not (project.root / ".venv").exists()


@pytest.mark.parametrize("only", ["python3", "python3.10", "python3.12", "python3.13", "python3.14", "python"])
def test_any_python_that_fits_is_taken(project: Project, only: str) -> None:
    project.python(only, is_python(3, int(only.partition(".")[2] or 13), 1))
    for target in ("pipeline-run", "pipeline-plan", "pipeline-validate", "pipeline-export", "pipeline-report"):
        done = project.make(target)
        assert done.returncode == 0, done.stderr
    assert project.make("pipeline-submit", "SDK=v2").returncode == 0
    assert project.happened() == [f"venv by {only}", "pip install .[steps]", "pip install .[azureml-v2]"]


V1_TARGETS = pytest.mark.parametrize(
    "words", [("pipeline-submit",), ("pipeline-submit", "SDK=v1"), ("pipeline-publish",)]
)


@V1_TARGETS
def test_where_no_python_takes_sdk_v1_it_says_what_does(project: Project, words: tuple[str, ...]) -> None:
    project.python("python3", is_python(3, 13, 5))
    project.python("python3.11", is_python(3, 11, 9, system="darwin", machine="arm64"))
    refused = project.make(*words)
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[:-1] == [
        "Azure ML SDK v1 needs Python 3.10 or 3.11 with the modules venv and ensurepip, but none was found. Tried:",
        "  python3.11: is Python 3.11.9 for Apple silicon",
        "  python3.10: not found",
        "  python3: is Python 3.13.5",
        *(f"  {name}: not found" for name in ("python3.14", "python3.13", "python3.12", "python")),
        "Install it, or name one: make PYTHON=/path/to/python3.11 ...",
        "  Debian 12, Ubuntu 22.04: apt install python3-venv",
        "  Fedora: dnf install python3.11",
        "  macOS on Intel: brew install python@3.11",
        "  other systems, such as Debian 13 and Ubuntu 24.04: uv python install 3.11 (https://docs.astral.sh/uv)",
        "Azure ML v2 does not need it: make pipeline-submit SDK=v2, make pipeline-export",
    ]
    assert not (project.root / ".venv").exists()


@V1_TARGETS
def test_a_venv_on_which_sdk_v1_does_not_install_is_made_anew(project: Project, words: tuple[str, ...]) -> None:
    project.python("python3", is_python(3, 13, 5))
    assert project.make("pipeline-run").returncode == 0
    assert project.make(*words).returncode == 2
    assert project.happened() == ["venv by python3", "pip install .[steps]"]
    assert project.make("pipeline-run").returncode == 0
    assert project.happened() == [], "what was there is left alone where nothing better is found"

    project.python("python3.10", is_python(3, 10, 4))
    assert project.make(*words).returncode == 0
    assert project.happened() == ["venv by python3.10", "pip install .[steps]", "pip install .[azureml]"]
    for again in (words, ("pipeline-run",)):
        assert project.make(*again).returncode == 0
        assert project.happened() == []


@pytest.mark.parametrize(
    "version",
    [(2, 7, 18), (3, 9, 25), (3, 10, 0), (3, 11, 7), (3, 12, 12), (3, 13, 0), (3, 14, 6), (3, 15, 0), (4, 0, 0)],
)
def test_what_fits_is_what_the_package_requires(project: Project, version: tuple[int, int, int]) -> None:
    about = (ROOT / "pyproject.toml").read_text()
    requires = about.split('requires-python = "')[1].split('"')[0]
    like = project.python("like", LOOKS_LIKE.format(change=f"sys.version_info = {version}"))
    answer = project.make("pipeline-run", f"PYTHON={like}")
    fits = "but none was found" not in answer.stderr
    assert fits == (f"Programming Language :: Python :: {version[0]}.{version[1]}" in about)
    assert not fits or ".".join(map(str, version)) in SpecifierSet(requires)


def test_pip_fails(built: Project) -> None:
    failed = built.make(".venv/dev", PIP_DOES="echo ERROR: no route to the index >&2; exit 1")
    assert failed.returncode == 2
    assert (
        "ERROR: no route to the index\npip could not install packages into .venv; see its output above" in failed.stderr
    )
    assert "run the same make command again" in failed.stderr
    built.happened()
    assert built.make("pipeline-run").returncode == 0
    assert built.happened() == []
    assert built.make(".venv/dev").returncode == 0
    assert built.happened() == ["pip install .[dev]"]


def test_a_killed_pip_leaves_nothing_that_looks_finished(project: Project) -> None:
    project.python("python3.11")
    killed = project.make("pipeline-run", PIP_DOES="kill -9 $$")
    assert killed.returncode == 2
    assert not (project.root / ".venv/steps").exists()
    project.happened()
    assert project.make("pipeline-run").returncode == 0
    assert project.happened() == ["venv by python3.11", "pip install .[steps]"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("pip", ["exec sleep 60", "trap 'exit 1' INT TERM; while :; do sleep 0.05; done"])
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])  # bash goes on after an interrupt that its child survived
def test_an_interrupted_installation_leaves_nothing_that_looks_finished(
    built: Project, number: signal.Signals, pip: str, shell: str
) -> None:
    if not Path(shell).exists():
        pytest.skip(f"no {shell} here")
    make = subprocess.Popen(
        ["make", ".venv/dev", f"SHELL={shell}"],
        cwd=built.root,
        env=built.environment(PIP_DOES='echo under way >> "$LOG"; ' + pip),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until(lambda: make.poll() is not None or (built.log.exists() and "under way" in built.log.read_text()))
    assert make.poll() is None
    os.killpg(make.pid, number)
    assert make.wait(timeout=PATIENCE) != 0  # of the signal, unless make learns first that pip failed
    assert not (built.root / ".venv/dev").exists()
    built.happened()
    assert built.make(".venv/dev").returncode == 0
    assert built.happened() == ["venv by python3.11", "pip install .[steps]", "pip install .[dev]"]


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_ctrl_c_ends_a_loop_of_make(built: Project, shell: str) -> None:
    if not Path(shell).exists():
        pytest.skip(f"no {shell} here")
    (built.root / "pipeline.yaml").write_text("name: one\nsteps:\n  only:\n    script: only.py\n")
    (built.root / "only.py").write_text(
        f"import time\nprint('begun', file=open({str(built.log)!r}, 'a'))\ntime.sleep(60)\n"
    )
    program = f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m aml_pipeline "$@"\n'
    (built.root / ".venv/bin/aml-pipeline").write_text(program)
    loop = subprocess.Popen(
        [shell, "-c", "for number in 1 2 3; do make pipeline-run PROFILE=; done"],
        cwd=built.root,
        env=built.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not (built.log.exists() and built.log.read_text()):
        assert loop.poll() is None
        time.sleep(0.01)
    os.killpg(loop.pid, signal.SIGINT)
    assert loop.wait(timeout=PATIENCE) == -signal.SIGINT
    assert built.happened() == ["begun"]


def test_the_editor_checks_say_what_they_miss(built: Project) -> None:
    folder = built.root / "tests/editor"
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "tests/editor" / name, folder)
    for tool in ("node", "npm"):
        missing = built.make("editor")
        assert missing.returncode == 2
        assert missing.stderr.startswith(f"{tool} was not found. The editor checks run yaml-language-server")
        assert "Install it (" in missing.stderr
        built.python(tool, '#!/bin/sh\nmkdir -p "$3/node_modules"; eval "$NPM_DOES"\n')
    failed = built.make("editor", NPM_DOES="echo npm error no route to the registry >&2; exit 1")
    assert failed.returncode == 2
    assert (
        "npm error no route to the registry\nnpm could not install the packages for the editor checks" in failed.stderr
    )
    installing = 'echo "$*" >> "$LOG"'
    assert built.make("editor", NPM_DOES=installing).returncode == 0
    assert built.happened()[0].startswith("ci --prefix tests/editor ")
    assert built.make("editor", NPM_DOES=installing).returncode == 0
    assert built.happened() == []


def test_clean_keeps_what_runs_left(built: Project) -> None:
    for folder in (".aml_pipeline/cifar10/__pycache__", "steps/__pycache__", "dist", "tests/editor/node_modules"):
        (built.root / folder).mkdir(parents=True)
    assert built.make("clean").returncode == 0
    left = {path.name for path in built.root.iterdir()}
    assert left == {".aml_pipeline", "Makefile", "constraints.txt", "pyproject.toml", "steps", "tests"}
    assert not (built.root / "tests/editor/node_modules").exists()
    assert (built.root / ".aml_pipeline/cifar10/__pycache__").exists()
    assert not (built.root / "steps/__pycache__").exists()
