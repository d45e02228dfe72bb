"""Steps that run a module or a command here: what their processes receive, and when they run again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aml_pipeline.project.environment.interpreter import Interpreter
from aml_pipeline.project.environment.programs import search_path
from tests.conftest import ROOT, Project

SHOW = """
    printf '%s\\n' "$0" "$@" > "$3/words"
    {{ pwd; command -v python; ls; }} > "$3/place"
    """.replace("{{", "{").replace("}}", "}")
PIPELINE = """
    name: p
    source_directory: src
    parameters: {title: "two  words; $HOME *"}
    steps:
      shell:
        command: [bash, -e, show.sh, "a b"]
        arguments:
          - ""
          - ${{ outputs.out }}
          - --title: ${{ parameters.title }}
      module:
        module: package.fit
        arguments:
          --shown: ${{ steps.shell.outputs.out }}
          --out: ${{ outputs.model }}
    """
FILES = {
    "pipeline.yaml": PIPELINE,
    "src/show.sh": SHOW,
    "src/other.txt": "1\n",
    "src/package/__init__.py": "NAME = 'package'\n",
    "src/package/fit.py": """
        import os, sys
        from . import words
        from package import NAME
        with open(sys.argv[-1] + "/seen", "w") as file:
            print(__name__, NAME, words.FIRST, *sys.argv[1:4:2], sorted(os.listdir()), file=file)
        """,
    "src/package/words.py": "FIRST = 'first'\n",
}


@pytest.fixture
def programs(project: Project) -> Project:
    project.write(FILES)
    return project


def test_a_command_receives_its_words_and_arguments_and_no_shell_reads_them(programs: Project) -> None:
    assert programs.run() == {"shell": "done", "module": "done"}
    place = programs.output("shell", "out")
    words = (place / "words").read_text().splitlines()
    assert words == ["show.sh", "a b", "", words[3], "--title", "two  words; $HOME *"]
    assert os.path.basename(words[3]) == "out"
    folder, python, *files = (place / "place").read_text().splitlines()
    assert folder != str(programs.root / "src")
    assert python == os.path.join(os.path.dirname(sys.executable), "python")
    assert files == ["logs", "other.txt", "outputs", "package", "show.sh"]
    seen = (programs.output("module", "model") / "seen").read_text()
    assert seen == "__main__ package first --shown --out ['logs', 'outputs', 'package']\n"


def test_they_run_again_when_what_they_depend_on_changed(programs: Project) -> None:
    programs.run()
    assert programs.run() == {"shell": "up to date", "module": "up to date"}
    programs.write({"src/other.txt": "2\n"})
    assert programs.plan()["shell"] == "will run  other.txt changed"
    programs.write({"src/other.txt": "1\n"})
    programs.replace("pipeline.yaml", "[bash, -e, show.sh,", "[bash, show.sh,")
    assert programs.plan()["shell"] == "will run  command bash -e show.sh 'a b' → bash show.sh 'a b'"
    programs.replace("pipeline.yaml", "[bash, show.sh,", "[bash, -e, show.sh,")
    programs.write({"src/package/__init__.py": "NAME = 'other'\n"})
    assert programs.plan()["module"] == "will run  package/__init__.py changed"


def test_a_program_that_changed_runs_again(programs: Project, tmp_path: Path) -> None:
    tool = tmp_path / "tools" / "tool"
    tool.parent.mkdir()
    environ = {"PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}"}
    programs.replace("pipeline.yaml", "[bash, -e, show.sh,", "[tool, show.sh,")

    def install(version: int) -> None:
        tool.write_text(f'#!/bin/sh\n# {version}\nexec bash "$@"\n')
        tool.chmod(0o755)

    install(1)
    programs.cli("run", "shell", environ=environ)
    assert "up to date" in programs.cli("run", "shell", environ=environ).stdout
    install(2)
    assert "shell  will run  program tool " in programs.cli("plan", "shell", environ=environ).stdout


@pytest.mark.parametrize(
    ("search", "first"),
    [
        ("tools:system", False),  # it finds this Python: the user's own tools stay first
        ("tools:other:system", True),  # it finds another Python
        ("tools", True),
        ("venv:tools:system", True),
        ("launchers:tools:system", True),  # it finds the launcher of another Python
    ],
)
def test_the_folder_of_the_python_moves_only_if_path_finds_another(tmp_path: Path, search: str, *, first: bool) -> None:
    pythons = ("system/python3", "other/python3", "venv/python", "venv/python3")
    for name in ("tools/pip", "system/pip", "launchers/torchrun", "system/torchrun", *pythons):
        program = tmp_path / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    python = Interpreter(str(tmp_path / "system/python3"), "CPython", "3.11", "3.11.1", "", frozenset(), {}, {}, ())
    path = os.pathsep.join(str(tmp_path / folder) for folder in search.split(":"))
    expected = os.pathsep.join([str(tmp_path / "system"), path]) if first else path
    assert search_path(python, {"PATH": path}) == expected


def test_a_snapshot_narrows_what_a_command_has(programs: Project) -> None:
    programs.replace("pipeline.yaml", "    command: [bash", '    snapshot: ["*.txt"]\n    command: [bash')
    programs.run("shell")
    files = (programs.output("shell", "out") / "place").read_text().split()[2:]
    assert files == ["logs", "other.txt", "outputs", "show.sh"]


def test_a_command_that_fails_shows_its_last_lines(programs: Project) -> None:
    programs.write({"src/show.sh": "seq 100\necho went wrong >&2\nexit 3\n"})
    failed = programs.cli("run", status=1)
    assert "shell: Its command failed (exit status 3)." in failed.stderr
    assert "went wrong" in failed.stderr
    programs.write({"src/show.sh": SHOW, "src/package/words.py": "raise ValueError('no good')\n"})
    failed = programs.cli("run", status=1)
    assert "module: Its module failed (exit status 1)." in failed.stderr
    assert "ValueError: no good" in failed.stderr
    assert f'File "{programs.root}/src/package/words.py", line 1' in failed.stderr


LAUNCHER = """
    import sys, traceback

    class ChildFailedError(Exception):
        __module__ = "torch.distributed.elastic.multiprocessing.errors"

    try:
        import fit
    except ImportError:
        traceback.print_exc()
    print("E1128 api.py:1002] failed (exitcode: 1)", file=sys.stderr)
    raise ChildFailedError("\\n" + "=" * 60 + "\\ntrain.py FAILED\\n" * 3)
    """


def test_the_traceback_of_a_process_is_shown_rather_than_that_of_torchrun(programs: Project) -> None:
    programs.replace("pipeline.yaml", "module: package.fit", "command: [python, -u, launch.py]")
    programs.write({"src/launch.py": LAUNCHER, "src/fit.py": "import no_such_module\n"})
    failed = programs.cli("run", status=1).stderr
    assert f'File "{programs.root}/src/fit.py", line 1' in failed
    assert "ModuleNotFoundError: No module named 'no_such_module'" in failed
    assert "ChildFailedError" not in failed
    programs.write({"src/fit.py": ""})
    assert "ChildFailedError" in programs.cli("run", status=1).stderr


def test_a_program_that_is_not_here_is_reported_before_anything_runs(programs: Project) -> None:
    programs.replace("pipeline.yaml", "module: package.fit", "command: [no-such-program, fit]")
    for command in ("run", "plan"):
        told = programs.cli(command, status=2).stderr
        assert 'the program "no-such-program" of step "module" was not found on this machine.' in told
    assert programs.runs() == []
    assert programs.cli("validate").stdout == "pipeline.yaml: no errors.\n"


def test_a_step_that_is_left_out_is_out_of_date_when_its_program_is_gone(programs: Project, tmp_path: Path) -> None:
    tool = tmp_path / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\nexec bash "$@"\n')
    tool.chmod(0o755)
    programs.replace("pipeline.yaml", "[bash, -e, show.sh,", "[tool, -e, show.sh,")
    environ = {"PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}"}
    programs.cli("run", environ=environ)
    assert programs.cli("plan", "--only", "module", environ=environ).stderr == ""
    tool.unlink()
    told = programs.cli("plan", "--only", "module", environ=environ).stderr
    assert told == "shell is not part of this run, but out of date: program tool was not found on this machine\n"


def test_no_shell_script_is_read_as_python(programs: Project) -> None:
    lines = "import os  # $(cat other.txt)\nos.environ[HOME]; open('other.txt') 'package'\ndef main(\n"
    programs.write({"src/show.sh": lines})
    assert programs.cli("validate").stdout == "pipeline.yaml: no errors.\n"
    told = programs.cli("validate", "--snapshot", "shell").stdout
    assert "show.sh              script" in told


def test_no_record_has_a_secret_of_a_command(programs: Project) -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    programs.replace("pipeline.yaml", '"a b"]', f"--token, {token}]")
    programs.replace("pipeline.yaml", '      - ""\n', "")
    programs.write({"src/show.sh": "echo 1 > $3/x\n"})
    assert programs.run("shell") == {"shell": "done"}
    state = [path for path in programs.root.glob(".aml_pipeline/**/*") if path.is_file()]
    assert state
    assert [path for path in state if token.encode() in path.read_bytes()] == []
    assert token not in programs.cli("graph").stdout
    programs.replace("pipeline.yaml", token, token[:-1] + "X")
    assert programs.plan("shell")["shell"].startswith("will run  command bash -e show.sh --token")


def test_the_example_of_the_docs_runs(project: Project) -> None:
    text = (ROOT / "docs/reference/pipeline.md").read_text(encoding="utf-8")
    section = text.partition("## Steps that are no Python script\n")[2].partition("\n## ")[0]
    blocks = dict(re.findall(r"^```(yaml|bash)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))
    train = "import shutil, sys\nshutil.copy(sys.argv[2] + '/numbers.txt', sys.argv[4])\n"
    files = {"pipeline.yaml": blocks["yaml"], "src/prepare.sh": blocks["bash"], "src/package/train.py": train}
    project.write(files)
    assert project.run() == {"prepare": "done", "train": "done"}
    assert (project.output("train", "model") / "numbers.txt").read_text().split()[-1] == "10"


@pytest.mark.parametrize("step", ["shell", "module"])
def test_debug_runs_them_in_the_source_folder_with_the_terminal(programs: Project, step: str) -> None:
    programs.run()
    programs.write({"src/show.sh": 'read -r line; echo "$line" "$PWD"\n'})
    programs.write({"src/package/words.py": "import os\nprint(input(), os.getcwd())\nFIRST = 1\n"})
    done = subprocess.run(
        programs.command("run", "--debug", step),
        cwd=programs.root, env=programs.environ, input="typed\n", capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    assert f"typed {programs.root / 'src'}\n" in done.stdout
    assert f"{step}: exit status 0; nothing was accepted." in done.stdout


def test_other_commands_name_what_they_run(programs: Project) -> None:
    assert "1. shell  (bash -e show.sh 'a b')" in programs.cli("graph").stdout
    shown = programs.cli("validate", "--snapshot").stdout
    assert "shell: bash -e show.sh 'a b', 5 files" in shown
    assert "module: package.fit, 3 files" in shown
    programs.run()
    programs.cli("report")
    page = next(programs.root.glob(".aml_pipeline/**/*.html")).read_text()
    assert "bash -e show.sh" in page
    assert "package.fit" in page
