"""What a local run promises, through the command line: what runs again and why, failures, kills, records."""

import contextlib
import errno
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Project, reasons, states
from tests.patience import PATIENCE
from tests.v1 import needs_v1

# Three steps: `add` reads what `load` wrote, `report` comes after `add` without reading anything.
CHAIN = {
    "pipeline.yaml": """
        name: chain
        source_directory: src
        environment: {name: small, conda_file: env.yml}
        datasets:
          numbers: {local: data/numbers.json}
          extra: {local: data/extra.json, optional: true}
        parameters:
          factor: 2
          offset: 1
        steps:
          load:
            script: load.py
            arguments:
              --numbers: ${{ datasets.numbers }}
              --extra: ${{ datasets.extra }}
              --factor: ${{ parameters.factor }}
              --output: ${{ outputs.table }}
          add:
            script: add.py
            environment_variables: {MODE: fast}
            arguments:
              --table: ${{ steps.load.outputs.table }}
              --offset: ${{ parameters.offset }}
              --output: ${{ outputs.sums }}
          report:
            script: report.py
            after: [add]
            arguments:
              --output: ${{ outputs.page }}
        """,
    "env.yml": "dependencies: [python=3.11]\n",
    "data/numbers.json": "[1, 2]\n",
    "src/load.py": """
        from command import file, options
        import json, pathlib
        numbers = [number for name in ("--numbers", "--extra") if name in options
                   for number in json.loads(pathlib.Path(options[name]).read_text())]
        file.write_text(json.dumps([number * int(options["--factor"]) for number in numbers]))
        """,
    "src/command.py": """
        import pathlib, sys
        options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
        file = pathlib.Path(options["--output"], "out.json")
        """,
    "src/add.py": """
        from command import file, options
        import json, pathlib
        table = json.loads(pathlib.Path(options["--table"], "out.json").read_text())
        file.write_text(json.dumps([number + int(options["--offset"]) for number in table]))
        """,
    "src/report.py": """
        import sys
        open(sys.argv[-1] + "/page.txt", "w").write("all is well")
        """,
    "src/unused.py": "import sys\nopen(sys.argv[-1] + '/page.txt', 'w').write('all is different')\n",
}
STEPS = ("load", "add", "report")
ALL_DONE = dict.fromkeys(STEPS, "done")
UP_TO_DATE = dict.fromkeys(STEPS, "up to date")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose steps all ran, to be copied."""
    project = Project(tmp_path_factory.mktemp("finished") / "project")
    project.write(CHAIN)
    assert project.run() == ALL_DONE
    return project.root


@pytest.fixture
def chain(finished: Path, tmp_path: Path) -> Project:
    """A project whose steps all ran, of this test's own."""
    shutil.copytree(finished, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


def one_step(script: str, settings: str = "", *, arguments: str = "--output: ${{ outputs.out }}") -> dict[str, str]:
    """Return the files of a project with one step, ``only``, which may write nothing."""
    pipeline = f"name: one\nsteps:\n  only:\n    script: only.py\n    {settings or 'retries: 0'}\n"
    pipeline += "    outputs: {out: {may_be_empty: true}}\n"
    return {"pipeline.yaml": f"{pipeline}    arguments:\n      {arguments}\n", "only.py": script}


# What runs again, and why.

INPUT = "may run  runs if input load.table changes"
AFTER = "may run  runs if step add runs"
AGAIN = "will run  step add runs again"
Change = Callable[[Project], None]


def write(name: str, text: str) -> Change:
    return lambda project: project.write({name: text})


def replace(name: str, old: str, new: str) -> Change:
    return lambda project: project.replace(name, old, new)


@pytest.mark.parametrize(
    ("change", "words", "planned", "ran"),
    [
        pytest.param(
            lambda _project: None,
            ["--param", "factor=3"],
            {"load": "will run  parameter factor 2 → 3", "add": INPUT, "report": AFTER},
            {"load": "parameter factor 2 → 3", "add": "input load.table changed", "report": "step add ran again"},
            id="parameter",
        ),
        pytest.param(
            replace("pipeline.yaml", "offset: 1", "offset: 7"),
            [],
            {"load": "up to date", "add": "will run  parameter offset 1 → 7", "report": AGAIN},
            {"add": "parameter offset 1 → 7", "report": "step add ran again"},
            id="parameter of a later step",
        ),
        pytest.param(
            replace("src/add.py", "+ int", "- int"),
            [],
            {"load": "up to date", "add": "will run  add.py changed", "report": AGAIN},
            {"add": "add.py changed", "report": "step add ran again"},
            id="script",
        ),
        pytest.param(
            replace("src/load.py", "import json", "# a comment\nimport json"),
            [],
            {"load": "will run  load.py changed", "add": INPUT, "report": AFTER},
            {"load": "load.py changed"},
            id="comment upstream, same bytes downstream",
        ),
        pytest.param(
            replace("src/command.py", "out.json", "out.json"),
            [],
            {"load": "up to date", "add": "up to date", "report": "up to date"},
            {},
            id="the same bytes written again",
        ),
        pytest.param(
            replace("src/command.py", "import pathlib, sys", "import sys, pathlib"),
            [],
            {"load": "will run  command.py changed", "add": "will run  command.py changed", "report": AGAIN},
            {"load": "command.py changed", "add": "command.py changed", "report": "step add ran again"},
            id="imported module",
        ),
        pytest.param(
            write("src/unused.py", "raise SystemExit"),
            [],
            {"load": "up to date", "add": "up to date", "report": "up to date"},
            {},
            id="a file that no step imports",
        ),
        pytest.param(
            write("data/numbers.json", "[1, 3]\n"),
            [],
            {"load": "will run  dataset numbers changed", "add": INPUT, "report": AFTER},
            {"load": "dataset numbers changed", "add": "input load.table changed", "report": "step add ran again"},
            id="dataset",
        ),
        pytest.param(
            write("data/numbers.json", "[1, 2]"),
            [],
            {"load": "will run  dataset numbers changed", "add": INPUT, "report": AFTER},
            {"load": "dataset numbers changed"},
            id="dataset that leads to the same output",
        ),
        pytest.param(
            write("data/extra.json", "[5]"),
            [],
            {"load": "will run  dataset extra is new", "add": INPUT, "report": AFTER},
            {"load": "dataset extra is new", "add": "input load.table changed", "report": "step add ran again"},
            id="optional dataset that appears",
        ),
        pytest.param(
            write("env.yml", "dependencies: [python=3.12]\n"),
            [],
            dict.fromkeys(STEPS, "will run  environment: python=3.11 → python=3.12"),
            {
                **dict.fromkeys(STEPS, "environment: python=3.11 → python=3.12"),
                "report": "step add ran again, and 1 more change",
            },
            id="environment file",
        ),
        pytest.param(
            write("env.yml", "# the same\ndependencies:\n- python=3.11\n"),
            [],
            UP_TO_DATE,
            {},
            id="environment file in another layout",
        ),
        pytest.param(
            replace("pipeline.yaml", "MODE: fast", "MODE: slow"),
            [],
            {"load": "up to date", "add": "will run  variable MODE fast → slow", "report": AGAIN},
            {"add": "variable MODE fast → slow", "report": "step add ran again"},
            id="declared variable",
        ),
        pytest.param(
            replace("pipeline.yaml", "script: report.py", "script: unused.py"),
            [],
            {"load": "up to date", "add": "up to date", "report": "will run  script report.py → unused.py"},
            {"report": "script report.py → unused.py"},
            id="another script",
        ),
        pytest.param(
            replace("pipeline.yaml", "--extra:", "--more:"),
            [],
            {"load": "will run  argument --extra → --more", "add": INPUT, "report": AFTER},
            {"load": "argument --extra → --more"},
            id="arguments",
        ),
    ],
)
def test_what_runs_again_and_why(
    chain: Project, change: Change, words: list[str], planned: dict[str, str], ran: dict[str, str]
) -> None:
    change(chain)
    assert chain.plan(*words) == planned
    done = chain.cli("run", *words)
    assert reasons(done.stderr) == ran
    assert states(done.stdout) == {step: "done" if step in ran else "up to date" for step in STEPS}


def test_nothing_to_do_leaves_no_record(chain: Project) -> None:
    before = chain.runs()
    assert chain.plan() == UP_TO_DATE
    assert chain.run() == UP_TO_DATE
    assert chain.runs() == before


def test_going_back_finds_the_old_result(chain: Project) -> None:
    sums = chain.root / ".aml_pipeline/chain/outputs/add/sums/out.json"
    assert sums.read_text() == "[3, 5]"
    assert chain.run("--param", "factor=3")["add"] == "done"
    assert sums.read_text() == "[4, 7]"
    assert chain.plan() == UP_TO_DATE
    assert sums.read_text() == "[4, 7]"
    assert chain.run() == UP_TO_DATE
    assert sums.read_text() == "[3, 5]"


def test_the_reason_is_what_changed_against_the_nearest_result(project: Project) -> None:
    arguments = "--loud: true\n      --word: ${{ parameters.word }}\n      --output: ${{ outputs.out }}"
    project.write(one_step("", arguments=arguments))
    project.replace("pipeline.yaml", "steps:", "parameters: {word: hello}\nsteps:")
    assert project.run() == {"only": "done"}
    assert project.run("--param", "word=B") == {"only": "done"}
    assert project.plan() == {"only": "up to date"}
    project.replace("pipeline.yaml", "--loud: true", "--loud: false")
    assert project.plan() == {"only": "will run  argument --loud is gone"}
    assert project.plan("--param", "word=C") == {"only": "will run  parameter word B → C, and 1 more change"}
    each = "    parameter word B → C\n    argument --loud is gone\n"
    for words in (["plan", "-v"], ["run", "--dry-run", "--verbose"]):
        told = project.cli(*words, "--param", "word=C").stdout
        assert told == f"only  will run  parameter word B → C, and 1 more change\n{each}"
    assert project.cli("plan", "-v").stdout == "only  will run  argument --loud is gone\n"
    assert reasons(project.cli("run").stderr) == {"only": "argument --loud is gone"}
    project.write({"only.py": "print('hi')\n"})
    told = project.cli("run", "-v", "--param", "word=C").stderr
    told = told.partition("  runs: ")[2]
    assert told == "only.py changed, and 1 more change\n    only.py changed\n    parameter word hello → C\nhi\n"


def test_what_does_not_allow_reuse_always_runs(chain: Project) -> None:
    chain.replace("pipeline.yaml", "script: load.py", "script: load.py\n    allow_reuse: false")
    assert chain.plan() == {"load": "will run  allow_reuse is false", "add": INPUT, "report": AFTER}
    for _ in range(2):
        assert chain.run() == {"load": "done", "add": "up to date", "report": "up to date"}


def test_selection(chain: Project) -> None:
    assert chain.run("add") == {"load": "up to date", "add": "up to date"}
    assert chain.run("--until", "load", "--force") == {"load": "done"}
    assert chain.run("--from", "add", "--force") == {"add": "done", "report": "done"}
    assert chain.run("--only", "report", "load") == {"load": "up to date", "report": "up to date"}
    forced = chain.cli("run", "add", "--force")
    assert states(forced.stdout) == {"load": "up to date", "add": "done"}
    assert reasons(forced.stderr) == {"add": "forced"}
    assert chain.plan() == {"load": "up to date", "add": "up to date", "report": "will run  step add ran again"}


def test_a_step_that_is_left_out_and_out_of_date_is_told(chain: Project) -> None:
    for words in (["--from", "add"], ["--only", "report"], []):
        assert chain.cli("plan", *words).stderr == ""
    told = "load is left out, and is out of date: parameter factor 2 → 3\n"
    for words in (["--from", "add"], ["--only", "add"], ["--only", "report"]):  # the last reads nothing of it itself
        assert chain.cli("plan", *words, "--param", "factor=3").stderr == told
        assert chain.cli("run", *words, "--param", "factor=3").stderr == told
    assert chain.cli("plan", "--only", "add", "load", "--param", "factor=3").stderr == ""
    assert chain.cli("plan", "--from", "load", "--param", "factor=3").stderr == ""

    assert chain.run("--param", "factor=3") == ALL_DONE
    told = "load is left out, and is out of date: parameter factor 3 → 2\n"  # though a result with 2 is kept
    assert chain.cli("plan", "--from", "add").stderr == told
    chain.replace("src/add.py", "+ int", "- int")
    told += "add is left out, and is out of date: add.py changed\n"
    assert chain.cli("plan", "--only", "report").stderr == told
    assert chain.run("load") == {"load": "up to date"}
    told = "add is left out, and is out of date: add.py changed, and 1 more change\n"  # what it reads
    assert chain.cli("plan", "--only", "report").stderr == told
    told += "    add.py changed\n    input load.table changed\n"
    assert chain.cli("plan", "--only", "report", "-v").stderr == told


def test_a_result_that_is_missing_upstream_is_told(project: Project) -> None:
    project.write(CHAIN)
    for command in ("plan", "run"):
        told = project.cli(command, "--from", "add", status=2).stderr
        assert told == (
            'Step "load" has no local result yet, and it is not part of this run. '
            "Run it first: `aml-pipeline run load`.\n"
        )
    assert project.runs() == []


def test_after_follows_what_ran_and_not_what_was_found(chain: Project) -> None:
    assert chain.run("add", "--force") == {"load": "up to date", "add": "done"}
    assert chain.plan()["report"] == "will run  step add ran again"
    assert chain.run()["report"] == "done"
    assert chain.run("--param", "offset=2") == {"load": "up to date", "add": "done", "report": "done"}
    assert chain.run() == UP_TO_DATE


# What a step may do, and what a user may do to its outputs.


def test_an_output_changed_by_hand_is_noticed(chain: Project) -> None:
    (chain.output("add", "sums") / "out.json").write_text("[3, 6]")
    edited = {"load": "up to date", "add": "will run  output sums was edited", "report": AGAIN}
    assert chain.plan() == edited
    assert reasons(chain.cli("run").stderr) == {"add": "output sums was edited", "report": "step add ran again"}
    assert (chain.output("add", "sums") / "out.json").read_text() == "[3, 5]"

    shutil.rmtree(chain.output("add", "sums").resolve())
    assert chain.plan() == {**edited, "add": "will run  output sums was deleted"}
    told = chain.cli("run", "--only", "report", status=2).stderr
    assert told == (
        'The output sums was deleted after step "add" ran, and it is not part of this run. '
        "Run it first: `aml-pipeline run add`.\n"
    )
    assert chain.run() == {"load": "up to date", "add": "done", "report": "done"}


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ("", "The folder of output out of step only is missing"),
        ("\npathlib.Path(sys.argv[-1]).write_text('a file')", "Output out of step only was replaced by a file"),
    ],
)
def test_a_script_that_removes_its_output_fails(project: Project, then: str, told: str) -> None:
    project.write(one_step("import pathlib, shutil, sys\nshutil.rmtree(sys.argv[-1])" + then))
    failed = project.cli("run", status=1)
    assert states(failed.stdout) == {"only": "FAILED"}
    assert told in failed.stderr
    assert project.plan() == {"only": "will run  last attempt failed"}


