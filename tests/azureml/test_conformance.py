"""What a step receives here equals what it receives in the graph that is sent to Azure ML, token for token.

Here: the command line that a real process saw. There: what the bodies mean that the real SDK sent to the loopback
service, computed by an evaluator that knows nothing of this package. All submissions of this file go to one workspace,
where the SDK takes up modules of earlier ones when it holds them for the same.
"""

import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from aml_pipeline.azureml import refusal
from aml_pipeline.pipeline.plan.tokens import Text
from aml_pipeline.project.environment import interpreter
from tests.conformance import settings as step_settings
from tests.conformance import strategies
from tests.conformance.sides import Both, Sides
from tests.loopback.serving import quiet, serving
from tests.loopback.storage import KEY, storing

pytestmark = quiet

ROOT = Path(__file__).parents[2]
CONFORMANCE = Path(__file__).parents[1] / "conformance"

# What v2 cannot say of the pipelines that were written by hand, put otherwise.
MENDED = {"ports": ("large model", "large-model"), "texts": ('"it\'s \\"quoted\\""', '"its \\"quoted\\""')}

KINDS = ("literal", "parameter", "input", "output", "dataset", "after")


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("project")
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(home, patch) as service,
        storing(service.guard, home, patch),
    ):
        from tests.loopback.client import connect

        for name in ("cpu-cluster", "big-cluster", "made-cluster"):
            service.add_compute(name)
        service.add_datastore("results")
        service.unlock("AccountKey", KEY)
        for name in ("images", "images", "letters"):
            service.add_dataset(name, f"some/{name}")
        service.add_dataset("rows", "some/rows")
        service.state.datasets["rows"][-1]["datasetType"] = "tabular"
        workspace = connect(service, home)
        _register(workspace, "team")
        fill(folder)
        # The Python that .venv was made with: it starts sooner, and the stand-in needs no package.
        python = interpreter.inspect(getattr(sys, "_base_executable", sys.executable), os.environ)
        yield Sides(folder, service, workspace, python)


def _register(workspace: object, name: str) -> None:
    from azureml.core import Environment

    environment = Environment(name)
    environment.version = "1"
    environment.register(workspace)


