"""The proof of an import from v2: each difference between what azure-ai-ml sends of the original and of the export."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from aml_pipeline.azureml.importing import document
from aml_pipeline.azureml.importing.copying import copied
from aml_pipeline.azureml.importing.draft import Draft
from aml_pipeline.azureml.importing.proof import Facts, differences
from aml_pipeline.azureml.importing.proving import compared
from aml_pipeline.azureml.v2.imported.drafting import draft
from aml_pipeline.azureml.v2.imported.facts import facts_made, facts_of
from aml_pipeline.azureml.v2.imported.loading import RefusedError
from aml_pipeline.project.opening import open_pipeline

pytest.importorskip("azure.ai.ml")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of marshmallow, in the client

JOB = """\
type: pipeline
display_name: trial
description: Two steps.
experiment_name: trials
tags: {team: vision}
inputs:
  raw: {type: uri_folder, path: ./data}
  epochs: 3
  title: two words
outputs:
  fin: {type: uri_folder, mode: upload, path: "azureml://datastores/results/paths/x/${{name}}"}
settings: {default_compute: azureml:cpu, continue_on_step_failure: false}
jobs:
  prep_data:
    type: command
    component: ./prep.yml
    inputs:
      raw: {path: "${{parent.inputs.raw}}", mode: download}
      rows: 100
    limits: {timeout: 90}
    identity: {type: user_identity}
  train:
    type: command
    code: src
    command: >-
      python train.py --data ${{inputs.data}} --epochs ${{inputs.epochs}} --title "${{inputs.title}}"
      --out ${{outputs.model}} --label ${{inputs.label}}
    environment: {image: docker.io/python, conda_file: conda.yml}
    environment_variables: {LEVEL: 1, MY_PASSWORD: hunter22}
    compute: azureml:big
    distribution: {type: pytorch, process_count_per_instance: 2}
    resources: {instance_count: 2, shm_size: 8g, docker_args: --ulimit memlock=-1}
    inputs:
      data: ${{parent.jobs.prep_data.outputs.made}}
      epochs: ${{parent.inputs.epochs}}
      title: ${{parent.inputs.title}}
      label: run ${{parent.inputs.epochs}}-x
      more: {type: uri_file, path: "azureml:labels:1"}
    outputs:
      model: ${{parent.outputs.fin}}
"""
COMPONENT = """\
type: command
name: prep
version: 3
inputs:
  raw: {type: uri_folder}
  rows: {type: integer}
  limit: {type: integer, optional: true}
outputs:
  made: {type: uri_folder}
code: ./src
environment: azureml:tools:2
command: python prep.py ${{inputs.raw}}/a.csv ${{inputs.rows}} $[[--limit ${{inputs.limit}}]] > log; cp log
  ${{outputs.made}}
