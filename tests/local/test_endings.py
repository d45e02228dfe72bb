"""How a step ends: outputs left empty, files left behind, inputs written into, and the cure of each."""

import json
import os
import re
import sys
import textwrap

import pytest
import yaml

from aml_pipeline.project import script_check
from aml_pipeline.project.opening import open_pipeline
from tests.conftest import Project, reasons

OUTPUT = "--model: ${{ outputs.model }}"
SAVES = "import sys\nopen(sys.argv[-1] + '/model.bin', 'w').write('weights')\n"


def one_step(script: str, *, arguments: str = OUTPUT, settings: str = "") -> dict[str, str]:
    """Return the files of a project whose step, ``train``, has its script in ``src``."""
    pipeline = f"name: one\nsource_directory: src\nsteps:\n  train:\n    script: train.py\n    {settings}\n"
    return {"pipeline.yaml": f"{pipeline}    arguments:\n      {arguments}\n", "src/train.py": script}


def failure(project: Project, *words: str) -> str:
    """Return what a run that fails says of its step, without the lines of the log and where that is."""
    told = project.cli("run", *words, status=1).stderr
    return told[told.index("\ntrain: ") + 1 :].partition("Log: ")[0].rstrip()


# An output that holds no file.

ALLOWED = "outputs: {model: {may_be_empty: true}}"
NOTHING = (
    "train: Output model is empty: the script wrote no file into the folder of --model. "
    f"Write a file, or, if this is intended, add to the step: `{ALLOWED}`."
)


@pytest.mark.parametrize(
    "script", ["", "import os, sys\nos.makedirs(sys.argv[-1] + '/a/b')"], ids=["nothing", "folders alone"]
)
def test_an_output_that_holds_no_file_fails_the_step(project: Project, script: str) -> None:
    project.write(one_step(script))
    assert failure(project) == NOTHING
    assert project.plan() == {"train": "will run  last attempt failed"}
    project.write(one_step(script, settings=ALLOWED))
    assert project.run() == {"train": "done"}
    project.write(one_step(script))
    assert project.plan() == {"train": "will run  output model is empty"}


def test_each_output_that_holds_no_file_is_named(project: Project) -> None:
    arguments = "- ${{ outputs.a }}\n      - --b: ${{ outputs.b }}\n      - --c: ${{ outputs.c }}"
    project.write(one_step("import sys\nopen(sys.argv[3] + '/x', 'w').write('x')", arguments=arguments))
    assert failure(project) == (
        "train: Outputs a and c are empty: the script wrote no file into the folders of output a and --c. "
        "Write a file, or, if this is intended, add to the step: "
        "`outputs: {a: {may_be_empty: true}, c: {may_be_empty: true}}`."
    )


def test_an_output_that_the_script_is_not_told_of_may_be_empty(project: Project) -> None:
    arguments = f'--extra: ["${{{{ datasets.extra }}}}", "${{{{ outputs.more }}}}"]\n      {OUTPUT}'
    project.write(one_step(SAVES, arguments=arguments))
    project.replace("pipeline.yaml", "steps:\n", "datasets: {extra: {local: extra, optional: true}}\nsteps:\n")
    assert project.run() == {"train": "done"}
    assert project.run() == {"train": "up to date"}
    project.write({"extra/x": "x"})
    assert "Output more is empty: the script wrote no file into the folder of --extra." in failure(project)


def test_what_the_script_wrote_elsewhere_is_named_and_stays_for_a_look(project: Project) -> None:
    script = """
        import os
        os.makedirs("data/__pycache__")
        open("best.pkl", "wb").write(bytes(312_000))
        for number in range(4):
            open(f"data/{number}.csv", "w").write("x" * (4 - number))
        open("data/__pycache__/x.pyc", "w").write("x" * 10_000)
        open("helper.py", "a").write("# changed")
        open("words.txt", "a").close()
        open("outputs/scores.json", "w").write("{}")
        """
    files = {"src/helper.py": "VALUE = 1\n" * 10_000, "src/words.txt": "as it was"}
    project.write({**one_step(script, settings='snapshot: ["helper.py", "words.txt"]'), **files})
    told = failure(project)
    folder = told.rpartition(" in ")[2].removesuffix(".")
    assert told == (
        "train: Output model is empty. The script left best.pkl (312.0 kB), helper.py (100.0 kB), data/0.csv (4 bytes) "
        "and 3 more files in its working folder, which is not kept: write them into the folder of --model. "
        f"Until the step runs again, they are in {folder}."
    )
    assert (project.root / folder / "best.pkl").stat().st_size == 312_000
    project.write({"src/train.py": SAVES})
    assert project.run() == {"train": "done"}
    assert not (project.root / folder).exists()


