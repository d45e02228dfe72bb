"""Every export is what azure-ai-ml makes of it, key by key, and its commands give the steps what they receive here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from aml_pipeline.azureml import sendable, uploads
from aml_pipeline.azureml.adaptation import adapt
from aml_pipeline.azureml.adaptation import by_hand as by_hand_alone
from aml_pipeline.azureml.publication import of_trigger
from aml_pipeline.azureml.v2 import export, published
from aml_pipeline.azureml.v2.export import job as export_job
from aml_pipeline.azureml.v2.export import running, schedules, whole
from aml_pipeline.cli.commands import schedules as shown
from aml_pipeline.core.errors import PipelineError
from aml_pipeline.pipeline.plan import ports
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.plan.settings import Distribution
from aml_pipeline.project.opening import open_pipeline
from tests.azureml.test_conformance import CONFORMANCE, GIVEN, MENDED, ROOT, fill
from tests.conformance import strategies
from tests.pipeline.test_recurrence import ACCEPTED
from tests.v2 import firing, sdk, shell
from tests.v2.shell import Python

pytest.importorskip("azure.ai.ml")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of marshmallow, in the client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    fill(place)
    return place


@pytest.fixture
def python(tmp_path: Path) -> Python:
    return Python(tmp_path / "bin")


class Exported:
    """A pipeline that was exported and loaded by the client."""

    def __init__(self, text: str, folder: Path, profile: str | None, parameters: Mapping[str, str]) -> None:
        file = folder / "pipeline.yaml"
        file.write_text(text, encoding="utf-8")
        opened = open_pipeline(str(file), profile, parameters)
        plan, project = opened.require()
        opened.add([*sendable.problems(plan, project, plan.steps), *export.problems(plan)])
        opened.require()
        self.plan: Plan = plan
        self.project = project
        self.sent = adapt(uploads.here(plan, project))[0]
        self.root = folder.parent / "v2"
        export.write(plan, project, str(self.root))
        self.loaded = sdk.load(self.root)

    @property
    def job(self) -> Mapping[str, Any]:
        """The pipeline as it is sent."""
        found = self.loaded["pipeline.yml"].rest["properties"]
        assert isinstance(found, Mapping)
        return found

    def spec(self, node: str) -> Mapping[str, Any]:
        """The component of a node as it is sent."""
        file = str(self.loaded["pipeline.yml"].written["jobs"][node]["component"]).removeprefix("./")
        found = self.loaded[file].rest["properties"]["componentSpec"]
        assert isinstance(found, Mapping)
        return found

    def is_whole(self) -> None:
        """Assert that all that was written is sent, and that it is all that the plan says of a step's settings."""
        assert [(name, lost) for name, one in self.loaded.items() if (lost := sdk.dropped(one, self.root))] == []
        assert list(self.job["jobs"]) == [export.node(step.name) for step in self.plan.steps]
        self.keeps_texts()
        for step in self.sent.steps:
            node = self.job["jobs"][export.node(step.name)]
            assert node.get("environment_variables", {}) == dict(step.environment_variables)
            assert sdk.seconds(node.get("limits", {}).get("timeout", "PT")) == (step.timeout or 0)
            assert node.get("distribution") == (_started(step.distribution) if step.distribution else None)
            count = step.distribution.nodes if step.distribution else None
            assert node.get("resources", {}).get("instance_count") == count
            assert step.compute
            default = self.job["settings"].get("default_compute")
            assert node.get("computeId") == (step.compute.name if step.compute.name != default else None)
            spec = self.spec(export.node(step.name))
            assert spec["is_deterministic"] == step.allow_reuse
            assert set(spec.get("inputs", {})) == set(node.get("inputs", {}))
            assert not set(spec.get("inputs", {})) & set(spec.get("outputs", {}))
            carried = {part for argument in step.arguments for part in argument.parts}
            named = [name for part, name in ports.names(step).items() if part in carried]
            assert [name for name in named if f"'${{{{inputs.{name}}}}}'" not in spec["command"]] == []
            assert set(named) <= set(spec.get("inputs", {}))
        self.is_one_component()
        self.is_scheduled()

    def is_scheduled(self) -> None:
        """Assert that all that a published schedule says is sent, with the component in place of the steps."""
        component = "/subscriptions/s/resourceGroups/g/workspaces/w/components/c/versions/1"
        for key in self.sent.schedules:
            texts = running.files(self.sent, key, f"azureml:{component}")
            paths = [self.root / "schedules" / name for name in texts]
            for path, text in zip(paths, texts.values(), strict=True):
                path.write_text(text, encoding="utf-8")
            loaded, (_, job) = sdk.load_file(paths[0]), map(yaml.safe_load, texts.values())
            assert job.pop("component") == f"azureml:{component}"
            assert loaded.rest["properties"]["action"]["jobDefinition"]["componentId"] == component
            assert [sdk.dropped(each, self.root) for each in (loaded, replace(loaded, written=job))] == [[], []]
            for path in paths:
                path.unlink()

    def is_one_component(self) -> None:
        """Assert that the component of the pipeline has the nodes, the inputs and the results of its job."""
        file = self.root / "component.yml"
        file.write_text(whole.text(self.sent, "1"), encoding="utf-8")
        loaded = sdk.load_file(file)
        assert sdk.dropped(loaded, self.root) == []
        file.unlink()
        spec = loaded.rest["properties"]["componentSpec"]
        assert list(spec["jobs"]) == list(self.job["jobs"])
        settings = self.job["settings"]  # also those of a schedule that runs the component
        for name, node in spec["jobs"].items():
            there = _meant(self.job["jobs"][name], settings, self.job.get("outputs", {}))
            assert _meant(node, settings, spec.get("outputs", {})) == there
        assert spec.get("inputs", {}) == {
            name: {"type": value["jobInputType"]}
            if "uri" in value
            else {**next(self.receiving(name)), "default": value["value"]}
            for name, value in self.job.get("inputs", {}).items()
        }

    def keeps_texts(self) -> None:
        """Assert that each value of a parameter is sent as the text that it is, which its inputs allow."""
        texts = {name: parameter.text for name, parameter in self.sent.parameters.items()}
        sent = [(self.job, texts)]
        for key, schedule in self.sent.schedules.items():
            rest = self.loaded[f"schedules/{key}.yml"].rest["properties"]["action"]["jobDefinition"]
            sent.append((rest, {**texts, **schedule.parameters}))
        for job, values in sent:
            assert {name: job["inputs"][name]["value"] for name in values} == values
            assert all(_allows(port, text) for name, text in values.items() for port in self.receiving(name))

    def receiving(self, parameter: str) -> Iterator[Mapping[str, Any]]:
        """Yield the declarations of the inputs that receive ``parameter``."""
        for name, node in self.job["jobs"].items():
            spec = self.spec(name)
            for port, bound in node.get("inputs", {}).items():
                if bound["value"] == f"${{{{parent.inputs.{parameter}}}}}":
                    yield spec["inputs"][port]

    def received(self, python: Python, name: str) -> list[str]:
        """Return what the script ``name`` receives, the same in each shell, and nothing less than its script first."""
        node = export.node(name)
        spec = self.spec(node)
        order = self.root.parent / "order folder"
        order.mkdir(exist_ok=True)
        alone = not self.plan.step(name).written
        command = shell.bound(self.job, node, spec["command"], order if alone else None)
        words, *others = [python.starts(one, command) for one in shell.SHELLS]
        assert others == [words]
        first = self.plan.step(name).words
        assert words[: len(first)] == list(first)
        return words[len(first) :]


