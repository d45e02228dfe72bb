"""The processes of a step that train together → the run configuration that starts them in Azure ML.

PythonScriptStep sends its run configuration with the node unchanged, as CommandStep does, so neither needs the other.
Both leave ``Framework`` among the parameters of the node at ``Python`` (azureml-pipeline-core,
``_module_parameter_provider``), and neither makes the configuration part of the module's fingerprint.
"""

from __future__ import annotations

from aml_pipeline.azureml.v1.sdk import Sdk
from aml_pipeline.pipeline.plan.settings import Distribution


def configuration(distribution: Distribution) -> Sdk:
    """Return a RunConfiguration with the SDK's own settings for ``distribution``: framework, communicator, nodes."""
    from azureml.core import ScriptRunConfig

    return ScriptRunConfig(".", distributed_job_config=_of_the_sdk(distribution)).run_config


def _of_the_sdk(distribution: Distribution) -> Sdk:
    from azureml.core.runconfig import MpiConfiguration, PyTorchConfiguration, TensorflowConfiguration

    if distribution.type == "pytorch":  # process_count is that of all nodes
        return PyTorchConfiguration(process_count=distribution.processes, node_count=distribution.nodes)
    if distribution.type == "mpi":
        return MpiConfiguration(distribution.processes_per_node, distribution.nodes)
    return TensorflowConfiguration(worker_count=distribution.nodes, parameter_server_count=0)
