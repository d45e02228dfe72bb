"""Pipelines with settings that pipeline.yaml has no word for: none of them may be lost in silence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.azureml.raw_v1.basics import configuration, scripts, step

if TYPE_CHECKING:
    from tests.loopback.state import Sdk


def settings(workspace: Sdk, folder: Path) -> Sdk:
    """Parameters beside the arguments, data beside the inputs, and run configurations that say more than most."""
    from azureml.core.runconfig import MpiConfiguration
    from azureml.data.data_reference import DataReference
    from azureml.pipeline.core import Pipeline, PipelineParameter

    source = scripts(folder, "run.py")
    nodes, read, odd = configuration(), configuration(), configuration()
    nodes.communicator, nodes.node_count, nodes.mpi = "IntelMpi", 2, MpiConfiguration(process_count_per_node=1)
    words = DataReference(workspace.get_default_datastore(), "words", path_on_datastore="texts/2024")
    read.data_references = {"words": words.to_config()}
    odd.priority, odd.credential_passthrough, odd.history.output_collection = 3, True, False
    many, word = PipelineParameter("nodes", 2), PipelineParameter("word", "a")
    of = {"source_directory": source}
    return Pipeline(
        workspace,
        [
            step("run.py", "nodes", [], runconfig=nodes, runconfig_pipeline_params={"NodeCount": many}, **of),
            step("run.py", "variables", [], params={"WORD": word, "fixed": "b"}, **of),
            step("run.py", "reads", [], runconfig=read, **of),
            step("run.py", "odd", [], runconfig=odd, **of),
        ],
    )
