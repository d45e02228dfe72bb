"""Models of local runs: when a version is added, that it outlives its result, and what ``models`` and others say."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from aml_pipeline.core import files
from aml_pipeline.core.digests import Digests, Tree
from aml_pipeline.local import models
from aml_pipeline.local.models import Draft, Version
from aml_pipeline.local.store import Result
from aml_pipeline.pipeline.plan.settings import RegisteredModel
from tests.conftest import Project

FILES = {
    "pipeline.yaml": """
        name: one
        parameters: {size: 1}
        steps:
          train:
            script: train.py
            arguments: {--size: "${{ parameters.size }}", --output: "${{ outputs.model }}"}
            outputs: {model: {model: {name: net}}}
        outputs: {network: "${{ steps.train.outputs.model }}"}
        """,
    "train.py": """
        import os, sys
        print("Attempted to log scalar metric accuracy:\\n0.5")
        os.mkdir(sys.argv[-1] + "/deep")
        open(sys.argv[-1] + "/deep/net", "w").write("x" * int(sys.argv[2]))
        os.symlink("deep/net", sys.argv[-1] + "/link")
        """,
}


@pytest.fixture
def one(project: Project) -> Project:
    project.write(FILES)
    return project


def listed(project: Project) -> list[tuple[str, int, int]]:
    """Return each model with its version and size."""
    rows = json.loads(project.cli("models", "--format", "json").stdout)
    return [(row["model"], row["version"], row["bytes"]) for row in rows]


def test_a_version_for_each_new_content(one: Project) -> None:
    place = one.root / ".aml_pipeline/one/models/net"
    assert one.cli("models").stdout.startswith("There are no models yet. ")
    done = one.cli("run")
    assert done.stdout.splitlines()[1:] == [
        "network  .aml_pipeline/one/outputs/train/model",
        "net:1    .aml_pipeline/one/models/net/1",
    ]
    assert (place / "1/deep/net").read_text() == (place / "1/link").read_text() == "x"
    assert not (place / "1/link").is_symlink()
    assert one.run("--force") == {"train": "done"}  # the same content again
    assert listed(one) == [("net", 1, 2)]
    assert one.run("--param", "size=2") == {"train": "done"}
    assert listed(one) == [("net", 2, 4), ("net", 1, 2)]
    assert one.cli("run").stdout.splitlines()[0] == "train  up to date"  # the first content, which is there already
    assert listed(one) == [("net", 2, 4), ("net", 1, 2)]
    assert one.run("--force") == {"train": "done"}  # trained anew, and it differs from the latest
    assert listed(one) == [("net", 3, 2), ("net", 2, 4), ("net", 1, 2)]


def test_what_is_told_of_a_version(one: Project) -> None:
    one.cli("run")
    row = one.cli("models").stdout
    run = one.runs()[0].name
    assert re.fullmatch(rf"net    1  \d{{4}}-\S+ \S+  {run}  train.model  2 bytes  train.accuracy 0.5\n", row)
    (data,) = json.loads(one.cli("models", "--format", "json").stdout)
    assert (data["type"], data["run"], data["step"], data["output"]) == ("custom", run, "train", "model")
    assert data["metrics"] == {"accuracy": 0.5}
    assert Path(data["path"]).is_dir()


def test_a_version_outlives_its_result(one: Project) -> None:
    one.cli("run")
    one.cli("run", "--param", "size=2")
    assert "and 2 run records" not in one.cli("clean", "--runs", "1").stdout
    assert listed(one) == [("net", 2, 4), ("net", 1, 2)]
    assert one.cli("verify").stdout.startswith("Verified 1 result, 2 model versions")
    (one.root / ".aml_pipeline/one/models/net/1/deep/net").write_text("y")
    told = one.cli("verify", status=1).stdout
    assert told.startswith("version 1 of model net was edited after it was accepted: deep/net")
    assert "1 folder of models" in one.cli("clean", "--all").stdout
    assert listed(one) == []


def test_a_result_that_was_killed_before_it_was_registered_is_registered_by_the_next_run(one: Project) -> None:
    one.cli("run")
    place = one.root / ".aml_pipeline/one/models/net"
    os.unlink(place / "about.1")  # as if it had been killed before the last write
    (place / "new.1").mkdir()
    (place / "new.1/half").write_text("half")
    assert listed(one) == []
    assert one.run() == {"train": "up to date"}
    assert listed(one) == [("net", 2, 2)]  # a number is never used twice
    assert sorted(entry.name for entry in place.iterdir()) == ["1", "2", "about.2"]


def test_a_key_that_is_added_registers_what_is_there(one: Project) -> None:
    one.replace("pipeline.yaml", "outputs: {model: {model: {name: net}}}", "retries: 0")
    one.run()
    one.replace("pipeline.yaml", "retries: 0", "outputs: {model: {model: {name: net}}}")
    assert one.run() == {"train": "up to date"}
    assert listed(one) == [("net", 1, 2)]


def register(  # noqa: PLR0913 - as a run does it
    state: str, model: RegisteredModel, result: Result, output: str, *, ran: bool, durable: bool = False
) -> Version | None:
    draft = models.draft(state, model, result, output, Digests(), ran=ran, durable=durable)
    return models.add(state, draft, durable=durable) if isinstance(draft, Draft) else draft


def number(version: Version | None) -> int:
    return version.number if version else 0


def result(folder: Path, content: str) -> Result:
    place = folder / "output"
    place.write_text(content)
    return Result("train", "k", "a", {"model": str(place)}, {"model": Tree(content, 1, len(content))})


def test_damaged_and_removed_versions_do_not_count(tmp_path: Path) -> None:
    state, net = str(tmp_path), RegisteredModel(name="net")
    for n in (1, 2, 3):
        assert number(register(state, net, result(tmp_path, str(n)), "model", ran=True)) == n
    (tmp_path / "models/net/2").unlink()
    (tmp_path / "models/net/about.3").write_text("torn")
    assert [version.number for version in models.versions(state)] == [1]
    files.write_sealed(models.about(state, "net", 7), {"name": "other", "number": 7})
    assert [version.number for version in models.versions(state)] == [1]
    assert number(register(state, net, result(tmp_path, "4"), "model", ran=True, durable=True)) == 8
    assert (tmp_path / "models/net/8").read_text() == "4"


def test_a_step_that_fails_registers_nothing(one: Project) -> None:
    one.write({"train.py": "import sys\nopen(sys.argv[-1] + '/net', 'w').write('x')\nsys.exit(1)\n"})
    assert one.run(status=1) == {"train": "FAILED"}
    assert listed(one) == []


@pytest.mark.parametrize("place", ["copy2", "rename", "write_sealed"])
def test_a_registration_that_is_cut_off_leaves_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """At each step of it; what it leaves is in nobody's way."""
    output = tmp_path / "output"
    output.mkdir()
    (output / "net").write_text("x")
    made = Result("train", "k", "a", {"model": str(output)}, {"model": Tree("digest", 1, 1)})

    def cut_off(*_given: object, **_named: object) -> None:
        raise KeyboardInterrupt

    state, net = str(tmp_path / "state"), RegisteredModel(name="net")
    with monkeypatch.context() as patch:
        patch.setattr({"copy2": shutil, "rename": os, "write_sealed": files}[place], place, cut_off)
        with pytest.raises(KeyboardInterrupt):
            register(state, net, made, "model", ran=True)
    assert models.versions(state) == []
    version = register(state, net, made, "model", ran=False)
    assert version
    assert (Path(version.place) / "net").read_text() == "x"
    assert models.versions(state) == [version]
    assert not list((tmp_path / "state/models/net").glob("new.*"))


