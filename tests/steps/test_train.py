"""train: the tutorial's weights to the bit, its accuracy, what it logs and saves, and how it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms

import synthetic_cifar
import train
from current_run import current_run
from model import Net
from tests.v1 import needs_v1

pytestmark = pytest.mark.usefixtures("one_thread")

BAD_NUMBERS = pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--epochs", "0", "must be 1 or more, not 0"),
        ("--epochs", "-3", "must be 1 or more, not -3"),
        ("--epochs", "two", "invalid int value: 'two'"),
        ("--batch-size", "0", "must be 1 or more, not 0"),
        ("--batch-size", "1.5", "invalid int value: '1.5'"),
        ("--learning-rate", "0", "must be a finite number above 0, not 0.0"),
        ("--learning-rate", "-0.1", "must be a finite number above 0, not -0.1"),
        ("--learning-rate", "nan", "must be a finite number above 0, not nan"),
        ("--learning-rate", "inf", "must be a finite number above 0, not inf"),
        ("--learning-rate", "fast", "invalid float value: 'fast'"),
        ("--seed", "-1", "must be from 0 to 18446744073709551615, not -1"),
        ("--seed", "18446744073709551616", "must be from 0 to 18446744073709551615, not 18446744073709551616"),
    ],
)


def arguments(data: Path, output: Path, **changes: object) -> list[str]:
    options = {
        "data": data,
        "epochs": 5,
        "batch_size": 4,
        "learning_rate": 0.001,
        "seed": 0,
        "output": output,
        **changes,
    }
    return [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]


def tutorial(root: Path, md5: dict[str, str], epochs: int, seed: int) -> tuple[Net, list[float], float]:
    """Train and test as the tutorial does; return the network, each epoch's mean loss, and the accuracy."""
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])
    dataset = synthetic_cifar.reader(md5)
    trainloader = DataLoader(dataset(root, train=True, transform=transform), batch_size=4, shuffle=True)
    testloader = DataLoader(dataset(root, train=False, transform=transform), batch_size=4)
    torch.manual_seed(seed)
    net = Net()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.001, momentum=0.9)
    losses = []
    for _ in range(epochs):
        running = []
        for inputs, labels in trainloader:
            optimizer.zero_grad()
            loss = criterion(net(inputs), labels)
            loss.backward()
            optimizer.step()
            running.append(loss.item())
        losses.append(sum(running) / len(running))
    with torch.no_grad():
        right = [net(inputs).argmax(1) == labels for inputs, labels in testloader]
    return net, losses, torch.cat(right).double().mean().item()


