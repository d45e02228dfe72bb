from __future__ import annotations

import os
from pathlib import Path

import pytest

from aml_pipeline.project.check import missing_data
from aml_pipeline.project.opening import Opened, open_pipeline

PIPELINE = """\
name: p
source_directory: {folder}
environment:
  name: e
  conda_file: env.yml
datasets:
  images:
    local: images
steps:
  one:
    script: {script}
    arguments:
      --images: ${{{{ datasets.images }}}}
"""


def _open(
    folder: Path, *, script: str = "run.py", source: str = "steps", files: dict[str, str] | None = None
) -> Opened:
    written = {
        "pipeline.yaml": PIPELINE.format(folder=source, script=script),
        "env.yml": "dependencies: []\n",
        "steps/run.py": "import os\n",
        **(files or {}),
    }
    for name, text in written.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return open_pipeline(str(folder / "pipeline.yaml"))


def _told(opened: Opened, folder: Path) -> list[tuple[str, str]]:
    """Return each problem as its place, from the project's folder, and its code."""
    return [(os.path.relpath(one.place, folder), one.code) for one in opened.loaded.problems]


def test_a_project_without_faults_has_no_problems(tmp_path: Path) -> None:
    assert _told(_open(tmp_path), tmp_path) == []


@pytest.mark.parametrize(
    ("script", "source", "place", "code"),
    [
        ("rum.py", "steps", "pipeline.yaml:11:13", "missing-script"),
        ("../env.yml", "steps", "pipeline.yaml:11:13", "outside"),
        ("lib", "steps", "pipeline.yaml:11:13", "missing-script"),
        ("run.py", "stps", "pipeline.yaml:2:19", "missing-folder"),
        ("run.py", "../elsewhere", "pipeline.yaml:2:19", "outside"),
    ],
    ids=["missing", "outside its folder", "a folder", "no source folder", "source folder outside"],
)
def test_a_script_that_cannot_be_taken_is_told(tmp_path: Path, script: str, source: str, place: str, code: str) -> None:
    folder = tmp_path / "project"
    opened = _open(folder, script=script, source=source, files={"steps/lib/x.py": ""})
    assert (place, code) in _told(opened, folder)
    assert all(one.cure for one in opened.loaded.problems)