_RESULT = re.compile(r"\$\{\{parent\.outputs\.(\w+)\}\}")


def _allows(declared: Mapping[str, Any], text: str) -> bool:
    """Whether an input of a component, as it is sent, allows the value ``text``, and no type rewrites it."""
    if declared["type"] == "string":
        return text in declared.get("enum", [text])
    number = {"integer": int, "number": float}[declared["type"]](text)
    return str(number) == text and float(declared.get("min", number)) <= number <= float(declared.get("max", number))


def _meant(node: Mapping[str, Any], settings: Mapping[str, Any], results: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a node with what the settings and the results of its pipeline say of its target and its outputs."""
    outputs = {}
    for port in yaml.safe_load(node["componentId"]).get("outputs", {}):
        output = node.get("outputs", {}).get(port, {})
        bound = _RESULT.fullmatch(output.get("value", ""))
        outputs[port] = _settings(results[bound[1]] if bound else output)
    return {"computeId": settings.get("default_compute"), **node, "outputs": outputs}


def _settings(output: Mapping[str, Any]) -> tuple[str, str, str | None, str | None]:
    """Return type, mode, path and name of an output, whoever has it."""
    kind = output.get("job_output_type", output.get("jobOutputType", output.get("type", "uri_folder")))
    mode = sdk.mode(output.get("mode", "rw_mount"))
    return kind, mode, output.get("uri"), output.get("assetName", output.get("name"))


def _started(distribution: Distribution) -> Mapping[str, Any]:
    """Return what v2 is sent about the processes of a step."""
    if distribution.type == "tensorflow":
        return {"distribution_type": "TensorFlow", "worker_count": distribution.nodes, "parameter_server_count": 0}
    kind = {"pytorch": "PyTorch", "mpi": "Mpi"}[distribution.type]
    return {"distribution_type": kind, "process_count_per_instance": distribution.processes_per_node}


def exported(
    text: str, folder: Path, profile: str | None = None, parameters: Mapping[str, str] | None = None
) -> Exported:
    return Exported(text, folder, profile, parameters or {})


def by_hand(file: Path) -> tuple[str, dict[str, list[str]]]:
    """Return a pipeline that was written by hand, mended where v2 cannot say it, and what its steps receive."""
    text, expected = (file.with_suffix(one).read_text(encoding="utf-8") for one in (".yaml", ".json"))
    if file.stem in MENDED:
        text = text.replace(*MENDED[file.stem])
        expected = expected.replace(json.dumps('it\'s "quoted"'), json.dumps('its "quoted"'))
    return text, json.loads(expected)


def refused(text: str, folder: Path, profile: str | None, parameters: Mapping[str, str]) -> list[str]:
    """Return the codes of the errors of what cannot be exported."""
    with pytest.raises(PipelineError) as caught:
        Exported(text, folder, profile, parameters)
    assert not (folder.parent / "v2").exists()
    return [one.code for one in caught.value.problems if one.severity == "error"]


@pytest.mark.parametrize("file", sorted((CONFORMANCE / "pipelines").glob("*.yaml")), ids=lambda file: str(file.stem))
def test_a_pipeline_written_by_hand(folder: Path, python: Python, file: Path) -> None:
    profile, parameters = GIVEN.get(file.stem, (None, {}))
    if file.stem in MENDED:
        written = file.read_text(encoding="utf-8")
        assert set(refused(written, folder, profile, parameters)) <= {"export-name", "export-value"}
    text, expected = by_hand(file)
    one = exported(text, folder, profile, parameters)
    one.is_whole()
    assert {step.name: one.received(python, step.name) for step in one.plan.steps} == expected


def test_the_shipped_pipeline(tmp_path: Path, python: Python) -> None:
    project = tmp_path / "project"
    for name in ("steps", ".azureml"):
        shutil.copytree(ROOT / name, project / name)
    one = exported((ROOT / "pipeline.yaml").read_text(encoding="utf-8"), project, "quickstart")
    one.is_whole()
    assert sorted(one.loaded) == [
        *("components/prepare_data.yml", "components/register_environment.yml", "components/train.yml"),
        *("environments/pytorch-env.yml", "pipeline.yml", "schedules/nightly.yml"),
    ]
    assert one.received(python, "prepare-data") == ["--dataset", "digits", "--output", "<output prepare-data.images>"]
    assert one.received(python, "train")[:4] == ["--data", "<input prepare-data.images>", "--epochs", "10"]
    assert shell.after(one.job) == {"prepare-data": set(), "train": set(), "register-environment": {"train"}}


ANY, SIBLINGS = strategies.pipelines(mixed=True), strategies.siblings()
CAMPAIGNS = [
    *[pytest.param(ANY, 0, 2, id="any"), pytest.param(SIBLINGS, 0, 4, id="siblings")],
    *(pytest.param(ANY, number, 50, marks=pytest.mark.more, id=f"any {number}") for number in range(4)),
    *(pytest.param(SIBLINGS, number, 50, marks=pytest.mark.more, id=f"siblings {number}") for number in range(2)),
]


@pytest.mark.parametrize(("pipelines", "number", "plans"), CAMPAIGNS)
def test_generated_pipelines(
    folder: Path, python: Python, pipelines: SearchStrategy[strategies.Pipeline], number: int, plans: int
) -> None:
    """Those whose parameters v2 can carry are exported, and all others are refused."""
    done: set[tuple[str, str]] = set()
    shared = 0

    @seed(number)
    @given(pipelines)
    @settings(
        max_examples=4 * plans, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def check(one: strategies.Pipeline) -> None:
        nonlocal shared
        if len(done) == plans:
            return
        written = [word.written for step in one.steps.values() for word in step.words]
        used = [name for name in one.parameters if any(f"parameters.{name} " in text for text in written)]
        if any(mark in one.value(name) for name in used for mark in ("'", "$[[", "${{")):
            shutil.rmtree(folder.parent / "v2", ignore_errors=True)
            assert set(refused(one.text, folder, None, one.given)) == {"export-value"}
            return
        found = exported(one.text, folder, parameters=one.given)
        found.is_whole()
        assert {name: found.received(python, name) for name in one.received} == one.received
        reads = {step.name: {token.step for token in step.inputs} for step in found.plan.steps}
        assert shell.after(found.job) == {name: after - reads[name] for name, after in one.after.items()}
        done.add((one.text, str(one.given)))
        jobs = found.loaded["pipeline.yml"].written["jobs"].values()
        shared += len({node["component"] for node in jobs}) < len(jobs)

    check()
    assert len(done) == plans
    assert pipelines is ANY or shared >= plans / 2


HEAD = "name: small\ncompute: cpu-cluster\nenvironment: {name: training, docker_image: x}\n"


def test_a_step_without_outputs_that_others_come_after_writes_a_file_and_keeps_its_exit_status(
    folder: Path, python: Python
) -> None:
    one = exported(
        f"{HEAD}parameters: {{order: a b}}\nsteps:\n"
        '  first: {script: record.py, arguments: ["${{ parameters.order }}"]}\n'
        "  second: {script: record.py, after: [first]}\n",
        folder,
    )
    one.is_whole()
    assert shell.after(one.job) == {"first": set(), "second": {"first"}}
    assert one.received(python, "first") == ["a b"]
    written = folder.parent / "order folder" / "done"
    assert written.read_text() == "done\n"
    written.unlink()
    spec = one.loaded["components/first.yml"].rest["properties"]["componentSpec"]
    command = shell.bound(one.job, "first", spec["command"], written.parent)
    for name in shell.SHELLS:
        assert python.receives(name, command, status=3) == ["record.py", "a b"]
    assert not written.exists()


@pytest.mark.parametrize("text", ["a${{b", "$[[x]]", "'$[[", "$$[[ ]]'", "${{inputs.x}}", "`id` $(id) ${HOME} !! \\"])
def test_what_v2_would_take_for_its_own_is_taken_apart(text: str, python: Python) -> None:
    from aml_pipeline.azureml.v2.export.command import quoted

    word = quoted(text)
    assert "${{" not in word
    assert "$[[" not in word
    for name in shell.SHELLS:
        assert python.receives(name, f"python {word}") == [text]


@pytest.mark.parametrize("name", ["class", "items", "keys", "name", "type", "self", "in", "order", "model", "import"])
def test_names_that_python_or_the_client_might_keep_for_themselves(folder: Path, python: Python, name: str) -> None:
    one = exported(
        f"{HEAD}parameters: {{{name}: 1}}\ndatasets: {{{name}: {{local: data, datastore: s, path: {name}}}}}\nsteps:\n"
        f'  {name}: {{script: record.py, arguments: ["${{{{ parameters.{name} }}}}", "${{{{ outputs.{name} }}}}"]}}\n'
        f'  last: {{script: record.py, after: [{name}], arguments: ["${{{{ datasets.{name} }}}}"]}}\n',
        folder,
    )
    one.is_whole()
    assert one.received(python, name) == ["1", f"<output {name}.{name}>"]
    assert one.received(python, "last") == [f"<dataset {name}>"]


FULL = """
name: full
description: "All that: a # text may hold, 'é'"
experiment: day_1
compute: {name: cpu, vm_size: STANDARD_D2_V2, vm_priority: lowpriority, min_nodes: 1, max_nodes: 4,
  idle_seconds_before_scaledown: 600}
environment: {name: training, docker_image: x, pip_requirements: requirements.txt}
environment_variables: {A: "012", B: "a\\nb é"}
timeout: 90s
parameters: {flag: true, text: "a\\n\\"b\\" $HOME `id` %s \\\\ é", unused: 1}
datasets:
  a: {local: data, registered: images, version: 3, mode: eval_mount}
  b: {local: data, datastore: store, path: /some/where, mode: download}
  c: {local: data, registered: images, mode: eval_download}
steps:
  one:
    script: record.py
    allow_reuse: false
    arguments: ["${{ parameters.flag }}", "${{ parameters.text }}", "${{ datasets.a }}", "${{ datasets.b }}",
      "${{ datasets.c }}", "${{ outputs.here }}", "${{ outputs.there }}"]
    outputs:
      here: {datastore: store, mode: mount, register_as: made-here}
  two:
    script: record.py
    environment: {name: Training, docker_image: y}
    arguments: ["${{ steps.one.outputs.here }}"]
  three:
    script: record.py
    environment: {curated: AzureML-sklearn-1.5, version: 7}
  four:
    script: record.py
    environment: {registered: team}
schedules:
  one:
    cron: "0 2 * * *"
    parameters: {flag: false, unused: 2}
    datasets: {a: "azureml:images:4", b: azureml://datastores/other/paths/there}
"""


def test_all_settings_are_sent(folder: Path, python: Python) -> None:
    one = exported(FULL, folder)
    one.is_whole()
    assert one.received(python, "one")[:2] == ["true", 'a\n"b" $HOME `id` %s \\ é']
    node = one.job["jobs"]["one"]
    assert one.job["inputs"]["a"] == {"jobInputType": "mltable", "uri": "images:3"}
    assert one.job["inputs"]["b"]["uri"] == "azureml://datastores/store/paths/some/where"
    assert node["inputs"]["a"]["value"] == "${{parent.inputs.a}}"
    assert [node["inputs"][name]["mode"] for name in "abc"] == ["EvalMount", "Download", "EvalDownload"]
    assert node["outputs"]["here"]["uri"] == "azureml://datastores/store/paths/dataset/${{name}}/${{output_name}}"
    assert [node["outputs"][name].get("mode") for name in ("here", "there")] == [None, "Upload"]
    assert sorted(name for name in one.loaded if name.startswith("environments")) == [
        "environments/Training-2.yml",
        "environments/training.yml",
    ]
    components = {
        name: one.loaded[f"components/{name}.yml"].rest["properties"]["componentSpec"] for name in one.job["jobs"]
    }
    assert components["three"]["environment"] == "azureml:AzureML-sklearn-1.5:7"
    assert components["four"]["environment"] == "azureml:team@latest"
    assert [components[name]["is_deterministic"] for name in ("one", "two")] == [False, True]


RESULTS = """steps:
  one:
    script: record.py
    arguments: ["${{ outputs.table }}", "${{ outputs.net }}", "${{ outputs.saved }}", "${{ outputs.last }}"]
    outputs:
      table: {type: file, path: "tables/{run}/table.csv"}
      net: {model: {name: cifar-net}, datastore: store, mode: mount}
      saved: {model: {name: saved, type: mlflow}}
      last: {path: scores/last, overwrite: true, datastore: store}
  two:
    script: record.py
    arguments: ["${{ steps.one.outputs.table }}", "${{ steps.one.outputs.net }}", "${{ steps.one.outputs.saved }}"]
  three: {script: record.py, after: [one]}
outputs: {network: "${{ steps.one.outputs.net }}"}
"""


def test_files_places_models_and_the_outputs_of_the_job(folder: Path, python: Python) -> None:
    one = exported(HEAD + RESULTS, folder)
    one.is_whole()
    assert one.received(python, "one") == [f"<output one.{name}>" for name in ("table", "net", "saved", "last")]
    assert one.received(python, "two") == [f"<input one.{name}>" for name in ("table", "net", "saved")]
    outputs = one.job["jobs"]["one"]["outputs"]
    default = "azureml://datastores/${{default_datastore}}/paths"
    assert outputs["table"] == {
        "job_output_type": "uri_file", "mode": "Upload", "uri": f"{default}/tables/${{{{name}}}}/table.csv"
    }  # fmt: skip
    assert outputs["saved"] == {"job_output_type": "mlflow_model", "mode": "Upload", "name": "saved"}
    assert outputs["last"]["uri"] == "azureml://datastores/store/paths/scores/last"
    assert outputs["net"] == {"type": "literal", "value": "${{parent.outputs.network}}"}
    assert one.job["outputs"] == {
        "network": {
            "jobOutputType": "custom_model",
            "assetName": "cifar-net",
            "uri": "azureml://datastores/store/paths/dataset/${{name}}/${{output_name}}",
        }
    }
    specs = {
        name: one.loaded[f"components/{name}.yml"].rest["properties"]["componentSpec"]
        for name in ("one", "two", "three")
    }
    kinds = ["uri_file", "custom_model", "mlflow_model"]
    assert [port["type"] for port in specs["one"]["outputs"].values()] == [*kinds, "uri_folder"]
    assert [port["type"] for port in specs["two"]["inputs"].values()] == kinds
    assert [port["type"] for port in specs["three"]["inputs"].values()] == ["uri_file"]


def test_a_step_alone_has_only_its_own_results(folder: Path) -> None:
    (folder / "pipeline.yaml").write_text(HEAD + RESULTS, encoding="utf-8")
    plan, _ = open_pipeline(str(folder / "pipeline.yaml")).require()
    assert by_hand_alone(plan, plan.step("one")).outputs == plan.outputs
    assert by_hand_alone(plan, plan.step("three")).outputs == {}


@pytest.mark.parametrize(
    ("targets", "default"),
    [(["a"], "a"), (["a", "a", "b"], "a"), (["b", "a", "a"], "a"), (["a", "b"], None), (["a", "a", "b", "c"], None)],
)
def test_the_compute_target_of_most_steps_is_the_default(folder: Path, targets: list[str], default: str | None) -> None:
    steps = "".join(f"  s{n}: {{script: record.py, compute: {name}}}\n" for n, name in enumerate(targets))
    one = exported(f"{HEAD}steps:\n{steps}", folder)
    one.is_whole()
    assert one.job["settings"].get("default_compute") == default
    assert [node.get("computeId", default) for node in one.job["jobs"].values()] == targets


STORES = """steps:
  one: {script: record.py, arguments: ["${{ outputs.a }}", "${{ outputs.b }}"], outputs: {%s}}
  two: {script: record.py, after: [three], arguments: ["${{ outputs.c }}"], outputs: {c: {datastore: store}}}
  three: {script: record.py}
outputs: {last: "${{ steps.two.outputs.c }}"}
"""


@pytest.mark.parametrize(
    ("outputs", "default"),
    [
        ("a: {datastore: store}, b: {datastore: store, path: there, overwrite: true, mode: mount}", "store"),
        ("a: {datastore: store}, b: {datastore: other}", None),
        ("a: {datastore: store}", None),
    ],
)
def test_the_datastore_of_all_outputs_is_the_default(folder: Path, outputs: str, default: str | None) -> None:
    one = exported(HEAD + STORES % outputs, folder)
    one.is_whole()
    assert one.job["settings"].get("default_datastore") == default
    place = "azureml://datastores/store/paths/dataset/${{name}}/${{output_name}}"
    ports = one.job["jobs"]["one"]["outputs"]
    assert ports["a"].get("uri") == one.job["outputs"]["last"].get("uri") == place
    assert "uri" not in one.job["jobs"]["three"]["outputs"]["order"]
    if default:
        assert ports["b"] == {"uri": "azureml://datastores/store/paths/there", "job_output_type": "uri_folder"}


def _places(plan: Plan) -> list[dict[str, str | None]]:
    """Return the path of each output in the job that is submitted, and in the component that is published."""
    job, component = yaml.safe_load(export_job.text(plan)), whole.data(plan, "1")
    return [
        {
            f"{name}.{port}": _bound_to(of.get("outputs", {}), output).get("path")
            for name, node in of["jobs"].items()
            for port, output in node.get("outputs", {}).items()
            if port != "order"
        }
        for of in (job, component)
    ]


def _bound_to(results: Mapping[str, Any], output: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of an output, which those of the pipeline's output are if it is bound to one."""
    if not isinstance(output, str):
        return output
    bound = _RESULT.fullmatch(output)
    assert bound is not None
    settings: Mapping[str, Any] = results[bound[1]]
    return settings


@pytest.mark.parametrize(
    "outputs",
    [
        "a: {datastore: store}, b: {datastore: store, path: there, overwrite: true}",
        "a: {datastore: store}, b: {datastore: other}",
        "a: {datastore: store}, b: {path: 'there/{run}'}",
        "a: {datastore: store, register_as: made}, b: {datastore: store, mode: mount}",
    ],
)
def test_an_output_on_a_named_datastore_has_one_place(folder: Path, outputs: str) -> None:
    """It is the same for `submit` and `publish`, and stays where it is when a step is added."""
    (folder / "pipeline.yaml").write_text(HEAD + STORES % outputs, encoding="utf-8")
    plan, _ = open_pipeline(str(folder / "pipeline.yaml")).require()
    submitted, published = _places(plan)
    assert submitted == published
    assert len(submitted) == 3
    assert None not in submitted.values()
    fewer = replace(plan, steps=tuple(step for step in plan.steps if step.name != "one"))
    assert _places(fewer) == [{"two.c": submitted["two.c"]}] * 2


def test_serverless_compute_is_the_default_of_the_job_and_no_cluster(folder: Path) -> None:
    text = f"{HEAD}steps:\n  one: {{script: record.py, compute: serverless}}\n  two: {{script: record.py}}\n"
    sized = "  three: {script: record.py, compute: {name: serverless, vm_size: STANDARD_D2_V2}}\n"
    one = exported(text + sized, folder)
    assert [
        (name, sdk.dropped(part, one.root)) for name, part in one.loaded.items() if sdk.dropped(part, one.root)
    ] == []
    assert one.job["settings"]["default_compute"] == "serverless"
    nodes = one.job["jobs"]
    assert [nodes[name].get("computeId") for name in ("one", "two", "three")] == [None, "cpu-cluster", None]
    assert [nodes[name].get("resources") for name in ("one", "three")] == [None, {"instance_type": "STANDARD_D2_V2"}]
    assert not [name for name in one.loaded if name.startswith("compute/")]


def test_a_schedule_sends_the_whole_pipeline_with_its_values(folder: Path) -> None:
    one = exported(FULL, folder)
    sent = one.loaded["schedules/one.yml"].rest["properties"]["action"]["jobDefinition"]
    assert sent["jobs"] == one.job["jobs"]
    values = {name: value.get("value", value.get("uri")) for name, value in sent["inputs"].items()}
    assert values == {
        "flag": "false",
        "text": 'a\n"b" $HOME `id` %s \\ é',
        "a": "images:4",
        "b": "azureml://datastores/other/paths/there",
        "c": "images@latest",
    }
    assert [sent["inputs"][name]["jobInputType"] for name in "abc"] == ["mltable", "uri_folder", "mltable"]
    assert sent["settings"]["force_rerun"] is True
    one = exported(f"{FULL}publish: {{reuse: true}}\n", folder)
    sent = one.loaded["schedules/one.yml"].rest["properties"]["action"]["jobDefinition"]
    assert sent["settings"]["force_rerun"] is False


BOUND = "${{parent.jobs.one.outputs.here}}"


def _changed(data: Any, path: tuple[str, ...], key: str | None, value: object) -> Any:  # noqa: ANN401 - JSON
    """Return ``data`` with another ``key`` (None: the same) or ``value`` at ``path``."""
    copy = json.loads(json.dumps(data))
    inner = copy
    for one in path[:-1]:
        inner = inner[one]
    inner.pop(path[-1])
    inner[key or path[-1]] = value
    return copy


def test_the_walker_sees_a_key_or_a_value_that_is_not_sent(folder: Path) -> None:
    """Else that it finds nothing would mean nothing."""
    one = exported(FULL, folder)
    count = 0
    for loaded in one.loaded.values():
        for path, value in sdk.leaves(loaded.written):
            if path[-1] in {"component", "conda_file", "job", "$schema"}:  # read from other files, or for editors
                continue
            other = not value if isinstance(value, bool) else 7 if isinstance(value, int) else "something else"
            for key, put in ((None, other), ("another_key", value)):
                written = _changed(loaded.written, path, key, put)
                expected = [((*path[:-1], key or path[-1]), put)]
                assert sdk.dropped(replace(loaded, written=written), one.root) == expected
                count += 1
    assert count > 150


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("components/two.yml", ("environment_variables",), {"X": "1"}),
        ("schedules/one.yml", ("is_enabled",), False),
        ("pipeline.yml", ("jobs", "two", "inputs", "here"), {"path": BOUND, "type": "uri_folder"}),
    ],
)  # fmt: skip
def test_what_the_client_drops_without_a_word_would_be_seen(
    folder: Path, name: str, path: tuple[str, ...], value: object
) -> None:
    one = exported(FULL, folder)
    data = inner = yaml.safe_load((one.root / name).read_text(encoding="utf-8"))
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    (one.root / name).write_text(yaml.safe_dump(data), encoding="utf-8")
    found = sdk.dropped(sdk.load_file(one.root / name, is_valid=False), one.root)
    assert [leaf[: len(path)] for leaf, _ in found] == [path]


