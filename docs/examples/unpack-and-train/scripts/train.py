"""Fit a line with gradient descent; each process has its share of the points, and all have the same weights."""

import argparse
import json
import os
from pathlib import Path

import torch
from torch import distributed

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data-dir", type=Path, required=True)
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--model-dir", type=Path, required=True)

if __name__ == "__main__":
    arguments = parser.parse_args()
    if "WORLD_SIZE" in os.environ:
        distributed.init_process_group("gloo")
    rank = distributed.get_rank() if distributed.is_initialized() else 0
    size = distributed.get_world_size() if distributed.is_initialized() else 1
    points = torch.tensor(json.loads((arguments.data_dir / "points.json").read_text(encoding="utf-8")))
    own, weights = points[rank::size], torch.zeros(2)
    for _ in range(arguments.epochs):
        error = own[:, 0] * weights[0] + weights[1] - own[:, 1]
        gradient = torch.stack([(error * own[:, 0]).sum(), error.sum()])
        if size > 1:
            distributed.all_reduce(gradient)
        weights -= 0.5 * gradient / len(points)
    if rank == 0:
        (arguments.model_dir / "model.json").write_text(json.dumps(weights.tolist()), encoding="utf-8")
        print(f"{size} processes: y = {weights[0]:.3f} x + {weights[1]:.3f}")
    if size > 1:
        distributed.destroy_process_group()
