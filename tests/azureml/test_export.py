"""``export``: what it writes, that it is all there or not at all, and what it refuses. Needs no SDK."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from aml_pipeline.azureml.v2 import export
from aml_pipeline.azureml.v2.export import yaml_text
from aml_pipeline.core import exchanging
from aml_pipeline.core.errors import MachineError
from aml_pipeline.project.opening import open_pipeline
from aml_pipeline.project.snapshot import snapshot
from tests.conftest import ROOT, Project
from tests.corpus import SPEC_MODELS

FILES = {
    "pipeline.yaml": """
        name: small
        source_directory: scripts
        compute: {name: cpu, vm_size: STANDARD_D2_V2}
        environment: {name: training, conda_file: conda.yml}
        parameters: {word: a b}
        datasets: {gone: {local: data, optional: true}}
        steps:
          first-step:
            script: first.py
            arguments: {--word: "${{ parameters.word }}", --gone: "${{ datasets.gone }}"}
          second:
            script: second.py
            after: [first-step]
        schedules:
          nightly: {cron: 0 2 * * *, time_zone: Europe/Paris}
        """,
    "conda.yml": "dependencies: [python=3.11]\n",
    "scripts/first.py": "import helper\n",
    "scripts/helper.py": "",
    "scripts/second.py": "",
    "scripts/.amlignore": "second.py.bak\n",
}


@pytest.fixture
def small(project: Project) -> Project:
    project.write(FILES)
    return project


def content(place: Path) -> dict[str, bytes]:
    """Return the bytes of each file, by its path; links are not followed."""
    files = sorted(one for one in place.rglob("*") if one.is_file() and not one.is_symlink())
    return {one.relative_to(place).as_posix(): one.read_bytes() for one in files}


def beside(project: Project) -> list[str]:
    """Return what lies beside the export that does not belong there."""
    return sorted(one.name for one in project.root.iterdir() if "v2" in one.name and one.name != "v2")


def test_what_it_writes_and_prints(small: Project) -> None:
    done = small.cli("export", "v2")
    assert done.stdout == (
        "first-step → first_step\nsecond → second\n12 files in v2; v2/README.md lists the `az ml` commands to run.\n"
    )
    assert 'Azure ML has no dataset gone, so --gone of step "first-step" is omitted.\n' in done.stderr
    assert "both fire.\nPause the v1 schedule first: `aml-pipeline pause --sdk v1`.\n" in done.stderr
    found = content(small.root / "v2")
    assert sorted(found) == [
        *("README.md", "code/first-step/first.py", "code/first-step/helper.py"),
        *("code/second/second.py", "components/first_step.yml", "components/second.yml", "compute/cpu.yml"),
        *("environments/conda/training.yml", "environments/training.yml"),
        *("export.json", "pipeline.yml", "schedules/nightly.yml"),
    ]
    manifest = json.loads(found["export.json"])
    assert manifest["names"] == {"first-step": "first_step", "second": "second"}
    assert sorted([*manifest["files"], "export.json"]) == sorted(found)
    assert beside(small) == []


def test_the_commands_of_the_readme_stand_in_their_order_and_name_files_that_are_there(small: Project) -> None:
    small.cli("export", "v2")
    text = (small.root / "v2/README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ az ml (\w+) create --file (\S+)$", text, re.MULTILINE)
    assert commands == [
        ("environment", "environments/training.yml"),
        ("compute", "compute/cpu.yml"),
        ("job", "pipeline.yml"),
        ("schedule", "schedules/nightly.yml"),
    ]
    assert all((small.root / "v2" / file).is_file() for _, file in commands)
    assert '- Azure ML has no dataset gone, so --gone of step "first-step" is omitted.\n' in text
    assert "- v1 `small.nightly`, v2 `small_nightly`\n" in text
    assert "both fire" in text


def test_a_pipeline_without_schedules_warns_of_none(small: Project) -> None:
    text = (small.root / "pipeline.yaml").read_text(encoding="utf-8")
    (small.root / "pipeline.yaml").write_text(text.partition("schedules:")[0], encoding="utf-8")
    assert "fire" not in small.cli("export", "v2").stderr
    assert "schedule" not in (small.root / "v2/README.md").read_text(encoding="utf-8").lower()


def test_the_same_input_gives_the_same_bytes_from_anywhere(small: Project, tmp_path: Path) -> None:
    small.cli("export", "v2")
    first = content(small.root / "v2")
    small.cli("export", "v2")
    small.cli("export", str(tmp_path / "deep/er/v2"), "-f", str(small.root / "pipeline.yaml"), cwd=tmp_path)
    other = tmp_path / "moved"
    shutil.copytree(small.root, other, ignore=shutil.ignore_patterns("v2", ".aml_pipeline"))
    small.cli("export", "v2", cwd=other, environ={"PYTHONHASHSEED": "7"})
    assert first == content(small.root / "v2") == content(tmp_path / "deep/er/v2") == content(other / "v2")


def test_the_code_is_what_a_local_run_copies(small: Project) -> None:
    (small.root / "scripts/first.py").chmod(0o755)
    small.cli("export", "v2")
    opened = open_pipeline(str(small.root / "pipeline.yaml"))
    plan, project = opened.require()
    for step in plan.steps:
        here, there = small.root / f"copy-{step.name}", small.root / "v2/code" / step.name
        assert snapshot.write(project.snapshot(step), str(here)) == []
        assert content(there) == content(here)
    assert os.access(small.root / "v2/code/first-step/first.py", os.X_OK)


@pytest.mark.parametrize("name", [".amlignore", ".gitignore"])
def test_the_ignore_file_of_a_whole_folder_excludes_nothing_again(small: Project, name: str) -> None:
    """azure-ai-ml follows the one at the root of the code, and ``.amlignore`` rather than ``.gitignore``."""
    (small.root / "scripts/.amlignore").unlink()
    small.write(
        {
            "scripts/second.py": "open(__file__)\n",
            f"scripts/{name}": "old.csv\n",
            "scripts/deep/old.csv": "",
            "scripts/new.csv": "",
        }
    )
    small.cli("export", "v2")
    code = small.root / "v2/code/second"
    assert (code / "new.csv").is_file()
    assert not (code / "deep/old.csv").exists()
    assert (code / name).is_file()
    assert (code / ".amlignore").read_bytes() == snapshot.KEEP_ALL
    assert not (small.root / "v2/code/first-step/.amlignore").exists()


def test_a_change_of_a_dependency_makes_another_version_and_a_comment_does_not(small: Project) -> None:
    def version() -> tuple[str, str]:
        small.cli("export", "v2")
        found = yaml.safe_load((small.root / "v2/environments/training.yml").read_text(encoding="utf-8"))
        component = yaml.safe_load((small.root / "v2/components/second.yml").read_text(encoding="utf-8"))
        return found["version"], component["environment"]

    first = version()
    assert first[1] == f"azureml:training:{first[0]}"
    small.replace("conda.yml", "dependencies:", "# a comment\ndependencies:")
    assert version() == first
    small.replace("conda.yml", "python=3.11", "python=3.10")
    assert version()[0] != first[0]


OMITTED = """
name: large
compute: cpu-cluster
environment: {name: training, conda_file: conda.yml}
retries: 1
parameters:
  epochs: {default: 02, minimum: 1, maximum: 9}
  loss: {default: l1, choices: [l1, l2], description: What is made small.}
  unread: {default: 1}