is_deterministic: false
"""
SCHEDULE = """\
name: nightly
trigger: {type: cron, expression: "0 2 * * *", time_zone: W. Europe Standard Time, start_time: "2024-01-01T00:00:00"}
create_job: {type: pipeline, job: ./job.yml, inputs: {epochs: 9}, settings: {force_rerun: true}}
"""
ORIGINAL = {
    "job.yml": JOB,
    "prep.yml": COMPONENT,
    "schedule.yml": SCHEDULE,
    "conda.yml": "name: x\ndependencies: [python=3.11, pip]\n",
    "src/train.py": "import argparse\n",
    "src/prep.py": "",
    "data/a.csv": "1\n",
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


class Trial:
    """An original, and the project that an import makes of it, as texts."""

    def __init__(self, folder: Path) -> None:
        self.file = str(write(folder / "original", ORIGINAL) / "job.yml")
        self.folder = folder / "project"
        self.draft: Draft = draft(self.file, str(self.folder))
        self.read: Facts = facts_of(self.file, self.draft)
        self.text = document.text(self.draft)
        copied(self.draft.code, str(self.folder))
        write(self.folder, {name: data.decode() for name, data in self.draft.files.items()})

    def differences(self, text: str) -> list[str]:
        (self.folder / "pipeline.yaml").write_text(text)
        opened = open_pipeline(str(self.folder / "pipeline.yaml"))
        return differences(self.read, facts_made(*opened.require()))


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial(tmp_path_factory.mktemp("trial"))


# What the proof says of the whole import: the password is not written.
ALWAYS = r"step train, environment variables, MY_PASSWORD: \*\*\* \w{4} → nothing"


def test_an_import_is_the_same_but_for_what_is_lost(trial: Trial) -> None:
    [lost] = trial.differences(trial.text)
    assert re.fullmatch(ALWAYS, lost)
    assert "hunter22" not in str(trial.read)
    assert list(trial.draft.missing) == []


# Each change of pipeline.yaml, and what the proof says of it; those of one list are made together.
CHANGES: list[list[tuple[str, str, str]]] = [
    [
        ("--title: ", "--name: ", "step train, command: .*--title.* → .*--name.*"),
        ("epochs: 3", "epochs: 4", "parameters, epochs: 3 → 4"),
        ("experiment: trials", "experiment: others", "pipeline, experiment: trials → others"),
        ("team: vision", "team: sound", "pipeline, tags, team: vision → sound"),
        ("Two steps", "Three steps", "pipeline, description: Two steps. → Three steps."),
        ("compute: big", "compute: small", "step train, compute: big → small"),
        ("timeout: 90s", "timeout: 91s", "step prep-data, timeout: PT1M30S → PT1M31S"),
        ("allow_reuse: false", "allow_reuse: true", "step prep-data, runs again: True → nothing"),
        ("identity: user", "identity: managed", "step prep-data, identity, identity_type: UserIdentity → Managed"),
        ("processes_per_node: 2", "processes_per_node: 3", "step train, distribution: pytorch, 2 .* → pytorch, 3 .*"),
        ("shm_size: 8g", "shm_size: 9g", "step train, resources, shm_size: 8g → 9g"),
        ("memlock=-1", "memlock=-2", r"step train, docker arguments: .*memlock=-1.* → .*memlock=-2.*"),
        ("LEVEL: ", "LEVELS: ", "step train, environment variables, LEVELS?: (1 → nothing|nothing → 1)"),
        ("docker.io/python", "docker.io/other", "step train, environment, image: docker.io/python → docker.io/other"),
        ("registered: tools", "registered: others", "step prep-data, environment: azureml:tools:2 → azureml:others:2"),
        (
            "mode: download",
            "mode: mount",
            "step prep-data, inputs, .*/data: uri_folder, download → uri_folder, ro_mount",
        ),
        (
            'version: "1"',
            'version: "7"',
            "step train, inputs, labels:[17]: (uri_file, ro_mount → nothing|nothing → .*)",
        ),
        ("path: x/{run}", "path: y/{run}", "step train, outputs, model, path: x/{run} → y/{run}"),
        ("datastore: results", "datastore: others", "step train, outputs, model, datastore: results → others"),
        ("0 2 * * *", "0 3 * * *", "schedule nightly, times: every day at 02:00, .* → every day at 03:00, .*"),
        ("      epochs: 9", "      epochs: 8", "schedule nightly, inputs, epochs: 9 → 8"),
    ],
    [
        ("> log;", ">> log;", "step prep-data, command: .*> log;.* → .*>> log;.*"),
        ("nodes: 2", "nodes: 3", "step train, nodes: 2 → 3"),
        (
            "outputs.model }}",
            "outputs.other }}",
            "(step train, (command|outputs, (model|other))|pipeline, outputs, fin): .*",
        ),
        ("time_zone: Europe/Berlin", "time_zone: Asia/Tokyo", "schedule nightly, times: .*Berlin → .*Tokyo"),
        ("type: file", "type: folder", "step train, inputs, labels:1: uri_file, ro_mount → uri_folder, ro_mount"),
        ("      model:\n", "      other:\n", ""),
    ],
]


def made(text: str, changes: list[tuple[str, str, str]]) -> str:
    for old, new, _ in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("changes", CHANGES, ids=["values", "others"])
def test_each_change_of_the_project_is_a_difference(trial: Trial, changes: list[tuple[str, str, str]]) -> None:
    said = trial.differences(made(trial.text, changes))
    expected = [ALWAYS, *(pattern for _, _, pattern in changes if pattern)]
    assert [line for line in said if not any(re.fullmatch(pattern, line) for pattern in expected)] == []
    assert [pattern for pattern in expected if not any(re.fullmatch(pattern, line) for line in said)] == []


@pytest.fixture
def changed_files(trial: Trial) -> Iterator[Path]:
    before = {path: path.read_bytes() for path in trial.folder.rglob("*") if path.is_file()}
    yield trial.folder
    for path, data in before.items():
        path.write_bytes(data)


def test_changed_files_and_steps_that_are_gone_are_differences(trial: Trial, changed_files: Path) -> None:
    (changed_files / "steps/train.py").write_text("import os\n")
    (changed_files / "environments/python.yml").write_text("dependencies: [python=3.12, pip]\n")
    said = "\n".join(trial.differences(trial.text))
    for step in ("prep-data", "train"):
        assert re.search(rf"^step {step}, code, train.py: \w+ → \w+$", said, re.MULTILINE)
    assert re.search(r"^step train, environment, conda file, dependencies: .*3.11.* → .*3.12.*$", said, re.MULTILINE)


def test_a_step_that_is_gone_is_a_difference(trial: Trial) -> None:
    before, _, rest = trial.text.partition("\n  train:\n")
    after = rest[rest.index("\nschedules:") :]
    said = trial.differences(before + after)
    assert [line for line in said if line.startswith("step train: {") and line.endswith("} → nothing")]


def test_one_meaning_in_two_forms_has_the_same_facts(tmp_path: Path) -> None:
    inline = JOB.replace(
        "    component: ./prep.yml\n",
        "    code: ./src\n    environment: azureml:tools:2\n    outputs: {made: {type: uri_folder, mode: rw_mount}}\n"
        "    command: bash -c 'python prep.py '\"${{inputs.raw}}\"'/a.csv '${{inputs.rows}}'  > log; "
        "cp log '${{outputs.made}}\n",
    )
    folder = write(tmp_path, {**ORIGINAL, "other.yml": inline.replace("compute: azureml:big", "compute: big")})
    one, other = (facts_of(str(folder / name), draft(str(folder / name))) for name in ("job.yml", "other.yml"))
    # An inline job cannot say `is_deterministic`, and the schedule runs the other file.
    found = [line for line in differences(one, other) if not line.startswith("schedule nightly: ")]
    assert found == ["step prep-data, runs again: True → nothing"]


NESTED = """\
type: pipeline
inputs: {z: {type: integer, optional: true}}
jobs:
  run: {type: command, component: ./c.yml, inputs: {p: "${{parent.inputs.z}}"}}