def test_what_azure_ml_would_keep_is_told_to_be_no_output(project: Project) -> None:
    project.write(one_step("open('outputs/best.pkl', 'w').write('x')"))
    assert failure(project) == (
        "train: Output model is empty. The script wrote outputs/best.pkl (1 byte), which is kept with the run, "
        "but is not an output: write it into the folder of --model."
    )


def test_an_empty_result_from_before_is_not_used_again(project: Project) -> None:
    reader = "import os, sys\nopen(sys.argv[-1] + '/seen', 'w').write(str(os.listdir(sys.argv[2])))"
    text = """
        name: two
        steps:
          first:
            script: first.py
            arguments: {--output: "${{ outputs.o }}"}
            outputs: {o: {may_be_empty: true}}
          second:
            script: second.py
            arguments: {--input: "${{ steps.first.outputs.o }}", --output: "${{ outputs.o }}"}
        """
    project.write({"pipeline.yaml": text, "first.py": "", "second.py": reader})
    assert project.run() == {"first": "done", "second": "done"}
    assert project.run() == {"first": "up to date", "second": "up to date"}
    project.replace("pipeline.yaml", "    outputs: {o: {may_be_empty: true}}\n", "")
    assert project.plan() == {
        "first": "will run  output o is empty",
        "second": "may run  runs if input first.o changes",
    }
    assert project.cli("plan", "--only", "second", status=2).stderr == (
        'The output o is empty after step "first" ran, and it is not part of this run. '
        "Run it first: `aml-pipeline run first`.\n"
    )
    failed = project.cli("run", status=1)
    assert reasons(failed.stderr) == {"first": "output o is empty"}


# What passes, with a line.


def remark(project: Project) -> list[str]:
    """Return the lines that a run which ends well says of its step."""
    return [line for line in project.cli("run").stderr.splitlines() if line.startswith("train: ")]


def test_a_step_that_ends_well_says_what_it_leaves_behind(project: Project) -> None:
    project.write(one_step(SAVES + "open('best.pkl', 'w').write('x')"))
    told = (
        "best.pkl (1 byte) was left in the working folder, which is not kept. "
        "Write it into the folder of --model, or into outputs/ to keep it with the run."
    )
    assert remark(project) == [f"train: {told}"]
    assert json.loads((project.runs()[-1] / "run.json").read_text())["steps"]["train"]["remark"] == told
    assert f"<dt>Remark</dt><dd>{told}</dd>" in project.cli("report", "-o", "-").stdout
    assert remark(project) == []
    assert "/working-copy" not in "".join(str(path) for path in project.root.rglob("*"))


def test_nothing_is_said_of_what_is_kept_or_was_there_or_is_a_cache(project: Project) -> None:
    script = """
        import os, pathlib, sys
        import helper
        for name in ("outputs/a", "logs/b", ".cache/c", "__pycache__/d", "catboost_info/e", "f.pyc"):
            pathlib.Path(name).parent.mkdir(exist_ok=True)
            pathlib.Path(name).write_text("x")
        os.chmod("helper.py", 0o755)
        pathlib.Path("helper.py").write_text(pathlib.Path("helper.py").read_text())
        os.symlink(sys.argv[-1], "link")
        os.remove("unused.py")
        open(sys.argv[-1] + "/x", "w").write("x")
        """
    files = {"src/helper.py": "A = 1\n", "src/unused.py": ""}
    project.write({**one_step(script, settings='snapshot: ["*.py"]'), **files})
    assert remark(project) == []


def test_an_output_of_empty_files_passes_with_a_line(project: Project) -> None:
    script = "import sys\nfor name in 'ab':\n    open(f'{sys.argv[-1]}/{name}', 'w').close()\n"
    project.write(one_step(script))
    told = "train: Output model contains only 2 empty files. Check what the script writes, or, if this is intended, "
    assert remark(project) == [f"{told}add to the step: `{ALLOWED}`."]
    project.write(one_step(script + "\n", settings=ALLOWED))
    assert remark(project) == []