datasets:
  more: {registered: more, optional: true, type: folder}
steps:
  train:
    script: train.py
    compute: {name: gpu, min_nodes: 1}
    arguments: {--epochs: "${{ parameters.epochs }}", --loss: "${{ parameters.loss }}", --more: "${{ datasets.more }}"}
  show: {script: train.py, retries: 0}
"""


def test_what_is_left_out_is_told_once_on_the_terminal_and_in_the_readme(project: Project) -> None:
    conda = "dependencies: [python=3.11]\n"
    project.write({"pipeline.yaml": OMITTED, "train.py": "", "conda.yml": conda})
    said = project.cli("export", "v2").stderr.splitlines()
    page = (project.root / "v2/README.md").read_text(encoding="utf-8")
    limits = "limits of parameters: epochs (minimum, maximum)."
    lines = [
        'No step receives the parameter "unread", so it is not sent.',
        f"{limits} Their inputs in Azure ML v2 are strings, so that values such as 012 keep their text.",
        "`optional` of datasets: more. In Azure ML v2, the dataset must exist.",
        "`retries` of steps: train. They apply only to local runs.",
        "min_nodes of compute target gpu. Only a cluster created from a `vm_size` has them.",
    ]
    assert said == [f"Not exported: {line}" for line in lines]
    assert [line[2:] for line in page.splitlines() if line.startswith("- ")] == lines
    assert len(page.splitlines()) <= 30


UPLOADED = """
name: uploaded
compute: cpu-cluster
environment: {name: training, docker_image: x}
datasets:
  folder: {local: data, upload: true}
  file: {local: data/deep/a.csv, upload: true, datastore: other, mode: download}
  gone: {local: nowhere, upload: true, optional: true, datastore: other}