def test_an_output_that_stays_empty_is_no_model(one: Project) -> None:
    one.replace(
        "pipeline.yaml",
        "parameters: {size: 1}",
        "parameters: {size: 1}\ndatasets: {gone: {local: gone, optional: true}}",
    )
    one.replace(
        "pipeline.yaml",
        '--output: "${{ outputs.model }}"',
        '--output: ["${{ outputs.model }}", "${{ datasets.gone }}"]',
    )
    one.write({"train.py": "print('nothing')\n"})
    assert one.run() == {"train": "done"}
    assert listed(one) == []


def test_a_link_to_the_folder_itself_is_copied_once(one: Project) -> None:
    """As it is digested, and as Azure ML uploads it."""
    one.write(
        {
            "train.py": """
        import os, sys
        open(sys.argv[-1] + "/net", "w").write("x")
        os.symlink(".", sys.argv[-1] + "/self")
        os.makedirs(sys.argv[-1] + "/empty")
        """
        }
    )
    assert one.run() == {"train": "done"}
    place = one.root / ".aml_pipeline/one/models/net/1"
    assert sorted(str(path.relative_to(place)) for path in place.rglob("*")) == [
        "empty",
        "net",
        "self",
        "self/empty",
        "self/net",
    ]
    assert one.cli("verify").stdout.endswith("nothing is damaged.\n")


