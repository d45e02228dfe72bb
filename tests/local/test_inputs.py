"""What a local run makes of `inputs:` and of texts with expressions: paths, variables, the key and the record."""

from __future__ import annotations

import json
import platform
import sys
import sysconfig

import pytest

from tests.conftest import Project

FILES = {
    "pipeline.yaml": """
        name: inputs
        datasets:
          customers: {local: customers}
          extra: {local: extra, optional: true}
        parameters: {size: small, label: x, api_key: hunter2-key}
        steps:
          prepare:
            script: tell.py
            arguments: ["${{ outputs.out }}"]
          train:
            script: tell.py
            inputs:
              training: ${{ datasets.customers }}
              pictures: ${{ steps.prepare.outputs.out }}
              more: ${{ datasets.extra }}
            arguments:
              - ${{ outputs.out }}
              - ${{ inputs.training }}/${{ parameters.size }}.csv
              - --key=${{ parameters.api_key }}
              - --token: hunter2-${{ parameters.label }}
              - --extra: ["${{ inputs.more }}/a", b]
        """,
    "tell.py": """
        import json, os, sys
        names = {"training", "pictures", "more"}
        ours = {name: value for name, value in os.environ.items() if name.rpartition("_")[2] in names}
        json.dump([sys.argv[1:], ours], open(sys.argv[1] + "/told.json", "w"))
        """,
    "customers/small.csv": "1\n",
}


@pytest.fixture
def inputs(project: Project) -> Project:
    project.write(FILES)
    return project


def received(project: Project) -> tuple[list[str], dict[str, str]]:
    """Return the arguments after the output, and the variables of the last process of the step train."""
    words, variables = json.loads((project.output("train", "out") / "told.json").read_text())
    return words[1:], variables


def test_what_a_process_receives(inputs: Project) -> None:
    inputs.run()
    here = inputs.root.resolve()
    words, variables = received(inputs)
    customers, pictures = str(here / "customers"), str(inputs.output("prepare", "out").resolve())
    assert words == [f"{customers}/small.csv", "--key=hunter2-key", "--token", "hunter2-x"]
    assert variables == {
        "training": customers,
        "AZURE_ML_INPUT_training": customers,
        "pictures": pictures,
        "AZURE_ML_INPUT_pictures": pictures,
    }
    inputs.write({"extra/a": ""})
    assert inputs.run() == {"prepare": "up to date", "train": "done"}
    words, variables = received(inputs)
    assert words[-3:] == ["--extra", f"{here}/extra/a", "b"]
    assert variables["AZURE_ML_INPUT_more"] == variables["more"] == f"{here}/extra"


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("customers/small.csv", "1", "2", "dataset customers changed"),
        ("pipeline.yaml", "pictures:", "images:", "input images is new, and 1 more change"),
        (
            "pipeline.yaml",
            "}}/${{ parameters.size }}.csv",
            "}}/small.csv",
            "${{ parameter… → ${{ datasets.customers }}/small",
        ),
        ("pipeline.yaml", "hunter2-${{", "hunter3-${{", "argument --token changed"),
        ("pipeline.yaml", "size: small", "size: large", "parameter size small → large"),
        (
            "pipeline.yaml",
            "more: ${{ datasets.extra }}",
            "more: ${{ datasets.other }}",
            "argument --extra ${{ datasets.ex",
        ),
    ],
)
def test_what_it_depends_on(inputs: Project, file: str, old: str, new: str, reason: str) -> None:
    inputs.run()
    assert inputs.run() == {"prepare": "up to date", "train": "up to date"}
    inputs.replace("pipeline.yaml", "datasets:\n", "datasets:\n  other: {local: customers}\n")
    inputs.replace(file, old, new)
    plan = inputs.cli("plan").stdout
    assert reason in plan, plan


UNNAMED = {
    "pipeline.yaml": """
        name: unnamed
        steps:
          write:
            {script: write.py, matrix: {n: [1, 2]}, arguments: ["${{ matrix.n }}"], outputs: {out: {argument: false}}}
          read: {script: read.py, arguments: ["${{ steps.write.outputs.out }}"]}
        """,
    "write.py": "import os\nopen(os.environ['AZURE_ML_OUTPUT_out'] + '/told', 'w').write('x')\n",
    "read.py": "import sys\nassert [open(f'{one}/told').read() for one in sys.argv[1:]] == ['x', 'x']\n",
}


def test_an_output_that_no_argument_names(project: Project) -> None:
    project.write(UNNAMED)
    assert project.cli("validate").stdout == "pipeline.yaml: no errors.\n"
    assert set(project.run().values()) == {"done"}
    project.replace("pipeline.yaml", "false}", "false}, more: {argument: false}")
    assert "output more is new" in project.cli("plan").stdout
    assert project.run()["read"] == "up to date"
    project.replace("pipeline.yaml", "false}}}", "false}}, environment_variables: {AZURE_ML_OUTPUT_out: x}}")
    assert "is set by its outputs" in project.cli("validate", status=2).stdout


def test_steps_without_inputs_keep_their_keys(inputs: Project) -> None:
    """The parts of a key are those of earlier versions."""
    inputs.run()
    folder = inputs.root / ".aml_pipeline/inputs/steps"
    texts = {name: (folder / name / "last").read_text() for name in ("prepare", "train")}
    parts = {name: json.loads(text.partition("\n")[2])["parts"] for name, text in texts.items()}
    assert "names" not in parts["prepare"]
    assert parts["prepare"].keys() == {
        *("script", "snapshot", "parameters", "arguments", "datasets", "inputs", "after"),
        *("environment", "environment_variables", "interpreter", "packages"),
    }
    assert parts["prepare"]["interpreter"] == {
        "implementation": platform.python_implementation(),
        "version": "{}.{}".format(*sys.version_info),
        "platform": sysconfig.get_platform(),
    }
    assert parts["train"]["names"] == {
        "training": "datasets.customers",
        "pictures": "steps.prepare.outputs.out",
        "more": "datasets.extra",
    }


def test_no_secret_of_a_text_is_kept_or_shown(inputs: Project) -> None:
    inputs.run()
    inputs.cli("report")
    state = [path for path in (inputs.root / ".aml_pipeline").rglob("*") if path.is_file() and path.name != "told.json"]
    assert [path for path in state if b"hunter2" in path.read_bytes()] == []
    (run,) = inputs.runs()
    step = json.loads((run / "run.json").read_text())["plan"]["steps"][1]
    assert step["inputs"]["training"] == {"dataset": {"name": "customers"}}
    page = next((inputs.root / ".aml_pipeline").rglob("*.html")).read_text()
    assert "customers/small.csv" in page
    assert "--key=***" in page


def test_a_file_below_an_input_may_be_missing(inputs: Project) -> None:
    """Whether it is there is the script's affair, as with any path."""
    inputs.run("--param", "size=none")
    assert received(inputs)[0][0].endswith("customers/none.csv")


def test_debugging_sets_the_variables_too(inputs: Project) -> None:
    inputs.run()
    inputs.cli("run", "--debug", "train")
    told = [json.loads(path.read_text()) for path in (inputs.root / ".aml_pipeline").rglob("told.json")]
    assert sum("AZURE_ML_INPUT_training" in variables for _, variables in told) == 2