# What does not pass.


def test_an_output_of_links_that_lead_round_and_round_is_no_output(project: Project) -> None:
    script = """
        import os, sys
        for name in "abcdefgh":
            os.mkdir(f"{sys.argv[-1]}/{name}")
            for other in "abcdefgh":
                os.symlink(f"../{other}", f"{sys.argv[-1]}/{name}/{other}")
        """
    project.write(one_step(script))
    assert re.fullmatch(
        r"train: Symbolic links in /\S+/model lead to the same folders over and over \(a/\S+\). Remove these links.",
        failure(project),
    )


def test_an_output_that_is_a_file_is_told_as_that(project: Project) -> None:
    project.write(one_step("import os, sys\nos.rmdir(sys.argv[-1])\nopen(sys.argv[-1], 'w').write('x')"))
    assert "train: Output model of step train was replaced by a file: " in failure(project)
    project.write(one_step("import sys\nopen(sys.argv[-1], 'wb')"))
    assert failure(project) == (
        "train: Its script failed (exit status 1). --model is a folder that already exists when the script starts. "
        "Write a file inside it, or declare a file: `outputs: {model: {type: file}}`."
    )


def test_the_file_that_was_written_into_an_input_is_named(project: Project) -> None:
    text = """
        name: two
        datasets: {raw: {local: raw}}
        steps:
          first:
            script: first.py
            arguments: {--output: "${{ outputs.o }}"}
          train:
            script: train.py
            arguments:
              --raw: ${{ datasets.raw }}
              --from: ${{ steps.first.outputs.o }}
              --output: ${{ outputs.o }}
        """
    first = "import os, sys\nfor name in 'ab':\n    open(f'{sys.argv[-1]}/{name}.csv', 'w').write('x')\n"
    written = "import sys\nopen(sys.argv[4] + '/b.csv', 'a').write('x')\n"
    project.write({"pipeline.yaml": text, "first.py": first, "train.py": written, "raw/r.csv": "x", "raw/s.csv": "x"})
    assert failure(project) == (
        "train: Its input --from (output o of step first) changed while the step ran: b.csv. A script must not modify "
        "its inputs: write into the folder of --output, or copy b.csv into the working folder first. Fix the "
        "script, then run again."
    )
    project.write({"train.py": "import os, sys\nos.remove(sys.argv[4] + '/a.csv')\n"})
    assert "changed while the step ran: 1 file was removed. A script must not" in failure(project)
    project.write({"train.py": "import sys\nopen(sys.argv[2] + '/s.csv', 'a').write('x')\n"})
    assert failure(project) == (
        "train: Dataset raw changed while the step ran (s.csv), so its result matches neither version. A script must "
        "not modify its datasets: write into the folder of --output, or copy s.csv into the working folder "
        "first. Fix the script, then run again."
    )


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (9, "Its script was killed (SIGKILL), perhaps out of memory. Use less memory, or run fewer steps at a time."),
        (11, "Its script crashed (segmentation fault, SIGSEGV)."),
        (6, "Its script was aborted (SIGABRT)."),
        (15, "Its script was terminated (SIGTERM)."),
        (40, "Its script was ended by signal 40."),
    ],
)
def test_the_signal_that_ended_a_step_is_told_in_words(number: int, words: str) -> None:
    from aml_pipeline.local import process

    assert process.failure(-number) == words


def test_a_step_that_is_killed(project: Project) -> None:
    project.write(one_step("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"))
    assert failure(project) == (
        "train: Its script was killed (SIGKILL), perhaps out of memory. Use less memory, or run fewer steps at a time."
    )


# What the script failed of, and the lines that are shown.

READS = "open(sys.argv[2] + '/x.csv').read()"


def cure(project: Project) -> tuple[str, object]:
    """Return what a run that fails says last of its step: a sentence, and the lines of YAML below it as data."""
    told = failure(project)
    sentence, _, block = told.partition("\n")
    return sentence.removeprefix("train: Its script failed (exit status 1). "), yaml.safe_load(block)