steps:
  train:
    script: train.py
    arguments: {--folder: "${{ datasets.folder }}", --file: "${{ datasets.file }}", --gone: "${{ datasets.gone }}"}
"""


@pytest.mark.parametrize("place", ["v2", "exports/deep/v2"])
def test_data_to_upload_is_named_where_it_is(project: Project, place: str) -> None:
    project.write({"pipeline.yaml": UPLOADED, "train.py": "", "data/deep/a.csv": "1"})
    done = project.cli("export", place)
    job = yaml.safe_load((project.root / place / "pipeline.yml").read_text())
    up = "../" * len(Path(place).parts)
    assert job["inputs"] == {
        "folder": {"type": "uri_folder", "path": f"{up}data"},
        "file": {"type": "uri_file", "path": f"{up}data/deep/a.csv"},
    }
    assert job["jobs"]["train"]["inputs"] == {
        "folder": "${{parent.inputs.folder}}",  # mounted, which is the default
        "file": {"path": "${{parent.inputs.file}}", "mode": "download"},
    }
    assert done.stderr == (
        'Not exported: Azure ML has no dataset gone, so --gone of step "train" is omitted.\n'
        "Not exported: `datastore` of uploaded datasets: file. Azure ML v2 uploads to workspaceblobstore.\n"
    )


def test_an_export_that_says_everything_tells_of_nothing_left_out(small: Project) -> None:
    file = small.root / "pipeline.yaml"
    text = file.read_text(encoding="utf-8")
    assert "retries" not in text
    file.write_text(text.replace(', --gone: "${{ datasets.gone }}"', ""), encoding="utf-8")
    assert "Not exported" not in small.cli("export", "v2").stderr


# Every key of the file: what becomes of it in an export. A new key needs a line.
IN_EXPORTS = {
    "PipelineSpec": {
        "said": "name description experiment compute environment environment_variables source_directory snapshot "
        "timeout resources identity allow_reuse datasets parameters steps outputs schedules publish",
        "told to be left out": "retries",
        "chosen before": "profiles version sdk",
        "said of its runs": "tags",
        "chosen by `az ml`": "workspace",
        "of this machine": "python",
    },
    "Step": {
        "said": "script module command arguments matrix inputs outputs after compute environment environment_variables "
        "source_directory snapshot timeout resources identity allow_reuse distribution",
        "told to be left out": "retries",
        "of this machine": "python",
    },
    "Parameter": {
        "said": "default",
        "told to be left out": "choices minimum maximum",
        "for the reader of the file": "type description",  # all are texts, as in v1
    },
    "Dataset": {
        "said": "type upload datastore path registered url version mode",
        "told to be left out": "optional",
        "of this machine": "local",
    },
    "Output": {
        "said": "type datastore path mode register_as model argument",
        "asked before": "overwrite",  # v2 writes to whatever the path is
        "of this machine": "may_be_empty",
    },
    "RegisteredModel": {"said": "name type"},
    "Compute": {
        "said": "name vm_size vm_priority min_nodes max_nodes idle_seconds_before_scaledown",  # or told to be left out
    },
    "Environment": {
        "said": "name conda_file pip_requirements docker_image dockerfile curated registered registry version",
        "refused": "conda_environment",
    },
    "Distribution": {"said": "type nodes processes_per_node"},
    "Resources": {"said": "shm_size docker_arguments"},
    "Secret": {"read by the script": "secret"},
    "Schedule": {"said": "cron recurrence time_zone parameters datasets reuse"},
    "Publish": {"said": "reuse", "made by `publish`": "endpoint"},
}


@pytest.mark.parametrize("model", IN_EXPORTS)
def test_it_is_known_of_every_key_what_becomes_of_it_in_an_export(model: str) -> None:
    known = {key for keys in IN_EXPORTS[model].values() for key in keys.split()}
    assert known == set(SPEC_MODELS[model].model_fields)


def test_a_profile_has_names_of_its_own(small: Project) -> None:
    with (small.root / "pipeline.yaml").open("a", encoding="utf-8") as file:
        file.write("profiles: {quick: {parameters: {word: c}}}\n")
    small.cli("export", "v2", "--profile", "quick")
    job = yaml.safe_load((small.root / "v2/pipeline.yml").read_text(encoding="utf-8"))
    schedule = yaml.safe_load((small.root / "v2/schedules/nightly.yml").read_text(encoding="utf-8"))
    assert (job["display_name"], job["inputs"], schedule["name"]) == (
        "small-quick",
        {"word": "c"},
        "small-quick_nightly",
    )
    assert "`aml-pipeline export --profile quick`" in (small.root / "v2/README.md").read_text(encoding="utf-8")


def test_an_export_is_replaced_with_what_is_no_longer_there(small: Project) -> None:
    small.cli("export", "v2")
    text = (small.root / "pipeline.yaml").read_text(encoding="utf-8")
    (small.root / "pipeline.yaml").write_text(text.partition("schedules:")[0], encoding="utf-8")
    small.cli("export", "v2")
    assert not (small.root / "v2/schedules").exists()


def test_an_export_of_an_earlier_version_is_replaced(small: Project) -> None:
    """It is known by its manifest, whatever files it had."""
    small.cli("export", "v2")
    manifest = small.root / "v2/export.json"
    earlier = json.loads(manifest.read_text(encoding="utf-8"))
    for name, text in (
        ("code/second/.amlignore", "# all\n"),
        ("pipeline.yml", "# yaml-language-server: x\ntype: pipeline\n"),
    ):
        (small.root / "v2" / name).write_text(text, encoding="utf-8")
        earlier["files"][name] = hashlib.sha256(text.encode()).hexdigest()
    manifest.write_text(json.dumps(earlier), encoding="utf-8")
    small.cli("export", "v2")
    assert not (small.root / "v2/code/second/.amlignore").exists()
    assert (small.root / "v2/pipeline.yml").read_text(encoding="utf-8").startswith("$schema: ")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("notes.txt", "notes.txt"),
        ("code/second/second.py", "code/second/second.py"),
        ("export.json", "README.md, code/"),
    ],
)
def test_what_no_export_wrote_is_not_touched_without_force(small: Project, name: str, told: str) -> None:
    """Another file, one that was changed since, and a manifest that cannot be read."""
    small.cli("export", "v2")
    (small.root / "v2" / name).write_text("mine", encoding="utf-8")
    before = content(small.root / "v2")
    refused = small.cli("export", "v2", status=2)
    assert f"v2 has files that the last export did not write: {told}" in refused.stderr
    assert "--force" in refused.stderr
    assert content(small.root / "v2") == before
    small.cli("export", "v2", "--force")
    after = content(small.root / "v2")
    assert after.get("notes.txt") == before.get("notes.txt")
    assert after["code/second/second.py"] == b""
    assert "files" in json.loads(after["export.json"])
    assert beside(small) == []


def test_files_of_others_stay_whatever_they_are(small: Project) -> None:
    place = small.root / "v2"
    (place / ".git/objects").mkdir(parents=True)
    (place / ".git/objects/a").write_text("x")
    (place / "link").symlink_to(small.root / "scripts")
    (place / "broken").symlink_to("nowhere")
    (place / "pipeline.yml").write_text("of another tool")
    assert "has files that the last export did not write: .git/objects/a, broken, link and 1 more." in (
        small.cli("export", "v2", status=2).stderr
    )
    small.cli("export", "v2", "--force")
    assert (place / ".git/objects/a").read_text() == "x"
    assert os.readlink(place / "link") == str(small.root / "scripts")
    assert os.readlink(place / "broken") == "nowhere"
    assert (place / "pipeline.yml").read_text(encoding="utf-8").endswith("mode: direct\n")
    assert sorted(one.name for one in (small.root / "scripts").iterdir()) == [
        *(".amlignore", "first.py", "helper.py", "second.py")
    ]


def test_a_file_of_others_in_a_folder_that_becomes_a_file(small: Project) -> None:
    (small.root / "v2/README.md/mine").mkdir(parents=True)
    (small.root / "v2/README.md/mine/a").write_text("x")
    before = content(small.root / "v2")
    refused = small.cli("export", "v2", "--force", status=2).stderr
    assert "v2/README.md is a folder with other files, but the export has" in refused
    assert refused.endswith(" the export has a file of that name. Move the folder away.\n")
    assert content(small.root / "v2") == before
    assert beside(small) == []


def test_kept_files_in_the_code_of_a_step_are_uploaded_with_it(small: Project) -> None:
    small.cli("export", "v2")
    (small.root / "v2/notes.txt").write_text("mine")
    (small.root / "v2/code/second/mine.txt").write_text("mine")
    told = small.cli("export", "v2", "--force").stderr
    assert "Kept in a folder that is uploaded: code/second/mine.txt. Delete what no step needs.\n" in told
    assert "notes.txt" not in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "Name the target folder"),
        (["."], "contains the pipeline itself"),
        ([".."], "contains the pipeline itself"),
        (["pipeline.yaml"], "pipeline.yaml is not a folder."),
        (["a", "b"], "`export` takes at most 1 FOLDER"),
    ],
)
def test_where_an_export_cannot_be(small: Project, words: list[str], told: str) -> None:
    before = content(small.root)
    assert told in small.cli("export", *words, status=2).stderr
    assert told in small.cli("export", *words, "--force", status=2).stderr
    assert {name: one for name, one in content(small.root).items() if not name.startswith(".aml")} == before


def test_no_export_becomes_part_of_a_snapshot(small: Project) -> None:
    (small.root / "scripts/second.py").write_text("import importlib, sys\nimportlib.import_module(sys.argv[1])\n")
    refused = small.cli("export", "scripts/v2", status=2).stderr
    assert 'v2 is in the source folder of step "second"' in refused
    (small.root / "scripts/.amlignore").write_text("v2/\n")
    small.cli("export", "scripts/v2")
    first = content(small.root / "scripts/v2")
    small.cli("export", "scripts/v2")
    assert content(small.root / "scripts/v2") == first


def test_what_cannot_be_said_is_told_before_anything_is_written(small: Project) -> None:
    small.replace("pipeline.yaml", "word: a b", "word: it's")
    refused = small.cli("export", "v2", status=2)
    assert re.search(r"pipeline.yaml:5:20: .*\[export-value\]", refused.stderr)
    assert not (small.root / "v2").exists()
    assert beside(small) == []


def test_a_value_of_a_schedule_that_cannot_be_said_is_told_at_its_place(small: Project) -> None:
    small.replace("pipeline.yaml", "time_zone: Europe/Paris}", 'parameters: {word: "it\'s"}}')
    refused = small.cli("export", "v2", status=2)
    assert re.search(r"pipeline.yaml:15:49: .* value of word .*\[export-value\]", refused.stderr), refused.stderr
    assert not (small.root / "v2").exists()


def test_what_is_wrong_for_azure_ml_at_all_is_told_too(small: Project) -> None:
    small.replace("pipeline.yaml", "compute: {name: cpu, vm_size: STANDARD_D2_V2}\n", "")
    assert "[no-compute]" in small.cli("export", "v2", status=2).stderr


def test_a_file_with_a_name_of_secrets_is_told(small: Project) -> None:
    (small.root / "scripts/second.py").write_text("open('key.pem')\n")
    (small.root / "scripts/key.pem").write_text("")
    assert "[secret-file]" in small.cli("export", "v2").stderr


def test_an_interrupted_export_leaves_what_was_there(small: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted at each of its writes and renames in turn, the folder is the old export or the new one.

    Where a file system cannot exchange folders: else nothing comes between them.
    """
    monkeypatch.setattr(exchanging, "_call", lambda: None)
    small.cli("export", "v2")
    before = content(small.root / "v2")
    small.replace("pipeline.yaml", "word: a b", "word: c d")
    opened = open_pipeline(str(small.root / "pipeline.yaml"))
    plan, project = opened.require()
    project.snapshot(plan.steps[0])
    (small.root / "v2/mine.txt").write_text("mine")
    before["mine.txt"] = b"mine"
    calls, stop = [0], [1]

    def counted(real: object) -> object:
        def call(*given: object, **named: object) -> object:
            calls[0] += 1
            if calls[0] == stop[0]:
                raise KeyboardInterrupt
            return real(*given, **named)  # type: ignore[operator]

        return call

    for module, name in ((os, "rename"), (os, "replace"), (shutil, "copy2"), (snapshot, "_copy")):
        monkeypatch.setattr(module, name, counted(getattr(module, name)))
    while True:
        calls[0] = 0
        try:
            export.write(plan, project, str(small.root / "v2"), force=True)
        except KeyboardInterrupt:
            assert content(small.root / "v2") == before, stop
            assert beside(small) == []
        else:
            break
        stop[0] += 1
    assert stop[0] > 15
    after = content(small.root / "v2")
    assert after["mine.txt"] == b"mine"
    assert b"c d" in after["pipeline.yml"]


