"""What comes back when a pipeline is submitted or published, and imported: the plan, but for the losses in a table."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from aml_pipeline import azureml
from aml_pipeline.azureml import uploads
from aml_pipeline.azureml.adaptation import adapt
from aml_pipeline.azureml.importing import folder as project_folder
from aml_pipeline.azureml.importing import proof
from aml_pipeline.azureml.importing.draft import Draft
from aml_pipeline.azureml.importing.proof import Facts
from aml_pipeline.azureml.importing.proving import compared
from aml_pipeline.azureml.v1.imported import facts, snapshots
from aml_pipeline.azureml.v1.imported.drafting import draft
from aml_pipeline.azureml.v1.imported.reading import read
from aml_pipeline.core import removal
from aml_pipeline.pipeline.plan import ports
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.settings import OutputSettings
from aml_pipeline.pipeline.plan.tokens import Dataset, Literal, Output, Token
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import open_pipeline
from tests.azureml.test_conformance import CONFORMANCE, GIVEN, fill
from tests.conformance import strategies
from tests.loopback.service import Service
from tests.loopback.serving import quiet, serving
from tests.loopback.state import Sdk
from tests.loopback.storage import KEY, storing
from tests.loopback.workspace import DEFAULT_DATASTORE

pytestmark = quiet

# What Azure ML does not keep, or what the file says in another way: docs/how-to/import.md has the same list.
LOSSES = {
    "steps": "variants of a matrix are steps of their own; a script that a command starts by `python` is a `script`",
    "parameters": "types are guessed from the values; descriptions, choices, bounds, and those that no step receives",
    "datasets": "`local`, `optional`, `upload`; names in a run, where it is that of the data or the input; "
    "the latest version is the one of that day",
    "outputs": "`may_be_empty`, the type of a model; the default datastore is named beside a path; an output that no "
    "argument names, with the steps that read it; `outputs` of the pipeline",
    "environments": "`pip_requirements` is a conda file, `conda_environment` too; names and comments of files",
    "settings": "`allow_reuse` of steps that are published without `reuse`; `retries`, `python`, `identity`, "
    "`snapshot`, `tags`, secrets, sizes of compute targets, profiles",
    "schedules": "the zone is one of equal clocks; a cron is written in full; starts that nothing is counted from",
}


@dataclass(frozen=True)
class Bench:
    """A workspace, a project that is sent to it, and where imports are written."""

    service: Service
    workspace: Sdk
    project: Path
    target: Path
    read: dict[str, Any] = field(default_factory=dict)  # last

    def proof(self, folder: str) -> list[str]:
        """Return how the project in ``folder`` differs from what was read last."""
        found, drafted = self.read["found"], self.read["draft"]
        return compared(folder, "v1", lambda: facts.facts_of(found, drafted), self._made)

    def _made(self, plan: Plan, project: Project) -> Facts:
        return facts.facts_made(plan, self.workspace, project)

    def comes_back(
        self, text: str, *, how: str, profile: str | None = None, values: Mapping[str, str] | None = None
    ) -> tuple[Plan, Plan, Draft, tuple[str, ...]]:
        """Send a pipeline, import it; return both plans, the draft and the differences that the proof found."""
        file = self.project / "pipeline.yaml"
        file.write_text(text, encoding="utf-8")
        plan, project = open_pipeline(str(file), profile, values).require()
        if how == "submit":
            asked = {"run": azureml.submit(plan, self.workspace, project).id}
        else:
            azureml.publish(plan, self.workspace, project)
            asked = {"endpoint": [*self.service.state.endpoints.values()][-1]["Name"]}
        there, _ = uploads.planned(plan, project, plan.steps, lambda: DEFAULT_DATASTORE)
        self.service.forget()
        found = read(self.workspace, **asked)
        drafted = draft(found)
        removal.remove(str(self.target))
        self.read.update(found=found, draft=drafted)
        fetch = partial(snapshots.fetch, self.workspace)
        done = project_folder.write(drafted, str(self.target), fetch, self.proof)
        assert self.service.writes() == []
        back = open_pipeline(str(self.target / "pipeline.yaml")).plan
        assert back is not None
        return adapt(there)[0], back, drafted, tuple(done.differences or ())


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    home, project = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("project")
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(home, patch) as service,
        storing(service.guard, home, patch) as storage,
    ):
        from azureml.core import Environment

        from tests.loopback.client import connect

        for name in ("cpu-cluster", "big-cluster", "made-cluster"):
            service.add_compute(name)
        service.add_datastore("results")
        service.unlock("AccountKey", KEY)
        for name in ("images", "images", "letters", "rows"):
            service.add_dataset(name, f"some/{name}")
        service.state.datasets["rows"][-1]["datasetType"] = "tabular"
        service.store_snapshots(storage)
        workspace = connect(service, home)
        team = Environment("team")
        team.version = "1"
        team.register(workspace)
        fill(project)
        yield Bench(service, workspace, project, home / "imported")


def expected(plan: Plan, how: str, missing: Collection[str]) -> dict[str, Any]:
    """Return what must come back of a plan that was submitted or published, without the steps that are missing."""
    kept = [step for step in plan.steps if step.name not in missing]
    plan = replace(plan, steps=tuple(replace(step, after=tuple({*step.after} - {*missing})) for step in kept))
    if how == "submit":
        return described(replace(plan, schedules={}))
    return described(
        plan if plan.reuse else replace(plan, steps=tuple(replace(step, allow_reuse=True) for step in plan.steps))
    )


def described(plan: Plan) -> dict[str, Any]:
    """Return a plan without what LOSSES says."""
    received = {name for step in plan.steps for name in step.parameters}
    return {
        "parameters": {name: one.text for name, one in plan.parameters.items() if name in received},
        "steps": {step.name: _step(plan, step) for step in plan.steps},
        "schedules": {
            name: (
                one.recurrence.starting(None) if one.recurrence.hours else one.recurrence,
                one.windows_zone,
                dict(one.parameters),
            )
            for name, one in plan.schedules.items()
        },
        "reuse": plan.reuse,
    }


def _step(plan: Plan, step: Step) -> dict[str, Any]:
    def shown(token: Token) -> object:
        return _place(plan, token.name) if isinstance(token, Dataset) else token

    tokens = [shown(token) for argument in step.arguments for token in argument.tokens]
    names = {str(shown(token)): name for token, name in ports.names(step).items()}
    environment, compute = step.environment, step.compute
    assert environment is not None
    assert compute is not None
    return {
        "words": [*map(Literal, step.words), *tokens],
        "ports": names,
        "outputs": {name: _output(one) for name, one in step.outputs.items() if Output(name) in tokens},
        "after": sorted(step.after),
        "compute": compute.name,
        "environment": (environment.name or environment.registered, environment.docker_image),
        "variables": dict(step.environment_variables),
        "timeout": step.timeout,
        "distribution": step.distribution,
        "resources": step.resources,
        "reuse": step.allow_reuse,
    }


def _output(output: OutputSettings) -> dict[str, Any]:
    settings = {item.name: getattr(output, item.name) for item in fields(output) if item.name != "may_be_empty"}
    store = output.datastore or (DEFAULT_DATASTORE if output.path else None)
    return {**settings, "model": output.model and output.model.name, "datastore": store}


def _place(plan: Plan, name: str) -> str:
    place = plan.datasets[name]
    version = VERSIONS.get(place.registered or "", "") if place.version in {None, "latest"} else place.version
    there = f"{place.registered}:{version}" if place.registered else f"{place.datastore}:{place.path}"
    return f"{there} {place.mode} {place.type == 'table'}"


VERSIONS = {"images": "2", "letters": "1", "rows": "1"}
# Pipelines with an output that is left without its argument: the proof says so.
OUTPUT_WITHOUT_ARGUMENT = {"datasets", "left-out"}
QUICK = {("ports", "publish"), ("settings", "submit")}


@pytest.mark.parametrize(
    ("file", "how"),
    [
        pytest.param(file, how, id=f"{file.stem}-{how}", marks=() if (file.stem, how) in QUICK else pytest.mark.more)
        for file in sorted((CONFORMANCE / "pipelines").glob("*.yaml"))
        for how in ("submit", "publish")
    ],
)
def test_a_pipeline_written_by_hand(bench: Bench, file: Path, how: str) -> None:
    profile, values = GIVEN.get(file.stem, (None, {}))
    text = file.read_text(encoding="utf-8")
    if how == "publish":
        text += '\nschedules: {nightly: {cron: "30 2 * * 1-5", time_zone: Europe/Paris}}\n'
    plan, back, drafted, differences = bench.comes_back(
        text, how=how, profile=profile, values=values if how == "submit" else {}
    )
    assert bool(differences) == (file.stem in OUTPUT_WITHOUT_ARGUMENT), differences
    assert proof.differences(expected(plan, how, drafted.missing), described(back)) == []


@pytest.mark.parametrize(("pairs", "least"), [(1, 2), pytest.param(112, 200, marks=pytest.mark.more)])
def test_generated_pipelines(bench: Bench, pairs: int, least: int) -> None:
    seen: set[str] = set()

    @given(strategies.twins())
    @settings(max_examples=pairs, derandomize=True, deadline=None, phases=[Phase.generate],
              suppress_health_check=[HealthCheck.filter_too_much])  # fmt: skip
    def check(pair: tuple[strategies.Pipeline, strategies.Pipeline]) -> None:
        for one in pair:
            how = ("submit", "publish")[len(seen) % 2]
            plan, back, drafted, differences = bench.comes_back(
                one.text, how=how, values=one.given if how == "submit" else {}
            )
            assert [line for line in differences if "output" not in line] == []
            assert proof.differences(expected(plan, how, drafted.missing), described(back)) == []
            seen.add(json.dumps([one.text, sorted(one.given.items())]))

    check()
    assert len(seen) >= least


PROVEN = """
name: proven
compute: cpu-cluster
environment: {name: training, docker_image: "registry.example/training:1"}
parameters: {epochs: 3}
datasets:
  images: {registered: images, version: 1}
  raw: {datastore: results, path: raw}
