"""A v2 pipeline job in YAML → the draft of a project: each key is said, or lost with its line."""

import logging
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.importing import document
from aml_pipeline.azureml.importing.copying import copied
from aml_pipeline.azureml.importing.draft import Draft, Renamed
from aml_pipeline.azureml.importing.proof import differences
from aml_pipeline.azureml.v2 import export
from aml_pipeline.azureml.v2.imported import facts
from aml_pipeline.azureml.v2.imported.drafting import draft
from aml_pipeline.core.errors import PipelineError, UsageError
from aml_pipeline.pipeline.yaml.scalars import written
from aml_pipeline.project.opening import Opened, open_pipeline
from tests.azureml.test_conformance import CONFORMANCE, MENDED, fill
from tests.conformance import strategies

JOB = """\
$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json
type: pipeline
display_name: Nightly Training
description: Trains the network.
experiment_name: nightly
tags: {team: vision}
settings: {default_compute: azureml:cpu-cluster, force_rerun: true}
inputs:
  epochs: 2
  rate: 0.10
  flag: true
  images: {type: uri_folder, path: azureml:images:3}
  gpu: gpu-cluster
outputs:
  network: {type: custom_model, name: net, mode: upload}
jobs:
  prepare_data:
    type: command
    code: src
    command: python prepare.py --images ${{inputs.images}} --flag ${{inputs.flag}} --output ${{outputs.table}}
    environment: azureml:team:1
    inputs:
      images: {path: "${{parent.inputs.images}}", mode: download}
      flag: ${{parent.inputs.flag}}
    outputs: {table: {type: mltable, path: "azureml://datastores/results/paths/tables/${{name}}"}}
  train:
    type: command
    component: ./train.yml
    compute: ${{parent.inputs.gpu}}
    inputs:
      data: ${{parent.jobs.prepare_data.outputs.table}}
      epochs: ${{parent.inputs.epochs}}
      rate: ${{parent.inputs.rate}}
    outputs: {model: "${{parent.outputs.network}}"}
  report:
    type: command
    code: src
    command: python report.py "${{inputs.model}}/net.pt" ${{inputs.title}}
    environment: azureml:team:1
    inputs: {model: "${{parent.jobs.train.outputs.model}}", title: 2}
"""
TRAIN = """\
name: train
version: 4
type: command
is_deterministic: false
inputs:
  data: {type: mltable}
  epochs: {type: integer, min: 1, max: 100, description: Passes over the data.}
  rate: {type: number, default: 0.5}
  note: {type: string, optional: true}
outputs: {model: {type: uri_folder}}
code: ./src
environment: azureml:team:1
command: >-
  python train.py --data ${{inputs.data}} --epochs ${{inputs.epochs}} --rate ${{inputs.rate}}
  $[[--note ${{inputs.note}}]] --output ${{outputs.model}}
"""
SCHEDULE = """\
name: weekly
trigger: {type: cron, expression: 0 2 * * 1, time_zone: W. Europe Standard Time}
create_job:
  type: pipeline
  job: ../job.yml
  inputs: {epochs: 10, images: {type: uri_folder, path: azureml:images:4}}
  settings: {force_rerun: true}
"""