@pytest.fixture(scope="module")
def trained(script: Any, synthetic: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:  # noqa: ANN401
    """The output of 420 updates by the real script (5 epochs of 335 images, in batches of 4), and what it printed."""
    output = tmp_path_factory.mktemp("trained") / "model"
    return output, script("train.py", *arguments(synthetic, output)).stdout


def test_weights_losses_and_accuracy_are_the_tutorials_to_the_bit(trained: tuple[Path, str], tmp_path: Path) -> None:
    output, _ = trained
    net, losses, accuracy = tutorial(tmp_path, synthetic_cifar.write(tmp_path, 67), epochs=5, seed=0)
    weights = torch.load(output / "model.pt", weights_only=True)
    for name, expected in net.state_dict().items():
        assert torch.equal(weights[name], expected), name
    metrics = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    assert [loss["loss"] for loss in metrics["losses"]] == losses
    assert metrics["accuracy"] == accuracy > 0.3, "the tutorial's, and the synthetic classes can be learnt"


def test_what_it_saves_and_prints(trained: tuple[Path, str]) -> None:
    output, printed = trained
    assert sorted(path.name for path in output.iterdir()) == ["metrics.json", "model.pt"]
    Net().load_state_dict(torch.load(output / "model.pt", weights_only=True))
    metrics = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["data_set"] == "synthetic"
    assert metrics["description"] == "SYNTHETIC images, not real ones"
    assert metrics["parameters"] == {"epochs": 5, "batch_size": 4, "learning_rate": 0.001, "seed": 0}
    assert [(loss["epoch"], loss["batch"]) for loss in metrics["losses"]] == [(epoch, 84) for epoch in range(1, 6)]
    lines = printed.splitlines()
    assert lines[0] == "data set: synthetic (SYNTHETIC images, not real ones), 335 training and 67 test images"
    logged = [lines[at + 1] for at, line in enumerate(lines) if line == "Attempted to log scalar metric loss:"]
    assert logged == [str(loss["loss"]) for loss in metrics["losses"]]
    assert lines[lines.index("Attempted to log scalar metric accuracy:") + 1] == str(metrics["accuracy"])


@pytest.mark.more
def test_the_same_seed_gives_the_same_bytes_in_another_folder(
    trained: tuple[Path, str],
    script: Any,  # noqa: ANN401
    synthetic: Path,
    tmp_path: Path,
) -> None:
    output, printed = trained
    again = tmp_path / "elsewhere" / "of another name"
    assert script("train.py", *arguments(synthetic, again)).stdout.splitlines()[:-1] == printed.splitlines()[:-1]
    for name in ("model.pt", "metrics.json"):
        assert (again / name).read_bytes() == (output / name).read_bytes(), name


def test_without_azureml_core_each_value_is_printed_as_the_sdk_prints_it(
    trained: tuple[Path, str],
    script: Any,  # noqa: ANN401
    synthetic: Path,
    tmp_path: Path,
    without_v1: dict[str, str],
) -> None:
    """Also in Azure ML: what cannot be logged there is in the log."""
    for number, environ in enumerate([without_v1, {**without_v1, "AZUREML_RUN_ID": "the-run"}]):
        output = tmp_path / str(number)
        printed = script("train.py", *arguments(synthetic, output), environ=environ).stdout
        assert printed.splitlines()[:-1] == trained[1].splitlines()[:-1]
        assert (output / "model.pt").read_bytes() == (trained[0] / "model.pt").read_bytes()


@needs_v1
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_printed_is_what_the_sdk_prints(capsys: pytest.CaptureFixture[str]) -> None:
    from azureml.core import Run

    printed = []
    for run in (current_run(), Run.get_context()):
        for value in (0.5, 1e-7, 3, float("nan")):
            run.log("loss", value)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != ""


@needs_v1
def test_another_seed_gives_other_weights_and_in_azure_ml_each_value_arrives(
    trained: tuple[Path, str],
    script: Any,  # noqa: ANN401
    synthetic: Path,
    tmp_path: Path,
    azure: Any,  # noqa: ANN401
) -> None:
    script("train.py", *arguments(synthetic, tmp_path, seed=1), environ=azure.environ)
    assert (tmp_path / "model.pt").read_bytes() != (trained[0] / "model.pt").read_bytes()
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    losses = [("loss", loss["loss"]) for loss in metrics["losses"]]
    assert len(losses) == 5
    assert azure.metrics == [*losses, ("accuracy", metrics["accuracy"])]


MLFLOW = """
import json, os

def log_metric(name, value, step):
    with open(os.environ["MLFLOW_TRACKING_URI"], "a") as file:
        file.write(json.dumps([name, value, step]) + "\\n")
"""


def _mlflow(folder: Path, *, plugin: bool) -> dict[str, str]:
    """Make a stand-in for MLflow, and with ``plugin`` for azureml-mlflow; return the variables of a job of v2."""
    folder.mkdir()
    (folder / "mlflow.py").write_text(MLFLOW)
    if plugin:
        (folder / "azureml").mkdir()
        (folder / "azureml/__init__.py").write_text("__path__ = __import__('pkgutil').extend_path(__path__, __name__)")
        (folder / "azureml/mlflow.py").write_text("")
    return {"PYTHONPATH": str(folder), "MLFLOW_TRACKING_URI": str(folder / "logged"), "AZUREML_RUN_ID": "the-run"}


def test_in_azure_ml_v2_each_value_goes_to_mlflow(
    trained: tuple[Path, str],
    script: Any,  # noqa: ANN401
    synthetic: Path,
    tmp_path: Path,
) -> None:
    variables = _mlflow(tmp_path / "fake", plugin=True)
    output = tmp_path / "model"
    printed = script("train.py", *arguments(synthetic, output), environ=variables).stdout
    for name in ("model.pt", "metrics.json"):
        assert (output / name).read_bytes() == (trained[0] / name).read_bytes(), name
    metrics = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in (tmp_path / "fake/logged").read_text(encoding="utf-8").splitlines()]
    losses = [["loss", loss["loss"], step] for step, loss in enumerate(metrics["losses"])]
    assert rows == [*losses, ["accuracy", metrics["accuracy"], 0]]
    assert "Attempted to log" not in printed


