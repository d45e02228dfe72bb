"""Steps that fail: what is said, timeouts, retries."""

import json
import re
from pathlib import Path

from tests.conftest import Project, states
from tests.local.projects import FAILS, UP_TO_DATE, one_step


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
    told, total = failed.stderr.splitlines()[-2:]
    assert re.fullmatch(r"Failed after [\d.]+ s: 1 failed, 1 not run, 1 up to date\.", total)
    assert told == f"add: Its script failed (exit status 1). Log: {log.relative_to(chain.root)}"
    assert chain.cli("logs").stdout.splitlines()[-20:] == shown

    assert (chain.output("add", "sums") / "out.json").read_text() == good
    assert chain.plan() == {
        "load": "up to date",
        "add": "will run  last attempt failed",
        "report": "will run  step add runs again",
    }
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