# Values that a test of times is best made of, each with the time zones of its turn.
RECURRENCES = (
    "{frequency: day, hours: [2], minutes: [0, 30]}",
    "{frequency: day, interval: 3, start_time: 2026-09-01T02:30:00}",
    "{frequency: day, interval: 2, hours: [1, 23], minutes: [5], start_time: 2027-05-01T02:30:00}",
    "{frequency: week, week_days: [monday, thursday], hours: [6], minutes: [0]}",
    "{frequency: week, interval: 2, week_days: [monday, friday], hours: [6], start_time: 2027-01-08T06:00}",
    "{frequency: week, interval: 3, start_time: 2026-01-04T02:30:00}",
    "{frequency: month, start_time: 2026-01-28T02:30:00}",
    "{frequency: month, interval: 5, start_time: 2026-01-15T23:59:00}",
    "{frequency: hour, interval: 7, start_time: 2026-09-15T23:59:00}",
    "{frequency: minute, interval: 17, start_time: 2026-09-30T23:59:00}",
)
ZONES = ("Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "UTC")
NOWS = ("2026-10-01T00:00+00:00", "2026-10-24T12:00+00:00", "2027-03-13T12:00+00:00", "2028-02-28T23:59+00:00")


@pytest.mark.parametrize("every", [8, pytest.param(1, marks=pytest.mark.more)])
def test_each_schedule_fires_when_schedules_says(folder: Path, every: int) -> None:
    crons = [json.dumps(one) for one in ACCEPTED[::every]]
    forms = [*(f"cron: {one}" for one in crons), *(f"recurrence: {one}" for one in RECURRENCES)]
    rows = [f"  s-{n}: {{{form}, time_zone: {ZONES[n % len(ZONES)]}}}" for n, form in enumerate(forms)]
    text = f"{HEAD}steps: {{one: {{script: record.py}}}}\nschedules:\n" + "\n".join(rows)
    one = exported(text, folder)
    one.is_whole()
    kinds = set()
    for now in map(datetime.fromisoformat, NOWS):
        for row in shown.rows(one.plan, now):
            trigger = one.loaded[f"schedules/{row['name']}.yml"].rest["properties"]["trigger"]
            here = now.astimezone(firing.zone(trigger)).replace(tzinfo=None)
            walls = [
                wall.isoformat(timespec="minutes") for wall in islice(firing.walls(trigger, here), len(row["runs"]))
            ]
            assert walls == [run["local"] for run in row["runs"]], (row, trigger)
            kinds.add((trigger["triggerType"], trigger.get("frequency")))
            # What is published is compared with the file in these terms.
            assert published.timing(trigger) == of_trigger(schedules.trigger(one.plan, row["name"]))
    assert len(kinds) == 6


@pytest.mark.parametrize("one_shell", shell.SHELLS)
@pytest.mark.parametrize("step", ["train", "again"])
def test_modules_at_the_root_are_found_by_the_command(tmp_path: Path, one_shell: str, step: str) -> None:
    """A real Python runs the exported command in the exported folder."""
    project = shutil.copytree(ROOT / "tests/shapes/from_root", tmp_path / "project")
    plan, opened = open_pipeline(str(project / "pipeline.yaml"), None, {}).require()
    export.write(plan, opened, str(tmp_path / "v2"))
    component = yaml.safe_load((tmp_path / f"v2/components/{step}.yml").read_text())
    command = component["command"].replace("python", f"'{sys.executable}'").replace("${{outputs.model}}", str(tmp_path))
    code = tmp_path / "v2/components" / component["code"]
    subprocess.run([one_shell, "-c", command], cwd=code, check=True, env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert (tmp_path / "model.txt").read_text() == "slope 2"


def test_a_file_at_a_web_address(folder: Path) -> None:
    one = exported(
        "name: web\ncompute: cpu-cluster\nenvironment: {name: training, docker_image: x}\n"
        "datasets: {iris: {local: table.csv, url: 'https://example.com/iris.csv', mode: download}}\n"
        "steps: {first: {script: record.py, arguments: {--data: '${{ datasets.iris }}'}}}\n"
        "profiles: {other: {datasets: {iris: {url: 'https://example.com/other.csv'}}}}\n",
        folder,
    )
    one.is_whole()
    assert one.job["inputs"]["iris"]["uri"] == "https://example.com/iris.csv"
    assert one.job["inputs"]["iris"]["jobInputType"] == "uri_file"
    assert one.job["jobs"]["first"]["inputs"]["data"]["mode"] == "Download"
