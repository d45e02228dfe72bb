"""What runs again, and why."""

import shutil
from collections.abc import Callable

import pytest

from tests.conftest import Project, reasons, states
from tests.local.projects import STEPS, UP_TO_DATE, one_step

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


def test_a_step_runs_again_when_a_file_of_its_image_changes(project: Project) -> None:
    project.write(one_step("", "environment: {name: image, dockerfile: docker/Dockerfile}"))
    project.write({"docker/Dockerfile": "FROM python:3.11\nCOPY tools /tools\n", "docker/tools/fit.sh": "true\n"})
    assert (project.run(), project.run()) == ({"only": "done"}, {"only": "up to date"})
    project.write({"docker/tools/fit.sh": "false\n", "docker/tools/more.sh": ""})
    assert project.plan() == {"only": "will run  environment: changed tools/fit.sh, and 1 more change"}
    assert (project.run(), project.run()) == ({"only": "done"}, {"only": "up to date"})
