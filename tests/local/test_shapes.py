"""Projects of the shapes that users write (tests/shapes), run by the command line in a copy."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Project, states

SHAPES = Path(__file__).parents[1] / "shapes"
Shape = Callable[[str], Project]


@pytest.fixture
def shape(tmp_path: Path) -> Shape:
    """Give a copy of a shape by its name."""

    def copied(name: str) -> Project:
        shutil.copytree(SHAPES / name, tmp_path / name)
        return Project(tmp_path / name)

    return copied


def runs_once(project: Project, *steps: str) -> None:
    """A first run runs the steps in this order; a second one runs none and leaves no record."""
    assert list(project.run().items()) == [(step, "done") for step in steps]
    assert project.run() == dict.fromkeys(steps, "up to date")
    assert len(project.runs()) == 1


def argv(project: Project, step: str, name: str) -> list[str]:
    """Return what the script saw as its arguments, its paths from the folder of the step's attempts."""
    words: list[str] = json.loads((project.output(step, name) / "argv.json").read_text())
    return [re.sub(r"^/.*/steps/([^/]+)/attempt\.[^/]+/", r"\1:", word) for word in words]


def test_table_line_and_fit(shape: Shape) -> None:
    project = shape("tabular")
    runs_once(project, "prepare", "train", "evaluate")
    model = json.loads((project.output("train", "model") / "model.json").read_text())
    metrics = json.loads((project.output("evaluate", "metrics") / "metrics.json").read_text())
    assert model["slope"] == pytest.approx(2, abs=0.1)
    assert metrics["rows"] == 5
    assert 0 < metrics["rmse"] < 0.5
    assert project.run("--param", "test_share=0.5") == dict.fromkeys(("prepare", "train", "evaluate"), "done")
    assert json.loads((project.output("evaluate", "metrics") / "metrics.json").read_text())["rows"] == 10


def test_two_sources_and_one_that_is_absent(shape: Shape) -> None:
    project = shape("two_sources")
    runs_once(project, "join", "total")
    data = str(project.root / "data")
    present = [
        "join.py",
        "--orders",
        f"{data}/orders.csv",
        "--customers",
        f"{data}/customers",
        "--output",
        "join:joined",
    ]
    assert argv(project, "join", "joined") == present
    totals = project.output("total", "totals") / "totals.json"
    assert json.loads(totals.read_text()) == {"Ada": 15, "Blaise": 20}

    project.write({"data/discounts.csv": "2,3\n"})
    assert project.run() == {"join": "done", "total": "done"}
    assert argv(project, "join", "joined") == [*present[:3], "--discounts", f"{data}/discounts.csv", *present[3:]]
    assert json.loads(totals.read_text()) == {"Ada": 15, "Blaise": 17}


def test_every_form_of_argument(shape: Shape) -> None:
    project = shape("arguments")
    runs_once(project, "first", "second")
    assert argv(project, "first", "dump") == [
        *("dump.py", "--layers", "64", "032", "1e-3", "--rate", "0.10", "--shuffle", "true", "--verbose"),
        *("--since", "2026-01-01", "--empty", "", "--offset", "-5", "--text", 'it\'s "two" lines\nof $HOME; é\n'),
        *("--output", "first:dump"),
    ]
    assert argv(project, "second", "dump") == [
        *("dump.py", "fit", "no", "--set", "a=1", "--set", "b=2", "--set", "c=3", "-v"),
        *("--parts", "first:dump", "second:more", "end", "0x1F", "second:dump"),
    ]
    assert list(project.output("second", "more").iterdir()) == []


def test_one_script_in_two_steps(shape: Shape) -> None:
    project = shape("shared_script")
    runs_once(project, "small-sample", "large-sample", "compare")
    means = project.output("compare", "means") / "means.json"
    assert json.loads(means.read_text()) == [4.5, 19.5]
    changed = {"small-sample": "up to date", "large-sample": "done", "compare": "done"}
    assert project.run("--param", "large=60") == changed
    assert json.loads(means.read_text()) == [4.5, 29.5]


def test_a_package_that_finds_its_own_data(shape: Shape) -> None:
    project = shape("package")
    runs_once(project, "translate")
    word = project.output("translate", "words") / "word.txt"
    assert word.read_text() == "house"

    told = project.cli("validate").stdout
    assert told.startswith("lexicon/lookup.py:5:1: warning: ")
    assert "the whole of ./ (6 files)" in told
    project.replace("NOTES.md", "Nothing", "Still nothing")
    assert project.plan() == {"translate": "will run  NOTES.md changed"}

    told_line = re.search(r"`(snapshot: \[.*?\])`", told)
    assert told_line
    project.replace("pipeline.yaml", "script: translate.py", f"script: translate.py\n    {told_line[1]}")
    assert project.cli("validate").stdout == "pipeline.yaml: no errors.\n"
    assert project.run() == {"translate": "done"}
    assert word.read_text() == "house"
    project.replace("NOTES.md", "Still nothing", "Nothing at all")
    assert project.plan() == {"translate": "up to date"}
    project.replace("lexicon/words.tsv", "house", "home")
    assert project.run() == {"translate": "done"}
    assert word.read_text() == "home"


def test_what_a_script_leaves_in_outputs_and_logs_is_kept_with_the_run(shape: Shape) -> None:
    project = shape("run_outputs")
    runs_once(project, "train")
    kept = project.runs()[0] / "steps/train"
    files = {str(path.relative_to(kept)): path.read_text() for path in kept.rglob("*") if path.is_file()}
    assert files == {"outputs/curves/loss.csv": "1,0.5\n", "logs/rank0.txt": "all is well\n"}
    assert (project.output("train", "model") / "model.txt").read_text() == "weights"
    assert not list(project.root.rglob("scratch.txt"))


