"""model: the tutorial's network, written here once more in another way."""

import pytest
import torch
from torch import nn

from model import Net


def tutorial() -> nn.Sequential:
    """The layers of the tutorial, in its order."""
    convolutions = [
        nn.Conv2d(3, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2, 2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2, 2),
    ]
    linear = [nn.Linear(16 * 5 * 5, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
    return nn.Sequential(*convolutions, nn.Flatten(), *linear)


def test_its_layers_have_the_tutorials_names_and_sizes() -> None:
    assert {name: tuple(weights.shape) for name, weights in Net().state_dict().items()} == {
        "conv1.weight": (6, 3, 5, 5),
        "conv1.bias": (6,),
        "conv2.weight": (16, 6, 5, 5),
        "conv2.bias": (16,),
        "fc1.weight": (120, 400),
        "fc1.bias": (120,),
        "fc2.weight": (84, 120),
        "fc2.bias": (84,),
        "fc3.weight": (10, 84),
        "fc3.bias": (10,),
    }


@pytest.mark.parametrize("seed", [0, 1, 2**63])
def test_the_same_seed_gives_the_tutorials_weights_and_scores(seed: int) -> None:
    torch.manual_seed(seed)
    expected = tutorial()
    images = torch.rand(7, 3, 32, 32)
    torch.manual_seed(seed)
    net = Net()
    assert torch.equal(torch.rand(7, 3, 32, 32), images), "the network drew more or fewer numbers"
    for ours, theirs in zip(net.parameters(), expected.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(net(images), expected(images))