publish: {reuse: true}
steps:
  prepare:
    script: record.py
    arguments: {--raw: "${{ datasets.raw }}", --out: "${{ outputs.out }}"}
    environment_variables: {THREADS: 1}
    timeout: 10m
  train:
    script: record.py
    arguments:
      --in: ${{ steps.prepare.outputs.out }}
      --images: ${{ datasets.images }}
      --epochs: ${{ parameters.epochs }}
      --out: ${{ outputs.model }}
    outputs: {model: {register_as: net}}
    distribution: {type: mpi, nodes: 2}
  last:
    script: record.py
    after: [train]
    allow_reuse: false
    resources: {shm_size: 8g}
schedules:
  nightly: {cron: "0 2 * * *", time_zone: Europe/Paris, parameters: {epochs: 9}}
"""
CHANGES = (
    ("--epochs: ", "--n: ", "step train, word 7 of the command: --epochs → --n"),
    (
        "--raw: ${{ datasets.raw }}",
        "--raw: raw",
        "step prepare, reads: ['azureml://datastores/results/paths/raw (mount)'] → []",
    ),
    ("epochs: 3", "epochs: 4", "parameter epochs: 3 → 4"),
    ('version: "1"', 'version: "2"', "step train, input images: azureml:images:1 → azureml:images:2"),
    ("path: raw", "path: other", "paths/raw → azureml://datastores/results/paths/other"),
    ("timeout: 10m", "timeout: 20m", "step prepare, timeout: 600 → 1200"),
    ("compute: cpu-cluster", "compute: big-cluster", "step last, compute: cpu-cluster → big-cluster"),
    ("training:1", "training:2", "step last, environment, image: registry.example/training:1 → "),
    ('THREADS: "1"', 'THREADS: "2"', "step prepare, environment_variables, THREADS: 1 → 2"),
    ("register_as: net", "register_as: other", "step train, output model, register_as: net → other"),
    ("nodes: 2", "nodes: 3", "step train, distribution, nodes: 2 → 3"),
    ("after: [train]", "after: [prepare]", "step last, after: ['train'] → ['prepare']"),
    ("allow_reuse: false", "allow_reuse: true", "step last, allow_reuse: False → True"),
    ("shm_size: 8g", "shm_size: 9g", "step last, resources, shm_size: 8g → 9g"),
    ("cron: 0 2 * * *", "cron: 0 3 * * *", "schedule nightly, fires, hours: [2] → [3]"),
    ("Europe/Paris", "Europe/London", "schedule nightly, time zone: Romance Standard Time → GMT Standard Time"),
    ("epochs: 9", "epochs: 8", "schedule nightly, parameters, epochs: 9 → 8"),
    ("reuse: true", "reuse: false", "publish, reuse: True → False"),
)


def test_the_proof_finds_each_change_of_the_file(bench: Bench) -> None:
    _, _, _, differences = bench.comes_back(PROVEN, how="publish")
    assert differences == ()
    file = bench.target / "pipeline.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new, line in CHANGES:
        assert text.count(old) == 1, old
        file.write_text(text.replace(old, new), encoding="utf-8")
        assert any(line in found for found in bench.proof(str(bench.target))), (line, bench.proof(str(bench.target)))
    assert bench.service.writes() == []


@pytest.mark.more
def test_an_environment_comes_back_in_the_same_version(bench: Bench) -> None:
    """Its version is a digest of its definition, so nothing is registered when the import is published."""
    conda = (
        "name: any\nchannels: [conda-forge]\ndependencies: [python=3.11, pip, {pip: ['numpy>=1.26', scikit-learn]}]\n"
    )
    (bench.project / "conda.yml").write_text(conda, encoding="utf-8")
    for definition in (
        "conda_file: conda.yml",
        "docker_image: python:3.11",
        "conda_file: conda.yml, docker_image: x:1",
    ):
        head = f"name: again\ncompute: cpu-cluster\nenvironment: {{name: again, {definition}}}\n"
        _, back, _, differences = bench.comes_back(head + "steps: {first: {script: record.py}}\n", how="submit")
        assert differences == ()
        before = {*bench.service.state.environments}
        azureml.submit(back, bench.workspace)
        assert {*bench.service.state.environments} == before