@pytest.mark.more
@needs_v1
def test_a_run_of_v1_logs_by_run_log_where_mlflow_is_too(
    script: Any,  # noqa: ANN401
    synthetic: Path,
    tmp_path: Path,
    azure: Any,  # noqa: ANN401
) -> None:
    variables = _mlflow(tmp_path / "fake", plugin=True)
    script("train.py", *arguments(synthetic, tmp_path / "model", epochs=1), environ={**variables, **azure.environ})
    assert [name for name, _ in azure.metrics] == ["loss", "accuracy"]
    assert not (tmp_path / "fake/logged").exists()


@pytest.mark.more
@needs_v1
def test_a_job_of_v2_logs_by_mlflow_where_azureml_core_is_too(
    script: Any,  # noqa: ANN401
    synthetic: Path,
    tmp_path: Path,
    azure: Any,  # noqa: ANN401
) -> None:
    azure.properties = {"azureml.DevPlatv2": "true"}
    variables = _mlflow(tmp_path / "fake", plugin=True)
    script("train.py", *arguments(synthetic, tmp_path / "model", epochs=1), environ={**azure.environ, **variables})
    rows = (tmp_path / "fake/logged").read_text(encoding="utf-8").splitlines()
    assert [json.loads(row)[0] for row in rows] == ["loss", "accuracy"]
    assert not azure.metrics


@pytest.mark.more
@needs_v1
def test_mlflow_that_cannot_reach_azure_ml_is_not_used(
    script: Any,  # noqa: ANN401
    synthetic: Path,
    tmp_path: Path,
    azure: Any,  # noqa: ANN401
) -> None:
    variables = _mlflow(tmp_path / "fake", plugin=False)
    script("train.py", *arguments(synthetic, tmp_path / "model", epochs=1), environ={**variables, **azure.environ})
    assert [name for name, _ in azure.metrics] == ["loss", "accuracy"]
    assert not (tmp_path / "fake/logged").exists()


def test_here_each_value_goes_to_mlflow_where_it_is_told_a_place(
    script: Any,  # noqa: ANN401
    synthetic: Path,
    tmp_path: Path,
) -> None:
    variables = _mlflow(tmp_path / "fake", plugin=False)
    del variables["AZUREML_RUN_ID"]
    words = arguments(synthetic, tmp_path / "model", epochs=1)
    assert "Attempted to log" not in script("train.py", *words, environ=variables).stdout
    rows = (tmp_path / "fake/logged").read_text(encoding="utf-8").splitlines()
    assert [json.loads(row)[0] for row in rows] == ["loss", "accuracy"]
    del variables["MLFLOW_TRACKING_URI"]
    assert "Attempted to log" in script("train.py", *words, environ=variables).stdout


@pytest.mark.more
def test_the_quickstart_learns_the_real_digits(script: Any, digits: Path, tmp_path: Path) -> None:  # noqa: ANN401
    printed = script("train.py", *arguments(digits, tmp_path, epochs=10)).stdout
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["accuracy"] >= 0.97
    assert "data set: digits (real handwritten digits)" in printed
    assert f"accuracy on the 176 test images of digits: {metrics['accuracy']:.4f}" in printed


