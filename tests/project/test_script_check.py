"""What scripts read and their steps do not have: held against a project on a disk."""

from __future__ import annotations

import inspect
import json
from collections.abc import Container
from typing import Any

import pytest

from aml_pipeline.core.problems import Problem
from aml_pipeline.project import script_check
from aml_pipeline.project.opening import open_pipeline
from tests.conftest import Project

PIPELINE = """\
    name: p
    source_directory: src
    datasets:
      raw: {local: data/raw, optional: true}
    steps:
      train:
        script: train.py
        arguments: {--output: "${{ outputs.model }}"}
"""
FILES = {
    "pipeline.yaml": PIPELINE,
    "data/raw/a.csv": "1\n",
    "data/other/b.csv": "1\n",
    "top.csv": "1\n",
    "src/words/greek.txt": "alpha\n",
    "src/words/latin": "a\n",
    "src/empty/.amlignore": "",
    "src/ignored/c.csv": "1\n",
    "src/.amlignore": "ignored/\n",
    "src/.git/config": "",
}


def _warned(project: Project, script: str, variables: Container[str] = ()) -> list[Problem]:
    project.write({"src/train.py": script})
    plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
    return script_check.warnings(plan, opened, variables)


@pytest.fixture
def here(project: Project) -> Project:
    project.write(FILES)
    return project


_DATASET = "Declare it, `datasets: {{{}: {{local: {}}}}}`, and pass it, `--data: ${{{{ datasets.{} }}}}`: "
_RAW = "It is part of dataset raw: pass it, `--data: ${{ datasets.raw }}`: the script reads the path from that option."
# What is read → the beginning of the cure; None if there is nothing to say.
CURES = {
    "open('data/raw/a.csv')": _RAW,
    "open('../data/raw/a.csv')": _RAW,
    "os.listdir('data/raw')": _RAW,
    "glob.glob('data/raw/*.csv')": _RAW,
    "open(f'data/raw/{name}.csv')": _RAW,
    "open('data/other/b.csv')": _DATASET.format("other", "data/other", "other"),
    "os.listdir('data/other')": _DATASET.format("other", "data/other", "other"),
    "os.listdir('data')": _DATASET.format("data", "data", "data"),
    "open('top.csv')": _DATASET.format("top", "top.csv", "top"),
    "os.listdir('words')": 'Add it under the step: `snapshot: ["words/**"]`.',
    "open('words/latin')": 'Add it under the step: `snapshot: ["words/latin"]`.',
    "open('src/words/latin')": 'Add it under the step: `snapshot: ["words/latin"]`.',
    "os.listdir('ignored')": "Remove its pattern from .amlignore, which excludes it from every snapshot.",
    "open('src/train.py')": 'Write "train.py": a step runs in a copy of src/.',
    "open('pipeline.yaml')": (
        "The pipeline file is never part of a snapshot: pass the values that the script needs as arguments."
    ),
    "open('words/greek.txt')": None,  # a text that names a file with a suffix brings it along
    "open('words/nowhere.txt')": None,
    "open('/etc/hosts')": None,
    "open('~/data/raw/a.csv')": None,
    "open('../../elsewhere.csv')": None,
    "os.listdir('.')": None,
    "os.listdir('..')": None,
    "os.listdir('src')": None,
    "os.listdir('.git')": None,
    "open('outputs/a.csv')": None,
    "os.makedirs('data'); os.listdir('data')": None,
    "open('data/raw/a.csv', 'w')": None,
    "prepare('data')": None,
    "prepare('top.csv')": None,
    "prepare('data/other/b.csv')": None,
    "archive.open('data/other/b.csv')": _DATASET.format("other", "data/other", "other"),
    "draw(to_file='data/other/b.csv')": None,
    "print({'table': 'data/other/b.csv'})": None,
    "print('data/other/b.csv')": None,
    "open(folder + '/data/raw/a.csv')": None,
}


@pytest.mark.parametrize("text", CURES)
def test_paths_into_the_project_are_told_with_the_cure(here: Project, text: str) -> None:
    expected = CURES[text]
    found = _warned(here, f"import glob\nimport os\n\n{text}\n")
    assert [one.code for one in found] == ([] if expected is None else ["literal-path"])
    assert all(one.cure.startswith(str(expected)) for one in found), found[0].cure
    assert all(one.severity == "warning" for one in found)


