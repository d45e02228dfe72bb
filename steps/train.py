"""Train the PyTorch CIFAR-10 tutorial's network on a folder that ``prepare_data.py`` wrote.

The loop is the tutorial's (SGD with momentum 0.9, cross-entropy), with the whole set as one tensor instead of a
DataLoader over images: faster, with bit-for-bit the same weights. Logged to the current run (``current_run.py``) are

- ``loss``: the mean over each 2000 batches of an epoch; batches after the last full 2000 are not logged, as in the
  tutorial. If an epoch has fewer than 2000 batches, the mean over the whole epoch;
- ``accuracy``: at the end, the fraction (0 to 1) of correctly classified test images.

Started as several processes, as by torchrun or a ``distribution`` of type pytorch, each trains on its share of every
batch (DistributedDataParallel), so that batch size and learning rate mean the same as with one process. The first one
logs and saves. The order of additions differs, and with it the last bits of the weights.

Into ``--output`` go ``model.pt`` (the state dict, on the CPU) and ``metrics.json``. The same seed gives the same bytes,
on the same machine and versions.
"""

import argparse
import contextlib
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from current_run import CurrentRun, current_run
from image_set import ImageSet, ImageSetError, read, summary
from model import Net

LOG_EVERY = 2000  # batches
TEST_BATCH = 100  # images
SEEDS = 2**64  # torch.manual_seed takes less


class TrainingError(Exception):
    """Training cannot continue; the message says why and what to change."""


class Loss(NamedTuple):
    """A mean training loss: of the batches up to ``batch`` of ``epoch``, both counted from 1."""

    epoch: int
    batch: int
    loss: float


class Group(NamedTuple):
    """The processes that train together: the rank of this one, and their number."""

    rank: int = 0
    size: int = 1

    def mean(self, value: torch.Tensor) -> float:
        """Return the mean of a value that each process has."""
        if self.size > 1:
            distributed.all_reduce(value)
        return value.item() / self.size


def main(argv: Sequence[str] | None = None) -> None:
    """Train, test and save; exit with 1 if the data is wrong or the training fails, with 2 if an argument is wrong."""
    parser = _parser()
    args = parser.parse_args(argv)
    _check(args, parser)
    try:
        images = read(args.data)
        print(summary(images), flush=True)
        device = _device()
        with _group(device) as group:
            _run(images, args, device, group)
    except (ImageSetError, TrainingError, OSError) as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")


def fit(  # noqa: PLR0913 - the tutorial's parameters
    net: Net,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    on_loss: Callable[[Loss], None],
    group: Group = Group(),  # noqa: B008 - it cannot be changed
) -> None:
    """Train ``net`` in place on normalised ``images`` (N x 3 x 32 x 32) and ``labels`` (N), all on one device.

    Each mean loss is passed to ``on_loss`` as soon as it is known. Shuffling draws from torch's default generator,
    which the processes of a ``group`` have seeded alike.
    """
    model = net if group.size == 1 else DistributedDataParallel(net)
    criterion = nn.CrossEntropyLoss(reduction="mean" if group.size == 1 else "sum")
    optimizer = torch.optim.SGD(net.parameters(), lr=learning_rate, momentum=0.9)
    for epoch, order in enumerate(_orders(len(labels), epochs), start=1):
        batches = order.to(images.device).split(min(batch_size, len(labels)))  # torch refuses sizes beyond 64 bits
        log_every = min(LOG_EVERY, len(batches))
        total = torch.zeros((), dtype=torch.float64, device=images.device)
        for number, batch in enumerate(batches, start=1):
            optimizer.zero_grad()
            share = batch[group.rank :: group.size]
            loss = criterion(model(images[share]), labels[share])
            if group.size > 1:  # the mean of the gradients of all processes is then that of the batch, however shared
                loss = loss * group.size / len(batch)
            loss.backward()
            optimizer.step()
            total += loss.detach()
            if number % log_every == 0:
                on_loss(Loss(epoch, number, group.mean(total) / log_every))
                total.zero_()