def test_a_file_that_the_snapshot_misses_is_told_with_its_cure(shape: Shape) -> None:
    project = shape("computed_name")
    failed = project.cli("run", status=1)
    assert f'File "{project.root}/greet.py", line 10, in main' in failed.stderr
    told_line = re.search(r"Add under the step: `(snapshot: \[.*?\])`", failed.stderr)
    assert told_line
    project.replace("pipeline.yaml", "script: greet.py", f"script: greet.py\n    {told_line[1]}")
    assert project.run() == {"greet": "done"}
    assert (project.output("greet", "text") / "text.txt").read_text() == "salut"

    failed = project.cli("run", "--param", "language=de", status=1)
    both = '`snapshot: ["vocabulary/fr.txt", "vocabulary/de.txt"]`'
    assert both in failed.stderr
    project.replace("pipeline.yaml", told_line[1], both.strip("`"))
    assert project.run("--param", "language=de") == {"greet": "done"}


@pytest.mark.parametrize(
    ("script", "declared", "line"),
    [
        ("os.listdir('templ' + 'ates')", "", 'snapshot: ["templates/**"]'),
        ("os.stat(os.path.abspath('templ' + 'ates/page'))", "", 'snapshot: ["templates/page"]'),
        ("importlib.import_module(os.environ['PLUGIN'])", 'snapshot: ["*.txt"]', 'snapshot: ["*.txt", "plugins/**"]'),
    ],
    ids=["folder", "absolute path", "module"],
)
def test_the_line_that_is_told_after_a_failure_cures_it(
    project: Project, script: str, declared: str, line: str
) -> None:
    settings = declared or "allow_reuse: true"
    pipeline = f"name: cure\nsteps:\n  only:\n    script: only.py\n    {settings}\n"
    files = {"templates/page": "", "plugins/one.py": "", "words.txt": ""}
    project.write({**files, "pipeline.yaml": pipeline, "only.py": f"import importlib, os\n{script}\n"})
    failed = project.cli("run", status=1, environ={"PLUGIN": "plugins.one"})
    assert f"Add under the step: `{line}`." in failed.stderr
    project.replace("pipeline.yaml", settings, line)
    assert states(project.cli("run", environ={"PLUGIN": "plugins.one"}).stdout) == {"only": "done"}


@pytest.mark.parametrize(
    ("files", "pattern"),
    [
        ({"words.txt": "house"}, "*.txt"),
        ({"data/words.txt": "house"}, "data/**"),
    ],
    ids=["beside", "below"],
)
def test_a_script_that_finds_data_from_its_own_place(project: Project, files: dict[str, str], pattern: str) -> None:
    (name,) = files
    project.write(
        {
            "pipeline.yaml": """
                name: beside
                source_directory: src
                steps:
                  only:
                    script: only.py
                    arguments: ["${{ outputs.out }}"]
                """,
            "src/only.py": f"""
                import pathlib, sys
                place = pathlib.Path(__file__).parent / "{name.removesuffix(".txt")}"
                pathlib.Path(sys.argv[1], "read").write_text(place.with_suffix(".txt").read_text())
                """,
            **{f"src/{name}": text for name, text in files.items()},
            "src/other.py": "",
        }
    )
    line = f'snapshot: ["{pattern}"]'
    assert f"Narrow it under the step with `{line}`, in addition to its imports." in project.cli("validate").stdout
    project.replace("pipeline.yaml", "script: only.py", f"script: only.py\n    {line}")
    assert project.run() == {"only": "done"}
    assert (project.output("only", "out") / "read").read_text() == "house"


def test_data_that_a_script_names_is_no_part_of_its_snapshot(project: Project) -> None:
    pipeline = """
        name: named
        datasets:
          words: {local: words.txt}
          pages: {local: pages}
        steps:
          only:
            script: only.py
            arguments: ["${{ datasets.words }}", "${{ datasets.pages }}", "${{ outputs.out }}"]
        """
    script = """
        import json, os, pathlib, sys
        asked = ["words.txt", "pages/one.txt", "pipeline.yaml", "kept.txt"]
        pathlib.Path(sys.argv[-1], "seen.json").write_text(json.dumps([name for name in asked if os.path.exists(name)]))
        """
    project.write({"pipeline.yaml": pipeline, "only.py": script, **dict.fromkeys(("words.txt", "pages/one.txt"), "a")})
    project.write({"kept.txt": "a"})
    assert project.run() == {"only": "done"}
    assert json.loads((project.output("only", "out") / "seen.json").read_text()) == ["kept.txt"]
    project.replace("pipeline.yaml", "name: named", "name: named  # a comment")
    assert project.plan() == {"only": "up to date"}
    project.write({"pages/one.txt": "b"})
    assert project.plan() == {"only": "will run  dataset pages changed"}


def test_modules_at_the_root_of_the_source_directory(shape: Shape) -> None:
    project = shape("from_root")
    runs_once(project, "train", "again", "evaluate")
    assert (project.output("evaluate", "report") / "report.txt").read_text() == "SLOPE 2"
    assert project.cli("run", "--debug", "evaluate").returncode == 0


def test_a_module_at_the_root_that_is_missed_is_cured_by_its_own_path(shape: Shape) -> None:
    project = shape("from_root")
    project.replace(
        "src/training/train.py", "from util.helper import save", "save = __import__('util.helper').helper.save"
    )
    project.replace("pipeline.yaml", "script: training/train.py", "script: training/train.py\n    snapshot: []")
    failed = project.cli("run", status=1).stderr
    assert 'Add under the step: `snapshot: ["util/**"]`.' in failed
    project.replace("pipeline.yaml", "snapshot: []", 'snapshot: ["util/**"]')
    assert project.run("train") == {"train": "done"}