def test_an_absolute_path_into_the_project_is_told(here: Project) -> None:
    (problem,) = _warned(here, f"open('{here.root}/data/raw/a.csv')\n")
    assert problem.cure == _RAW


def test_a_path_from_the_folder_of_the_script_is_told(here: Project) -> None:
    here.replace("pipeline.yaml", "script: train.py", "script: deep/train.py")
    here.write({"src/deep/train.py": "open('sizes')\n", "src/deep/sizes": "1\n"})
    (problem,) = _warned(here, "")
    assert problem.cure == 'Add it under the step: `snapshot: ["deep/sizes"]`.'


def test_patterns_that_are_there_stay(here: Project) -> None:
    here.replace("pipeline.yaml", "script: train.py", 'script: train.py\n    snapshot: ["*.md"]')
    here.write({"src/read.md": ""})
    (problem,) = _warned(here, "open('words/latin')\n")
    assert problem.cure == 'Add it under the step: `snapshot: ["*.md", "words/latin"]`.'


def test_a_dataset_that_is_passed_already_names_its_option(here: Project) -> None:
    here.replace("pipeline.yaml", '{--output: "', '{--from: "${{ datasets.raw }}", --output: "')
    (problem,) = _warned(here, "open('data/raw/a.csv')\n")
    assert problem.cure == "It is part of dataset raw: read the path from the option --from, which receives it."


def test_what_is_set_in_the_shell_is_told_even_with_a_fallback(here: Project) -> None:
    script = "import os\nos.environ.get('MODE', 'slow')\nos.environ.get('MODE', 'slow')\n"
    assert _warned(here, script) == []
    (problem,) = _warned(here, script, {"MODE"})
    assert problem.message == (
        'the variable "MODE" is set in this shell but not declared for step "train": a local run uses that value; '
        "in Azure ML the script runs without it."
    )
    here.replace("pipeline.yaml", "name: p", "name: p\nenvironment_variables: {MODE: fast}")
    assert _warned(here, script, {"MODE"}) == []


def test_a_variable_that_another_file_sets_is_known(here: Project) -> None:
    here.write({"src/before.py": "import os\nos.environ['MODE'] = 'fast'\n"})
    assert _warned(here, "import os\nimport before\nos.environ['MODE']\n") == []
    here.write({"src/before.py": "from dotenv import load_dotenv\nload_dotenv()\n"})
    assert _warned(here, "import os\nimport before\nos.environ['MODE']\n") == []
    here.write({"src/before.py": ""})
    assert [one.code for one in _warned(here, "import os\nimport before\nos.environ['MODE']\n")] == [
        "undeclared-variable"
    ]


def test_what_an_imported_file_does_as_a_program_of_its_own_is_not_read(here: Project) -> None:
    """As in Microsoft's MLOpsPython, where train.py has a main for a laptop and train_aml.py one for Azure ML."""
    here.write({"data/table.csv": "1"})
    program = "def split(): ...\ndef main():\n    open('data/table.csv')\n    split()\n"
    here.write({"src/fit.py": f"{program}if __name__ == '__main__':\n    main()\n"})
    assert _warned(here, "import fit\nfit.split()\n") == []
    here.write({"src/fit.py": f"{program}main()\n"})
    assert [one.code for one in _warned(here, "import fit\nfit.split()\n")] == ["literal-path"]


def test_what_nobody_calls_of_an_imported_file_is_not_read(here: Project) -> None:
    here.write({"src/fit.py": "import os\ndef region(): return os.environ['REGION']\ndef fit(): ...\n"})
    assert _warned(here, "from fit import fit\nfit()\n") == []
    assert [one.code for one in _warned(here, "import fit\nfit.region()\n")] == ["undeclared-variable"]
    here.write({"src/more.py": "from fit import region\nregion()\n"})
    assert [one.code for one in _warned(here, "import more\n")] == ["undeclared-variable"]


def test_a_script_that_calls_what_its_project_defines_is_told_nothing(here: Project) -> None:
    here.write({"src/parts.py": "def update(): ...\n"})
    assert _warned(here, "from parts import update\ndef f(): ...\nupdate()\n") == []
    assert _warned(here, "import parts\ndef f(): ...\nparts.update()\n") == []
    assert [one.code for one in _warned(here, "import os\ndef f(): ...\nos.environ.update()\n")] == ["nothing-called"]