def block(name: str, local: str, argument: object) -> object:
    return {"datasets": {name: {"local": local}}, "steps": {"train": {"arguments": argument}}}


DATA = "--data: ${{ datasets.raw }}"
GIVEN = {"--data": "${{ datasets.raw }}"}


def in_project(path: str) -> str:
    return f"{path} is in the project, but not in the step's snapshot, and a step sees only its snapshot. "


@pytest.mark.parametrize(
    ("opens", "there", "read"),
    [
        ("open('data/raw/x.csv')", "data/raw/x.csv", "open x.csv in the folder in --data"),
        ("open('../data/raw/x.csv')", "data/raw/x.csv", "open x.csv in the folder in --data"),
        (
            "open(pathlib.Path(__file__).parent.parent / 'data/raw/x.csv')",
            "data/raw/x.csv",
            "open x.csv in the folder in --data",
        ),
        ("open('raw/' + 'x.csv')", "src/raw/x.csv", "open x.csv in the folder in --data"),
        ("os.listdir('data/raw')", "data/raw", "open the path in --data"),
        ("open('raw.txt')", "raw.txt", "open the path in --data"),
        ("sys.exit('File raw.txt does not exist.')", "raw.txt", "open the path in --data"),
        ("raise OSError('unable to open file: name = \\'raw.h5\\', errno = 2')", "raw.h5", "open the path in --data"),
    ],
)  # fmt: skip
def test_data_of_the_project_is_to_be_declared(project: Project, opens: str, there: str, read: str) -> None:
    file = there if "." in there else f"{there}/x.csv"
    ignored = {"src/.amlignore": "raw/\n"}
    project.write({**one_step(f"import os, pathlib, sys\n{opens}"), file: "a,b\n", **ignored})
    local = os.path.dirname(there) if there.endswith("x.csv") else there
    sentence, lines = cure(project)
    assert sentence == f"{in_project(there)}Declare it in pipeline.yaml, and let the script {read}:"
    assert lines == block("raw", local, GIVEN)


def test_the_lines_to_write_are_all_that_it_takes(project: Project) -> None:
    project.write({**one_step("open('data/raw/x.csv')"), "data/raw/x.csv": "a,b\n"})
    told = failure(project)
    assert told.endswith(
        "in the folder in --data:\n    datasets:\n      raw:\n        local: data/raw\n"
        "    steps:\n      train:\n        arguments:\n          --data: ${{ datasets.raw }}"
    )
    dataset, _, argument = told[told.index("    datasets:") :].partition("    steps:")
    project.replace("pipeline.yaml", "steps:\n", f"{textwrap.dedent(dataset)}steps:\n")
    project.replace("pipeline.yaml", "    arguments:\n", f"    arguments:\n      {argument.splitlines()[-1].strip()}\n")
    project.write({"src/train.py": f"import sys\nopen(sys.argv[4] + '/x', 'w').write({READS})"})
    assert project.cli("validate").stdout == "pipeline.yaml: no errors.\n"
    assert project.run() == {"train": "done"}


def test_a_dataset_is_added_to_what_is_declared_already(project: Project) -> None:
    files = one_step("open('data/raw/x.csv')", arguments=f"- fit\n      - --data: 1\n      - {OUTPUT}")
    project.write({**files, "data/raw/x.csv": "a,b\n", "other/a": ""})
    project.replace("pipeline.yaml", "steps:\n", "datasets: {raw: {local: other}}\nsteps:\n")
    expected = {"train": {"arguments": [{"--input-data": "${{ datasets.raw_2 }}"}]}}
    assert cure(project)[1] == {"datasets": {"raw_2": {"local": "data/raw"}}, "steps": expected}
    project.replace("pipeline.yaml", "local: other", "local: data")
    opens = "and let the script open raw/x.csv in the folder in"
    assert cure(project) == (
        f"{in_project('data/raw/x.csv')}Dataset raw contains it. Pass its path, {opens} --input-data:",
        {"steps": {"train": {"arguments": [{"--input-data": "${{ datasets.raw }}"}]}}},
    )
    project.replace("pipeline.yaml", "--data: 1", DATA)
    assert cure(project)[0].endswith(
        f"Dataset raw contains it, and --data passes its path: {opens.removeprefix('and ')} --data."
    )


