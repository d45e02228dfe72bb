"""How many processes of a step train together, on how many nodes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from aml_pipeline.pipeline.spec.base import Model
from aml_pipeline.pipeline.spec.fields import fail

MOST = 1000  # nodes, and processes on each


class Distribution(Model):
    """Several processes of a script that train together."""

    type: Literal["pytorch", "mpi", "tensorflow"] = Field(
        description="How the processes find each other, by the framework of the script.", examples=["pytorch"]
    )
    nodes: int = Field(
        1, ge=1, le=MOST, description="Number of nodes in Azure ML; a local run is always on one node.", examples=[2]
    )
    processes_per_node: int = Field(
        1, ge=1, le=MOST, description="Number of processes on each node, usually one for each GPU.", examples=[4]
    )

    @model_validator(mode="after")
    def _one_worker_per_node(self) -> Distribution:
        if self.type == "tensorflow" and self.processes_per_node > 1:
            raise fail("wrong-value", "TensorFlow starts one worker per node, which uses all GPUs of the node.",
                       "Delete `processes_per_node`, and write the number of workers as `nodes`.",
                       at="processes_per_node")  # fmt: skip
        return self