def test_a_script_may_make_its_output_anew(project: Project) -> None:
    project.write(one_step("import os, shutil, sys\nshutil.rmtree(sys.argv[-1])\nos.mkdir(sys.argv[-1])"))
    assert project.run() == {"only": "done"}


def test_a_script_that_writes_beside_itself_changes_its_copy_only(project: Project) -> None:
    script = "import pathlib, words\npathlib.Path('words.py').write_text('')\npathlib.Path('new').mkdir()\n"
    project.write({**one_step(script), "words.py": "A = 1\n"})
    before = {path.name: path.read_bytes() for path in project.root.iterdir()}
    assert project.run() == {"only": "done"}
    shutil.rmtree(project.root / ".aml_pipeline")
    assert {path.name: path.read_bytes() for path in project.root.iterdir()} == before


def test_a_dataset_that_changes_while_a_step_reads_it(chain: Project) -> None:
    chain.replace("src/load.py", "file.write_text", 'open(options["--numbers"], "a").write(" ")\nfile.write_text')
    failed = chain.cli("run", status=1)
    assert states(failed.stdout) == {"load": "FAILED", "add": "not run", "report": "not run"}
    assert "load: Dataset numbers changed while the step ran (" in failed.stderr


def test_what_a_step_gets_from_its_caller(project: Project) -> None:
    script = """
        import json, os, pathlib, sys
        seen = {"environ": dict(os.environ), "stdin": sys.stdin.read(), "path": sys.path[0], "cwd": os.getcwd()}
        pathlib.Path(sys.argv[-1], "seen.json").write_text(json.dumps(seen))
        """
    project.write(one_step(script, "environment_variables: {MINE: declared}"))
    given = {"PYTHONSTARTUP": "/nowhere", "PYTHONHASHSEED": "1", "MINE": "inherited", "OTHER": "inherited"}
    project.cli("run", environ=given)
    seen = json.loads((project.output("only", "out") / "seen.json").read_text())
    assert {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"} & set(seen["environ"]) == set()
    assert {name: seen["environ"].get(name) for name in ("PYTHONHASHSEED", "MINE", "OTHER")} == {
        "PYTHONHASHSEED": "1",
        "MINE": "declared",
        "OTHER": "inherited",
    }
    assert seen["stdin"] == ""
    assert seen["path"] == seen["cwd"] != str(project.root)


# Failures.

FAILS = """
        import sys
        for number in range(30):
            print("line", number)
        print("to the other", file=sys.stderr)
        def inner():
            raise ValueError("no good")
        inner()
        """


def test_a_failed_step(chain: Project) -> None:
    good = (chain.output("add", "sums") / "out.json").read_text()
    source = (chain.root / "src/add.py").read_text()
    chain.write({"src/add.py": FAILS})
    failed = chain.cli("run", status=1)
    assert states(failed.stdout) == {"load": "up to date", "add": "FAILED", "report": "not run"}
    assert "report  not run  an earlier step failed" in failed.stdout.splitlines()

    shown = [line.removeprefix("    ") for line in failed.stderr.splitlines() if line.startswith("    ")]
    log = chain.runs()[-1] / "steps/add.log"
    assert len(shown) == 20
    assert shown[-1] == "ValueError: no good"
    assert f'  File "{chain.root}/src/add.py", line 7, in <module>' in shown
    assert "to the other" in shown
    told = failed.stderr.splitlines()[-1]
    assert told == f"add: Its script failed (exit status 1). Log: {log.relative_to(chain.root)}"
    assert chain.cli("logs").stdout.splitlines()[-20:] == shown

    assert (chain.output("add", "sums") / "out.json").read_text() == good
    assert chain.plan() == {"load": "up to date", "add": "will run  last attempt failed", "report": AGAIN}
    chain.write({"src/add.py": source})
    assert chain.run() == UP_TO_DATE


def test_a_failure_shows_source_paths_behind_a_link_too(tmp_path: Path, project: Project) -> None:
    project.write(one_step("raise ValueError"))
    link = tmp_path / "link"
    link.symlink_to(project.root)
    failed = project.cli("run", "-f", str(link / "pipeline.yaml"), status=1, cwd=tmp_path)
    assert f'  File "{link}/only.py", line 1, in <module>' in failed.stderr
    assert "/working-copy/only.py" not in failed.stderr


def test_timeout(project: Project) -> None:
    project.write(one_step("import time\ntime.sleep(60)", "timeout: 1s"))
    failed = project.cli("run", status=1)
    assert "only: It exceeded its timeout of 1 s." in failed.stderr
    assert project.plan() == {"only": "will run  last attempt failed"}


def test_retries(project: Project, tmp_path: Path) -> None:
    script = """
        import os, sys
        with open(os.environ["COUNT"], "a") as stream:
            stream.write("x")
        print("try", os.path.getsize(os.environ["COUNT"]), os.listdir(sys.argv[-1]))
        open(sys.argv[-1] + "/made", "w").close()
        sys.exit(os.path.getsize(os.environ["COUNT"]) < 3)
        """
    project.write(one_step(script, "retries: 1"))
    environ = {"COUNT": str(tmp_path / "count")}
    failed = project.cli("run", status=1, environ=environ)
    assert [row.split(" after")[0] for row in failed.stdout.splitlines()] == ["only  FAILED", "only  FAILED"]
    done = project.cli("run", environ=environ)
    assert states(done.stdout) == {"only": "done"}
    assert [(run / "steps/only.log").read_text() for run in project.runs()] == ["try 1 []\ntry 2 []\n", "try 3 []\n"]


def test_a_retry_says_which_it_is_and_shows_its_own_log(project: Project, tmp_path: Path) -> None:
    script = """
        import os, sys
        with open(os.environ["COUNT"], "a") as stream:
            stream.write("x")
        print("try", os.path.getsize(os.environ["COUNT"]))
        sys.exit(os.path.getsize(os.environ["COUNT"]) != 4)
        """
    project.write(one_step(script, "retries: 2"))
    environ = {"COUNT": str(tmp_path / "count")}
    failed = project.cli("run", status=1, environ=environ).stderr.splitlines()
    kept = [line for line in failed if not line.startswith("only: ")]
    assert kept == [
        "one: 1 step",
        "only  runs: never ran",
        "    try 1",
        "only  runs again: attempt 2 of 3",
        "    try 2",
        "only  runs again: attempt 3 of 3",
        "    try 3",
    ]
    assert json.loads((project.runs()[-1] / "run.json").read_text())["steps"]["only"]["reason"] == "never ran"
    done = project.cli("run", environ=environ).stderr.splitlines()
    assert done[1:] == ["only  runs: last attempt failed"]


def test_files_that_cannot_be_added_to_a_snapshot_get_another_cure(project: Project) -> None:
    script = "import sys\nopen(f'{sys.argv[1]}.txt')"
    files = one_step(script, arguments="- words\n      - --output: ${{ outputs.out }}")
    project.write({**files, "words.txt": "", ".gitignore": "*.txt\n"})
    failed = project.cli("run", status=1).stderr
    assert "snapshot:" not in failed
    assert "words.txt is in the source folder, but .gitignore excludes it from the step's snapshot." in failed


# Interpreters.


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
        ("true", 0o755, " does not answer as a Python"),
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


# Kills, and two runs at once. A script tells that it is under way by opening a named pipe, which ends when the last
# process that has it open is gone.

HOLDS = """
        import os, signal, subprocess, sys, time
        pipe = os.open(os.environ["PIPE"], os.O_WRONLY)
        child = subprocess.Popen(["sleep", "60"], pass_fds=[pipe])
        def tell(number, _frame):
            os.write(pipe, b"i" if number == signal.SIGINT else b"t")
        if "STUBBORN" in os.environ:
            signal.signal(signal.SIGINT, tell)
            signal.signal(signal.SIGTERM, tell)
        os.write(pipe, b".")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(60)
        """


def under_way(run: subprocess.Popen[str]) -> None:
    """Wait until a run has begun a step."""
    assert run.stderr
    assert any("  runs: " in line for line in run.stderr), "the run ended before it began a step"


class Held:
    """A run whose step is under way until it is ended; ``pipe`` is open as long as a process of the step lives."""

    def __init__(self, project: Project, folder: Path, **environ: str) -> None:
        path = folder / "pipe"
        os.mkfifo(path)
        self.run = project.start("run", env={**project.environ, "PIPE": str(path), **environ})
        under_way(self.run)
        self.pipe = os.open(path, os.O_RDONLY)
        assert self.read() == b"."

    def read(self) -> bytes:
        """Return the next sign of life, b"" when there will be none."""
        assert select.select([self.pipe], [], [], PATIENCE)[0], "nothing happens"
        return os.read(self.pipe, 1)

    def ended(self) -> tuple[int, str]:
        """Return how the run ended, as Python tells it (-2: of signal 2), and what it told at its end."""
        _, told = self.run.communicate(timeout=PATIENCE)
        return self.run.returncode, told.splitlines()[-1]


@pytest.fixture
def held(project: Project, tmp_path: Path) -> Iterator[Callable[..., Held]]:
    project.write(one_step(HOLDS))
    made: list[Held] = []

    def hold(**environ: str) -> Held:
        made.append(Held(project, tmp_path, **environ))
        return made[-1]

    yield hold
    for one in made:
        one.run.kill()
        one.run.communicate()
        os.close(one.pipe)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_stopped_dies_of_the_signal(
    project: Project, held: Callable[..., Held], number: signal.Signals
) -> None:
    run = held()
    run.run.send_signal(number)
    assert run.ended() == (-number, "Stopped. The next run goes on from here.")
    assert run.read() == b"", "a process of the step lives on"
    record = json.loads((project.runs()[0] / "run.json").read_text())
    assert (record["state"], record["steps"]["only"]["state"]) == ("interrupted", "interrupted")
    assert project.plan() == {"only": "will run  last attempt was interrupted"}
    project.write({"only.py": ""})
    assert project.run() == {"only": "done"}


def test_a_second_interrupt_does_not_wait_for_a_stubborn_step(project: Project, held: Callable[..., Held]) -> None:
    run = held(STUBBORN="yes")
    run.run.send_signal(signal.SIGINT)
    assert run.read() == b"i"
    run.run.send_signal(signal.SIGINT)
    assert run.ended() == (-signal.SIGINT, "Stopped. The next run goes on from here.")
    assert run.read() == b"", "a process of the step lives on"
    assert json.loads((project.runs()[0] / "run.json").read_text())["state"] == "interrupted"


def test_a_stubborn_step_is_killed_after_a_grace(held: Callable[..., Held]) -> None:
    run = held(STUBBORN="yes")
    run.run.send_signal(signal.SIGTERM)
    assert [run.read(), run.read(), run.read()] == [b"i", b"t", b""]
    assert run.ended()[0] == -signal.SIGTERM


LOOP = 'for number in 1 2 3; do "$@"; done; echo the loop went on'
PIPED = 'for number in 1 2 3; do "$@" 2>&1 | cat; done; echo the loop went on'


@pytest.mark.parametrize("words", [("run",), ("run", "--debug", "only")], ids=" ".join)
@pytest.mark.parametrize(("shell", "loop_of"), [("bash", LOOP), ("sh", LOOP), ("bash", PIPED)])
def test_ctrl_c_ends_the_loop_of_a_shell(
    project: Project, tmp_path: Path, shell: str, loop_of: str, words: tuple[str, ...]
) -> None:
    flag, told = tmp_path / "begun", tmp_path / "told"
    # In a block: an interrupt that comes while a forgotten file is closed is lost.
    script = f"import time\nwith open({str(flag)!r}, 'a') as file:\n    file.write('begun ')\ntime.sleep(60)\n"
    project.write(one_step(script))
    command = [shell, "-c", loop_of, shell, *project.command(*words)]
    with open(told, "w") as stream:
        loop = subprocess.Popen(
            command, cwd=project.root, env=project.environ, stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        while not (flag.exists() and flag.read_text()):
            assert loop.poll() is None, told.read_text()
            time.sleep(0.01)
        os.killpg(loop.pid, signal.SIGINT)  # as a terminal does: to the whole group in its foreground
        status = loop.wait(timeout=PATIENCE)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(loop.pid, signal.SIGKILL)
        loop.wait()
    assert (status, flag.read_text()) == (-signal.SIGINT, "begun "), told.read_text()
    # Of a script that --debug runs, the INT may end it, and with it the command, before the command has got its own.
    last = "Stopped. The next run goes on from here." if len(words) == 1 else ("Stopped.", "only.out ")
    assert loop_of != LOOP or told.read_text().splitlines()[-1].startswith(last)  # else who shows it was stopped, too


@pytest.mark.parametrize(("name", "status"), [("INT", 130), ("TERM", 143), ("HUP", 129)])
def test_a_shell_sees_the_status_of_a_run_that_is_stopped(project: Project, name: str, status: int) -> None:
    script = f"""
        import os, time
        while f'"pid":{{os.getpid()}}' not in open("../../last").read():  # until the run has noted its step
            time.sleep(0.01)
        os.kill(int(os.environ["RUN"]), {signal.Signals["SIG" + name].value})
        time.sleep(60)
        """
    project.write(one_step(textwrap.dedent(script)))
    shell = """sh -c 'RUN=$$ exec "$@"' sh "$@"; echo $?"""
    command = ["sh", "-c", shell, "sh", *project.command("run")]
    done = subprocess.run(
        command, cwd=project.root, env=project.environ, capture_output=True, encoding="utf-8", check=False
    )
    assert done.stdout.splitlines() == ["only  interrupted", str(status)], done.stderr


def test_two_runs_at_once(project: Project, held: Callable[..., Held]) -> None:
    run = held()
    told = project.cli("run", "--force", status=6).stderr
    assert told.startswith(f"Another run holds this pipeline (process {run.run.pid} on ")
    assert told.endswith(": aml-pipeline run). Wait for it, or stop it; nothing has to be unlocked.\n")
    assert project.cli("clean", status=6).stderr == told
    assert len(project.runs()) == 1


def somebody_reads(pipe: Path) -> bool:
    """Let the process go on that waits at the end of a named pipe, if there is one."""
    try:
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return False
    return True


def test_a_killed_run_and_its_surviving_child(project: Project, tmp_path: Path) -> None:
    script = """
        import os, pathlib, sys
        pipe = pathlib.Path(os.environ.get("PIPE", "nothing"))
        if pipe.exists():
            pipe.write_text("under way")
            pipe.read_text()
        out = pathlib.Path(sys.argv[-1])
        out.mkdir(parents=True, exist_ok=True)
        (out / "text").write_text("survivor" if pipe.exists() else "second")
        if pipe.exists():
            pipe.write_text("over")
        """
    project.write(one_step(script))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    first = project.start("run", env={**project.environ, "PIPE": str(pipe)})
    under_way(first)
    assert pipe.read_text() == "under way"
    first.kill()
    first.communicate()
    assert project.cli("runs").stdout.split()[3] == "interrupted"

    done = project.cli("run")
    assert states(done.stdout) == {"only": "done"}
    assert reasons(done.stderr) == {"only": "last attempt was interrupted"}
    if somebody_reads(pipe):  # the first child lives on and goes on now: nobody looks at what it writes
        assert pipe.read_text() == "over"
    assert project.run() == {"only": "up to date"}
    assert (project.output("only", "out") / "text").read_text() == "second"


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_an_output_that_the_caller_closed(project: Project, closed: str) -> None:
    project.write(one_step(""))
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", *project.command("run")]
    done = subprocess.run(command, cwd=project.root, env=project.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert project.run() == {"only": "up to date"}


# Places.


def test_a_path_with_a_space_and_an_accent_seen_from_elsewhere(tmp_path: Path) -> None:
    project = Project(tmp_path / "a b é" / "project")
    project.write(CHAIN)
    done = project.cli("run", "-f", "a b é/project/pipeline.yaml", cwd=tmp_path)
    assert states(done.stdout) == ALL_DONE
    assert done.stdout.splitlines()[-1].split(maxsplit=1)[1] == "a b é/project/.aml_pipeline/chain/outputs/report/page"
    elsewhere = project.cli("run", "-f", str(project.root / "pipeline.yaml"), cwd=Path("/"))
    assert states(elsewhere.stdout) == UP_TO_DATE
    assert elsewhere.stdout.splitlines()[-1].split(maxsplit=1)[1] == str(project.output("report", "page"))


def test_a_moved_project_keeps_its_results(chain: Project, tmp_path: Path) -> None:
    moved = Project(chain.root.rename(tmp_path / "moved"))
    assert moved.run() == UP_TO_DATE
    assert (moved.output("add", "sums") / "out.json").read_text() == "[3, 5]"


@pytest.mark.parametrize("ran", [False, True], ids=["new", "ran before"])
def test_a_folder_that_is_read_only(project: Project, unprivileged: list[str], *, ran: bool) -> None:
    project.write(one_step(""))
    if ran:
        assert project.run() == {"only": "done"}
        (project.root / ".aml_pipeline/.interpreter").unlink()  # what `plan` would write again if it could
    folders = [project.root, *(path for path in project.root.rglob("*") if path.is_dir() and not path.is_symlink())]
    files = [path for path in project.root.rglob("*") if path.is_file()]
    for path in [*folders, *files]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    answers = {
        command: subprocess.run(
            [*unprivileged, *project.command(command)],
            cwd=project.root,
            env=project.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        for command in ("plan", "run")
    }
    for path in folders:
        path.chmod(0o755)
    assert (answers["plan"].returncode, answers["plan"].stderr) == (0, "")
    assert answers["plan"].stdout == ("only  up to date\n" if ran else "only  will run  never ran\n")
    assert answers["run"].returncode == 6
    assert answers["run"].stderr.startswith(f"No permission: {project.root}/.aml_pipeline")
    assert len(answers["run"].stderr.splitlines()) == 1


def test_a_dataset_that_is_missing(chain: Project) -> None:
    (chain.root / "data/numbers.json").unlink()
    for command in ("plan", "run"):
        told = chain.cli(command, status=2).stderr.splitlines()
        assert told[0].startswith(
            'pipeline.yaml:5:20: dataset "numbers" should be at data/numbers.json, and nothing is'
        )
        assert told[0].endswith("[missing-dataset]")
        assert told[-1] == "1 error; nothing was run."
    assert chain.run("--only", "add", "report") == {"add": "up to date", "report": "up to date"}


# Metrics and records.


def metrics(project: Project) -> list[tuple[str, str, object]]:
    """Return the metrics of the last run in order: name, kind, value."""
    rows = [json.loads(line) for line in (project.runs()[-1] / "events.jsonl").read_text().splitlines()]
    return [(row["name"], row["kind"], row["value"]) for row in rows if row["event"] == "MetricLogged"]


def test_metrics_that_a_script_prints_as_the_sdk_does(project: Project) -> None:
    script = """
        for epoch, loss in enumerate((0.5, 0.25), 1):
            print("epoch", epoch)
            print("Attempted to log scalar metric loss:")
            print(loss)
        print("Attempted to log list metric losses:")
        print([0.5, 0.25])
        print("Attempted to log row metric point:")
        print({"x": 1, "y": float("nan")})
        print("Attempted to log table metric grid:")
        print({"x": [1, 2], "y": ["a", "b"]})
        """
    project.write(one_step(script))
    done = project.cli("run")
    expected = [
        ("loss", "scalar", 0.5),
        ("loss", "scalar", 0.25),
        ("losses", "list", [0.5, 0.25]),
        ("point", "row", {"x": 1, "y": "nan"}),
        ("grid", "table", {"x": [1, 2], "y": ["a", "b"]}),
    ]
    assert metrics(project) == expected
    assert "only    loss 0.5\nonly    loss 0.25\n" in done.stderr
    assert "loss 0.25" in done.stdout
    last = {name: value for name, _, value in expected}
    assert json.loads((project.runs()[-1] / "run.json").read_text())["steps"]["only"]["metrics"] == last
    assert json.loads(project.cli("runs", "--format", "json").stdout)[0]["metrics"] == {"only": last}


@needs_v1
def test_metrics_of_the_real_sdk(project: Project) -> None:
    script = """
        from azureml.core import Run
        run = Run.get_context()
        run.log("loss", 0.5)
        run.log("loss", 1e-9)
        run.log_list("losses", [0.5, 1])
        run.log_row("point", x=1, y=2.5)
        run.log_table("grid", {"x": [1, 2], "y": ["a", "b"]})
        """
    project.write(one_step(script))
    project.cli("run")
    assert metrics(project) == [
        ("loss", "scalar", 0.5),
        ("loss", "scalar", 1e-9),
        ("losses", "list", [0.5, 1]),
        ("point", "row", {"x": 1, "y": 2.5}),
        ("grid", "table", {"x": [1, 2], "y": ["a", "b"]}),
    ]
    packages = json.loads((project.runs()[-1] / "run.json").read_text())["distributions"]
    assert "azureml-core" in packages


def test_the_record_of_a_run(chain: Project) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(chain.root)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    chain.write({"src/add.py": FAILS})
    chain.cli("run", "--param", "factor=5", status=1)

    record = json.loads((chain.runs()[-1] / "run.json").read_text())
    assert record["git"] == {"commit": commit, "branch": record["git"]["branch"], "dirty": ["src/add.py"]}
    assert record["command"] == "aml-pipeline run --param factor=5"
    assert record["parameters"] == {"factor": "5", "offset": "1"}
    assert [step["name"] for step in record["plan"]["steps"]] == list(STEPS)
    assert record["plan"]["steps"][1]["arguments"][0] == [
        {"literal": {"text": "--table"}},
        {"input": {"step": "load", "name": "table"}},
    ]
    assert record["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert "pydantic" in record["distributions"]
    assert record["state"] == "failed"
    told = {
        step: (row["state"], row["reason"], row["exit_status"], row["seconds"] > 0)
        for step, row in record["steps"].items()
    }
    assert told == {
        "load": ("done", "parameter factor 2 → 5", 0, True),
        "add": ("failed", "add.py changed, and 2 more changes", 1, True),
        "report": ("not run", "an earlier step failed", None, False),
    }
    events = [json.loads(line) for line in (chain.runs()[-1] / "events.jsonl").read_text().splitlines()]
    assert [(row["event"], row.get("step")) for row in events] == [
        ("RunStarted", None),
        *(("StepStarted", "load"), ("StepEnded", "load"), ("StepStarted", "add"), ("StepEnded", "add")),
        *(("StepEnded", "report"), ("RunEnded", None)),
    ]
    assert [row["changes"] for row in events if row["event"] == "StepStarted"] == [
        ["parameter factor 2 → 5"],
        ["add.py changed", "command.py is gone", "input load.table changed"],
    ]
    times = [row["time"] for row in events]
    assert times == sorted(times)


def test_a_renamed_output_of_a_step_that_is_left_out(project: Project) -> None:
    def write(name: str) -> None:
        project.write(
            {
                "pipeline.yaml": f"""
                    name: x
                    steps:
                      a: {{script: a.py, arguments: {{--{name}: "${{{{ outputs.{name} }}}}"}}}}
                      b:
                        script: a.py
                        arguments: {{--data: "${{{{ steps.a.outputs.{name} }}}}", --o: "${{{{ outputs.o }}}}"}}
                      c:
                        script: a.py
                        arguments: {{--data: "${{{{ steps.b.outputs.o }}}}", --o: "${{{{ outputs.o }}}}"}}
                    """,
                "a.py": "import sys\nopen(sys.argv[-1] + '/x', 'w').write('x')\n",
            }
        )

    write("o")
    project.cli("run")
    write("p")
    done = project.cli("run", "--only", "c")
    assert project.cli("plan", "--only", "c").stdout == "c  up to date\n"
    assert "a is left out, and is out of date: " in done.stderr
    refused = project.cli("run", "--only", "b", status=2).stderr
    assert refused.endswith(
        'The result of step "a" has no output p, and the step is not part of this run. '
        "Run it first: `aml-pipeline run a`.\n"
    )


def test_a_folder_where_a_link_belongs(project: Project) -> None:
    project.write(one_step("import sys\nopen(sys.argv[-1] + '/a', 'w').close()"))
    project.cli("run")
    (link,) = project.root.glob(".aml_pipeline/*/outputs/only/*")
    link.unlink()
    link.mkdir()
    said = project.cli("run", "--force", status=6).stderr
    assert f"{link} is a folder, but should be the link to an output. Move it away." in said


def test_a_step_that_failed_and_whose_upstream_changed_is_sure_to_run(project: Project) -> None:
    project.write(
        {
            "pipeline.yaml": """
                name: x
                steps:
                  a: {script: a.py, arguments: {--o: "${{ outputs.o }}"}}
                  b: {script: b.py, arguments: {--data: "${{ steps.a.outputs.o }}"}}
                """,
            "a.py": "import sys\nopen(sys.argv[-1] + '/x', 'w').write('x')\n",
            "b.py": "import sys\nsys.exit(1)\n",
        }
    )
    project.cli("run", status=1)
    project.replace("a.py", "import sys\n", "import sys\n\n")
    assert project.plan()["b"].split()[:2] == ["will", "run"]


def test_runs_logs_and_clean(project: Project) -> None:
    project.write(one_step("import sys\nprint('size', sys.argv[2])\nopen(sys.argv[-1] + '/a', 'w').write('x' * 1000)"))
    project.replace("pipeline.yaml", "    arguments:\n", "    arguments:\n      --size: ${{ parameters.size }}\n")
    project.replace("pipeline.yaml", "name: one\n", "name: one\nparameters: {size: 1}\n")
    assert project.cli("runs").stdout == "Nothing ran yet. Start with `aml-pipeline run`.\n"
    assert project.cli("logs", status=2).stderr == (
        "No step ran yet, so there is no log. Start with `aml-pipeline run`.\n"
    )
    assert project.cli("clean").stdout == "There is nothing to free.\n"
    for size in ("1", "2", "3"):
        assert project.run("--param", f"size={size}") == {"only": "done"}

    names = [run.name for run in project.runs()]
    listed = project.cli("runs").stdout.splitlines()
    assert [row.split()[0] for row in listed] == names[::-1]
    assert all(row.split()[3] == "done" and row.endswith("  only done") for row in listed)
    told = json.loads(project.cli("runs", "--format", "json").stdout)
    assert [row["parameters"]["size"] for row in told] == [3, 2, 1]
    assert project.cli("logs").stdout == "size 3\n"
    assert project.cli("logs", "only", "--run", names[0]).stdout == "size 1\n"
    assert project.cli("logs", "--run", names[0][-4:]).stdout == "size 1\n"
    refused = project.cli("logs", "other", "--run", names[0], status=2).stderr
    assert refused == f'There is no log of step "other" in run {names[0]}. Known: only.\n'

    assert project.run("--param", "size=2") == {"only": "up to date"}
    assert project.cli("clean").stdout.startswith("Freed ")
    assert [run.name for run in project.runs()] == names
    assert project.run("--param", "size=2") == {"only": "up to date"}
    assert (project.output("only", "out") / "a").exists()
    assert project.plan("--param", "size=3") == {"only": "will run  parameter size 2 → 3"}

    project.cli("clean", "--all")
    assert project.runs() == []
    assert project.plan() == {"only": "will run  never ran"}


@pytest.mark.parametrize("words", [["logs"], ["run", "--force"], ["plan"], ["runs"]], ids=lambda words: words[0])
def test_a_reader_that_has_gone_is_no_fault(project: Project, words: list[str]) -> None:
    project.write(one_step("print('words\\n' * 100_000)"))
    project.run()
    command = project.start(*words)
    assert command.stdout
    assert command.stderr
    command.stdout.close()
    told = command.stderr.read()
    assert (command.wait(), told) == (141, "one: 1 step\nonly  runs: forced\n" if words[0] == "run" else "")
    command.stderr.close()
    assert project.run() == {"only": "up to date"}


INPUTS = """
    name: p
    steps:
      a:
        script: a.py
        arguments: {--output: "${{ outputs.o }}"}
      b:
        script: b.py
        arguments: {--input: "${{ steps.a.outputs.o }}", --output: "${{ outputs.o }}"}
      c:
        script: c.py
        after: [b]
        arguments: {--input: "${{ steps.a.outputs.o }}", --output: "${{ outputs.o }}"}
"""


def test_a_step_that_writes_into_its_input_fails_and_poisons_nothing(project: Project) -> None:
    copy = "import sys\nopen(sys.argv[-1] + '/x', 'w').write(open(sys.argv[2] + '/x').read())\n"
    project.write(
        {
            "pipeline.yaml": INPUTS,
            "a.py": "import sys\nopen(sys.argv[-1] + '/x', 'w').write('clean')\n",
            "b.py": "import sys\nopen(sys.argv[2] + '/x', 'a').write(' + b was here')\n",
            "c.py": copy,
        }
    )
    failed = project.cli("run", status=1)
    assert states(failed.stdout) == {"a": "done", "b": "FAILED", "c": "not run"}
    assert "A script must not modify its inputs" in failed.stderr
    project.write({"b.py": copy})
    assert project.plan()["a"] == "will run  output o was edited"
    assert project.run() == {"a": "done", "b": "done", "c": "done"}
    assert (project.output("c", "o") / "x").read_text() == "clean"


def test_plan_promises_no_run_that_an_old_result_may_spare(project: Project) -> None:
    write_out = "import sys\nopen(sys.argv[-1] + '/x', 'w').write('same')\n"
    project.write(
        {
            "pipeline.yaml": """
                name: p
                parameters: {n: 1}
                steps:
                  a:
                    script: a.py
                    arguments: {--output: "${{ outputs.o }}"}
                  b:
                    script: b.py
                    arguments:
                      --input: ${{ steps.a.outputs.o }}
                      --n: ${{ parameters.n }}
                      --output: ${{ outputs.o }}
            """,
            "a.py": write_out,
            "b.py": write_out,
        }
    )
    project.run()
    project.run("--param", "n=2")
    project.write({"a.py": write_out + "# a comment\n"})
    assert project.plan() == {"a": "will run  a.py changed", "b": "may run  runs if input a.o changes"}
    assert project.run() == {"a": "done", "b": "up to date"}


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


def test_term_ends_a_debugged_step(project: Project) -> None:
    project.write(one_step("import time\nprint('begun', flush=True)\ntime.sleep(60)\n"))
    name = next(iter(project.plan()))
    child = project.start("run", "--debug", name)
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    child.terminate()
    assert child.wait(timeout=PATIENCE) == -signal.SIGTERM
    child.communicate()


def test_debug_tells_a_signal_in_words(project: Project) -> None:
    project.write(one_step("import os\nos.abort()\n"))
    told = project.cli("run", "--debug", "only", status=1).stdout
    assert told.startswith("only: Its script was aborted (SIGABRT). Nothing was accepted.\n")


def test_what_ran_can_be_looked_at_while_the_file_has_a_mistake(project: Project) -> None:
    project.write(one_step("print('hello')\n"))
    project.cli("run")
    project.replace("pipeline.yaml", "name:", "nmae: x\nname:")
    assert "hello" in project.cli("logs").stdout
    assert "done" in project.cli("runs").stdout
    assert project.cli("clean").stdout == (
        "There is nothing to free.\nKept the last result of 1 step and 1 run record.\n"
    )


def test_debug_runs_the_source_in_place_with_the_terminal_and_accepts_nothing(project: Project) -> None:
    project.write(
        {
            "pipeline.yaml": """
                name: p
                source_directory: steps
                steps:
                  first:
                    script: first.py
                    arguments:
                      --output: ${{ outputs.a }}
                  second:
                    script: second.py
                    timeout: 1s
                    arguments:
                      --input: ${{ steps.first.outputs.a }}
                      --output: ${{ outputs.b }}
            """,
            "steps/first.py": "import sys\nopen(sys.argv[-1] + '/x', 'w').write('made by first')\n",
            "steps/second.py": """
                import os, sys
                print(input(), os.getcwd(), open(sys.argv[2] + '/x').read(), flush=True)
                open(sys.argv[-1] + '/y', 'w').write('never accepted')
                sys.exit(3)
            """,
        }
    )
    refused = project.cli("run", "--debug", "second", status=2)
    assert 'Step "first" has no local result yet' in refused.stderr
    assert "one step" in project.cli("run", "--debug", status=2).stderr
    project.cli("run", "first")
    done = subprocess.run(
        project.command("run", "--debug", "second"),
        cwd=project.root, env=project.environ, input="typed\n", capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"typed {project.root / 'steps'} made by first" in done.stdout
    assert "second: exit status 3; nothing was accepted." in done.stdout
    assert project.plan()["second"] == "will run  never ran"
    place = done.stdout.splitlines()[-1].partition("  ")[2]
    assert os.listdir(place) == ["y"]
