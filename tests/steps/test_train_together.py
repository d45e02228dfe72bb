"""train as several processes: the training of one with the same batches, and only the first logs and saves."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

import aml_pipeline
import train
from aml_pipeline.local import ranks
from aml_pipeline.pipeline.plan.settings import Distribution
from model import Net
from tests.conftest import ROOT, Project
from tests.steps.conftest import run_script
from tests.steps.test_train import arguments

Done = list["subprocess.CompletedProcess[str]"]


def together(processes: int, name: str, words: Sequence[str], status: int = 0) -> Done:
    """Run a script as so many processes at a time."""
    variables = ranks.variables(Distribution(type="pytorch", processes_per_node=processes))
    with ThreadPoolExecutor(processes) as pool:
        return list(pool.map(lambda own: run_script(name, *words, environ=own, status=status), variables))


def test_two_processes_train_as_one_does(script: Callable[..., Any], synthetic: Path, tmp_path: Path) -> None:
    alone, both = tmp_path / "alone", tmp_path / "both"
    printed = script("train.py", *arguments(synthetic, alone, epochs=1)).stdout
    first, second = together(2, "train.py", arguments(synthetic, both, epochs=1))
    assert [line[:8] for line in first.stdout.splitlines()] == [line[:8] for line in printed.splitlines()]
    assert second.stdout == printed.splitlines(keepends=True)[0], "it logs nothing"
    assert sorted(path.name for path in both.iterdir()) == ["metrics.json", "model.pt"]
    one, other = (json.loads((place / "metrics.json").read_text(encoding="utf-8")) for place in (alone, both))
    assert {key: other[key] for key in other if key not in {"losses", "accuracy"}} == {
        key: one[key] for key in one if key not in {"losses", "accuracy"}
    }
    assert [loss["loss"] for loss in other["losses"]] == pytest.approx([loss["loss"] for loss in one["losses"]])
    weights = [torch.load(place / "model.pt", weights_only=True) for place in (alone, both)]
    for name, expected in weights[0].items():
        assert torch.allclose(weights[1][name], expected, atol=1e-3), name


def exact(group: train.Group) -> tuple[dict[str, torch.Tensor], list[float]]:
    """Train in double precision; return weights and losses."""
    torch.manual_seed(0)
    images, labels, net = torch.rand(9, 3, 32, 32, dtype=torch.float64), torch.arange(9), Net().double()
    losses: list[train.Loss] = []
    train.fit(net, images, labels, epochs=3, batch_size=4, learning_rate=0.1, on_loss=losses.append, group=group)
    return net.state_dict(), [loss.loss for loss in losses]


OF_A_GROUP = """
import sys, torch, train
from tests.steps.test_train_together import exact
torch.set_num_threads(1)
with train._group(torch.device("cpu")) as group:
    made = exact(group)
    if group.rank == 0:
        torch.save(made, sys.argv[1])
"""


@pytest.mark.usefixtures("one_thread")
def test_whatever_the_shares_the_gradient_is_that_of_the_batch(tmp_path: Path) -> None:
    """In double precision, where rounding is too small to choose another maximum in a pool: in single it does.

    Of batches of 4, 4 and 1 images three processes have 2, 1 and 1 each, and at last 1, none and none.
    """
    code = tmp_path / "of_a_group.py"
    code.write_text(f"import sys; sys.path[:0] = {[str(ROOT), str(ROOT / 'steps')]!r}\n{OF_A_GROUP}", encoding="utf-8")
    together(3, str(code), [str(tmp_path / "made.pt")])
    weights, losses = exact(train.Group())
    others, same = torch.load(tmp_path / "made.pt", weights_only=True)
    assert same == pytest.approx(losses, rel=1e-12)
    for name, expected in weights.items():
        assert torch.allclose(others[name], expected, rtol=0, atol=1e-12), name


@pytest.mark.more
def test_a_loss_that_is_no_number_ends_each_process(synthetic: Path, tmp_path: Path) -> None:
    words = arguments(synthetic, tmp_path / "out", learning_rate=1e9)
    problem = "train.py: error: the loss is nan at epoch 1, batch 84: try a smaller --learning-rate\n"
    assert [done.stderr for done in together(2, "train.py", words, status=1)] == [problem, problem]
    assert not (tmp_path / "out").exists()


def test_each_process_needs_a_gpu_of_its_own_where_there_are_some(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], synthetic: Path, tmp_path: Path
) -> None:
    for name, answer in (("is_available", True), ("device_count", 1)):
        monkeypatch.setattr(torch.cuda, name, lambda answer=answer: answer)
    monkeypatch.setattr(torch, "use_deterministic_algorithms", lambda **_: None)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(os, "environ", {**os.environ})
    with pytest.raises(SystemExit, match=r"^1$"):
        train.main(arguments(synthetic, tmp_path / "out"))
    problem = "process 1 has no GPU of its own: start at most 1 on each node"
    assert capsys.readouterr().err == f"train.py: error: {problem}\n"


@pytest.mark.more
def test_the_curves_of_one_two_and_four_processes(project: Project) -> None:
    """The quickstart with real gloo: the losses are those of one process, but for the order of additions."""
    for name in ("steps", ".azureml"):
        shutil.copytree(ROOT / name, project.root / name)
    text = (ROOT / "pipeline.yaml").read_text(encoding="utf-8")
    text = text.replace("    script: train.py\n", "    script: train.py\n    distribution: {type: pytorch}\n")
    project.write({"pipeline.yaml": text})
    plan = aml_pipeline.load(project.root / "pipeline.yaml", "quickstart", {"epochs": 4})
    curves = {}
    for processes in (1, 2, 4):
        done = aml_pipeline.run(plan, ["train"], processes=processes, python=sys.executable)
        metrics = json.loads((done.outputs["train"]["model"] / "metrics.json").read_text(encoding="utf-8"))
        curves[processes] = [loss["loss"] for loss in metrics["losses"]]
        assert metrics["accuracy"] > 0.9
    assert curves[1][0] > 2
    assert curves[1][-1] < 0.3
    for processes in (2, 4):
        assert curves[processes] == pytest.approx(curves[1], rel=0.1), curves