"""


def test_forms_that_only_pipeline_yaml_needs_are_the_same(tmp_path: Path) -> None:
    """A program of the code is run by bash; an optional input that nothing reaches is not there."""
    job = "type: pipeline\nsettings: {default_compute: 'azureml:c'}\njobs: {a: {type: pipeline, component: ./p.yml}}\n"
    component = (
        "type: command\nname: c\ncommand: ./run.sh --x 'a b' $[[--p ${{inputs.p}}]]\ncode: src\n"
        "environment: azureml:e:1\ninputs: {p: {type: integer, optional: true}}\n"
    )
    files = {"job.yml": job, "p.yml": NESTED, "c.yml": component, "src/run.sh": "", ".git/HEAD": ""}
    assert imported(tmp_path, files) == []
    write(tmp_path / "original", {"c.yml": component.replace("optional: true", "default: 3")})
    assert list(draft(str(tmp_path / "original/job.yml")).missing) == ["a-run"]


def imported(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Import ``job.yml``, and return how the project differs."""
    file, project = str(write(folder / "original", files) / "job.yml"), folder / "project"
    found = draft(file, str(project))
    copied(found.code, str(project))
    write(project, {name: data.decode() for name, data in found.files.items()})
    write(project, {"pipeline.yaml": document.text(found)})
    return differences(facts_of(file, found), facts_made(*open_pipeline(str(project / "pipeline.yaml")).require()))


def test_outputs_of_one_name_are_those_of_their_steps(tmp_path: Path) -> None:
    files = {
        "job.yml": "type: pipeline\nsettings: {default_compute: 'azureml:c'}\njobs:\n"
        "  one: {type: command, component: ./c.yml}\n  two: {type: command, component: ./d.yml}\n",
        "c.yml": "type: command\nname: c\ncommand: ls ${{outputs.aB}} ${{outputs.a_b}}\nenvironment: azureml:e:1\n"
        "outputs: {a_b: {type: uri_folder}, aB: {type: uri_file}}\n",
        "d.yml": "type: command\nname: d\ncommand: ls ${{outputs.aB}}\nenvironment: azureml:e:1\n"
        "outputs: {aB: {type: uri_folder}}\n",
        ".git/HEAD": "",
    }
    assert imported(tmp_path, files) == []


def test_what_only_a_component_or_a_schedule_says_counts(tmp_path: Path) -> None:
    files = {
        "job.yml": "type: pipeline\nsettings: {default_compute: 'azureml:c'}\n"
        "inputs: {a: {type: uri_folder, path: 'azureml:d:1'}}\n"
        "jobs: {p: {type: pipeline, component: ./p.yml, inputs: {a: '${{parent.inputs.a}}'}}}\n",
        "p.yml": "type: pipeline\nsettings: {force_rerun: true}\ninputs: {a: {type: uri_folder}}\njobs:\n"
        "  one: {type: command, component: ./c.yml, inputs: {a: '${{parent.inputs.a}}'}}\n"
        "  two: {type: command, component: ./c.yml, inputs: {a: '${{parent.jobs.one.outputs.b}}'}}\n",
        "c.yml": "type: command\nname: c\ncommand: ls ${{inputs.a}} ${{outputs.b}}\nenvironment: azureml:e:1\n"
        "inputs: {a: {type: uri_folder, mode: download}}\noutputs: {b: {type: uri_folder}}\n",
        "s.yml": "name: s\ntrigger: {type: cron, expression: 0 3 * * *}\n"
        "create_job: {job: ./job.yml, inputs: {a: {type: uri_file, path: 'azureml:d:2'}}}\n",
        ".git/HEAD": "",
    }
    assert imported(tmp_path, files) == [
        "step p-two, inputs, steps.p-one.outputs.b: uri_folder, download → uri_folder, ro_mount",
        "pipeline p: {'settings': {'force_rerun': True}} → nothing",
        "schedule s, inputs, d:1: d:2, uri_file → d:2, uri_folder",
    ]