def test_a_link_that_leads_outside_is_outside(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("")
    folder = tmp_path / "project"
    (folder / "steps").mkdir(parents=True)
    (folder / "steps" / "link.py").symlink_to(tmp_path / "secret.py")
    assert _told(_open(folder, script="link.py"), folder) == [("pipeline.yaml:11:13", "outside")]


def test_the_nearest_script_is_named(tmp_path: Path) -> None:
    assert 'Did you mean "run.py"?' in _open(tmp_path, script="rum.py").loaded.problems[0].cure


def test_a_syntax_error_is_told_with_the_scripts_own_line(tmp_path: Path) -> None:
    opened = _open(tmp_path, files={"steps/run.py": "import os\ndef f(:\n"})
    assert _told(opened, tmp_path) == [("steps/run.py:2:7", "script-syntax")]
    assert opened.texts()[opened.loaded.problems[0].file].startswith("import os")


def test_an_open_snapshot_is_a_warning_that_names_the_line_and_the_glob(tmp_path: Path) -> None:
    opened = _open(tmp_path, files={"steps/run.py": "import os\nprint(__file__)\n"})
    (problem,) = opened.loaded.problems
    assert (problem.severity, problem.code) == ("warning", "open-snapshot")
    assert _told(opened, tmp_path)[0][0] == "steps/run.py:2:1"
    assert "snapshot:" in problem.cure


def test_an_import_that_the_ignore_file_leaves_out_is_an_error(tmp_path: Path) -> None:
    files = {"steps/run.py": "import model", "steps/model.py": "", "steps/.amlignore": "model.py"}
    assert [code for _, code in _told(_open(tmp_path, files=files), tmp_path)] == ["ignored-file"]


def test_a_missing_environment_file_is_told_once(tmp_path: Path) -> None:
    opened = _open(tmp_path)
    (tmp_path / "env.yml").unlink()
    opened = open_pipeline(str(tmp_path / "pipeline.yaml"))
    assert _told(opened, tmp_path) == [("pipeline.yaml:5:15", "missing-file")]


def test_an_environment_file_outside_the_project_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret.yml").write_text("")
    folder = tmp_path / "project"
    opened = _open(folder)
    (folder / "pipeline.yaml").write_text((folder / "pipeline.yaml").read_text().replace("env.yml", "../secret.yml"))
    opened = open_pipeline(str(folder / "pipeline.yaml"))
    assert _told(opened, folder) == [("pipeline.yaml:5:15", "outside")]


@pytest.mark.parametrize("pattern", ["!", "[z-a]"])
def test_what_is_no_pattern_is_told(tmp_path: Path, pattern: str) -> None:
    _open(tmp_path)
    text = (tmp_path / "pipeline.yaml").read_text() + f"    snapshot: ['*.py', '{pattern}']\n"
    (tmp_path / "pipeline.yaml").write_text(text)
    opened = open_pipeline(str(tmp_path / "pipeline.yaml"))
    assert _told(opened, tmp_path) == [("pipeline.yaml:14:24", "bad-pattern")]


def test_a_pattern_from_the_root_of_the_disk_is_told_with_what_was_meant(tmp_path: Path) -> None:
    _open(tmp_path)
    patterns = f"['{tmp_path}/steps/*.py', '{tmp_path}/*.py']"
    text = (tmp_path / "pipeline.yaml").read_text() + f"    snapshot: {patterns}\n"
    (tmp_path / "pipeline.yaml").write_text(text)
    cures = [one.cure for one in open_pipeline(str(tmp_path / "pipeline.yaml")).loaded.problems]
    assert cures[0] == 'Write "*.py": patterns are relative to steps/.'
    assert cures[1].startswith("Correct it: patterns are relative to the source folder")


@pytest.mark.parametrize("local", [".", "..", "./"])
def test_a_dataset_that_holds_the_project_is_told(tmp_path: Path, local: str) -> None:
    _open(tmp_path)
    text = (tmp_path / "pipeline.yaml").read_text().replace("local: images", f"local: {local}")
    (tmp_path / "pipeline.yaml").write_text(text)
    assert _told(open_pipeline(str(tmp_path / "pipeline.yaml")), tmp_path) == [("pipeline.yaml:8:12", "dataset-place")]


def test_data_that_is_not_here_is_told_only_for_the_steps_that_run(tmp_path: Path) -> None:
    plan, project = _open(tmp_path).require()
    assert [one.code for one in missing_data(plan, project, plan.steps)] == ["missing-dataset"]
    assert missing_data(plan, project, []) == []
    (tmp_path / "images").mkdir()
    assert missing_data(plan, project, plan.steps) == []


def test_mistakes_in_the_files_of_an_environment_are_told_once_and_in_their_own_lines(tmp_path: Path) -> None:
    opened = _open(tmp_path, files={"env.yml": "dependencies:\n- pip\n- a==\n- pip: [-r r.txt]\n", "r.txt": "b=1\n"})
    assert _told(opened, tmp_path) == [("env.yml:3:3", "conda-syntax"), ("r.txt:1:1", "pip-syntax")]
    assert opened.texts()[opened.loaded.problems[1].file] == "b=1\n"
    text = (tmp_path / "pipeline.yaml").read_text()
    other = "  two:\n    script: run.py\n    environment: {name: other, conda_file: env.yml}\n"
    (tmp_path / "pipeline.yaml").write_text(text + other)
    assert len(open_pipeline(str(tmp_path / "pipeline.yaml")).loaded.problems) == 2


def test_a_project_that_forgets_reads_a_declaration_anew(tmp_path: Path) -> None:
    plan, project = _open(tmp_path).require()
    environment = plan.steps[0].environment
    assert environment is not None
    assert project.declaration(environment).packages == []
    (tmp_path / "env.yml").write_text("dependencies: [numpy]\n")
    assert project.declaration(environment).packages == []
    project.forget()
    assert [one.name for one in project.declaration(environment).packages] == ["numpy"]
