"""Outputs that are single files: the path that a script gets, what is accepted, and what is said of everything else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Project

FILES = {
    "pipeline.yaml": """
        name: two
        steps:
          score:
            script: score.py
            arguments: {--scores: "${{ outputs.scores }}"}
            outputs: {scores: {type: file}}
          read:
            script: read.py
            arguments:
              --scores: ${{ steps.score.outputs.scores }}
              --copy: ${{ outputs.copy }}
        """,
    "score.py": """
        import os, sys
        path = sys.argv[-1]
        assert os.path.isdir(os.path.dirname(path)) and not os.path.lexists(path)
        open(path, "w").write("1,2\\n")
        """,
    "read.py": """
        import sys
        open(sys.argv[-1] + "/copy.csv", "w").write(open(sys.argv[2]).read())
        """,
}


@pytest.fixture
def two(project: Project) -> Project:
    project.write(FILES)
    return project


def failure(project: Project, *words: str) -> str:
    told = project.cli("run", *words, status=1).stderr
    return told[told.index("\nscore: ") + 1 :].partition(" Log: ")[0]


def test_a_script_writes_the_file_and_the_next_reads_it(two: Project) -> None:
    assert two.run() == {"score": "done", "read": "done"}
    assert two.output("score", "scores").read_text() == "1,2\n"
    assert (two.output("read", "copy") / "copy.csv").read_text() == "1,2\n"
    assert two.run() == {"score": "up to date", "read": "up to date"}
    assert two.cli("verify").stdout.endswith("nothing is damaged.\n")
    assert two.cli("clean").stdout.startswith("Nothing to free.")


def test_a_file_edited_by_hand_is_noticed(two: Project) -> None:
    two.run()
    two.output("score", "scores").resolve().write_text("3,4\n")
    assert two.plan()["score"] == "will run  output scores was edited"
    assert "was edited after it was accepted: scores." in two.cli("verify", status=1).stdout
    assert two.run() == {"score": "done", "read": "up to date"}


def test_the_type_is_part_of_the_key_and_results_of_folders_keep_theirs(two: Project) -> None:
    two.write({"score.py": "import os, sys\nos.path.isdir(sys.argv[-1]) and open(sys.argv[-1] + '/a', 'w').write('x')"})
    two.replace("pipeline.yaml", "type: file", "mode: mount")
    two.run("score")
    assert '"files"' not in next(two.root.glob(".aml_pipeline/two/steps/score/result.*")).read_text()
    two.replace("pipeline.yaml", "mode: mount", "type: file")
    assert two.plan("score") == {"score": "will run  output scores is now a file"}
    two.replace("pipeline.yaml", "type: file", "type: folder")
    assert two.plan("score") == {"score": "up to date"}


def test_what_is_no_file_is_not_accepted(two: Project) -> None:
    two.write({"score.py": "print('nothing')\n"})
    assert failure(two) == "score: Output scores was not written. Write a file to the path of --scores."
    two.write({"score.py": "open('scores.csv', 'w').write('1')\n"})
    assert failure(two).startswith(
        "score: Output scores was not written. The script left scores.csv (1 byte) in its working folder, which is not "
        "kept: write it to the path of --scores. "
    )
    two.write({"score.py": "import os, sys\nos.mkdir(sys.argv[-1])\n"})
    assert re.fullmatch(
        r"score: Output scores of step score is not a file, but the settings say `type: file`: \S+/scores. Write one "
        r"file.",
        failure(two),
    )
    two.write(
        {"score.py": "import os, sys\nopen('a', 'w').write('1')\nos.symlink(os.path.abspath('a'), sys.argv[-1])\n"}
    )
    assert failure(two) == (
        "score: Output scores is a link to a in the working folder, which is not kept. Write the file to the path of "
        "--scores instead."
    )


def test_an_empty_file_is_accepted_with_a_remark(two: Project) -> None:
    two.write({"score.py": "import sys\nopen(sys.argv[-1], 'w')\n"})
    told = two.cli("run").stderr
    assert "score: Output scores is an empty file. Check what the script writes.\n" in told


def test_what_is_left_beside_it_is_told(two: Project) -> None:
    two.write({"score.py": "import sys\nopen(sys.argv[-1], 'w').write('1')\nopen('other', 'w').write('2')\n"})
    told = two.cli("run", "score").stderr
    assert "Write it to the path of --scores, or into outputs/ to keep it with the run." in told


def test_a_file_is_durable_and_can_be_debugged(two: Project) -> None:
    assert two.run("--fsync") == {"score": "done", "read": "done"}
    done = two.cli("run", "--debug", "score")
    place = re.search(r"score\.scores  (\S+)", done.stdout)
    assert place
    assert Path(place[1]).read_text() == "1,2\n"
    assert two.cli("run", "--debug", "score").returncode == 0


def test_a_table_and_an_mlflow_model_must_have_the_file_that_describes_it(project: Project) -> None:
    project.write(
        {
            "pipeline.yaml": """
                name: tables
                steps:
                  score:
                    script: score.py
                    arguments: {--scores: "${{ outputs.scores }}"}
                    outputs: {scores: {type: table}}
                """,
            "score.py": "import sys\nopen(sys.argv[-1] + '/scores.csv', 'w').write('1,2\\n')\n",
        }
    )
    assert failure(project) == (
        "score: Output scores is a table, but has no file MLTable. Write one that describes the data, for example with "
        "the package mltable."
    )
    project.replace("pipeline.yaml", "type: table", "type: folder")
    assert project.run() == {"score": "done"}
    project.replace("pipeline.yaml", "type: folder", "type: table")  # a result of before need not be a table
    assert project.plan()["score"] == "will run  output scores has no file MLTable"
    project.write({"score.py": "import sys\nopen(sys.argv[-1] + '/MLTable', 'w').write('paths: []\\n')\n"})
    assert project.run() == {"score": "done"}
    assert project.run() == {"score": "up to date"}
    project.replace("pipeline.yaml", "type: table", "model: {name: net, type: mlflow}")
    assert project.plan()["score"] == "will run  output scores has no file MLmodel"
    assert failure(project) == (
        "score: Output scores is an MLflow model, but has no file MLmodel. Save it with MLflow (save_model), or write "
        "`type: custom` under `model`."
    )


def test_nothing_may_be_written_beside_a_file(two: Project) -> None:
    """A step that reads the file might read that too, but only the file is in its key."""
    two.write({"score.py": "import sys\nfor end in ('', '.idx'):\n    open(sys.argv[-1] + end, 'w').write('1')\n"})
    assert failure(two) == (
        "score: Output scores is a file, but the script also wrote scores.idx beside it. Write one file; or, to write "
        "several, delete `type: file` and write into the folder."
    )
    two.write({"score.py": FILES["score.py"]})
    two.run()
    (two.output("score", "scores").resolve().parent / "scores.idx").write_text("2")
    assert two.plan()["score"] == "will run  output scores is a file, but scores.idx was written beside it"
    told = two.cli("verify", status=1).stdout
    assert re.search(r"output scores of result \w+ .* is a file, but scores.idx was written beside it\.", told)
    assert two.run() == {"score": "done", "read": "up to date"}


def test_a_step_may_not_write_beside_a_file_that_it_reads(two: Project) -> None:
    two.write({"read.py": "import sys\nopen(sys.argv[-1] + '/a', 'w').write('1')\nopen(sys.argv[2] + '.idx', 'w')\n"})
    told = two.cli("run", status=1).stderr
    assert (
        "\nread: Its input --scores (output scores of step score) changed while the step ran: scores.idx was written "
        "beside it. A script must not modify its inputs: write into the folder of --copy, or copy the files into the "
        "working folder first. Fix the script, then run again." in told
    )


def test_a_file_whose_option_is_omitted_is_not_demanded(two: Project) -> None:
    two.replace("pipeline.yaml", "name: two", "name: two\ndatasets: {gone: {local: gone, optional: true}}")
    two.replace("pipeline.yaml", '"${{ outputs.scores }}"', '["${{ datasets.gone }}", "${{ outputs.scores }}"]')
    two.write({"score.py": "import sys\nassert len(sys.argv) == 1\n"})
    assert two.run("score") == {"score": "done"}
    assert two.run("score") == {"score": "up to date"}
    assert two.cli("verify").stdout.endswith("nothing is damaged.\n")
    two.write({"gone": "1", "score.py": "import sys\nopen(sys.argv[-1], 'w').write('1')\n"})
    assert two.run() == {"score": "done", "read": "done"}