def accuracy(net: Net, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the fraction (0 to 1) of normalised ``images`` that ``net`` classifies as in ``labels``."""
    with torch.no_grad():
        right = [
            (net(some).argmax(dim=1) == known).sum()
            for some, known in zip(images.split(TEST_BATCH), labels.split(TEST_BATCH), strict=True)
        ]
    return int(sum(right)) / len(labels)


def normalise(images: npt.NDArray[np.uint8]) -> torch.Tensor:
    """Return uint8 images as float32 from -1 to 1, bit for bit as torchvision's ToTensor and Normalize (0.5, 0.5)."""
    return torch.from_numpy(images).to(torch.float32).div_(255).sub_(0.5).div_(0.5)


def _orders(size: int, epochs: int) -> Iterator[torch.Tensor]:
    """Yield each epoch's order of ``size`` images, drawn by a DataLoader(shuffle=True)."""
    for _ in range(epochs):
        yield from DataLoader(range(size), batch_size=size, shuffle=True)  # type: ignore[arg-type] # a range will do


def _run(images: ImageSet, args: argparse.Namespace, device: torch.device, group: Group) -> None:
    """Train on ``images`` as ``args`` says; the first process of ``group`` logs to the current run, and saves."""
    run = current_run()
    torch.manual_seed(args.seed)
    net = Net().to(device)
    losses: list[Loss] = []

    def on_loss(loss: Loss) -> None:
        losses.append(loss)
        _check_loss(loss)
        if group.rank == 0:
            _log_loss(run, loss)

    fit(
        net,
        normalise(images.train_images).to(device),
        torch.from_numpy(images.train_labels).to(device),
        epochs=args.epochs,
        batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        on_loss=on_loss,
        group=group,
    )
    if group.rank > 0:
        return
    score = accuracy(net, normalise(images.test_images).to(device), torch.from_numpy(images.test_labels).to(device))
    run.log("accuracy", score)
    print(f"accuracy on the {len(images.test_labels)} test images of {images.name}: {score:.4f}")
    about = {"data_set": images.name, "description": images.description, "device": device.type}
    _save(args, net, {**about, "accuracy": score, "losses": losses})
    run.flush()  # Azure ML's run sends metrics in the background; unsent ones are lost when Python ends


def _check_loss(loss: Loss) -> None:
    """Raise TrainingError if a mean loss is not a number, because all later weights would be lost."""
    if not math.isfinite(loss.loss):
        where = f"epoch {loss.epoch}, batch {loss.batch}"
        raise TrainingError(f"the loss is {loss.loss} at {where}: try a smaller --learning-rate")


def _log_loss(run: CurrentRun, loss: Loss) -> None:
    """Log one mean loss."""
    print(f"epoch {loss.epoch}, batch {loss.batch}: loss {loss.loss:.3f}")
    run.log("loss", loss.loss)
    sys.stdout.flush()  # flush for readers of the log: a pipe is buffered


def _save(args: argparse.Namespace, net: Net, metrics: dict[str, Any]) -> None:
    """Write ``model.pt`` and ``metrics.json``, without paths and times."""
    args.output.mkdir(parents=True, exist_ok=True)
    torch.save(net.cpu().state_dict(), args.output / "model.pt")
    metrics["losses"] = [loss._asdict() for loss in metrics["losses"]]
    metrics["parameters"] = {key: getattr(args, key) for key in ("epochs", "batch_size", "learning_rate", "seed")}
    (args.output / "metrics.json").write_text(json.dumps(metrics, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _device() -> torch.device:
    """Return the GPU of this process if there are any, else the CPU, set up for the same weights with the same seed."""
    torch.set_num_threads(1)  # with the tutorial's batch size of 4, a second thread makes it slower
    if not torch.cuda.is_available():
        return torch.device("cpu")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it, cuBLAS may differ between runs
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    rank, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if rank >= gpus:
        raise TrainingError(f"process {rank} has no GPU of its own: start at most {gpus} on each node")
    torch.cuda.set_device(rank)
    return torch.device("cuda")


@contextlib.contextmanager
def _group(device: torch.device) -> Iterator[Group]:
    """Give the processes that were started together: WORLD_SIZE of them, if that is set."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Group()
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Group(distributed.get_rank(), size)
    finally:
        distributed.destroy_process_group()


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="train.py", description="Train the CIFAR-10 tutorial's network.", allow_abbrev=False
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder that prepare_data.py wrote")
    parser.add_argument("--epochs", type=int, required=True, help="passes over the training images, 1 or more")
    parser.add_argument("--batch-size", type=int, required=True, help="images per update, 1 or more")
    parser.add_argument("--learning-rate", type=float, required=True, help="a finite number above 0")
    parser.add_argument("--seed", type=int, required=True, help="of the first weights and of the shuffling, 0 or more")
    parser.add_argument("--output", type=Path, required=True, help="the folder for model.pt and metrics.json")
    return parser


def _check(args: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """End the program with one line if a number is out of range."""
    if args.epochs < 1:
        parser.error(f"argument --epochs: must be 1 or more, not {args.epochs}")
    if args.batch_size < 1:
        parser.error(f"argument --batch-size: must be 1 or more, not {args.batch_size}")
    if not (math.isfinite(args.learning_rate) and args.learning_rate > 0):
        parser.error(f"argument --learning-rate: must be a finite number above 0, not {args.learning_rate}")
    if not 0 <= args.seed < SEEDS:
        parser.error(f"argument --seed: must be from 0 to {SEEDS - 1}, not {args.seed}")


if __name__ == "__main__":
    main()
