"""A profile and values from the caller → a spec; positions follow the override."""

from __future__ import annotations

from typing import Any

import pytest

from aml_pipeline.core import problems
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline import profile as profiles
from aml_pipeline.pipeline.loader import Loaded
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.plan.settings import Distribution
from aml_pipeline.pipeline.spec.pipeline import PipelineSpec
from aml_pipeline.pipeline.yaml import source

TEXT = """\
name: example
compute: cpu
environment: {name: base, conda_file: base.yml}
environment_variables: {A: pipeline, B: pipeline}
timeout: 1h
datasets:
  images: {local: data, datastore: store, path: images/, mode: download, optional: true}
parameters:
  epochs: {default: 2, minimum: 1}
  rate: 0.10
  optimizer: {default: sgd, choices: [sgd, adam], description: How.}
  fast: false
steps:
  train:
    script: train.py
    timeout: 10m
    environment_variables: {B: step, C: step}
    arguments:
      --images: ${{ datasets.images }}
      --epochs: ${{ parameters.epochs }}
      --rate: ${{ parameters.rate }}
      --optimizer: ${{ parameters.optimizer }}
      --fast: ${{ parameters.fast }}
  evaluate: {script: evaluate.py, compute: own}
profiles:
  empty: {}
  quick:
    compute: {name: gpu, vm_size: STANDARD_NC6}
    environment: {name: fast, docker_image: "x:1"}
    parameters: {epochs: 010, rate: 1, fast: true}
    datasets: {images: {local: small}}
    steps:
      train:
        compute: other
        environment: {registered: team}
        timeout: 30s
        environment_variables: {C: profile, D: profile}
    schedules: {nightly: {cron: 1 1 * * *}, extra: {cron: 2 2 * * *, parameters: {epochs: 5}}}
schedules:
  nightly: {cron: 0 2 * * *}
"""


def load(profile: str | None = None, text: str = TEXT, **parameters: str) -> Loaded:
    return loader.load(text.encode(), "pipeline.yaml", profile=profile, parameters=parameters)


def plan(profile: str | None = None, text: str = TEXT, **parameters: str) -> Plan:
    loaded = load(profile, text, **parameters)
    assert told(loaded) == []
    assert loaded.plan is not None
    return loaded.plan


def told(loaded: Loaded) -> list[str]:
    others = [one for one in loaded.problems if one.code != "idle-profile"]  # of the empty profile above
    return problems.as_text(others, {}).splitlines()


def test_without_a_profile_and_with_an_empty_one_nothing_changes() -> None:
    without, empty = plan(), plan("empty")
    assert (without.profile, empty.profile) == (None, "empty")
    assert without.steps == empty.steps
    assert without.parameters == empty.parameters
    assert without.parameters["rate"].text == "0.10"


def test_what_a_profile_overrides() -> None:
    found = plan("quick")
    assert {name: one.text for name, one in found.parameters.items()} == {
        "epochs": "010",  # the text that is written there
        "rate": "1",
        "optimizer": "sgd",
        "fast": "true",
    }
    assert found.parameters["rate"].type == "number"  # as declared, not as overridden
    train, evaluate = found.step("train"), found.step("evaluate")
    assert train.compute is not None
    assert (train.compute.name, train.timeout) == ("other", 30)
    assert train.environment is not None
    assert train.environment.registered == "team"
    assert train.environment_variables == {"A": "pipeline", "B": "step", "C": "profile", "D": "profile"}
    assert evaluate.compute is not None
    assert (evaluate.compute.name, evaluate.timeout) == ("own", 3600)
    assert evaluate.environment is not None
    assert evaluate.environment.docker_image == "x:1"


def test_a_profile_replaces_the_distribution_of_a_step() -> None:
    text = TEXT.replace("compute: own}", "compute: own, distribution: {type: mpi, nodes: 2, processes_per_node: 4}}")
    text = text.replace(
        "    steps:\n      train:", "    steps:\n      evaluate: {distribution: {type: pytorch}}\n      train:"
    )
    found = [plan(profile, text).step("evaluate").distribution for profile in (None, "quick")]
    assert found == [
        Distribution(type="mpi", nodes=2, processes_per_node=4),
        Distribution(type="pytorch"),
    ]


def test_a_profile_changes_where_a_dataset_is_here_and_nothing_else_of_it() -> None:
    before, after = plan().datasets["images"], plan("quick").datasets["images"]
    assert (before.local, after.local) == ("data", "small")
    assert (after.datastore, after.path, after.mode, after.optional) == ("store", "images/", "download", True)


def test_schedules_of_a_profile_are_added_or_stand_instead() -> None:
    root = source.parse(TEXT).root
    assert root is not None
    pipeline = PipelineSpec.model_validate(root.value)
    schedules = profiles.apply(pipeline, "quick", {}).spec.schedules
    assert {name: one.cron for name, one in schedules.items()} == {"nightly": "1 1 * * *", "extra": "2 2 * * *"}
    assert schedules["extra"].parameters == {"epochs": 5}
    assert pipeline.schedules["nightly"].cron == "0 2 * * *"