def made(folder: Path, files: Mapping[str, str]) -> Draft:
    """Return the draft of ``job.yml``, beside other files and code."""
    for name, text in {"src/train.py": "", "src/prepare.py": "", "src/report.py": "", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return draft(str(folder / "job.yml"), str(folder.parent / "imported"))


def job(node: str, rest: str = "", folder: str = "src") -> str:
    """Return a job with one node ``run``, whose keys are given in flow style."""
    return f"{rest}\njobs:\n  run: {{code: {folder}, environment: 'azureml:e:1', compute: azureml:c, {node}}}\n"


def opened(made: Draft, place: Path) -> Opened:
    """Write a project, and open it."""
    place.mkdir()
    for folder, source in made.code.items():
        shutil.copytree(source, place / folder)
    for name, content in made.files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    (place / "pipeline.yaml").write_text(document.text(made), encoding="utf-8")
    return open_pipeline(str(place / "pipeline.yaml"), None, {})


def lost(made: Draft) -> dict[str, str]:
    return {loss.what: loss.where for loss in made.losses}


def test_a_job_becomes_a_project(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    found = made(repository, {"job.yml": JOB, "train.yml": TRAIN, "schedules/weekly.yml": SCHEDULE})
    assert found.document == {
        "name": "nightly-training",
        "description": "Trains the network.",
        "experiment": "nightly",
        "allow_reuse": False,
        "tags": {"team": "vision"},
        "sdk": "v2",
        "environment": {"registered": "team", "version": "1"},
        "source_directory": "steps",
        "snapshot": ["**"],
        "datasets": {"images": {"type": "folder", "registered": "images", "version": "3", "mode": "download"}},
        "parameters": {
            "epochs": {"default": 2, "description": "Passes over the data.", "minimum": 1, "maximum": 100},
            "rate": 0.1,
            "flag": "True",
            "gpu": "gpu-cluster",
        },
        "steps": {
            "prepare-data": {
                "script": "prepare.py",
                "arguments": {
                    "--images": "${{ datasets.images }}",
                    "--flag": "${{ parameters.flag }}",
                    "--output": "${{ outputs.table }}",
                },
                "outputs": {
                    "table": {"datastore": "results", "path": "tables/{run}", "type": "table", "mode": "mount"}
                },
                "compute": "cpu-cluster",
            },
            "train": {
                "script": "train.py",
                "arguments": {
                    "--data": "${{ steps.prepare-data.outputs.table }}",
                    "--epochs": "${{ parameters.epochs }}",
                    "--rate": "${{ parameters.rate }}",
                    "--output": "${{ outputs.model }}",
                },
                "outputs": {"model": {"model": {"name": "net", "type": "custom"}}},
                "allow_reuse": False,
                "compute": "gpu-cluster",
            },
            "report": {
                "script": "report.py",
                "arguments": ["${{ steps.train.outputs.model }}/net.pt", 2],
                "compute": "cpu-cluster",
            },
        },
        "outputs": {"network": "${{ steps.train.outputs.model }}"},
        "schedules": {
            "weekly": {
                "cron": "0 2 * * 1",
                "time_zone": "Europe/Berlin",
                "parameters": {"epochs": 10},
                "datasets": {"images": "azureml:images:4"},
            }
        },
    }
    assert found.code == {"steps": str(repository / "src")}
    assert found.renamed == (
        Renamed("pipeline", "Nightly Training", "nightly-training"),
        Renamed("step", "prepare_data", "prepare-data"),
    )
    assert lost(found) == {"input gpu": "job.yml:29", "version": "train.yml:2"}
    plan, project = (there := opened(found, tmp_path / "imported")).require()
    there.add([*sendable.problems(plan, project, plan.steps), *export.problems(plan)])
    there.require()


def _with_unknown_keys(text: str) -> Iterator[tuple[int, str]]:
    """Yield the text with an unknown key in each of its mappings, and the line of that key."""
    for number in range(len(_mappings(yaml.safe_load(text)))):
        data = yaml.safe_load(text)
        _mappings(data)[number]["unknown"] = 1
        changed = yaml.safe_dump(data, sort_keys=False)
        yield changed.partition("unknown")[0].count("\n") + 1, changed


def _mappings(data: object) -> list[dict[str, Any]]:
    if not isinstance(data, (dict, list)):
        return []
    inner = data.values() if isinstance(data, dict) else data
    return [*([data] if isinstance(data, dict) else []), *(one for value in inner for one in _mappings(value))]


@pytest.mark.parametrize("name", ["job.yml", "train.yml", "schedules/weekly.yml"])
def test_each_unknown_key_is_lost_with_its_line(name: str, tmp_path: Path) -> None:
    files = {"job.yml": JOB, "train.yml": TRAIN, "schedules/weekly.yml": SCHEDULE}
    for line, text in _with_unknown_keys(files[name]):
        found = made(tmp_path, {**files, name: text})
        is_name = "unknown" in str(found.document)  # in a mapping with names of the user: an input, a tag
        said = [str(one) for one in (*found.losses, *found.missing.items()) if "unknown" in str(one)]
        assert is_name or any(f"{name}:{line}" in one for one in said), text


def test_nodes_of_a_pipeline_in_the_pipeline_are_steps(tmp_path: Path) -> None:
    inner = """\
type: pipeline
inputs: {raw: {type: uri_folder}, rows: {type: integer, default: 7}}
outputs: {clean: {type: uri_folder}}
jobs:
  load:
    {NODE, command: "python train.py ${{inputs.raw}} ${{inputs.rows}} ${{outputs.o}}",
     inputs: {raw: "${{parent.inputs.raw}}", rows: "${{parent.inputs.rows}}"},
     outputs: {o: "${{parent.outputs.clean}}"}}
""".replace("NODE", "code: src, environment: 'azureml:e:1', compute: azureml:c")
    text = """\
inputs: {raw: {type: uri_folder, path: ./raw}}
outputs: {result: {mode: upload}}
jobs:
  first: {type: pipeline, component: ./inner.yml, inputs: {raw: "${{parent.inputs.raw}}"}}
  second:
    {type: pipeline, component: ./inner.yml, inputs: {raw: "${{parent.jobs.first.outputs.clean}}", rows: 8},
     outputs: {clean: "${{parent.outputs.result}}"}}
"""
    (tmp_path / "repository" / "raw").mkdir(parents=True)
    found = made(tmp_path / "repository", {"job.yml": text, "inner.yml": inner})
    assert found.missing == {}
    assert found.losses == ()
    assert found.document["datasets"] == {"raw": {"type": "folder", "local": "../repository/raw", "upload": True}}
    steps = found.document["steps"]
    assert {name: step["arguments"] for name, step in steps.items()} == {
        "first-load": ["${{ datasets.raw }}", 7, "${{ outputs.o }}"],
        "second-load": ["${{ inputs.raw }}", 8, "${{ outputs.o }}"],
    }
    assert steps["second-load"]["inputs"] == {"raw": "${{ steps.first-load.outputs.o }}"}
    assert found.document["outputs"] == {"result": "${{ steps.second-load.outputs.o }}"}
    opened(found, tmp_path / "imported").require()


DATA: dict[str, Any] = {
    "{path: data}": {"type": "folder", "local": "../repository/data", "upload": True},
    "{type: uri_file, path: azureml:a@latest}": {"type": "file", "registered": "a"},
    "{type: mltable, path: azureml:a:2, mode: eval_mount}": {"registered": "a", "version": "2", "mode": "eval_mount"},
    "{path: azureml://datastores/raw/paths/a/b, mode: download}": {
        "type": "folder",
        "datastore": "raw",
        "path": "a/b",
        "mode": "download",
    },
    "{path: azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/raw/paths/a}": {
        "type": "folder",
        "datastore": "raw",
        "path": "a",
    },
    "{type: uri_file, path: 'https://example.com/a.csv'}": {"type": "file", "url": "https://example.com/a.csv"},
}


@pytest.mark.parametrize("value", DATA)
def test_data_becomes_a_dataset(value: str, tmp_path: Path) -> None:
    (tmp_path / "repository" / "data").mkdir(parents=True)
    node = f'command: "python train.py --d ${{{{inputs.d}}}}", inputs: {{d: {value}}}'
    found = made(tmp_path / "repository", {"job.yml": job(node)})
    assert found.document["datasets"] == {"d": DATA[value]}
    assert found.losses == ()
    opened(found, tmp_path / "imported").require()


UNSAYABLE = {
    "command: 'python x.py', inputs: {d: {path: 'wasbs://a@b.blob.core.windows.net/c'}}": "needs a datastore",
    "command: 'python x.py', inputs: {d: {path: 'https://example.com/a.csv'}}": "a web address names one file",
    "command: 'python x.py', inputs: {d: {type: mlflow_model, path: 'azureml:m:1'}}": "registered model",
    "command: 'python x.py ${{inputs.gone}}'": "the input gone, which is not declared",
    "command: 'python x.py ${{outputs.gone}}'": "the output gone, which is not declared",
    "command: 'python x.py', inputs: {d: '${{parent.inputs.gone}}'}": "no input gone",
    "command: 'python x.py', inputs: {d: '${{parent.jobs.gone.outputs.o}}'}": "no node gone",
    "command: 'python x.py', inputs: {d: [1]}": "is a list",
    "command: 'python x.py', inputs: {d: {type: uri_file, path: 'https://a.net/c.csv?sig=aB3dE5gH7jK9mN1p'}}": "a key",
    "component: azureml:gone:1": "is defined by no file of this repository",
    "type: automl, task: classification": "AutoML has no script",
    "type: sweep, trial: ./train.yml": "of `matrix` are fixed",
    "type: parallel, mini_batch_size: 5": "on batches of data",
    "type: spark, entry: {file: x.py}": "runs on Spark",
}


@pytest.mark.parametrize("node", UNSAYABLE)
def test_a_step_that_cannot_be_said_is_missing_with_its_reason(node: str, tmp_path: Path) -> None:
    found = made(tmp_path, {"job.yml": job(node.replace("component", "c: 1, component"))})
    assert found.document["steps"] == {}
    assert UNSAYABLE[node] in found.missing["run"]["why"]
    assert found.missing["run"]["line"] == "job.yml:3"
    assert found.missing["run"]["compute"] == "azureml:c"  # all that is known


def test_a_step_that_reads_what_is_missing_reads_a_sample(tmp_path: Path) -> None:
    node = "  next: {NODE, command: 'python train.py --m ${{inputs.m}}', inputs: {m: '${{parent.jobs.run.outputs.m}}'}}"
    node = node.replace("NODE", "code: src, environment: 'azureml:e:1', compute: azureml:c")
    found = made(tmp_path, {"job.yml": job("type: automl, outputs: {m: {type: mlflow_model}}") + node})
    assert found.document["datasets"] == {"m": {"type": "folder", "local": "data/run/m"}}
    assert found.document["steps"]["next"]["arguments"] == {"--m": "${{ datasets.m }}"}
    [loss] = found.losses
    assert (loss.where, loss.what) == ("job.yml:4", "output m of run")
    assert "Write ${{ steps.run.outputs.m }} once one does" in loss.why


def test_a_registered_component_is_the_one_file_that_defines_it(tmp_path: Path) -> None:
    files = {"job.yml": job("component: 'azureml:train@latest', inputs: {data: {path: azureml:d:1}, epochs: 1}")}
    (tmp_path / ".git").mkdir()
    found = made(tmp_path, {**files, "shared/train.yml": TRAIN.replace("./src", "../src")})
    assert found.document["steps"]["run"]["script"] == "train.py"
    again = made(tmp_path, {**files, "other/train.yml": TRAIN})
    assert "is defined by several files of this repository" in again.missing["run"]["why"]


def test_limits_on_which_the_steps_agree_are_those_of_the_parameter(tmp_path: Path) -> None:
    component = "type: command\ncode: src\nenvironment: azureml:e:1\ncommand: python train.py ${{inputs.a}}\n"
    nodes = "jobs:\n" + "".join(
        f"  {name}: {{component: ./{name}.yml, compute: 'azureml:c', inputs: {{a: '${{{{parent.inputs.p}}}}'}}}}\n"
        for name in ("one", "two")
    )
    files = {
        "job.yml": f"inputs: {{p: 3}}\n{nodes}",
        "one.yml": f"{component}inputs: {{a: {{type: number, min: 1, max: 5}}}}\n",
        "two.yml": f"{component}inputs: {{a: {{type: number, min: 1, max: 9}}}}\n",
    }
    found = made(tmp_path, files)
    assert found.document["parameters"] == {"p": {"type": "number", "default": 3, "minimum": 1}}
    assert lost(found) == {"max of parameter p": "job.yml:1"}


def test_an_input_with_the_name_of_an_output_gets_another(tmp_path: Path) -> None:
    node = 'command: "python train.py --in ${{inputs.m}} --out ${{outputs.m}}", outputs: {m: {mode: upload}}'
    found = made(tmp_path / "repository", {"job.yml": job(f"{node}, inputs: {{m: {{path: azureml:m:1}}}}")})
    assert found.document["steps"]["run"]["inputs"] == {"input_m": "${{ datasets.m }}"}
    assert lost(found) == {"the name of input m": "job.yml:3"}
    opened(found, tmp_path / "imported").require()


def test_data_that_two_inputs_read_is_one_input(tmp_path: Path) -> None:
    data = "{path: azureml:m:1}"
    node = f'command: "python train.py --a ${{{{inputs.a}}}} --b ${{{{inputs.b}}}}", inputs: {{a: {data}, b: {data}}}'
    found = made(tmp_path / "repository", {"job.yml": job(node)})
    assert found.document["steps"]["run"]["arguments"] == {"--a": "${{ datasets.a }}", "--b": "${{ datasets.a }}"}
    assert lost(found) == {"input b": "job.yml:3"}
    opened(found, tmp_path / "imported").require()


def test_data_that_nobody_names_is_read_or_sets_the_order(tmp_path: Path) -> None:
    job_ = job('command: "python train.py ${{outputs.o}}", outputs: {o: {mode: upload}}')
    for name, value in (
        ("read", '"${{parent.jobs.run.outputs.o}}"'),
        ("late", '{path: "${{parent.jobs.run.outputs.o}}", mode: direct}'),
    ):
        job_ += (
            f"  {name}: {{code: src, command: python train.py, environment: 'azureml:e:1', inputs: {{d: {value}}}}}\n"
        )
    found = made(tmp_path / "repository", {"job.yml": job_})
    assert found.losses == ()
    assert found.document["steps"]["read"]["inputs"] == {"d": "${{ steps.run.outputs.o }}"}
    assert found.document["steps"]["late"]["after"] == ["run"]
    opened(found, tmp_path / "imported").require()


def test_a_job_of_a_component_is_its_pipeline(tmp_path: Path) -> None:
    inner = job("command: 'python train.py ${{inputs.n}}', inputs: {n: '${{parent.inputs.n}}'}", "type: pipeline")
    files = {
        "job.yml": "type: pipeline\ndisplay_name: outer\ncomponent: ./inner.yml\ninputs: {n: 3}\n",
        "inner.yml": f"inputs: {{n: {{type: integer, default: 2, max: 7}}}}\n{inner}",
    }
    found = made(tmp_path / "repository", files)
    assert found.document["name"] == "outer"
    assert found.document["parameters"] == {"n": {"default": 3, "maximum": 7}}
    assert found.losses == ()


def test_a_cluster_that_a_file_describes_is_created_when_missing(tmp_path: Path) -> None:
    cluster = "type: amlcompute\nname: c\nsize: STANDARD_D2_V2\ntier: low_priority\nmax_instances: 4\n"
    found = made(tmp_path, {"job.yml": job("command: python train.py"), "compute/c.yml": cluster})
    said = {"name": "c", "vm_size": "STANDARD_D2_V2", "vm_priority": "lowpriority", "max_nodes": 4}
    assert found.document["compute"] == said
    assert found.losses == ()


def test_a_pipeline_that_contains_itself_is_missing(tmp_path: Path) -> None:
    text = "jobs:\n  again: {type: pipeline, component: ./inner.yml}\n"
    found = made(tmp_path, {"job.yml": text, "inner.yml": f"type: pipeline\n{text}"})
    assert found.missing["again-again"]["why"] == "inner.yml:3: the pipeline in inner.yml:1 contains itself."


OUTPUTS: dict[str, dict[str, Any]] = {
    "": {"mode": "mount"},
    "{mode: upload}": {},
    "{type: uri_file, mode: upload}": {"type": "file"},
    "{mode: upload, name: images}": {"register_as": "images"},
    "{type: mlflow_model, mode: upload, name: net}": {"model": {"name": "net", "type": "mlflow"}},
    "{mode: upload, path: 'azureml://datastores/r/paths/dataset/${{name}}/${{output_name}}'}": {"datastore": "r"},
    "{mode: upload, path: 'azureml://datastores/r/paths/fixed'}": {
        "datastore": "r",
        "path": "fixed",
        "overwrite": True,
    },
    "{mode: upload, path: 'azureml://datastores/${{default_datastore}}/paths/${{ name }}/a'}": {"path": "{run}/a"},
}


@pytest.mark.parametrize("value", OUTPUTS)
def test_outputs_keep_their_settings(value: str, tmp_path: Path) -> None:
    node = f'command: "python train.py --o ${{{{outputs.o}}}}", outputs: {{o: {value}}}'
    found = made(tmp_path / "repository", {"job.yml": job(node)})
    assert found.document["steps"]["run"].get("outputs", {}) == ({"o": OUTPUTS[value]} if OUTPUTS[value] else {})
    assert found.losses == ()
    opened(found, tmp_path / "imported").require()


def test_the_default_datastore_is_that_of_the_outputs(tmp_path: Path) -> None:
    node = 'command: "python train.py --o ${{outputs.o}}", outputs: {o: {mode: upload}}'
    own = made(tmp_path, {"job.yml": job(node, "settings: {default_datastore: 'azureml:mine'}")})
    assert own.document["steps"]["run"]["outputs"] == {"o": {"datastore": "mine"}}
    assert own.losses == ()


TRIGGERS: dict[str, Any] = {
    "{type: cron, expression: 30 4 * * *}": {"cron": "30 4 * * *"},
    "{type: recurrence, frequency: week, interval: 1, schedule: {hours: 2, minutes: [0, 30], week_days: [Monday]}}": {
        "recurrence": {"frequency": "week", "hours": [2], "minutes": [0, 30], "week_days": ["monday"]}
    },
    "{type: recurrence, frequency: hour, interval: 3, start_time: '2026-01-01T05:00:00'}": {
        "recurrence": {"frequency": "hour", "interval": 3, "start_time": "2026-01-01T05:00:00"}
    },
    "{type: recurrence, frequency: month, interval: 1, schedule: {hours: [5], minutes: [0], month_days: [9]},"
    " start_time: 2026-01-09T05:00:00}": {"recurrence": {"frequency": "month", "start_time": "2026-01-09T05:00:00"}},
}


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_triggers_become_schedules(trigger: str, tmp_path: Path) -> None:
    files = {
        "job.yml": job("command: python train.py"),
        "s.yml": f"name: s\ntrigger: {trigger}\ncreate_job: ./job.yml\n",
        "other.yml": "name: other\ntrigger: {type: cron}\ncreate_job: ./another.yml\n",
    }
    found = made(tmp_path / "repository", files)
    assert found.document["schedules"] == {"s": {**TRIGGERS[trigger], "reuse": True}}
    assert found.losses == ()
    opened(found, tmp_path / "imported").require()


@pytest.mark.parametrize(
    "trigger",
    [
        "3",
        "{type: event}",
        "{type: recurrence, frequency: month, interval: x, start_time: yesterday}",
        "{type: recurrence, frequency: month, interval: 1, schedule: {hours: [25], minutes: [z], month_days: [31]}}",
    ],
)
def test_a_trigger_that_is_none_is_lost_and_a_difference(trigger: str, tmp_path: Path) -> None:
    pytest.importorskip("azure.ai.ml")
    text = f"name: s\ntrigger: {trigger}\ncreate_job: {{job: ./job.yml, inputs: [1], settings: 2}}\n"
    found = made(
        tmp_path, {"job.yml": "type: pipeline" + job("type: command, command: python train.py"), "s.yml": text}
    )
    assert lost(found).get("schedule s", "").startswith("s.yml:")
    assert str(facts.facts_of(str(tmp_path / "job.yml"), found)["schedule s"]["times"]).startswith("not valid: ")


def test_a_schedule_that_cannot_be_read_is_lost(tmp_path: Path) -> None:
    files = {"job.yml": job("command: python train.py"), "s.yml": "name: {{ template }}\ncreate_job: ./job.yml\n"}
    assert lost(made(tmp_path, files)) == {"schedules in this file": "s.yml"}


def test_values_are_the_texts_that_v2_sends(tmp_path: Path) -> None:
    """By YAML 1.1, in which azure-ai-ml reads: ``yes`` is true, and ``010`` is eight."""
    node = 'command: "python train.py ${{inputs.a}} ${{inputs.b}} ${{inputs.c}}", inputs: {a: yes, b: 010, c: "010"}'
    found = made(tmp_path, {"job.yml": job(node)})
    assert list(map(written, found.document["steps"]["run"]["arguments"])) == ["True", "8", "010"]


def test_a_secret_is_not_written(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    rest = f"inputs: {{api_token: {token}}}\ntags: {{api_token: {token}}}"
    node = "command: 'python train.py ${{inputs.t}}', inputs: {t: '${{parent.inputs.api_token}}'}"
    found = made(tmp_path, {"job.yml": job(node, rest)})
    assert token not in f"{found}{document.text(found)}"
    assert "tags" not in found.document
    assert {loss.what for loss in found.losses} == {"the default of parameter api_token", "tag api_token"}
    found = made(tmp_path, {"job.yml": job(f"type: automl, api_token: {token}")})
    assert token not in document.text(found)


def test_no_text_of_an_import_has_a_secret(tmp_path: Path) -> None:
    component = (
        "{command: 'python train.py ${{inputs.p}}', code: src, inputs: {p: {description: password=hunter22}}, "
        "environment: {image: x, conda_file: {dependencies: [pip: ['-i https://me:hunter22@h', '-i https://${U}:${P}@h']]}}}"
    )
    head = "description: A Basic Pipeline Job, password=hunter22secret\ninputs: {p: 1}"
    files = {"job.yml": job("component: ./c.yml, inputs: {p: '${{parent.inputs.p}}'}", head), "c.yml": component}
    found = made(tmp_path, files)
    assert "hunter22" not in found.document["description"]
    assert "hunter22" not in f"{found}"
    assert b"https://${U}:${P}@h" in found.files["environments/x.yml"]
    assert {
        "a part of the description",
        "description of parameter p",
        "what looks like a secret in a conda file",
    } <= {loss.what for loss in found.losses}


def test_files_from_elsewhere_are_not_forgotten(tmp_path: Path) -> None:
    component = "command: echo x\nenvironment: azureml:e:1\nadditional_includes: [./lib]\n"
    files = {"job.yml": "jobs: {run: {component: ./c.yml}}\n", "c.yml": component, "src/venv/pyvenv.cfg": ""}
    assert "Copy them into its folder" in made(tmp_path / "repository", files).missing["run"]["why"]
    [loss] = copied({"steps": str(tmp_path / "repository/src")}, str(tmp_path / "project"))
    assert (loss.where, loss.what) == ("steps", "the virtual environment venv/")
    assert sorted(path.name for path in (tmp_path / "project/steps").iterdir()) == [
        "prepare.py",
        "report.py",
        "train.py",
    ]


def test_a_command_without_code_has_a_folder_of_its_own(tmp_path: Path) -> None:
    nodes = "  more: {command: echo more, environment: 'azureml:e:1', compute: azureml:c}\n"
    found = made(tmp_path / "repository", {"job.yml": job("command: python train.py") + nodes})
    steps = found.document["steps"]
    folders = {name: step["source_directory"] for name, step in steps.items()}
    assert folders == {"run": "steps/src", "more": "steps/no-code"}
    assert list(found.files) == ["steps/no-code/README.md"]
    opened(found, tmp_path / "imported").require()


WRONG = {
    "inputs: {a: 1}\n": "is not a pipeline job",
    "- 1\n": "is not a pipeline job",
    "inputs: {a: {type: uri_folder}}\njobs: {x: {command: a}}\n": "job.yml:1: input a has no value, so no run can",
    "jobs: {x: {command: python a.py, code: gone}}\n": "job.yml:1: the folder of the code, gone, was not found",
    "jobs: {x: {component: ./gone.yml}}\n": "gone.yml was not found",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_read_is_an_error_with_its_place(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        made(tmp_path, {"job.yml": text})
    assert WRONG[text] in str(error.value)


def test_a_project_is_not_written_into_the_code_of_its_steps(tmp_path: Path) -> None:
    made(tmp_path, {"job.yml": job("command: python train.py", folder=".")})
    with pytest.raises(UsageError, match="whose files are copied as the code of steps"):
        draft(str(tmp_path / "job.yml"), str(tmp_path / "imported"))


def test_a_file_that_is_no_yaml_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(PipelineError) as error:
        made(tmp_path, {"job.yml": "jobs:\n  a: [1\n"})
    assert "job.yml:2" in str(error.value)
    with pytest.raises(UsageError) as usage:
        made(tmp_path, {"job.yml": "jobs:\n  a: 2026-13-45\n"})
    assert "job.yml:2: YAML 1.1" in str(usage.value)


FIXED = sorted(path.stem for path in (CONFORMANCE / "pipelines").glob("*.yaml"))
QUICK = {"left-out", "settings", "variants"}


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.more) for name in FIXED]
)
def test_an_export_that_is_imported_is_exported_alike(name: str, tmp_path: Path) -> None:
    """Byte for byte; `exported` says what is left out of two files."""
    project, first, second = (tmp_path / folder for folder in ("project", "first", "second"))
    project.mkdir()
    fill(project)
    text = (CONFORMANCE / "pipelines" / f"{name}.yaml").read_text(encoding="utf-8")
    (project / "pipeline.yaml").write_text(text.replace(*MENDED.get(name, ("", ""))), encoding="utf-8")
    export.write(*open_pipeline(str(project / "pipeline.yaml"), None, {}).require(), str(first))
    found = draft(str(first / "pipeline.yml"), str(tmp_path / "imported"))
    assert found.missing == {}
    export.write(*opened(found, tmp_path / "imported").require(), str(second))
    assert exported(second) == exported(first)


def exported(folder: Path) -> dict[str, bytes]:
    """Return all files of an export, without two things that only the file that was exported first can say.

    README.md ends with what the export left out of it, which is not there to be left out again; so the digest of
    README.md in export.json differs too.
    """
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    page, _, _ = files["README.md"].partition(b"\n## Omissions\n")
    manifest = re.sub(rb'"README.md": "[0-9a-f]{64}"', b"", files["export.json"])
    return {**files, "README.md": page, "export.json": manifest}


ANY, SIBLINGS = strategies.pipelines(mixed=True), strategies.siblings()
CAMPAIGNS = [
    pytest.param(ANY, 0, 2, id="any"),
    *(pytest.param(ANY, number, 50, marks=pytest.mark.more, id=f"any {number}") for number in range(1, 5)),
    pytest.param(SIBLINGS, 0, 30, marks=pytest.mark.more, id="siblings"),
]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of marshmallow, in the client
@pytest.mark.parametrize(("pipelines", "number", "plans"), CAMPAIGNS)
def test_exports_of_generated_pipelines_mean_the_same_when_imported(
    pipelines: SearchStrategy[strategies.Pipeline], number: int, plans: int, tmp_path: Path
) -> None:
    """By the facts of the proof: names of files, and which steps share a component, do not count."""
    pytest.importorskip("azure.ai.ml")
    logging.getLogger("azure.ai.ml").setLevel(logging.ERROR)
    project, exported, imported = (tmp_path / folder for folder in ("project", "exported", "imported"))
    project.mkdir()
    fill(project)
    done: set[str] = set()

    @seed(number)
    @given(pipelines)
    @settings(
        max_examples=2 * plans, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def check(one: strategies.Pipeline) -> None:
        for folder in (exported, imported):
            shutil.rmtree(folder, ignore_errors=True)
        (project / "pipeline.yaml").write_text(one.text, encoding="utf-8")
        plan, of_plan = open_pipeline(str(project / "pipeline.yaml"), None, one.given).require()
        if len(done) == plans or export.problems(plan):
            return
        export.write(plan, of_plan, str(exported))
        found = draft(str(exported / "pipeline.yml"), str(imported))
        assert found.missing == {}
        made = facts.facts_made(*opened(found, imported).require())
        assert differences(facts.facts_of(str(exported / "pipeline.yml"), found), made) == []
        done.add(one.text)

    check()
    assert len(done) == plans