def test_killed_at_any_moment_the_folder_is_whole(small: Project) -> None:
    small.cli("export", "v2")
    wholes = [content(small.root / "v2")]
    small.replace("pipeline.yaml", "word: a b", "word: c d")
    small.cli("export", "other")
    wholes.append(content(small.root / "other"))
    begun = time.monotonic()
    small.cli("export", "other")
    span = time.monotonic() - begun
    for number in range(12):
        command = [sys.executable, "-m", "aml_pipeline", "export", "v2"]
        started = subprocess.Popen(command, cwd=small.root, env=small.environ, stdout=-3, stderr=-3)
        time.sleep(span * (0.5 + number / 20))
        started.send_signal(signal.SIGKILL)
        started.wait()
        assert content(small.root / "v2") in wholes
    small.cli("export", "v2")
    assert content(small.root / "v2") == wholes[1]


def test_a_file_that_changes_while_it_is_copied(small: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_pipeline(str(small.root / "pipeline.yaml"))
    plan, project = opened.require()
    monkeypatch.setattr(snapshot, "write", lambda *_: ["helper.py"])
    with pytest.raises(MachineError, match=r"helper\.py changed while it was being copied"):
        export.write(plan, project, str(small.root / "v2"))
    assert not (small.root / "v2").exists()


def test_v1_and_v2_are_given_the_same_environments() -> None:
    """So what ``submit`` registered serves an export, and the other way round."""
    opened = open_pipeline(str(ROOT / "pipeline.yaml"))
    plan, project = opened.require()
    (image,) = export.images(plan, project).values()
    from aml_pipeline.azureml import images

    step = plan.steps[0]
    assert step.environment is not None
    assert image.version == images.version_of(step.environment, project.environment_digest(step))
    assert image.base == images.BASE_IMAGE
    assert image.conda == (ROOT / ".azureml/pytorch-env.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    ["on", "012", "1e3", "", " a ", "a: b", "- x", "a\nb\n", "\x85", " ", "é😀", "'\"", "%a", "=", "~", "\t#", "a:"],
)
def test_a_text_is_read_back_as_it_was(text: str) -> None:
    data = {"a": text, "b": {text: [text]}}
    assert yaml.safe_load(yaml_text.text(data, "x")) == {"$schema": f"{yaml_text.SCHEMAS}/x.schema.json", **data}


@pytest.mark.parametrize("text", ["1e-3", "089", "0o17", ".5", "-1", "+2.", "1E3"])
def test_a_text_like_a_number_is_quoted_for_other_readers_of_yaml(text: str) -> None:
    assert f"a: '{text}'\n" in yaml_text.text({"a": text}, "x")


def test_blocks_and_nodes_are_set_apart() -> None:
    inputs = {"a": {"b": 1}, "c": {"b": [1, 2]}}
    data = {"type": "x", "inputs": inputs, "code": "y", "name": "z", "jobs": {"d": {"inputs": inputs}, "e": {"b": 2}}}
    text = yaml_text.text(data, "x")
    rows = text.split("\n\n")
    assert [row.splitlines()[0].strip() for row in rows[1:]] == ["inputs:", "code: y", "jobs:", "e:"]
    assert yaml.safe_load(text).items() >= data.items()


LINE = "--text 'a  b' # : -"


@pytest.mark.parametrize(
    "odd", ["a", "a  b", " a", "a ", "", "a\nb", "\ta", "- a", "# a", "%a", "'", "a\x85b", "\xa0", "é😀"]
)
@pytest.mark.parametrize("place", [0, 1, 7])
def test_a_folded_command_is_read_back_as_it_was(odd: str, place: int) -> None:
    lines = ["python x.py", *6 * [LINE]]
    lines.insert(place, odd)
    text = yaml_text.text({"type": "command"}, "x", lines)
    assert yaml.safe_load(text)["command"] == " ".join(lines)
    assert ("command: >-\n" in text) == (odd.isprintable() and odd.strip() == odd != "")


def test_a_short_command_is_not_folded() -> None:
    assert yaml_text.text({}, "x", ["python x.py", "--a b"]).endswith("\ncommand: python x.py --a b\n")


def test_nodes_of_different_steps_differ() -> None:
    steps = ["a", "a-b", "ab", "a-b-c", "a-bc"]
    assert len({export.node(one) for one in steps}) == len(steps)
    assert all(export.node(one).isidentifier() for one in steps)


def test_the_example_in_the_docs(project: Project) -> None:
    page = (ROOT / "docs/how-to/v1-to-v2.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    file, printed, commands, component, node = blocks
    project.write(dict.fromkeys(("prepare.py", "show.py", "tell.py"), ""))
    project.write(
        {"pipeline.yaml": file.removeprefix("pipeline.yaml:\n"), "conda.yml": "dependencies: [python=3.11]\n"}
    )
    assert printed == f"$ aml-pipeline export v2\n{project.cli('export', 'v2').stdout}"
    place = project.root / "v2"
    assert commands in (place / "README.md").read_text(encoding="utf-8")
    assert (place / "components/prepare_text.yml").read_text(encoding="utf-8").partition("\n")[2] == component
    assert (place / "pipeline.yml").read_text(encoding="utf-8").endswith(node)