MORE = [
    ("job.yml", "    compute: azureml:big\n", "    services: {a: {type: vs_code}}\n", "step train, services: "),
    ("job.yml", "    compute: azureml:big\n", "    queue_settings: {job_tier: spot}\n", "step train, queue_settings: "),
    ("job.yml", "jobs:\n", "identity: {type: managed}\n", "step train, identity: "),
    ("job.yml", "{default_compute", "{default_other: x, default_compute", "pipeline, default_other: "),
    ("job.yml", "      model: $", "      rest: {type: mltable}\n      model: $", "step train, outputs, rest: "),
    (
        "job.yml",
        "mode: upload, path",
        "name: n, version: 7, mode: upload, path",
        "step train, outputs, model, version: ",
    ),
    (
        "job.yml",
        "{image: docker.io/python",
        "{os_type: windows, image: docker.io/python",
        "step train, environment, system",
    ),
    ("schedule.yml", '"2024-01-01T00:00:00"', '"2924-01-01T00:00:00"', "schedule nightly, starts: "),
    ("schedule.yml", "time_zone", "end_time: '2030-01-01T00:00:00', time_zone", "schedule nightly, ends: never → 2030"),
    (
        "schedule.yml",
        "force_rerun",
        "skip_validation: true, force_rerun",
        "schedule nightly, settings, skip_validation: ",
    ),
    ("schedule.yml", "type: pipeline", "type: pipeline, tags: {a: b}", "schedule nightly, tags: "),
]


def test_what_pipeline_yaml_has_no_words_for_is_a_difference(trial: Trial, tmp_path: Path) -> None:
    files = dict(ORIGINAL)
    for name, old, new, _ in MORE:
        assert old in files[name]
        files[name] = files[name].replace(old, new + old if new.endswith("\n") else new, 1)
    read = facts_of(str(write(tmp_path, files) / "job.yml"), trial.draft)
    found = differences(trial.read, read)
    assert [begin for *_, begin in MORE if not any(line.startswith(begin) for line in found)] == []


def test_each_mode_in_which_the_same_output_is_read_counts(trial: Trial, tmp_path: Path) -> None:
    old = "      data: ${{parent.jobs.prep_data.outputs.made}}\n"
    new = 'again: {path: "${{parent.jobs.prep_data.outputs.made}}", mode: download}'
    files = {**ORIGINAL, "job.yml": JOB.replace(old, f"      {new}\n{old}")}
    read = facts_of(str(write(tmp_path, files) / "job.yml"), trial.draft)
    both = "uri_folder, download; uri_folder, ro_mount"
    assert f"step train, inputs, steps.prep-data.outputs.made: uri_folder, ro_mount → {both}" in differences(
        trial.read, read
    )


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        ("uri_file, path", "uri_other, path", ["jobs.train.inputs.more"]),
        ("parent.inputs.epochs", "parent.inputs.epoch", []),
    ],
)
def test_what_azure_ai_ml_does_not_accept_is_refused_in_our_words(
    tmp_path: Path, old: str, new: str, keys: list[str]
) -> None:
    files = {**ORIGINAL, "job.yml": JOB.replace(old, new)}
    known = draft(str(write(tmp_path / "known", ORIGINAL) / "job.yml"))
    with pytest.raises(RefusedError, match="azure-ai-ml does not accept ") as caught:
        facts_of(str(write(tmp_path / "bad", files) / "job.yml"), known)
    assert caught.value.keys == keys
    assert all(f"{key} (line {JOB[: JOB.index(old)].count(chr(10)) + 1})" in str(caught.value) for key in keys)
    assert not re.search(r"schema|http|Valid|Failed", str(caught.value).removeprefix(str(tmp_path)))


def test_a_file_that_is_refused_is_a_difference(trial: Trial, tmp_path: Path) -> None:
    write(trial.folder, {"pipeline.yaml": trial.text})
    bad = (
        write(tmp_path, {**ORIGINAL, "job.yml": JOB.replace("parent.inputs.epochs", "parent.inputs.epoch")}) / "job.yml"
    )
    said = compared(str(trial.folder), "v2", lambda: facts_of(str(bad), trial.draft), facts_made)
    assert said == [f"{bad}: azure-ai-ml does not accept it. Correct it; until then nothing is compared."]