@pytest.mark.parametrize(
    ("size", "logged"),
    [
        (1, [1]),
        (19, [19]),
        (20, [20]),
        (21, [20]),
        (40, [20, 40]),
        (45, [20, 40]),
    ],
)
def test_losses_are_means_of_so_many_batches_and_of_small_epochs(
    monkeypatch: pytest.MonkeyPatch, size: int, logged: list[int]
) -> None:
    assert train.LOG_EVERY == 2000
    monkeypatch.setattr(train, "LOG_EVERY", 20)
    torch.manual_seed(0)
    net, images, labels = Net(), torch.rand(size, 3, 32, 32), torch.zeros(size, dtype=torch.int64)
    losses: list[train.Loss] = []
    train.fit(net, images, labels, epochs=2, batch_size=1, learning_rate=1e-30, on_loss=losses.append)
    assert [(loss.epoch, loss.batch) for loss in losses] == [(epoch, batch) for epoch in (1, 2) for batch in logged]
    if size in logged:  # the weights stay as they are, so each epoch's losses have the mean of all images
        mean = nn.functional.cross_entropy(net(images), labels).item()
        assert sum(loss.loss for loss in losses) / len(losses) == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("size", [1, 99, 100, 101, 250])
def test_accuracy_counts_every_image_once(size: int) -> None:
    torch.manual_seed(0)
    net, images = Net(), torch.rand(size, 3, 32, 32)
    best = net(images).argmax(dim=1)
    labels = torch.where(torch.arange(size) < size // 3, best, (best + 1) % 10)
    assert train.accuracy(net, images, labels) == (size // 3) / size


def test_a_batch_larger_than_the_set_is_the_whole_set() -> None:
    torch.manual_seed(0)
    losses: list[train.Loss] = []
    images, labels = torch.rand(3, 3, 32, 32), torch.arange(3)
    train.fit(Net(), images, labels, epochs=1, batch_size=10**30, learning_rate=0.1, on_loss=losses.append)
    assert [(loss.epoch, loss.batch) for loss in losses] == [(1, 1)]


@BAD_NUMBERS
def test_a_bad_number_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str, value: str, problem: str
) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        train.main([*arguments(tmp_path, tmp_path / "out"), f"{option}={value}"])
    assert capsys.readouterr().err.endswith(f"\ntrain.py: error: argument {option}: {problem}\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["data", "epochs", "batch-size", "learning-rate", "seed", "output"])
def test_no_option_may_be_left_out(capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str) -> None:
    options = [text for text in arguments(tmp_path, tmp_path / "out") if not text.startswith(f"--{option}=")]
    with pytest.raises(SystemExit, match=r"^2$"):
        train.main(options)
    assert capsys.readouterr().err.endswith(f"error: the following arguments are required: --{option}\n")


def test_a_folder_of_something_else_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^1$"):
        train.main(arguments(tmp_path, tmp_path / "out"))
    problem = f"{tmp_path}/dataset.json is missing: {tmp_path} was not written by prepare_data.py"
    assert capsys.readouterr().err == f"train.py: error: {problem}\n"
    assert not (tmp_path / "out").exists()


def test_a_loss_that_is_no_number_ends_the_training(script: Any, synthetic: Path, tmp_path: Path) -> None:  # noqa: ANN401
    done = script("train.py", *arguments(synthetic, tmp_path / "out", learning_rate=1e9), status=1)
    problem = "the loss is nan at epoch 1, batch 84: try a smaller --learning-rate"
    assert done.stderr == f"train.py: error: {problem}\n"
    assert not (tmp_path / "out").exists()


def test_normalising_is_torchvisions_to_the_bit() -> None:
    images = torch.arange(256, dtype=torch.uint8).repeat(12).reshape(1, 3, 32, 32).numpy()
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)])
    normalised = train.normalise(images)
    assert torch.equal(normalised[0], transform(images[0].transpose(1, 2, 0)))
    assert (normalised.min().item(), normalised.max().item()) == (-1, 1)


def test_importing_it_does_nothing(script: Any, tmp_path: Path) -> None:  # noqa: ANN401
    code = "import sys, torch; before = torch.get_num_threads(); import train; "
    code += "print(torch.get_num_threads() == before, 'azureml' in sys.modules)"
    (tmp_path / "ask.py").write_text(code, encoding="utf-8")
    environ = {"PYTHONPATH": str(Path(train.__file__).parent), "OMP_NUM_THREADS": "2"}
    assert script(tmp_path / "ask.py", environ=environ, anew=True).stdout == "True False\n"