def test_the_line_of_a_syntax_error_is_told_below_a_program_that_starts_python(here: Project) -> None:
    here.write({"src/train.py": "#!/usr/bin/env -S uv run --script\ndef f(:\n"})
    (row,) = _rows(here, status=2)
    assert (row["code"], row["file"], row["line"]) == ("script-syntax", "src/train.py", 2)


def test_the_shell_is_asked_by_the_command(here: Project) -> None:
    here.write({"src/train.py": "import os\nos.environ.get('MODE', 'slow')\n"})
    assert _rows(here) == []
    (row,) = _rows(here, MODE="fast")
    assert (row["code"], row["severity"], row["line"], row["column"]) == ("undeclared-variable", "warning", 2, 1)


def _rows(project: Project, *, status: int = 0, **environ: str) -> list[dict[str, Any]]:
    told = project.cli("validate", "--format", "json", environ=environ, status=status)
    rows: list[dict[str, Any]] = json.loads(told.stdout)
    return [row for row in rows if row["code"] != "unused-dataset"]


def test_inputs_are_held_against_those_that_are_sent(here: Project) -> None:
    script = "Run.get_context().input_datasets['raw']\n"
    (problem,) = _warned(here, script)
    assert problem.message == 'input_datasets has no "raw": step "train" has no inputs.'
    assert problem.cure.startswith("Pass it as an argument, `--raw: ${{ datasets.raw }}`, and read the path from that")
    here.replace("pipeline.yaml", '{--output: "', '{--images: "${{ datasets.raw }}", --output: "')
    (problem,) = _warned(here, script)
    assert problem.message == 'input_datasets has no "raw": step "train" has no inputs.'
    assert problem.cure == "Read the path from --images."
    here.replace("pipeline.yaml", "optional: true}", "datastore: d, path: raw/}")
    (problem,) = _warned(here, script)
    assert problem.message == 'input_datasets has no "raw"; the input is called "images".'
    assert problem.cure == "Read the path from --images."
    (problem,) = _warned(here, "Run.get_context().input_datasets['other']\n")
    assert problem.message == 'input_datasets has no "other": step "train" has only images.'
    assert _warned(here, "Run.get_context().input_datasets['images']\n") == []


RUN = "from azureml.core import Run\nrun = Run.get_context()\n"


@pytest.mark.parametrize(
    ("script", "column"),
    [
        (f"{RUN}run.log('a', 1, step=2)", 1),
        (f"{RUN}with torch.no_grad(): run.log('a', 1, step=2)", 23),
        ("from azureml.core.run import Run as R\n\nR.get_context().log('a', 1, 'about', 2)", 1),
        ("import azureml.core\nrun = azureml.core.Run.get_context()\nif 1: run.log(name='a', value=1, step=None)", 7),
        # These work.
        (f"{RUN}run.log('a', 1, 'about')", 0),
        (f"{RUN}run.log_row('a', step=2)", 0),
        ("from wandb import Run\nrun = Run.get_context()\nrun.log('a', 1, step=2)", 0),
        # These may.
        (f"{RUN}def f(run): run.log('a', 1, step=2)", 0),
        (f"{RUN}if run.experiment: run.log('a', 1, step=2)", 0),
        (f"{RUN}if not offline(): run.log('a', 1, step=2)", 0),
        (f"{RUN}try: run.log('a', 1, step=2)\nexcept TypeError: pass", 0),
        (f"{RUN}with suppress(TypeError): run.log('a', 1, step=2)", 0),
        (f"{RUN}run.log(*values)\nrun.log(**values)", 0),
        ("from azureml.core import Run\nrun = Run.get_context(allow_offline=False)\nrun.log('a', 1, step=2)", 0),
    ],
)
def test_a_step_that_an_offline_run_refuses_is_told(here: Project, script: str, column: int) -> None:
    told = [(one.code, one.position and (one.position.line, one.position.column)) for one in _warned(here, script)]
    assert told == ([("log-step", (3, column))] if column else [])


def test_the_offline_run_of_azureml_core_has_no_step() -> None:
    run = pytest.importorskip("azureml.core.run")
    assert [*inspect.signature(run.Run.log).parameters][1:] == ["name", "value", "description", "step"]
    assert [*inspect.signature(run._OfflineRun.log).parameters][1:] == ["name", "value", "description"]


