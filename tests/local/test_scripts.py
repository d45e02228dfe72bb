"""What a script gets, and what it may do to its inputs, outputs and working folder."""

import json
import shutil

import pytest

from tests.conftest import Project, states
from tests.local.projects import one_step


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