@pytest.mark.parametrize(
    ("default", "argument"), [("'data/x.csv'", ""), ("None", "--raw: data/x.csv\n      - ")], ids=["default", "value"]
)
def test_the_option_that_has_the_path_gets_the_dataset(project: Project, default: str, argument: str) -> None:
    script = (
        "import argparse\nparser = argparse.ArgumentParser()\n"
        f"parser.add_argument('--raw', default={default})\nparser.add_argument('--model')\n"
        "open(parser.parse_args().raw)\n"
    )
    project.write({**one_step(script, arguments=f"- {argument}{OUTPUT}"), "data/x.csv": "a,b\n", "data/other": ""})
    why, lines = cure(project)
    assert why.endswith("Declare it in pipeline.yaml, and let the script open the path in --raw:")
    assert lines == {
        "datasets": {"x": {"local": "data/x.csv"}},
        "steps": {"train": {"arguments": [{"--raw": "${{ datasets.x }}"}]}},
    }
    plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
    told = [one.cure for one in script_check.warnings(plan, opened)]
    declare = "Declare it, `datasets: {x: {local: data/x.csv}}`, and pass it, `--raw: ${{ datasets.x }}`: "
    assert told == ([] if argument else [f"{declare}the script reads the path from that option."])


@pytest.mark.parametrize(
    ("script", "settings"),
    [
        ("open('/nowhere/x.csv')", ""),
        ("open('data/y.csv')", ""),
        ("open('../../other.csv')", ""),
        ("open('pipeline.yaml' + '.bak')", ""),
        ("print('data/x.csv not found, so all is drawn anew')\nfor n in range(70):\n    print(n)\nexit(1)", ""),
        ("open('.aml_pipeline/one/lock')", ""),
        ("raise KeyError(\"['data'] not found in axis\")", ""),
        ("open('../src/' + 'none.py')", ""),
        ("if True:\n    raise ValueError('no rows, as data/x.csv was not found'[:7])", ""),
        ("os.listdir('src')", ""),
    ],
)
def test_nothing_is_advised_of_what_is_not_in_the_project(project: Project, script: str, settings: str) -> None:
    project.write({**one_step(script, settings=settings), "data/x.csv": ""})
    (project.root.parent / "other.csv").write_text("")
    assert failure(project) == "train: Its script failed (exit status 1)."


LIBRARIES = """
    import copy, threading
    from helper import deep
    def main():
        try:
            copy.deepcopy(deep(6))
        except TypeError as error:
            raise ValueError("no good") from error
    def again(number):
        again(number - 1) if number else main()
    for number in range(30):
        print("line", number)
    again(1)
    """


def test_a_failure_shows_all_frames_of_the_users_own_files(project: Project) -> None:
    helper = """
        import threading
        class Held:
            def __deepcopy__(self, memo):
                return self.locked(memo)
            def locked(self, memo):
                import copy
                return copy.deepcopy([[threading.Lock()]], memo)
        def deep(number):
            return [deep(number - 1)] if number else Held()
        """
    project.write({**one_step(LIBRARIES), "src/helper.py": helper})
    told = project.cli("run", status=1).stderr
    shown = [line.removeprefix("    ") for line in told.splitlines() if line.startswith("    ")]
    source = project.root / "src"
    frames = [line.strip() for line in shown if line.startswith(('  File "', "  …", "Traceback"))]
    assert [one.replace(str(source), "") for one in frames] == [
        "Traceback (most recent call last):",
        'File "/train.py", line 5, in main',
        "… 13 library frames omitted",
        'File "/helper.py", line 4, in __deepcopy__',
        'File "/helper.py", line 7, in locked',
        "… 5 library frames omitted",
        "Traceback (most recent call last):",
        'File "/train.py", line 12, in <module>',
        'File "/train.py", line 9, in again',
        'File "/train.py", line 9, in again',
        'File "/train.py", line 7, in main',
    ]
    assert shown[-1] == "ValueError: no good"
    assert any(line.startswith("TypeError: cannot pickle") for line in shown)


