"""Runs of some steps: what is left out, and what that needs."""

from tests.conftest import Project, reasons, states
from tests.local.projects import ALL_DONE, CHAIN, UP_TO_DATE


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
    told = "load is not part of this run, but out of date: parameter factor 2 → 3\n"
    for words in (["--from", "add"], ["--only", "add"], ["--only", "report"]):  # the last reads nothing of it itself
        assert chain.cli("plan", *words, "--param", "factor=3").stderr == told
        assert chain.cli("run", *words, "--param", "factor=3").stderr == told
    assert chain.cli("plan", "--only", "add", "load", "--param", "factor=3").stderr == ""
    assert chain.cli("plan", "--from", "load", "--param", "factor=3").stderr == ""

    assert chain.run("--param", "factor=3") == ALL_DONE
    told = "load is not part of this run, but out of date: parameter factor 3 → 2\n"  # though a result with 2 is kept
    assert chain.cli("plan", "--from", "add").stderr == told
    chain.replace("src/add.py", "+ int", "- int")
    told += "add is not part of this run, but out of date: add.py changed\n"
    assert chain.cli("plan", "--only", "report").stderr == told
    assert chain.run("load") == {"load": "up to date"}
    told = "add is not part of this run, but out of date: add.py changed, and 1 more change\n"  # what it reads
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
    assert "a is not part of this run, but out of date: " in done.stderr
    refused = project.cli("run", "--only", "b", status=2).stderr
    assert refused.endswith(
        'Step "a" has no local result with output p, and it is not part of this run. '
        "Run it first: `aml-pipeline run a`.\n"
    )
