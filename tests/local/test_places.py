"""Where a project lies, and where it is run from."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import Project, states
from tests.local.projects import ALL_DONE, CHAIN, UP_TO_DATE, one_step


def test_a_path_with_a_space_and_an_accent_seen_from_elsewhere(tmp_path: Path) -> None:
    project = Project(tmp_path / "a b é" / "project")
    project.write(CHAIN)
    done = project.cli("run", "-f", "a b é/project/pipeline.yaml", cwd=tmp_path)
    assert states(done.stdout) == ALL_DONE
    assert done.stdout.splitlines()[-1].split(maxsplit=1)[1] == "a b é/project/.aml_pipeline/chain/outputs/report/page"
    elsewhere = project.cli("run", "-f", str(project.root / "pipeline.yaml"), cwd=Path("/"))
    assert states(elsewhere.stdout) == UP_TO_DATE
    assert elsewhere.stdout.splitlines()[-1].split(maxsplit=1)[1] == str(project.output("report", "page"))


def test_a_moved_project_keeps_its_results(chain: Project, tmp_path: Path) -> None:
    moved = Project(chain.root.rename(tmp_path / "moved"))
    assert moved.run() == UP_TO_DATE
    assert (moved.output("add", "sums") / "out.json").read_text() == "[3, 5]"


@pytest.mark.parametrize("ran", [False, True], ids=["new", "ran before"])
def test_a_folder_that_is_read_only(project: Project, unprivileged: list[str], *, ran: bool) -> None:
    project.write(one_step(""))
    if ran:
        assert project.run() == {"only": "done"}
        (project.root / ".aml_pipeline/.interpreter").unlink()  # what `plan` would write again if it could
    folders = [project.root, *(path for path in project.root.rglob("*") if path.is_dir() and not path.is_symlink())]
    files = [path for path in project.root.rglob("*") if path.is_file()]
    for path in [*folders, *files]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    answers = {
        command: subprocess.run(
            [*unprivileged, *project.command(command)],
            cwd=project.root,
            env=project.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        for command in ("plan", "run")
    }
    for path in folders:
        path.chmod(0o755)
    assert (answers["plan"].returncode, answers["plan"].stderr) == (0, "")
    assert answers["plan"].stdout == ("only  up to date\n" if ran else "only  will run  never ran\n")
    assert answers["run"].returncode == 6
    assert answers["run"].stderr.startswith(f"Permission denied: {project.root}/.aml_pipeline")
    assert len(answers["run"].stderr.splitlines()) == 1


def test_a_dataset_that_is_missing(chain: Project) -> None:
    (chain.root / "data/numbers.json").unlink()
    for command in ("plan", "run"):
        told = chain.cli(command, status=2).stderr.splitlines()
        assert told[0].startswith('pipeline.yaml:5:20: dataset "numbers" was not found at data/numbers.json.')
        assert told[0].endswith("[missing-dataset]")
        assert told[-1] == "1 error; nothing was done."
    assert chain.run("--only", "add", "report") == {"add": "up to date", "report": "up to date"}


def test_a_folder_where_a_link_belongs(project: Project) -> None:
    project.write(one_step("import sys\nopen(sys.argv[-1] + '/a', 'w').close()"))
    project.cli("run")
    (link,) = project.root.glob(".aml_pipeline/*/outputs/only/*")
    link.unlink()
    link.mkdir()
    said = project.cli("run", "--force", status=6).stderr
    assert f"{link} is a folder, but should be the link to an output. Move it away." in said