def test_the_variables_of_inputs_are_declared(here: Project) -> None:
    script = "import os\nos.environ['{}']\n"
    assert [one.code for one in _warned(here, script.format("AZURE_ML_INPUT_training"))] == ["undeclared-variable"]
    here.replace("pipeline.yaml", "arguments: {", 'inputs: {training: "${{ datasets.raw }}"}\n    arguments: {')
    for name in ("AZURE_ML_INPUT_training", "training"):
        assert _warned(here, script.format(name)) == []
    assert [one.code for one in _warned(here, script.format("testing"))] == ["undeclared-variable"]
    (problem,) = _warned(here, "Run.get_context().input_datasets['training']\n")
    assert problem.message == 'input_datasets has no "training": step "train" has no inputs.'
    here.replace("pipeline.yaml", "optional: true}", "datastore: d, path: raw/}")
    assert _warned(here, "Run.get_context().input_datasets['training']\n") == []


def test_a_program_that_an_import_runs_is_no_script_that_calls_nothing(here: Project) -> None:
    script = "import program\n\n\ndef main():\n    pass\n"
    here.write({"src/program.py": "def f():\n    pass\n"})
    assert [one.code for one in _warned(here, script)] == ["nothing-called"]
    here.write({"src/program.py": "def f():\n    pass\n\n\nf()\n"})
    assert _warned(here, script) == []


def test_data_that_is_not_here_is_a_warning_of_validate_and_an_error_of_run(here: Project) -> None:
    here.replace("pipeline.yaml", "{local: data/raw, optional: true}", "{local: data/row}")
    here.replace("pipeline.yaml", '{--output: "', '{--raw: "${{ datasets.raw }}", --output: "')
    here.write({"src/train.py": ""})
    told = here.cli("validate").stdout
    assert told.startswith('pipeline.yaml:4:16: warning: dataset "raw" was not found at data/row.')
    assert told.endswith("pipeline.yaml: no errors, 1 warning.\n")
    assert 'dataset "raw" was not found at data/row' in here.cli("run", status=2).stderr


def test_a_script_that_is_no_python_stops_every_command(here: Project) -> None:
    here.write({"src/train.py": '{"cells": [], "nbformat": 4}\n'})
    assert "which is a Jupyter notebook, not a Python file" in here.cli("run", status=2).stderr
    told = here.cli("validate", status=2).stdout
    assert "[not-python]" in told
    assert "[script-syntax]" not in told


def test_a_run_tells_none_of_it(here: Project) -> None:
    here.write({"src/train.py": "import os\nimport sys\nos.environ.get('MODE')\nopen(sys.argv[2] + '/m', 'w')\n"})
    assert [row["code"] for row in _rows(here)] == ["undeclared-variable"]
    done = here.cli("run")
    assert "MODE" not in done.stdout + done.stderr


def test_it_is_told_before_steps_are_sent(here: Project) -> None:
    here.replace("pipeline.yaml", "name: p", "name: p\ncompute: c\nenvironment: {name: e, pip_requirements: r.txt}")
    here.write({"r.txt": "numpy", "src/train.py": "import os\nimport lightgbm\nos.environ['MODE']\n"})
    told = here.cli("submit", "--dry-run").stderr.splitlines()
    assert [line.rpartition("[")[2] for line in told] == ["unnamed-import]", "undeclared-variable]"]
    assert told[0].startswith("src/train.py:2:8: warning: no package in r.txt")
    here.replace("pipeline.yaml", "steps:\n", "steps:\n  other: {script: other.py}\n")
    here.write({"src/other.py": ""})
    assert here.cli("submit", "other", "--dry-run").stderr == ""


def test_what_leaves_it_to_a_parallel_run_step_to_call_run(here: Project) -> None:
    script = "def init(): ...\ndef run(batch): ...\nprint('loaded')\n"
    (problem,) = _warned(here, script)
    assert problem.message == 'train.py defines init and run but does not call run, so step "train" would do nothing.'
    assert _warned(here, f"{script}run([])\n") == []
    assert _warned(here, script.replace("init", "setup")) == []


def test_an_absolute_path_is_one_of_this_machine(here: Project) -> None:
    (problem,) = _warned(here, f"open('{here.root}/data/raw/a.csv')\n")
    assert problem.message.endswith('is a path on this machine, which step "train" does not have in Azure ML.')