def test_a_value_of_the_caller_stands_beside_the_default() -> None:
    """The default is what Azure ML publishes; the value is what this run uses."""
    assert plan(epochs="7").parameters["epochs"].text == "7"
    assert plan(epochs="7").parameters["epochs"].default == "2"
    over = plan("quick", epochs="7").parameters["epochs"]
    assert (over.text, over.default, over.type) == ("7", "010", "integer")


@pytest.mark.parametrize(
    ("name", "text"),
    [("epochs", "011"), ("rate", "1e-3"), ("rate", "5"), ("optimizer", "adam"), ("fast", "true"), ("fast", "false")],
)
def test_a_value_of_the_caller_arrives_as_it_was_written(name: str, text: str) -> None:
    assert plan(**{name: text}).parameters[name].text == text


def test_a_text_that_looks_like_something_else_stays_a_text() -> None:
    text = TEXT.replace(", choices: [sgd, adam]", "")
    for value in ("true", "null", "~", "007", "1e5", "a=b", " x "):
        assert plan(None, text, optimizer=value).parameters["optimizer"].text == value


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("epochs", "0", "0 is less than the minimum"),
        ("epochs", "1.5", "expected an integer, got 1.5"),
        ("epochs", "", "empty values"),
        ("epochs", "~", 'expected an integer, got "~"'),
        ("epochs", "many", 'expected an integer, got "many"'),
        ("epochs", "true", "expected an integer, got true"),
        ("rate", ".inf", ".inf is not a finite number"),
        ("optimizer", "rmsprop", '"rmsprop" is not one of the choices'),
        ("optimizer", "a\0b", "null character"),
        ("fast", "yes", 'expected true or false, got "yes"'),
        ("fast", "1", "expected true or false, got 1"),
        ("epoch", "1", 'unknown parameter "epoch". Did you mean "epochs"?'),
    ],
)
def test_a_value_of_the_caller_that_does_not_fit(name: str, text: str, words: str) -> None:
    (line,) = told(load(**{name: text}))
    assert line.startswith(f"--param {name}={text}".replace("\0", r"\x00"))
    assert words in line


def test_a_profile_that_is_not_there() -> None:
    assert told(load("quik")) == ['--profile: unknown profile "quik". Did you mean "quick"? [unknown-profile]']


@pytest.mark.parametrize("chosen", [None, "empty", "quick"])
@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("epochs: 010", "epochs: 0", "30:26: parameter epochs: 0 is less than the minimum"),
        ("epochs: 010", "epoch: 1", '30:18: unknown parameter "epoch"'),
        ("{images: {local: small", "{image: {local: small", '31:16: unknown dataset "image"'),
        ("      train:\n        compute", "      trian:\n        compute", '33:7: unknown step "trian"'),
        ("{epochs: 5}", "{epochs: x}", '38:91: parameter epochs: expected an integer, got "x"'),
        ("{cron: 0 2 * * *}", "{cron: 0 2 * * *, parameters: {foo: 1}}", '40:43: unknown parameter "foo"'),
    ],
)
def test_a_mistake_in_a_profile_is_told_once_whichever_profile_is_in_use(
    chosen: str | None, old: str, new: str, line: str
) -> None:
    assert TEXT.count(old) == 1
    found = told(load(chosen, TEXT.replace(old, new)))
    assert [one.startswith(f"pipeline.yaml:{line}") for one in found] == [True], found


@pytest.mark.parametrize("key", ["script: x.py", "arguments: {}", "retries: 1", "after: []", "outputs: {}"])
def test_nothing_else_of_a_step_can_be_overridden(key: str) -> None:
    found = load(text=TEXT.replace("        compute: other\n", f"        {key}\n"))
    assert [one.code for one in found.problems if one.code != "idle-profile"] == ["unknown-key"]


@pytest.mark.parametrize("key", ["name: x", "source_directory: x", "timeout: 1m", "profiles: {}"])
def test_nothing_else_of_the_pipeline_can_be_overridden(key: str) -> None:
    found = load(text=TEXT.replace("  empty: {}", f"  empty: {{{key}}}"))
    assert [one.code for one in found.problems if one.code != "idle-profile"] == ["unknown-key"]


