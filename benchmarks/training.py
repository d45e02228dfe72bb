"""How fast train.py's loop is beside the tutorial's: `python -m benchmarks.training`.

Both train the same network from the same seed on full-size SYNTHETIC data in CIFAR-10's format (50,000 images, batches
of 4, one epoch, one thread), in turn, in one process. The weights must come out equal, bit for bit; the ratio is of
processor time, which a shared machine disturbs less than the clock.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

STEPS = Path(__file__).parents[1] / "steps"
sys.path.insert(0, str(STEPS))

import torch  # noqa: E402 - the steps must be on the path first
from PIL import Image  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402
from torchvision import transforms  # noqa: E402

import image_set  # noqa: E402
import train  # noqa: E402
from model import Net  # noqa: E402

REPEATS = 3
BATCH = 4
RATE = 0.001


class Images(Dataset[tuple[torch.Tensor, int]]):
    """The set as the tutorial's ``CIFAR10(transform=…)`` gives it: one image at a time, converted on each access."""

    def __init__(self, images: image_set.ImageSet) -> None:
        self._convert = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)])
        self._images = images.train_images.transpose(0, 2, 3, 1).copy()
        self._labels = images.train_labels.tolist()

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """Return one image as a normalised tensor, and its class."""
        return self._convert(Image.fromarray(self._images[index])), self._labels[index]


def tutorial(images: image_set.ImageSet) -> Net:
    """Train one epoch as the tutorial does; return the network."""
    torch.manual_seed(0)
    net = Net()
    loader = DataLoader(Images(images), batch_size=BATCH, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE, momentum=0.9)
    running = 0.0
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        running += loss.item()
    return net


def ours(images: image_set.ImageSet) -> Net:
    """Train one epoch as train.py does; return the network."""
    torch.manual_seed(0)
    net = Net()
    train.fit(
        net,
        train.normalise(images.train_images),
        torch.from_numpy(images.train_labels),
        epochs=1,
        batch_size=BATCH,
        learning_rate=RATE,
        on_loss=lambda _loss: None,
    )
    return net


def _timed(loop: Callable[[image_set.ImageSet], Net], images: image_set.ImageSet) -> tuple[float, Net]:
    begun = time.process_time()
    net = loop(images)
    return time.process_time() - begun, net


def main() -> None:
    """Measure, print, and fail when the weights differ."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(STEPS / "prepare_data.py"), "--dataset", "synthetic", "--output", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        images = image_set.read(Path(folder))
    ratios = []
    for number in range(1, REPEATS + 1):
        (slow, theirs), (fast, mine) = _timed(tutorial, images), _timed(ours, images)
        equal = all(torch.equal(a, b) for a, b in zip(theirs.parameters(), mine.parameters(), strict=True))
        ratios.append(slow / fast)
        print(
            f"{number}: tutorial {slow:.1f} s, train.py {fast:.1f} s, ratio {slow / fast:.2f}, weights equal: {equal}",
            flush=True,
        )
        if not equal:
            sys.exit("the weights differ")
    print(
        f"median ratio {statistics.median(ratios):.2f} over {REPEATS} epochs of 12,500 updates; {os.cpu_count()} CPUs"
    )


if __name__ == "__main__":
    main()