def fill(folder: Path) -> None:
    """Make what the pipelines name: stand-ins for scripts, data, files of environments."""
    for name in ("record.py", "scripts/record.py", "scripts/nested/record.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(CONFORMANCE / "record.py", folder / name)
    (folder / "package").mkdir()
    shutil.copy(CONFORMANCE / "record.py", folder / "package")
    (folder / "record.sh").write_text('exec python3 record.py "$@"\n')
    for name in ("data", "more", "more/data", "other", "sent"):
        (folder / name).mkdir()
    for name in ("table.csv", "rows.csv", "requirements.txt", "scripts/words.txt", "sent/letters.txt"):
        (folder / name).write_text("numpy\n")


def conforms(both: Both) -> dict[str, list[str]]:
    """Return what the steps receive, which must be the same on both sides."""
    assert both.arguments_there == {**both.arguments_here, **both.registered}
    assert {name: step_settings.there(both, name) for name in both.here} == {
        name: step_settings.here(both, name) for name in both.here
    }
    return both.arguments_here


GIVEN: dict[str, tuple[str | None, Mapping[str, str]]] = {
    "parameters": (
        "large",
        {"chosen": "sgd", "by_both": "030", "by_caller": "1.50", "flag_by_caller": "false", "layers": "128, 64"},
    ),
    "left-out": (None, {"a": "2"}),
    "settings": ("large", {}),
}


@pytest.mark.parametrize("file", sorted((CONFORMANCE / "pipelines").glob("*.yaml")), ids=lambda file: str(file.stem))
def test_a_pipeline_written_by_hand(sides: Sides, file: Path) -> None:
    profile, parameters = GIVEN.get(file.stem, (None, {}))
    expected = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    text = file.read_text(encoding="utf-8")
    both = sides.of(text, profile, parameters)
    assert conforms(both) == expected
    assert conforms(sides.of(text, profile, parameters, both.here)) == expected  # from the modules that are there now


@pytest.mark.parametrize("pairs", [2, pytest.param(104, marks=pytest.mark.more)])  # each is two pipelines, 0.5 s
def test_generated_pipelines_and_their_twins(sides: Sides, pairs: int) -> None:
    seen: set[str] = set()
    kinds: Counter[str] = Counter()

    @given(strategies.twins())
    @settings(max_examples=pairs, derandomize=True, deadline=None, phases=[Phase.generate])  # to shrink takes minutes
    def check(pair: tuple[strategies.Pipeline, strategies.Pipeline]) -> None:
        for one in pair:
            both = sides.of(one.text, parameters=one.given)
            assert conforms(both) == one.received
            assert {name: set(both.there[name].after) for name in both.here} == one.after
            seen.add(json.dumps([one.text, sorted(one.given.items())]))
            kinds.update(token.kind for step in both.there.values() for token in step.arguments)
            kinds.update("after" for step in both.there.values() for _ in step.after)

    check()
    assert len(seen) >= pairs * 1.9
    if pairs > 100:  # what is drawn also depends on the modules that are imported, so a few pairs may lack a kind
        assert min(kinds[kind] for kind in KINDS) >= pairs / 4, kinds


@pytest.mark.parametrize("count", [5, pytest.param(100, marks=pytest.mark.more)])
def test_generated_texts_with_expressions(sides: Sides, count: int) -> None:
    """The processes here receive them; SDK v1 would not, so it refuses them, and nothing else."""
    refused = 0

    @given(strategies.pipelines(mixed=True))
    @settings(
        max_examples=count, derandomize=True, deadline=None, phases=[Phase.generate],
        suppress_health_check=[HealthCheck.filter_too_much],
    )  # fmt: skip
    def check(one: strategies.Pipeline) -> None:
        nonlocal refused
        opened, here = sides.here(one.text, one.given)
        assert {name: list(process.arguments) for name, process in here.items()} == one.received
        plan, project = opened.require()
        texts = {argument.place_of(at) for step in plan.steps for argument in step.arguments
                 for at, token in enumerate(argument.values) if isinstance(token, Text)}  # fmt: skip
        codes = [problem.code for problem in refusal.problems(plan, project, "v1")]
        assert codes.count("embedded-expression") == len(texts)
        refused += len(texts)

    check()
    assert refused > count


def test_pipelines_that_differ_in_where_a_comma_stands(sides: Sides) -> None:
    text = (
        "name: comma\ncompute: cpu-cluster\nenvironment: {name: training, docker_image: x}\n"
        "steps: {first: {script: record.py, arguments: WORDS}}\n"
    )
    for words in (["--l", "64", "32"], ["--l", "64,32"], ["--l,64", "32"], ["--l,64,32"], ["--l", "64", "32"]):
        assert conforms(sides.of(text.replace("WORDS", json.dumps(words)))) == {"first": words}


# A dataset that is on one side alone takes its argument with it on the other: there the two sides differ by design.
ONE_SIDED = """
name: one-sided
compute: cpu-cluster
environment: {name: training, docker_image: x}
datasets:
  both: {local: data, registered: images}
  only_here: {local: other, optional: true}
  only_there: {local: nothing-here, optional: true, registered: letters}
  no_place_here: {optional: true, datastore: results, path: raw}
steps:
  first:
    script: record.py
    arguments:
      - --both: ${{ datasets.both }}
      - --here: [1, "${{ datasets.only_here }}", 2]
      - ${{ datasets.only_there }}
      - --there: [3, "${{ datasets.no_place_here }}"]
      - --neither: ["${{ datasets.only_here }}", "${{ datasets.only_there }}"]
      - end
"""


def test_a_dataset_on_one_side_alone(sides: Sides) -> None:
    both = sides.of(ONE_SIDED)
    assert both.arguments_here == {
        "first": ["--both", "<dataset both>", "--here", "1", "<dataset only_here>", "2", "end"]
    }
    assert both.arguments_there == {
        "first": [
            *("--both", "<dataset both>", "<dataset only_there>", "--there", "3", "<dataset no_place_here>", "end")
        ]
    }


def test_the_order_of_steps(sides: Sides) -> None:
    both = sides.of((CONFORMANCE / "pipelines/order.yaml").read_text(encoding="utf-8"))
    assert {name: set(step.after) for name, step in both.there.items() if step.after} == {
        "end": {"left", "right", "begin"},
        "left": {"begin"},
        "right": {"begin"},
        "after-end": {"end", "alone"},
    }


def shipped(folder: Path, sides: Sides) -> Sides:
    """Return the pipeline of this repository in a folder of its own, with stand-ins for its scripts."""
    for script in (ROOT / "steps").glob("*.py"):
        (folder / "steps").mkdir(exist_ok=True)
        shutil.copy(CONFORMANCE / "record.py", folder / "steps" / script.name)
    shutil.copytree(ROOT / ".azureml", folder / ".azureml")
    return replace(sides, folder=folder)


@pytest.mark.parametrize(
    ("profile", "parameters", "values"),
    [
        (None, {}, ("cifar10", "2", "4", "0.001", "0")),
        ("quickstart", {}, ("digits", "10", "4", "0.001", "0")),
        ("quickstart", {"epochs": "011", "learning_rate": "1e-2"}, ("digits", "011", "4", "1e-2", "0")),
    ],
)
def test_the_pipeline_of_this_repository(
    sides: Sides, tmp_path: Path, profile: str | None, parameters: dict[str, str], values: tuple[str, ...]
) -> None:
    own, text = shipped(tmp_path, sides), (ROOT / "pipeline.yaml").read_text(encoding="utf-8")
    dataset, epochs, batch_size, learning_rate, seed = values
    train = ["--data", "<input prepare-data.images>", "--epochs", epochs, "--batch-size", batch_size]
    train += ["--learning-rate", learning_rate, "--seed", seed, "--output", "<output train.model>"]
    expected = {
        "prepare-data": ["--dataset", dataset, "--output", "<output prepare-data.images>"],
        "train": train,
        "register-environment": ["--name", "pytorch-env", "--output", "<output register-environment.record>"],
    }
    both = own.of(text, profile, parameters)
    assert conforms(both) == expected
    assert {name: set(step.after) for name, step in both.there.items()}["register-environment"] == {"train"}

    (tmp_path / "data").mkdir()  # Azure ML has no place for it
    both = own.of(text, profile, parameters)
    assert both.arguments_there == {**expected, **both.registered}
    assert list(both.registered) == ["register_cifar-net"]
    prepare = ["--dataset", dataset, "--archive", "<dataset archive>", "--output", "<output prepare-data.images>"]
    assert both.arguments_here == {**expected, "prepare-data": prepare}