def test_a_complaint_about_an_overridden_value_points_at_the_override() -> None:
    from aml_pipeline.core.problems import Problem

    loaded = load("quick", rate="5")
    places: dict[Any, str] = {
        ("datasets", "images", "local"): "pipeline.yaml:31:32",
        ("steps", "train", "timeout"): "pipeline.yaml:36:18",
        ("steps", "train", "environment", "registered"): "pipeline.yaml:35:35",
        ("environment", "docker_image"): "pipeline.yaml:29:45",
        ("compute",): "pipeline.yaml:28:14",
        ("parameters", "epochs"): "pipeline.yaml:30:26",
        ("parameters", "rate"): "--param rate=5",
        ("steps", "train", "script"): "pipeline.yaml:15:13",  # not overridden
        ("steps", "evaluate", "compute"): "pipeline.yaml:24:44",
    }
    for number, path in enumerate(places):
        loaded.add([Problem(f"code-{number}", "m", "c", path)])
    found = {one.code: one.place for one in loaded.problems if one.code.startswith("code-")}
    assert found == {f"code-{number}": place for number, place in enumerate(places.values())}


@pytest.mark.parametrize(
    ("profile", "idle"),
    [
        ("{}", True),
        ("{parameters: {epochs: 3}}", True),
        ("{parameters: {epochs: 4}}", False),
        ("{steps: {train: {}}}", True),
        ("{steps: {train: {timeout: 1m}}}", False),
        ("{compute: other}", False),
        ("{sdk: v2}", False),
        ("{publish: {}}", True),
        ("{publish: {reuse: true}}", False),
        ("{epochs: 4}", False),
    ],
)
def test_a_profile_that_overrides_nothing_draws_a_warning(profile: str, *, idle: bool) -> None:
    text = f"name: a\nparameters: {{epochs: 3}}\nsteps: {{train: {{script: a.py}}}}\nprofiles: {{quick: {profile}}}\n"
    assert ("idle-profile" in [one.code for one in load(text=text).problems]) is idle


PLACES = """\
name: example
datasets:
  images: {local: data, datastore: dev, path: images/, mode: download}
  labels: {registered: labels, version: 2, type: file}
  words: {local: words, upload: 20 GB, datastore: dev}
steps:
  train: {script: train.py, arguments: ["${{ datasets.images }}", "${{ datasets.labels }}", "${{ datasets.words }}"]}
profiles:
  other: {datasets: {images: {datastore: test}, labels: {registered: labels-test}, words: {local: few-words}}}
  kinds:
    datasets:
      images: {registered: images, version: 3, type: folder, mode: mount}
      labels: {datastore: test, path: labels.csv}
      words: {datastore: test, path: words}
"""


@pytest.mark.parametrize(
    ("profile", "images", "labels", "words"),
    [
        (None, "azureml://datastores/dev/paths/images/", "azureml:labels:2", ""),
        ("other", "azureml://datastores/test/paths/images/", "azureml:labels-test@latest", ""),
        (
            "kinds",
            "azureml:images:3",
            "azureml://datastores/test/paths/labels.csv",
            "azureml://datastores/test/paths/words",
        ),
    ],
)
def test_a_profile_moves_datasets_in_azure_ml(profile: str | None, images: str, labels: str, words: str) -> None:
    places = plan(profile, PLACES).datasets
    assert {name: place.address for name, place in places.items()} == {
        "images": images,
        "labels": labels,
        "words": words,
    }
    is_other_kind = profile == "kinds"
    assert (places["images"].mode, places["images"].type) == (
        ("mount", "folder") if is_other_kind else ("download", None)
    )
    assert places["labels"].type == "file"
    assert (places["words"].local, places["words"].upload) == {
        None: ("words", 20 * 10**9),
        "other": ("few-words", 20 * 10**9),
        "kinds": ("words", 0),
    }[profile]


def test_data_of_the_caller_replaces_every_place() -> None:
    given = {"images": "azureml:images@latest", "labels": "here.csv", "words": "there"}
    places = loader.load(PLACES.encode(), "pipeline.yaml", profile="other", data=given).plan
    assert places is not None
    assert places.data == given
    images, labels, words = places.datasets.values()
    assert (images.address, images.local, images.mode) == ("azureml:images@latest", None, "download")
    assert (labels.address, labels.local, labels.type) == ("", "here.csv", "file")
    assert (words.local, words.upload, words.datastore) == ("there", 20 * 10**9, "dev")  # uploaded from there


@pytest.mark.parametrize("elsewhere", ["azureml://datastores/other/paths/mine", "there"])
def test_only_a_registered_dataset_is_evaluated(elsewhere: str) -> None:
    text = "name: x\ndatasets: {a: {registered: a, mode: eval_download}}\nsteps: {t: {command: [cat], arguments: [%s]}}"
    raw = (text % '"${{ datasets.a }}"').encode()
    moved = loader.load(raw, "pipeline.yaml", data={"a": elsewhere})
    assert moved.plan is not None
    assert (moved.problems, moved.plan.datasets["a"].mode) == ([], "download")
    other = loader.load(raw, "pipeline.yaml", data={"a": "azureml:b:2"}).plan
    assert other is not None
    assert other.datasets["a"].mode == "eval_download"
    assert other.datasets["a"].moved("azureml:c:1").mode == "eval_download"
    assert elsewhere == "there" or other.datasets["a"].moved(elsewhere).mode == "download"
