"""Datasets that are moved for a run: what the script gets, what the record keeps, and what decides."""

import json

import pytest

from aml_pipeline import PipelineError, load
from tests.conftest import Project, states

PIPELINE = """
    name: moved
    datasets:
      table: {local: data/table.csv, registered: table}
      images: {local: data/images, optional: true}
    steps:
      read:
        script: read.py
        arguments: {--table: "${{ datasets.table }}", --images: "${{ datasets.images }}", --out: "${{ outputs.seen }}"}
    """
READ = """
    import argparse, json, pathlib
    parser = argparse.ArgumentParser()
    for name in ("--table", "--images", "--out"):
        parser.add_argument(name, type=pathlib.Path)
    args = parser.parse_args()
    print(args.table.read_text(), args.images and sorted(path.name for path in args.images.iterdir()))
    (args.out / "seen.txt").write_text(args.table.read_text())
    """


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("project"))
    made.write({"pipeline.yaml": PIPELINE, "read.py": READ, "data/table.csv": "one\n", "data/images/a.png": ""})
    made.write({"other/same.csv": "one\n", "other/table.csv": "two\n", "other/images/b.png": ""})
    return made


def test_other_bytes_run_the_step_and_the_same_bytes_do_not(project: Project) -> None:
    assert project.run() == {"read": "done"}
    assert project.run("--data", "table=other/same.csv") == {"read": "up to date"}
    moved = ("--data", "table=other/table.csv", "--data", "images=other/images")
    planned = project.cli("plan", *moved).stdout.splitlines()
    assert planned[0] == "with table=other/table.csv, images=other/images"
    assert planned[1].startswith("read  will run  dataset table changed")
    done = project.cli("run", *moved)
    assert states(done.stdout) == {"read": "done"}
    assert "with table=other/table.csv, images=other/images" in done.stderr
    assert "two\n ['b.png']" in project.cli("logs").stdout
    record = json.loads((project.runs()[-1] / "run.json").read_text())
    assert record["data"] == {"table": "other/table.csv", "images": "other/images"}
    heading, newest, first = project.cli("runs").stdout.splitlines()
    assert heading.endswith("  data")
    assert newest.endswith("  table=other/table.csv, images=other/images")
    assert "other" not in first
    rows = json.loads(project.cli("runs", "--format", "json").stdout)
    assert [row["data"] for row in rows] == [record["data"], {}]
    assert "data" not in json.loads((project.runs()[0] / "run.json").read_text())


def test_a_path_is_relative_to_where_it_is_typed(project: Project) -> None:
    done = project.cli("run", "-f", "../pipeline.yaml", "--data", "table=same.csv", cwd=project.root / "other")
    assert states(done.stdout) == {"read": "done"}
    assert project.run() == {"read": "up to date"}


def test_what_is_given_is_needed(project: Project) -> None:
    refused = project.cli("run", "--data", "images=nowhere", status=2).stderr
    assert '--data images=nowhere: dataset "images" was not found at nowhere. Correct the path.' in refused
    refused = project.cli("run", "--data", "table=azureml:table:3", status=2).stderr
    assert 'dataset "table" exists only in Azure ML. Write `--data table=PATH`.' in refused
    refused = project.cli("run", "--data", "table", status=2).stderr
    assert refused == '--data "table" has no "=". Write NAME=VALUE, for example --data images=other.\n'


def test_from_python(project: Project) -> None:
    file = project.root / "pipeline.yaml"
    plan = load(
        file, data={"table": "azureml://datastores/store/paths/a/b", "images": str(project.root / "other/images")}
    )
    assert plan.datasets["table"].address == "azureml://datastores/store/paths/a/b"
    assert (plan.datasets["table"].local, plan.datasets["images"].local) == (None, "other/images")
    assert [place.type for place in plan.datasets.values()] == [None, "folder"]
    with pytest.raises(PipelineError, match=r"--data tabel=.*: unknown dataset"):
        load(file, data={"tabel": "x"})
