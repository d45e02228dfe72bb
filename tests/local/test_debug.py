"""`run --debug`."""

import os
import signal
import subprocess

from tests.conftest import Project
from tests.local.projects import one_step
from tests.patience import PATIENCE


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
