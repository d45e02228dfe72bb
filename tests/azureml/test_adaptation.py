"""What Azure ML gets of a plan: one transform for SDK v1, v2 and the export, with what is said of the rest."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from aml_pipeline.azureml.adaptation import Remark, adapt, by_hand, said
from aml_pipeline.azureml.v2.export import schedules as exported
from aml_pipeline.cli.commands import schedules
from aml_pipeline.core import problems
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.plan import ports
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.plan.tokens import Dataset, Input, Output

TEXT = """\
name: example
datasets:
  here: {local: data, optional: true}
  there: {local: data, registered: images, optional: true}
parameters: {epochs: 2, depth: 3, width: 4, unused: 5}
steps:
  load:
    script: load.py
    arguments: [{--here: ["${{ datasets.here }}", "${{ outputs.more }}", "${{ parameters.depth }}"]}]
  train:
    script: train.py
    after: [load]
    arguments:
      --there: ["${{ datasets.there }}", "${{ steps.load.outputs.more }}", "${{ parameters.width }}"]
      --epochs: ${{ parameters.epochs }}
schedules:
  nightly: {cron: 0 2 * * *, parameters: {epochs: 9, depth: 8}}
"""
HERE = 'Azure ML has no dataset here, so --here of step "load" is omitted.'
THERE = 'Azure ML has no dataset there, so --there of step "train" is omitted.'


def plan(text: str = TEXT, **values: str) -> Plan:
    loaded = loader.load(text.encode(), "p.yaml", parameters=values)
    assert problems.errors(loaded.problems) == []
    assert loaded.plan
    return loaded.plan


def test_an_argument_of_an_absent_dataset_is_omitted_and_its_ports_stay() -> None:
    adapted, remarks = adapt(plan())
    load, train = adapted.steps
    assert load.arguments == ()
    assert (load.written, load.unnamed, load.datasets, load.parameters) == (("more",), (Output("more"),), (), ())
    assert train == plan().step("train")
    assert remarks[0] == Remark(HERE, "load")


def test_so_is_that_of_a_dataset_that_the_workspace_lacks() -> None:
    adapted, remarks = adapt(plan(), {"there"})
    train = adapted.step("train")
    assert [argument.option for argument in train.arguments] == ["--epochs"]
    assert (train.unnamed, train.upstream) == ((Input("load", "more"),), ("load",))
    assert [remark.text for remark in remarks if remark.step] == [HERE, THERE]


def test_a_parameter_that_no_step_receives_is_not_sent_and_no_schedule_sets_it() -> None:
    adapted, remarks = adapt(plan(depth="7"), {"there"})
    assert list(adapted.parameters) == ["epochs"]
    assert adapted.schedules["nightly"].parameters == {"epochs": "9"}
    assert [(remark.text, remark.is_default) for remark in remarks if not remark.step] == [
        ('No step receives the parameter "depth", so it is not sent.', False),
        ('No step receives the parameter "width", so it is not sent.', True),
        ('No step receives the parameter "unused", so it is not sent.', True),
        ('No step receives the parameter "depth", so schedule nightly does not set it.', False),
    ]


def test_what_is_said_of_a_run_is_what_it_loses() -> None:
    whole = plan(depth="7")
    _, remarks = adapt(by_hand(whole))
    assert said(remarks) == [HERE, 'No step receives the parameter "depth", so it is not sent.']
    _, remarks = adapt(by_hand(whole, whole.step("train")), {"there"})
    assert said(remarks, whole.step("train")) == [THERE]


@pytest.mark.parametrize("missing", [set(), {"there"}])
def test_what_is_adapted_stays_as_it_is(missing: set[str]) -> None:
    once, _ = adapt(plan(), missing)
    again, remarks = adapt(once, missing)
    assert again == once
    assert remarks == []
    whole = TEXT.replace("local: data, optional: true", "registered: more").replace(", unused: 5", "")
    assert adapt(plan(whole)) == (plan(whole), [])


INPUTS = """\
name: example
datasets:
  gone: {local: data, optional: true}
  kept: {registered: images}
steps:
  load:
    script: load.py
    arguments: {--output: "${{ outputs.more }}"}
  train:
    script: train.py
    inputs: {first: "${{ datasets.kept }}", extra: "${{ datasets.gone }}"}
    arguments: {--pair: ["${{ inputs.first }}", "${{ steps.load.outputs.more }}", "x/${{ inputs.extra }}"]}
  score:
    script: score.py
    inputs: {extra: "${{ datasets.gone }}"}
"""


def test_inputs_are_read_under_their_names_even_if_their_option_is_omitted() -> None:
    adapted, remarks = adapt(plan(INPUTS))
    train = adapted.step("train")
    assert train.arguments == ()
    assert set(train.unnamed) == {Dataset("kept"), Input("load", "more")}
    assert ports.names(train) == {Dataset("kept"): "first", Input("load", "more"): "pair"}
    assert adapted.step("score").unnamed == ()
    assert [remark.text for remark in remarks] == [
        'Azure ML has no dataset gone, so --pair of step "train" is omitted.',
        'Azure ML has no dataset gone, so input extra of step "score" is omitted.',
    ]
    assert adapt(adapted) == (adapted, [])


def test_a_schedule_moves_only_data_that_a_step_reads_there() -> None:
    moved = TEXT.replace("depth: 8}}", 'depth: 8}, datasets: {here: "azureml:a:1", there: "azureml:b:2"}}')
    before = plan(moved)
    assert {name: place.address for name, place in before.data_of("nightly").items()} == {
        "here": "azureml:a:1",
        "there": "azureml:b:2",
    }
    adapted, remarks = adapt(before)
    assert adapted.schedules["nightly"].datasets == {"there": "azureml:b:2"}
    told = 'No step reads the dataset "here" in Azure ML, so schedule nightly does not set it.'
    assert told in [remark.text for remark in remarks]
    assert before.as_data()["schedules"]["nightly"]["datasets"] == {"here": "azureml:a:1", "there": "azureml:b:2"}
    assert "datasets" not in plan().as_data()["schedules"]["nightly"]  # what is published before stays as it is


def test_the_table_of_schedules_names_moved_data() -> None:
    moved = TEXT.replace("depth: 8}}", 'depth: 8}, datasets: {there: "azureml:b:2"}}')
    shown = schedules.page(plan(moved), datetime(2026, 1, 1, tzinfo=timezone.utc)).splitlines()
    assert "  with there=azureml:b:2" in shown


def test_a_run_by_hand_has_nothing_of_what_is_published() -> None:
    """So `submit` with SDK v1 does not refuse what only concerns `publish`."""
    alone = by_hand(plan(f"{TEXT}publish: {{endpoint: training}}\n"))
    assert (alone.schedules, alone.endpoint) == ({}, None)


@pytest.mark.parametrize(("own", "forced"), [("", "false"), (", reuse: false", "true"), (", reuse: true", "false")])
def test_each_schedule_of_an_export_says_whether_its_runs_start_afresh(own: str, forced: str) -> None:
    text = TEXT.replace("cron: 0 2 * * *", f"cron: 0 2 * * *{own}") + "publish: {reuse: true}\n"
    assert f"force_rerun: {forced}\n" in exported.text(plan(text), "nightly")