def test_a_version_removed_by_hand_does_not_come_back(one: Project) -> None:
    one.run()
    shutil.rmtree(one.root / ".aml_pipeline/one/models/net/1")
    assert one.plan() == {"train": "up to date"}
    assert one.run() == {"train": "up to date"}
    assert listed(one) == []
    assert one.run("--force") == {"train": "done"}  # trained anew
    assert listed(one) == [("net", 2, 2)]


def test_a_version_that_was_edited_is_not_what_the_step_wrote(one: Project) -> None:
    one.run()
    (one.root / ".aml_pipeline/one/models/net/1/deep/net").write_text("y")
    assert one.cli("run", "--force").stdout.splitlines()[-1].split()[0] == "net:2"
    (one.root / ".aml_pipeline/one/models/net/2/deep/net").write_text("y")
    assert one.plan() == {"train": "up to date, registers net"}
    assert one.cli("run").stdout.splitlines()[-1].split()[0] == "net:3"


def test_plan_says_what_will_be_registered(one: Project) -> None:
    one.replace("pipeline.yaml", "outputs: {model: {model: {name: net}}}", "retries: 0")
    one.run()
    one.replace("pipeline.yaml", "retries: 0", "outputs: {model: {model: {name: net}}}")
    assert one.cli("plan", "--exit-code", status=5).stdout == "train  up to date, registers net\n"
    assert one.run() == {"train": "up to date"}
    assert one.cli("plan", "--exit-code").stdout == "train  up to date\n"


def test_an_unknown_field_of_a_version_is_ignored(tmp_path: Path) -> None:
    state = str(tmp_path)
    register(state, RegisteredModel(name="net"), result(tmp_path, "1"), "model", ran=True)
    data = files.read_sealed(models.about(state, "net", 1))
    files.write_sealed(models.about(state, "net", 1), {**data, "later": 1})
    assert [version.number for version in models.versions(state)] == [1]


def test_damaged_and_half_versions_are_reported_and_freed(one: Project) -> None:
    one.run()
    one.run("--param", "size=2")
    place = one.root / ".aml_pipeline/one/models/net"
    (place / "about.1").write_text("torn")
    (place / "new.1").mkdir()
    shutil.copytree(place / "2", place / "7")
    told = one.cli("verify", status=1).stdout
    assert told.startswith("the file about version 1 of model net is damaged or belongs to another version: ")
    assert "Copy .aml_pipeline/one/models/net/1 elsewhere if you need it. Remove " in told
    assert "2 leftovers" in one.cli("clean", "--dry-run").stdout
    one.cli("clean")
    assert sorted(entry.name for entry in place.iterdir()) == ["1", "2", "about.1", "about.2"]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_model_that_cannot_be_registered_is_no_fault_of_another_step(one: Project, kind: str) -> None:
    one.replace("pipeline.yaml", "steps:\n", "steps:\n  other: {script: other.py}\n")
    linked = "'../../../../outputs/train/model'"  # just before it is registered
    one.write({"other.py": f"import os, time\nwhile not os.path.islink({linked}):\n    time.sleep(0.01)\n"})
    folder = one.root / ".aml_pipeline/one"
    folder.mkdir(parents=True)
    place = folder / "models"
    place.write_text("") if kind == "file" else place.symlink_to("missing")
    told = one.cli("run", "--jobs", "2", status=6).stderr
    assert "FAILED" not in told
    assert told.endswith(
        f"Model net cannot be registered: {place} is not a folder. Move it away; the next run registers the model.\n"
    )
    place.unlink()
    assert one.run() == {"other": "up to date", "train": "up to date"}
    assert listed(one) == [("net", 1, 2)]
