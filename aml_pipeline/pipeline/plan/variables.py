"""Environment variables of a step that its inputs or its distribution set, so it cannot set them itself."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.pipeline.plan import ports
from aml_pipeline.pipeline.plan.model import Step

# By the type of the distribution.
OF_DISTRIBUTION = {
    "pytorch": ("MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK", "LOCAL_RANK", "NODE_RANK"),
    "mpi": ("AZ_BATCH_MASTER_NODE", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE",
            "OMPI_COMM_WORLD_LOCAL_RANK"),
    "tensorflow": ("TF_CONFIG",),
}  # fmt: skip


def taken(step: Step, path: Path) -> Iterator[Problem]:
    """Yield the variables of ``step`` that are set by something else, too."""
    setters = dict.fromkeys(ports.variables(dict.fromkeys(step.names.values(), "")), "its inputs")
    setters |= dict.fromkeys(ports.output_variables(step, dict.fromkeys(step.written, "")), "its outputs")
    if step.distribution:
        kind = step.distribution.type
        setters |= dict.fromkeys(OF_DISTRIBUTION[kind], f"`distribution` ({kind})")
    for name in (*step.environment_variables, *step.secrets):
        if name in setters:
            message = f'the environment variable "{name}" of step "{step.name}" is set by {setters[name]}.'
            place = (*path, "environment_variables", name)
            yield Problem("taken-variable", message, "Delete it, or choose another name.", place, on_key=True)
