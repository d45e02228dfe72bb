"""The network of the PyTorch CIFAR-10 tutorial."""

import torch
from torch import nn


class Net(nn.Module):
    """Two convolutions with pooling, then three linear layers: float32 N x 3 x 32 x 32 in, N x 10 class scores out.

    The layers are named, sized and made in the tutorial's order: the same seed gives the tutorial's first weights, and
    a state dict of one fits the other.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, kernel_size=5)
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the ten class scores (logits) of each image."""
        features = self.pool(self.conv1(images).relu())
        features = self.pool(self.conv2(features).relu()).flatten(start_dim=1)
        hidden = self.fc2(self.fc1(features).relu()).relu()
        scores: torch.Tensor = self.fc3(hidden)
        return scores