def test_a_long_end_of_a_failure_is_cut_in_the_middle() -> None:
    from aml_pipeline.local import tail

    frames = [line for number in range(60) for line in (f'  File "/src/a.py", line {number}, in f', "    f()")]
    message = [f"row {number}" for number in range(50)]
    shown = tail.shown(["before", "Traceback (most recent call last):", *frames, *message], ["/src"])
    assert len(shown) == 41 + 13
    assert shown[0] == "Traceback (most recent call last):"
    assert shown[20] == "  … 81 lines omitted"
    assert shown[40] == "    f()"
    assert shown[41:] == [*message[:6], "  … 38 lines omitted", *message[-6:]]
    # One that the script went on after is not what it failed of.
    logged = ["Traceback (most recent call last):", *frames[:2], "E", *(f"epoch {number}" for number in range(90))]
    assert tail.shown(logged, ["/src"]) == logged[-20:]
    assert tail.last_failure(logged) == logged[-20:]
    # The standard library and packages are not the user's own, wherever they lie.
    library = [f'  File "/src/.venv/lib/python3.11/site-packages/a.py", line {number}, in f' for number in range(10)]
    lines = ["Traceback (most recent call last):", *frames[:2], *library, "E: no"]
    assert tail.shown(lines, ["/src"]) == [*lines[:3], "  … 10 library frames omitted", "E: no"]


def test_metrics_are_not_among_the_lines_of_a_failure(project: Project) -> None:
    script = """
        for epoch in range(15):
            print("epoch", epoch)
            print("Attempted to log scalar metric loss:")
            print(0.5)
        print("50%", end="")
        print("Attempted to log scalar metric loss:")
        print(0.25)
        exit("no good")
        """
    project.write(one_step(script))
    told = project.cli("run", status=1).stderr
    shown = [line for line in told.splitlines() if line.startswith("    ") and "loss 0." not in line]
    assert shown == [*(f"    epoch {number}" for number in range(15)), "    50%", "    no good"]


# Packages that are missing.

MISSES = "import lightgbm_of_nobody.x\n"


def test_a_package_that_is_missing_hints_at_another_python(project: Project) -> None:
    project.write(one_step(MISSES))
    said = f"Module lightgbm_of_nobody is not installed for {sys.executable} "
    own = f"{said}(the Python that runs aml-pipeline, and the steps unless --python names another). "
    none = {"VIRTUAL_ENV": "", "CONDA_PREFIX": ""}
    told = project.cli("run", status=1, environ=none).stderr
    assert f"{own}Install it there, or run with the Python of your project: `--python PATH`. Log: " in told
    (project.root / ".venv/bin").mkdir(parents=True)
    (project.root / ".venv/bin/python").symlink_to(sys.executable)
    told = project.cli("run", status=1, environ=none).stderr
    assert f"{own}Install it there, or run with the Python of your project: `--python .venv/bin/python`. Log: " in told
    other = str(project.root / ".venv/bin/python")
    assert f"is not installed for {other} (--python). Install it." in failure(project, "--python", other)


def test_a_module_that_lies_beside_the_pipeline_file_is_no_package_to_install(project: Project) -> None:
    project.write({**one_step("import mine"), "mine/__init__.py": ""})
    assert failure(project).endswith(
        " Module mine is not in the step's snapshot. mine is next to the pipeline file: move it to src/, from which "
        "snapshots are taken."
    )


def test_a_package_that_is_missing_is_looked_up_in_the_declared_environment(project: Project) -> None:
    project.write({**one_step(MISSES), "requirements.txt": "lightgbm-of-nobody==4.0\n"})
    environment = "environment: {name: e, pip_requirements: requirements.txt}\nsteps:\n"
    project.replace("pipeline.yaml", "steps:\n", environment)
    assert failure(project).endswith(" requirements.txt names it, so it will be installed in Azure ML.")
    project.write({"requirements.txt": "packaging\n"})
    assert failure(project).endswith(
        " requirements.txt does not name it either, so the step would fail in Azure ML too: add it."
    )


@pytest.mark.parametrize("script", ["import tool", "import json.nothing", "import yaml.nothing"])
def test_nothing_is_said_of_modules_that_are_there_or_of_the_project(project: Project, script: str) -> None:
    project.write({**one_step(script), "src/deep/tool.py": ""})
    assert failure(project) == "train: Its script failed (exit status 1)."
